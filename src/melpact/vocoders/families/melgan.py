"""MelGAN in the authors' size."""

from __future__ import annotations

from typing import Any

from melpact.vocoders.families import Family

_PAPER: dict[str, Any] = {"n_mels": 80, "channels": 512, "upsample_scales": (8, 8, 2, 2), "stacks": 3}

PLUGIN = Family(
    name="melgan",
    title="MelGAN",
    paper="Kumar et al. 2019, MelGAN: Generative Adversarial Networks for Conditional Waveform Synthesis",
    config="MelGanConfig",
    generator="MelGan",
    layouts=("original", "pwg"),
    small={**_PAPER, "channels": 32, "stacks": 2},
    presets={"paper": _PAPER},
)
