"""From a checkpoint, a file or another program's folder to a mel VAE's file, with the prior that its streams need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import TrainingError
from melpact.models.codec.vae.facts import KIND, SUFFIX, Facts, read, write
from melpact.models.codec.vae.graph import export
from melpact.models.codec.vae.importing import imported, is_folder
from melpact.models.codec.vae.vae import Autoencoder
from melpact.train.data import CorpusData
from melpact.train.export import origin, trained
from melpact.train.latents import prior_of
from melpact.train.room import Run

Weights = dict[str, NDArray[np.float32]]
GRAPH = ".onnx"
_INNER = "network."


def vae_of(path: Path) -> tuple[Facts, Weights]:
    """The mel VAE in a checkpoint: what its file says of it but for the prior, and its averaged weights, rounded to float16.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no VAE.
    """
    found, spec, about, weights = trained(path, KIND, "VAE")
    kept = {name.removeprefix("statistics/"): value for name, value in found.tensors.items()}
    provenance = origin(found.config)
    settings: Mapping[str, Any] = provenance["trained"]["settings"]
    provenance["trained"] |= {"settings": {**settings, "base": Path(settings["base"]).name}}
    rounded = {
        name.removeprefix(_INNER): value.astype(np.float16).astype(np.float32)
        for name, value in weights.items()
        if name.startswith(_INNER)
    }
    return Facts.of(spec, about, kept, provenance, path), rounded


def write_trained(path: Path, target: Path, data: str | Path | None) -> tuple[int, Mapping[str, Any]]:
    """Write the VAE of a checkpoint, with a prior counted on the data of its run, or on `data`; (weights, provenance).

    Raises:
        MelpactError: no VAE, no such data, or the file cannot be written.
    """
    facts, weights = vae_of(path)
    corpus = CorpusData(Run.load(path.parent.parent).data if data is None else data)
    write(target, replace(facts, prior=prior_of(facts, weights, corpus)), weights, half=True)
    return _count(weights), facts.provenance


def is_vae(path: Path) -> bool:
    """Whether a path is a VAE already: a file, or a folder of AutoencoderKL."""
    return path.suffix.lower() == SUFFIX or is_folder(path)


def write_again(path: Path, target: Path, data: str | Path | None, dialect: str | None) -> int:
    """Write a VAE's file or folder anew, with a prior counted on `data` where it is given, or as a graph; how many weights.

    Raises:
        MelpactError: no VAE, another ending, no such data, or the file cannot be written.
    """
    facts, weights = imported(path, dialect=dialect) if path.is_dir() else read(path)
    if data is not None:
        facts = replace(facts, prior=prior_of(facts, weights, CorpusData(data)))
    ending = target.suffix.lower()
    if ending not in (SUFFIX, GRAPH):
        wanted = f"NAME{SUFFIX} or NAME{GRAPH}"
        raise TrainingError("has another suffix than what a VAE is written as", where=target, wanted=wanted)
    if ending == GRAPH:
        export(Autoencoder.build(facts, weights, where=path), target, half=True)
    else:
        write(target, facts, weights)
    return _count(weights)


def _count(weights: Weights) -> int:
    return sum(value.size for value in weights.values())
