"""iSTFTNet with two upsamplings and an inverse STFT of 16 ("C8C8I")."""

from __future__ import annotations

from typing import Any

from melpact.vocoders.families import Family

_V1: dict[str, Any] = {
    "n_mels": 80,
    "upsample_rates": (8, 8),
    "upsample_kernel_sizes": (16, 16),
    "upsample_initial_channel": 512,
    "resblock": "1",
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    "gen_istft_n_fft": 16,
    "gen_istft_hop_size": 4,
}

PLUGIN = Family(
    name="istftnet",
    title="iSTFTNet",
    paper="Kaneko et al. 2022, iSTFTNet: Fast and Lightweight Mel-Spectrogram Vocoder Incorporating Inverse STFT",
    config="IstftNetConfig",
    generator="IstftNet",
    layouts=("original",),
    small={
        **_V1,
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": (3, 5),
        "resblock_dilation_sizes": ((1, 3), (1, 3)),
    },
    presets={"v1": _V1, "v2": {**_V1, "upsample_initial_channel": 128}},
    notes=("Its samples are not bounded.",),
)
