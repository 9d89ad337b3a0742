"""`Alignment`: how long every token of every utterance lasts, as a file that knows which sounds and texts it is of.

Made by an aligner that was trained (`aligned`); the networks are in `nn.speech.aligner`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.nn.speech.aligner import SLOT_FRAMES, Aligner, diagonal, durations, forward_sum
from melpact.normalise.band_statistics import Statistics
from melpact.train.spoken import Line, heard

KIND, SUFFIX = "speech alignment", ".alignment"
EVEN = "even"
LEVEL = 0.7
"""How much of an utterance's mean is taken out of each band before frames are compared."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Durations in slots of `SLOT_FRAMES` frames.

    Attributes:
        read: fingerprint of the sounds and texts. spec: of the mel.
        durations: utterance → int64 [n tokens], each at least 1.
        fits: utterance → nats per slot, on average, that the way found is likely by; higher is surer.
        costs: utterance → minus the logarithm of all ways together, nats per slot.
        provenance: what made it.
    """

    read: str
    spec: MelSpec
    durations: Mapping[str, NDArray[np.int64]] = field(repr=False)
    fits: Mapping[str, float] = field(repr=False)
    costs: Mapping[str, float] = field(repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the durations."""
        return digest({"read": self.read, "durations": {name: one.tolist() for name, one in sorted(self.durations.items())}})

    def check(self, read: str, where: object = None) -> None:
        """Refuse it beside other sounds or texts.

        Raises:
            TrainingError: it is of others.
        """
        if self.read != read:
            raise TrainingError(
                "the alignment is of other sounds or texts", where=where, got=self.read, wanted=read,
                next="Align them anew: melpact train aligner --data PACKED -o run; melpact train export run -o X.alignment",
            )  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write it as one file; returns the path.

        Raises:
            ArtifactError: it cannot be written.
        """
        names = sorted(self.durations)
        tensors: dict[str, NDArray[Any]] = {
            "durations": np.concatenate([self.durations[name] for name in names]).astype(np.int64),
            "ends": np.cumsum([self.durations[name].size for name in names], dtype=np.int64),
            "fits": np.array([self.fits[name] for name in names], np.float64),
            "costs": np.array([self.costs[name] for name in names], np.float64),
        }
        config = {"read": self.read, "names": names}
        return artifact.write(path, artifact.Artifact(KIND, tensors, self.spec, config, self.provenance))

    @classmethod
    def load(cls, path: str | Path) -> Alignment:
        """What `save` wrote.

        Raises:
            ArtifactError: missing, unreadable, or something else.
        """
        found = artifact.read(path, KIND)
        names = found.config["names"]
        parts = np.split(np.asarray(found.tensors["durations"], np.int64), found.tensors["ends"][:-1])
        fits, costs = (dict(zip(names, map(float, found.tensors[key]), strict=True)) for key in ("fits", "costs"))
        if found.spec is None:
            raise TrainingError("does not say of which mel it is", where=path)
        return cls(found.config["read"], found.spec, dict(zip(names, parts, strict=True)), fits, costs, found.provenance)


@dataclass(frozen=True, eq=False)
class Seen:
    """What an aligner says of one utterance: the soft alignment [n tokens, slots], each slot with a sum of 1; and what all
    ways together cost, nats per slot."""

    line: Line
    soft: Floats
    cost: float


@dataclass(frozen=True)
class Aligning:
    """An aligner with the statistics that its mels are normalised by.

    Attributes:
        width, strength: of the prior along the diagonal that is left in use.
    """

    network: Aligner
    spec: MelSpec
    statistics: Statistics
    width: float = 0.15
    strength: float = 0.15

    def given(self, mel: Tensor, frames: Tensor) -> Tensor:
        """What the network takes of mels [B, n_mels, T] of which so many frames [B] are there; 0 behind them."""
        mean, std = (
            torch.tensor(value).to(mel)[None, :, None] for value in (self.statistics.mean, self.statistics.std)
        )  # fmt: skip
        there = (torch.arange(mel.shape[2], device=mel.device) < frames.unsqueeze(1)).unsqueeze(1).to(mel.dtype)
        x = (mel - mean) / std * there
        own = x.sum(2, keepdim=True) / frames.view(-1, 1, 1)
        return (x - LEVEL * own) * there

    @torch.no_grad()
    def seen(self, line: Line, tokens: NDArray[np.int64] | None = None) -> Seen | None:
        """One utterance, with its own tokens or others; None where it has less than a slot for each."""
        values = heard(line, self.spec)
        read = line.tokens if tokens is None else tokens
        n_slots, n_tokens = values.shape[1] // SLOT_FRAMES, read.shape[1]
        if n_slots < n_tokens:
            return None
        device = next(self.network.parameters()).device
        mel = torch.from_numpy(values)[None].to(device)
        counts = torch.tensor([n_slots], device=device), torch.tensor([n_tokens], device=device)
        said = torch.from_numpy(np.array(read))[None].to(device)
        fits = self.network(self.given(mel, counts[0] * SLOT_FRAMES), said).float()
        fits = fits + self.strength * diagonal(*counts, self.width)
        cost = float(forward_sum(fits, *counts))
        return Seen(line, fits[0].softmax(1).T.cpu().numpy(), cost)

    def aligned(self, lines: Sequence[Line]) -> Iterator[tuple[Line, NDArray[np.int64], float, float]]:
        """Of each line: durations, the mean logarithm along the way, and the cost of all ways; those too short are passed
        over."""
        for line in lines:
            found = self.seen(line)
            if found is None:
                continue
            yield line, *way(found.soft), found.cost


def way(soft: Floats) -> tuple[NDArray[np.int64], float]:
    """The best way through a soft alignment [n tokens, slots]: slots per token, and the mean logarithm along it."""
    shares = np.ascontiguousarray(np.log(np.maximum(soft.T, 1e-30)), np.float32)
    lasts = durations(shares)
    owner = np.repeat(np.arange(lasts.size), lasts)
    return lasts, float(shares[np.arange(owner.size), owner].mean())


def alignment_of(
    aligning: Aligning, lines: Sequence[Line], read: str, provenance: Mapping[str, Any],
    advance: Callable[[int], None] = lambda _: None,
) -> Alignment:  # fmt: skip
    """The durations of all lines.

    Args:
        read: fingerprint of what the lines are of.
        advance: told after every line.

    Raises:
        TrainingError: none is as long as its text can be.
    """
    lasts, fits, costs = {}, {}, {}
    was = aligning.network.training
    aligning.network.eval()
    for line, own, fit, cost in aligning.aligned(lines):
        lasts[line.name], fits[line.name], costs[line.name] = own, fit, cost
        advance(1)
    aligning.network.train(was)
    if not lasts:
        raise TrainingError("no utterance is as long as its text can be", got=f"{len(lines)} utterances")
    return Alignment(read, aligning.spec, lasts, fits, costs, provenance)


def even(lines: Sequence[Line], spec: MelSpec, read: str) -> Alignment:
    """The null of an alignment: every token of a line lasts as long as every other."""
    lasts = {}
    for line in lines:
        n_slots, n_tokens = heard(line, spec).shape[1] // SLOT_FRAMES, line.tokens.shape[1]
        if n_slots >= n_tokens:
            lasts[line.name] = np.diff(np.arange(n_tokens + 1) * n_slots // n_tokens).astype(np.int64)
    return Alignment(read, spec, lasts, dict.fromkeys(lasts, 0.0), dict.fromkeys(lasts, 0.0), {"made": EVEN})
