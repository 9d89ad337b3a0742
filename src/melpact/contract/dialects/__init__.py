"""One module per distinct parameter set; each ends in `PLUGIN`, a `Family`. Data only."""
