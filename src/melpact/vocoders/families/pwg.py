"""Parallel WaveGAN's own generator."""

from __future__ import annotations

from typing import Any

from melpact.vocoders.families import Family

_V1: dict[str, Any] = {
    "n_mels": 80,
    "kernel_size": 3,
    "layers": 30,
    "stacks": 3,
    "residual_channels": 64,
    "gate_channels": 128,
    "skip_channels": 64,
    "aux_context_window": 2,
    "upsample_scales": (4, 4, 4, 4),
}

PLUGIN = Family(
    name="pwg",
    title="Parallel WaveGAN",
    paper="Yamamoto, Song and Kim 2020, Parallel WaveGAN",
    config="PwgConfig",
    generator="Pwg",
    layouts=("pwg",),
    small={**_V1, "layers": 6, "stacks": 2, "residual_channels": 8, "gate_channels": 12, "skip_channels": 6},
    presets={"v1": _V1, "v1_24k": {**_V1, "upsample_scales": (4, 5, 3, 5)}},
    inputs=("mel", "noise"),
    notes=(
        "Its mel is standardised per band with the statistics that are published beside the weights.",
        "Its samples are not bounded.",
    ),
)
