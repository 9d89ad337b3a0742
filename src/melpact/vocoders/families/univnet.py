"""UnivNet in its two published sizes."""

from __future__ import annotations

from melpact.vocoders.families import Family

_C32 = {
    "n_mels": 100,
    "model_in_channels": 64,
    "model_hidden_channels": 32,
    "resblock_kernel_sizes": (3, 3, 3),
    "resblock_stride_sizes": (8, 8, 4),
    "resblock_dilation_sizes": ((1, 3, 9, 27), (1, 3, 9, 27), (1, 3, 9, 27)),
}

PLUGIN = Family(
    name="univnet",
    title="UnivNet",
    paper="Jang et al. 2021, UnivNet: A Neural Vocoder with Multi-Resolution Spectrogram Discriminators",
    config="UnivNetConfig",
    generator="UnivNet",
    layouts=("original", "transformers"),
    small={
        **_C32,
        "model_in_channels": 8,
        "model_hidden_channels": 4,
        "resblock_dilation_sizes": ((1, 3), (1, 3), (1, 3)),
        "kernel_predictor_num_blocks": 1,
        "kernel_predictor_hidden_channels": 8,
    },
    presets={"c32": _C32, "c16": {**_C32, "model_hidden_channels": 16}},
    inputs=("mel", "noise"),
    notes=(
        "Its sound follows from the mel and from noise at the frame rate; the same seed gives the same sound.",
        "The first public implementation appends ten frames of silence to a mel and cuts them off again.",
    ),
)
