"""Keys of HiFi-GAN's config.json, which its descendants kept, and the part of a description that they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from melpact.core.errors import ArtifactError
from melpact.vocoders.importers import Request
from melpact.vocoders.importers.reading import mentions, weight_file

SIZES = {
    "resblock", "upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock_kernel_sizes",
    "resblock_dilation_sizes",
}  # fmt: skip
MEL = {"num_mels", "n_fft", "hop_size", "win_size", "sampling_rate", "fmin", "fmax"}
TRAINING = {
    "num_gpus", "batch_size", "learning_rate", "adam_b1", "adam_b2", "lr_decay", "seed", "segment_size", "num_freq",
    "fmax_for_loss", "num_workers", "dist_config",
}  # fmt: skip


def driven_by_pitch(said: Mapping[str, Any], request: Request) -> bool:
    """Whether the checkpoint is NSF-HiFi-GAN's, whose configuration need not differ; asks the weights' table of names."""
    try:
        return "mini_nsf" in said or mentions(weight_file(request, ("model",)), "m_source.l_linear")
    except ArtifactError:
        return False


def mel_facts(said: Mapping[str, Any], hop: int) -> dict[str, Any]:
    """Fields of the description that a checked configuration holds; `fmax` null is half the rate."""
    rate = said["sampling_rate"]
    return {
        "sample_rate": rate, "n_fft": said["n_fft"], "win_length": said["win_size"], "hop_length": hop,
        "n_mels": said["num_mels"], "f_min": float(said["fmin"]),
        "f_max": float(rate / 2 if said["fmax"] is None else said["fmax"]),
    }  # fmt: skip
