"""Blocks that several generators share, one module each."""
