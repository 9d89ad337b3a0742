"""Vocos for mel spectrograms."""

from __future__ import annotations

from melpact.vocoders.families import Family

_MEL_24K = {
    "n_mels": 100,
    "dim": 512,
    "intermediate_dim": 1536,
    "num_layers": 8,
    "n_fft": 1024,
    "hop_length": 256,
    "padding": "center",
}

PLUGIN = Family(
    name="vocos",
    title="Vocos",
    paper="Siuzdak 2023, Vocos: Closing the gap between time-domain and Fourier-based neural vocoders",
    config="VocosConfig",
    generator="Vocos",
    layouts=("original",),
    small={**_MEL_24K, "dim": 24, "intermediate_dim": 32, "num_layers": 2},
    presets={"mel_24khz": _MEL_24K, "mel_24khz_same": {**_MEL_24K, "padding": "same"}},
    notes=(
        "Its samples are not bounded.",
        "A checkpoint also holds its mel filterbank and windows; they say nothing that the description does not.",
    ),
)
