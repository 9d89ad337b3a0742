"""One null or ceiling per module, ending in `PLUGIN`, a `melpact.evaluate.anchor.Anchor`."""
