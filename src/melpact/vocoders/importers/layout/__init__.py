"""Published layouts of checkpoints, one module each, ending in `PLUGIN`."""
