"""What goes wrong with mels on their way to a vocoder, as data: one module per kind in `kinds`, doses, chains, pairs.

A degradation keeps the description and the length. Faults of meaning (another log, another bank) live in
`melpact.diagnose.faults`: those are mended by knowing the truth, these only by knowing what speech is like.
"""
