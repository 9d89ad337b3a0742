"""The contract: what a mel's numbers mean (`MelSpec`), the numbers with their meaning (`Mel`), and the files that keep both.

No sound is analysed here; see `melpact.features`.
"""
