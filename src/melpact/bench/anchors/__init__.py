"""One null or ceiling per module, ending in `PLUGIN`, a `melpact.bench.anchor.Anchor`."""
