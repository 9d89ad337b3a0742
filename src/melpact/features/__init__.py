"""Audio → mel and back to a linear magnitude. `analysis` is what to call; `oracle` is what it is held to."""
