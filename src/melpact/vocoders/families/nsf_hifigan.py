"""NSF-HiFi-GAN for singing at 44.1 kHz."""

from __future__ import annotations

from typing import Any

from melpact.vocoders.families import Family

_44K: dict[str, Any] = {
    "n_mels": 128,
    "sampling_rate": 44100,
    "upsample_rates": (8, 8, 2, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4, 4),
    "upsample_initial_channel": 512,
    "resblock": "1",
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
}

PLUGIN = Family(
    name="nsf_hifigan",
    title="NSF-HiFi-GAN",
    paper="Wang, Takaki and Yamagishi 2019, Neural source-filter-based waveform model, on Kong et al. 2020, HiFi-GAN",
    config="NsfHifiGanConfig",
    generator="NsfHifiGan",
    layouts=("original",),
    small={
        **_44K,
        "n_mels": 80,
        "sampling_rate": 22050,
        "upsample_rates": (16, 8, 2),
        "upsample_kernel_sizes": (32, 16, 4),
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": (3,),
        "resblock_dilation_sizes": ((1, 3),),
        "harmonic_num": 2,
    },
    presets={"44k_hop512_128": _44K},
    inputs=("mel", "f0", "phase", "noise"),
    notes=(
        "It is driven by a pitch per frame; a different pitch than the mel's sings another note.",
        "Files that ask for a mel in log10 or ln do so beside the weights, not in them.",
    ),
)
