"""`Facts`: everything that a waveform codec's file says beside its tensors, and that file (artifact of kind "codec").

What computes is in `codec`; opening a file or a graph is `file`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.core.errors import ContractError, NotAnArtifact
from melpact.core.records import digest
from melpact.models.codec.waveform.expected import (
    Chances,
    CoefficientTables,
    LatentTables,
    coefficient_tensors,
    latent_tensors,
    level_table,
)

KIND = "codec"
SUFFIX = ".codec"
NETWORK, EXACT, LEARNT = "network/", "exact/", "learnt/"
"""Weights of the networks; what is expected, exactly; and the weights which that was made of, for who trains on."""
COEFFICIENTS, LATENTS, LEVELS, CHANCES = "coefficients/", "latents/", "levels", "chances/"
SAMPLE_RATES = (16000, 24000)
Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Facts:
    """What a codec is.

    Attributes:
        name: in a word. sizes: of its network, plain values. prior: of what is expected of coefficients, plain values.
        fingerprint: over all tensors, 16 hexadecimal digits. measured: of it, plain values. provenance: where it came from.
    """

    name: str
    sizes: Mapping[str, Any]
    prior: Mapping[str, Any]
    fingerprint: str
    measured: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bins(self) -> int:
        """Coefficients of a frame at the highest sample rate."""
        return int(self.sizes["bins"])

    @property
    def latent_size(self) -> int:
        """Numbers of a latent."""
        return int(self.sizes["size"])

    @property
    def context(self) -> int:
        """Latents before one that the decoder's network sees."""
        return int(self.sizes["decoder_blocks"]) * (int(self.sizes["kernel"]) - 1)

    def check_rate(self, sample_rate: int) -> None:
        """Raises ContractError for a rate that it does not know."""
        if sample_rate not in SAMPLE_RATES:
            raise ContractError("the codec knows no such sample rate", where=self.name, got=f"{sample_rate} Hz",
                                wanted=" or ".join(f"{rate} Hz" for rate in SAMPLE_RATES))  # fmt: skip

    def coefficient_tables(self, tensors: Tensors) -> CoefficientTables:
        """What is expected of coefficients."""
        return CoefficientTables(_below(tensors, EXACT + COEFFICIENTS), tensors[EXACT + LEVELS])

    def latent_tables(self, tensors: Tensors) -> LatentTables:
        """What is expected of latents."""
        return LatentTables(_below(tensors, EXACT + LATENTS))

    def chances(self, tensors: Tensors) -> Chances:
        """The probabilities of their tables."""
        return Chances(**_below(tensors, EXACT + CHANCES))


def whole_numbers(network: Tensors, prior: Tensors, bins_of_band: int) -> dict[str, NDArray[np.float32]]:
    """The tensors that say what is expected, of the weights of both networks, as a file holds them: whole numbers below
    2^20, which float32 holds exactly, and the probabilities of the tables."""
    latent = latent_tensors(_below(network, "prior."), bins_of_band)
    every = {
        **{EXACT + COEFFICIENTS + name: value for name, value in coefficient_tensors(prior).items()},
        **{EXACT + LATENTS + name: value for name, value in latent.items()},
        EXACT + LEVELS: level_table(),
        **{EXACT + CHANCES + name: value for name, value in vars(Chances.made()).items()},
    }
    return {name: value.astype(np.float32) for name, value in every.items()}


def fingerprint(tensors: Tensors) -> str:
    """Over everything that encoder and decoder have to share."""
    shared = {name: value for name, value in tensors.items() if not name.startswith(LEARNT)}
    return digest({name: [list(value.shape), value.astype(np.float32).tobytes().hex()]
                   for name, value in sorted(shared.items())})  # fmt: skip


def learnt(path: str | Path) -> tuple[Facts, dict[str, Tensors]]:
    """What a training goes on from: facts, and the weights of "sound" and "prior".

    Raises:
        ArtifactError: as `read`.
    """
    facts, tensors = read(path)
    return facts, {"sound": _below(tensors, NETWORK), "prior": _below(tensors, LEARNT)}


def _below(tensors: Tensors, prefix: str) -> dict[str, NDArray[Any]]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def write(path: str | Path, facts: Facts, tensors: Tensors) -> Path:
    """Write a codec as one file, whole or not at all; returns the path."""
    config = {"name": facts.name, "sizes": dict(facts.sizes), "prior": dict(facts.prior), "measured": dict(facts.measured)}
    return artifact.write(path, artifact.Artifact(KIND, dict(sorted(tensors.items())), None, config, dict(facts.provenance)))


def read(path: str | Path) -> tuple[Facts, dict[str, NDArray[Any]]]:
    """Facts and tensors of a file that `write` wrote.

    Raises:
        ArtifactError: unreadable, truncated, or not a whole codec.
    """
    found = artifact.read(path, KIND)
    try:
        config = found.config
        facts = Facts(str(config["name"]), dict(config["sizes"]), dict(config["prior"]), fingerprint(found.tensors),
                      dict(config["measured"]), dict(found.provenance))  # fmt: skip
        facts.coefficient_tables(found.tensors)
        facts.latent_tables(found.tensors)
        facts.chances(found.tensors)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise NotAnArtifact("is no whole codec", where=path, got=" ".join(repr(error).split())[:160]) from error
    return facts, dict(found.tensors)
