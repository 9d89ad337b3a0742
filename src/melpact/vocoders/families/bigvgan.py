"""BigVGAN, versions 1 and 2, in their published sizes (configs/*.json of NVIDIA/BigVGAN)."""

from __future__ import annotations

from typing import Any

from melpact.vocoders.families import Family

_BASE: dict[str, Any] = {
    "n_mels": 100,
    "upsample_rates": (8, 8, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4),
    "upsample_initial_channel": 512,
    "resblock": "1",
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    "activation": "snakebeta",
    "snake_logscale": True,
}
_LARGE = {
    **_BASE,
    "upsample_rates": (4, 4, 2, 2, 2, 2),
    "upsample_kernel_sizes": (8, 8, 4, 4, 4, 4),
    "upsample_initial_channel": 1536,
}
_V2 = {**_LARGE, "use_tanh_at_final": False, "use_bias_at_final": False}
_HOP_512 = {"upsample_rates": (8, 4, 2, 2, 2, 2), "upsample_kernel_sizes": (16, 8, 4, 4, 4, 4)}

PLUGIN = Family(
    name="bigvgan",
    title="BigVGAN",
    paper="Lee et al. 2023, BigVGAN: A Universal Neural Vocoder with Large-Scale Training",
    config="BigVganConfig",
    generator="BigVgan",
    layouts=("original",),
    small={
        **_BASE,
        "upsample_rates": (16, 8, 2),
        "upsample_kernel_sizes": (32, 16, 4),
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": (3,),
        "resblock_dilation_sizes": ((1, 3),),
    },
    presets={
        "base_22khz_80band": {**_BASE, "n_mels": 80},
        "base_24khz_100band": _BASE,
        "22khz_80band": {**_LARGE, "n_mels": 80},
        "24khz_100band": _LARGE,
        "v2_22khz_80band_256x": {**_V2, "n_mels": 80},
        "v2_22khz_80band_fmax8k_256x": {**_V2, "n_mels": 80},
        "v2_24khz_100band_256x": _V2,
        "v2_44khz_128band_256x": {**_V2, "n_mels": 128},
        "v2_44khz_128band_512x": {**_V2, **_HOP_512, "n_mels": 128},
    },
    notes=("Version 2 has neither tanh nor a last bias; a configuration that does not say so is of version 1.",),
)
