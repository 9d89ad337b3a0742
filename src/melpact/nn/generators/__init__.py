"""Generators, one module per family, over shared blocks.

Each module has a frozen record of its sizes (`…Config`), one `torch.nn.Module` built from it whose
`forward(mel [B, n_mels, T]) -> samples [B, N]` is deterministic in evaluation mode, and three functions of the record:
`hop(config)`, `receptive_field(config)` and `published_names(config, layout)`. `melpact.vocoders.families` lists them.
"""
