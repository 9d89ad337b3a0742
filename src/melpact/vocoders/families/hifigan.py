"""HiFi-GAN in all its sizes."""

from __future__ import annotations

from melpact.vocoders.families import Family

_THREE = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
_V1 = {
    "n_mels": 80,
    "resblock": "1",
    "upsample_rates": (8, 8, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4),
    "upsample_initial_channel": 512,
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": _THREE,
}

PLUGIN = Family(
    name="hifigan",
    title="HiFi-GAN",
    paper="Kong, Kim and Bae 2020, HiFi-GAN: GANs for Efficient and High Fidelity Speech Synthesis",
    config="HifiGanConfig",
    generator="HifiGan",
    layouts=("original", "transformers", "pwg", "nemo"),
    small={
        "n_mels": 80,
        "upsample_rates": (16, 8, 2),
        "upsample_kernel_sizes": (32, 16, 4),
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": (3, 5),
        "resblock_dilation_sizes": ((1, 3), (1, 3)),
    },
    presets={
        "v1": _V1,
        "v2": {**_V1, "upsample_initial_channel": 128},
        "v3": {
            **_V1,
            "resblock": "2",
            "upsample_rates": (8, 8, 4),
            "upsample_kernel_sizes": (16, 16, 8),
            "upsample_initial_channel": 256,
            "resblock_kernel_sizes": (3, 5, 7),
            "resblock_dilation_sizes": ((1, 2), (2, 6), (3, 12)),
        },
    },
    notes=("The hop is the product of the upsampling rates; a configuration whose hop_size differs is refused.",),
)
