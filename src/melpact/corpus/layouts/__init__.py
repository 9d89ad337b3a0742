"""How corpora lie on disk: one module per layout, each ending in its `PLUGIN`. Opens no sound."""
