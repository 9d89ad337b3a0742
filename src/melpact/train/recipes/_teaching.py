"""A speech network with what is needed to feed it, and its validation: what it says where the truth before is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from melpact.bench.score import Score
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.diagnose.teaching import teaching
from melpact.nn.speech.aligner import SLOT_FRAMES
from melpact.nn.speech.network import Heard, SpeechNetwork, places
from melpact.normalise.band_statistics import Statistics
from melpact.train.recipes._speaking import SHOWN, in_frames, letters
from melpact.train.spoken import STEP_FRAMES, Line, heard
from melpact.train.task import Batch, Examined, Picture

METRIC = "taught_mae"
Told = Callable[[Line], Mapping[str, NDArray[Any]]]


class Speech:
    """The network with what is needed to feed it.

    Args:
        statistics: of the mels, frozen.
    """

    def __init__(self, network: SpeechNetwork, statistics: Statistics) -> None:
        self.network, self.statistics = network, statistics

    def heard(self, batch: Batch) -> Heard:
        """A batch of `Spoken` as the network takes it."""
        mel = self.normalised(batch["mel"], batch["frames"])
        return Heard(
            mel, batch["frames"] // SLOT_FRAMES, batch["tokens"], batch["n_tokens"], batch["durations"], batch["language"],
            batch["voice"],
        )  # fmt: skip

    def normalised(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Mels [B, n_mels, T] in their unit → as the network takes them, 0 behind their ends."""
        mean, std = self._both(mel)
        there = torch.arange(mel.shape[2], device=mel.device) < frames.unsqueeze(1)
        return (mel - mean) / std * there.unsqueeze(1).to(mel.dtype)

    def restored(self, mel: Tensor) -> Tensor:
        """The inverse."""
        mean, std = self._both(mel)
        return mel * std + mean

    def _both(self, mel: Tensor) -> list[Tensor]:
        return [torch.tensor(one).to(mel)[None, :, None] for one in (self.statistics.mean, self.statistics.std)]

    @torch.no_grad()
    def taught(self, one: Heard) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """An utterance in evaluation mode: the mel of the likeliest codes, each after the true ones before it; the mel of
        the true codes; both as the network takes mels, [B, n_mels, T]; and the nats of every code and of every duration."""
        network, none = self.network, torch.zeros(len(one.mel), device=one.mel.device)
        steps = one.mel.shape[2] // STEP_FRAMES
        moved = torch.zeros(len(one.mel), steps, network.config.numbers, device=one.mel.device)
        found = network(one, unsaid=none, moved=moved, unknown=none.long())
        text = network.text(one.tokens, one.language, one.n_tokens)
        voice = network.voice(one.voice)
        known = network.slots(text, *places(one.durations, one.mel.shape[2] // SLOT_FRAMES))
        likeliest = found.prior.argmax(-1).float() / (network.config.levels - 1) * 2 - 1
        said = network.decoder(known, voice, likeliest)
        codes = functional.cross_entropy(found.prior.float().permute(0, 3, 1, 2), found.codes, reduction="none")
        pace = functional.cross_entropy(found.pace.float().transpose(1, 2), found.classes, reduction="none")
        return said.float(), found.mel.float(), codes, pace


class View:
    """The validation list of a speech model.

    Args:
        told: durations, language and voice of a line.

    Raises:
        TrainingError: fewer than two lines to validate on.
    """

    def __init__(self, own: Speech, spec: MelSpec, lines: Sequence[Line], told: Told) -> None:
        if len(lines) < 2:
            raise TrainingError(
                "there is too little to validate on", got=f"{len(lines)} held-out utterances that are aligned",
                wanted="two or more", next="Mark some in the corpus (melpact corpus split), and align it anew",
            )  # fmt: skip
        self.own, self.spec, self.lines, self.told = own, spec, list(lines), told
        self._pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def measure(self) -> Mapping[str, Mapping[str, Score]]:
        """The mel's error where the likeliest codes follow the true ones; and how likely codes and durations are."""
        network = self.own.network
        network.eval()
        self._pairs, rows, codes, pace, seen, classes = [], [], [], [], [], []
        device = next(network.parameters()).device
        mean = self.own.statistics.mean[:, None]
        for line in self.lines:
            one = self.own.heard(self._batch(line, device))
            said, made, code, last = self.own.taught(one)
            values = heard(line, self.spec)
            spoken, best = (self.own.restored(mel)[0].cpu().numpy() for mel in (said, made))
            self._pairs.append((spoken, values))
            rows.append([float(np.abs(other - values).mean()) for other in (spoken, mean, best)])
            codes.append(code[0].cpu().numpy())
            pace.append(last[0].cpu().numpy())
            levels, _ = network.rounded(network.posterior(one.mel, network.voice(one.voice)))
            seen.append(levels[0].cpu().numpy())
            classes.append(network.pace.classes(one.durations)[0].cpu().numpy())
        network.train()
        value, null, ceiling = np.mean(rows, axis=0).tolist()
        mae = Score(
            value=value, unit=self.spec.unit, null=null, null_anchor="each band's mean", ceiling=ceiling,
            ceiling_anchor="with its own codes", skill=(null - value) / (null - ceiling) if ceiling < null else None,
            reason=None if ceiling < null else "its own codes are no better than the null yet", n=len(rows),
        )  # fmt: skip
        told = np.concatenate(seen)
        flat = float(np.mean([_entropy(column) for column in told.T]))
        return {
            "held out": {
                METRIC: mae,
                "code_nats": _nats(np.concatenate(codes).mean(), flat, len(rows)),
                "duration_nats": _nats(np.concatenate(pace).mean(), _entropy(np.concatenate(classes)), len(rows)),
            }
        }

    def examine(self) -> Examined:
        """The verdict on what was measured last, and its first pictures."""
        found = teaching(self._pairs, seen_frames=STEP_FRAMES)
        pictures = [
            Picture(line.name, true, letters(line.tokens), in_frames(self.told(line)["durations"]), made)
            for line, (made, true) in list(zip(self.lines, self._pairs, strict=True))[:SHOWN]
        ]
        return Examined(found, tuple(pictures))

    def _batch(self, line: Line, device: torch.device) -> Batch:
        return batch_of(line, self.spec, self.told, device)


def batch_of(line: Line, spec: MelSpec, told: Told, device: torch.device) -> dict[str, Tensor]:
    """One line as a batch of `Spoken`."""
    values = heard(line, spec)
    arrays = {"mel": values, "frames": np.array(values.shape[1]), "tokens": line.tokens,
              "n_tokens": np.array(line.tokens.shape[1]), **told(line)}  # fmt: skip
    return {name: torch.from_numpy(np.array(value))[None].to(device) for name, value in arrays.items()}


def _nats(value: float, null: float, n: int) -> Score:
    return Score(
        value=float(value), unit="nat", null=null, null_anchor="how often each occurs",
        skill=1 - float(value) / max(null, 1e-9), n=n,
    )  # fmt: skip


def _entropy(values: NDArray[np.int64]) -> float:
    """Nats of what is drawn as these are."""
    _, counts = np.unique(values, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())
