"""Discriminators that vocoders are trained against, one module per kind, each with its sizes as a record.

All take samples [B, N] and give a `Judgement`. Their losses are in `melpact.nn.losses`.
"""
