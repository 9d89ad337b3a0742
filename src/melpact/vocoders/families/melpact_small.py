"""Our own small vocoder: the mel's inversion, corrected by a network."""

from __future__ import annotations

from typing import Any

from melpact.vocoders.families import Family

_22K: dict[str, Any] = {
    "n_mels": 80,
    "dim": 256,
    "intermediate_dim": 768,
    "num_layers": 8,
    "n_fft": 1024,
    "hop_length": 256,
    "padding": "same",
    "phase_bins": 256,
}

PLUGIN = Family(
    name="melpact_small",
    title="melpact small",
    paper="melpact; after Siuzdak 2023, Vocos, and Lv et al. 2024, FreeV",
    config="MelpactSmallConfig",
    generator="MelpactSmall",
    layouts=("melpact",),
    small={**_22K, "dim": 16, "intermediate_dim": 24, "num_layers": 2},
    presets={"22k": _22K, "24k": {**_22K, "n_mels": 100, "padding": "center", "mel_floor": 1e-7}},
    inputs=("mel", "start"),
    notes=("It corrects the sound of melpact's own inversion, which is computed first.",),
)
