"""Mel → audio. Each vocoder says which contract it takes; Griffin-Lim takes them all."""
