"""What would side streams save at the very same sound? Bits of the latent and of the coefficients, with and without them.

    python -m benchmarks.codec_side_bits --data PACKED --begin RUN_DIR -o DIR [--sounds 12] [--utterances 160]

Nothing that is heard changes here: a codec that was trained without side streams codes every sound, and only what is
expected of its symbols is told the streams. The latent's prior goes on learning from where it stood with each set of streams
(zeros instead of those it is not told); the coefficients' expectation is corrected, bin by bin, by a small network that sees
what was expected, the place, and where it is told the pitch, how near the bin lies to a harmonic. Both learn on the training
part and are asked on held-out speakers; beside them the same streams of another sound, and what the streams themselves cost.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.codec_side import CONDITIONS, FOLLOWING, HZ, SECONDS, another, interval, start
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.artifact import replacing
from melpact.models.codec.waveform import side
from melpact.models.codec.waveform.side import STREAMS, PitchChances, Told
from melpact.models.codec.waveform.steps import FRAMES_S, TOGETHER
from melpact.nn.codecs import coefficients, latent
from melpact.nn.codecs.coefficients import CoefficientPrior
from melpact.nn.codecs.latent import LatentPrior
from melpact.nn.codecs.mdct import Mdct
from melpact.nn.codecs.waveform import WaveformCodecNetwork
from melpact.train.coded import quantised
from melpact.train.data import CorpusData
from melpact.train.recipes._codec_side import counted
from melpact.train.recipes.codec import widened

OFFSETS = {"low": 1.5, "middle": 0.25, "high": -1.25}
"""Octaves of the step around a sound's level."""
BINS = side.COMB
"""Coefficients whose harmonics are told; those above are expected as before."""
ROUNDS, ITEMS, LEARNING = 300, 1024, 2e-3


def symbols(
    samples: np.ndarray[Any, Any], offset: float, told: Told, prior: CoefficientPrior, sound: WaveformCodecNetwork
) -> dict[str, Any]:
    """Everything of a sound at a step that the two expectations see, and are asked."""
    bins = sound.config.bins
    narrow = bins * 2 // 3
    true = Mdct(narrow)(torch.nn.functional.pad(torch.tensor(samples)[None], (narrow, 0)))
    true = torch.nn.functional.pad(true, (0, bins - narrow))
    known = (torch.arange(bins) < narrow).float()[None, None]
    coded = quantised(true, known, offset * torch.ones(1), FOLLOWING * torch.ones(1))
    said = prior(coded.values, coded.indices)
    values = sound.latent(coded.true, coded.values, torch.ones(1, 1, sound.config.size))
    return {
        "before": latent.before(values)[0], "known": sound.summed(coded.values)[0], "values": values[0], "told": told,
        "logits": torch.stack(list(said), -1)[0, :, :BINS], "coded": coded.values[0, :, :BINS],
        "rest": float(coefficients.bits(coded.values, said, known * (torch.arange(bins) >= BINS)).sum()),
    }  # fmt: skip


def told_of(one: Mapping[str, Any], condition: str, other: Told | None = None) -> Tensor:
    """What is told of it, [pairs, numbers]."""
    wanted, swapped = CONDITIONS[condition]
    told: Told = one["told"].instead(other) if swapped and other else one["told"]
    return torch.from_numpy(told.given(wanted, STREAMS)[0])


class Correction(nn.Module):
    """What is expected of a bin → the same, corrected by what is told of the pitch."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Linear(9, 24)
        self.out = nn.Linear(24, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, logits: Tensor, numbers: Tensor) -> Tensor:
        """Logits [T, BINS, 2], what is told of the frames [T, numbers]."""
        comb, voiced = numbers[:, 3 : 3 + BINS], numbers[:, 1:3]
        near = [torch.roll(comb, n, 1) for n in (-1, 0, 1)]
        frames = len(comb)
        place = (torch.arange(BINS) / BINS).expand(frames, BINS)
        wide = [voiced[:, n, None].expand(frames, BINS) for n in (0, 1)]
        rows = torch.stack([logits[..., 0] / 4, logits[..., 1] / 4, *near, place, *wide, near[1] * place], -1)
        return logits + self.out(torch.tanh(self.inside(rows)))


def _learnt(player: nn.Module, loss: Callable[[np.ndarray[Any, Any]], Tensor], count: int, items: int) -> None:
    chosen = np.random.default_rng(0)
    optimiser = torch.optim.Adam(player.parameters(), lr=LEARNING)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, ROUNDS)
    for _ in range(ROUNDS):
        optimiser.zero_grad()
        loss(chosen.integers(0, count, items)).backward()
        optimiser.step()
        schedule.step()


def coefficient_bits(logits: Tensor, coded: Tensor) -> Tensor:
    """Of bins [T, BINS], summed over each frame."""
    said = coefficients.Likelihood(logits[None, ..., 0], logits[None, ..., 1])
    return coefficients.bits(coded[None], said, torch.ones(1, 1, BINS))[0]


def players(fit: list[dict[str, Any]], sound: WaveformCodecNetwork) -> dict[str, tuple[LatentPrior, Correction]]:
    """Both expectations, learnt with what each condition is told."""
    config = sound.config
    joined = {name: torch.cat([one[name] for one in fit]) for name in ("before", "known", "values", "logits", "coded")}
    made = {}
    for condition, (_, swapped) in CONDITIONS.items():
        if swapped:
            continue
        numbers = torch.cat([told_of(one, condition) for one in fit])
        torch.manual_seed(0)
        prior = LatentPrior(config.size, TOGETHER * config.bands + side.numbers(STREAMS), config.prior_width)
        wanted = {f"prior.{key}": value for key, value in prior.state_dict().items()}
        begun = {f"prior.{key}": value for key, value in sound.prior.state_dict().items()}
        prior.load_state_dict({key.removeprefix("prior."): value for key, value in widened(begun, wanted).items()})

        def of_latent(rows: np.ndarray[Any, Any], prior: LatentPrior = prior, numbers: Tensor = numbers) -> Tensor:
            said = prior(joined["before"][rows], torch.cat([joined["known"][rows], numbers[rows]], -1))
            return latent.bits(joined["values"][rows], said).sum(1).mean()

        _learnt(prior, of_latent, len(numbers), ITEMS)
        correction, frames = Correction(), numbers.repeat_interleave(TOGETHER, 0)

        def of_bins(rows: np.ndarray[Any, Any], correction: Correction = correction, frames: Tensor = frames) -> Tensor:
            return coefficient_bits(correction(joined["logits"][rows], frames[rows]), joined["coded"][rows]).mean()

        _learnt(correction, of_bins, len(frames), ITEMS // 8)
        made[condition] = prior, correction
    made["another sound's"] = made["f0 + speaker"]
    return made


@torch.no_grad()
def asked_of(one: Mapping[str, Any], condition: str, of: tuple[LatentPrior, Correction], other: Told) -> dict[str, float]:
    """Bits per second of coefficients, latent and side."""
    numbers = told_of(one, condition, other)
    seconds = len(numbers) * TOGETHER / FRAMES_S
    said = of[0](one["before"], torch.cat([one["known"], numbers], -1))
    frames = numbers.repeat_interleave(TOGETHER, 0)
    spent = one["rest"] + float(coefficient_bits(of[1](one["logits"], frames), one["coded"]).sum())
    cost = one["told"].given(CONDITIONS[condition][0], STREAMS)[1]
    bits = {"coefficients": spent, "latent": float(latent.bits(one["values"], said).sum()), "side": cost}
    return {name: value / seconds for name, value in bits.items()}


def _prepared(samples: np.ndarray[Any, Any], chances: PitchChances) -> tuple[np.ndarray[Any, Any], Told]:
    whole = np.ascontiguousarray(samples[: len(samples) // 320 * 320])
    return whole, Told.of(whole, HZ, len(whole) // 320, chances)


def main() -> None:
    """Learn, ask, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--begin", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--sounds", type=int, default=12)
    parser.add_argument("--utterances", type=int, default=160)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = CorpusData(asked.data)
    utterances = data.utterances()
    chances = counted(utterances, data.sample_rate)[0]
    prior, sound = start(asked.begin)
    rng = np.random.default_rng(1)
    fit: list[dict[str, Any]] = []
    with torch.no_grad():
        for turn, index in enumerate(rng.permutation(len(utterances))[: asked.utterances]):
            first = Audio.of(utterances[int(index)].samples()[: 3 * data.sample_rate], data.sample_rate)
            samples, told = _prepared(resample(first, HZ).samples[0][: 2 * HZ], chances)
            if len(samples) >= HZ:
                fit.append(symbols(samples, list(OFFSETS.values())[turn % len(OFFSETS)], told, prior, sound))
        held = {name: _prepared(resample(audio, HZ).samples[0][: SECONDS * HZ], chances)
                for name, audio in data.validation(asked.sounds)}  # fmt: skip
        asked_at = {level: {name: symbols(one[0], offset, one[1], prior, sound) for name, one in held.items()}
                    for level, offset in OFFSETS.items()}  # fmt: skip
    of = players(fit, sound)
    lines = ["| step | told | coefficients | latent | side | together | against none |", "|" + "---|" * 7]
    facts: dict[str, Any] = {}
    for level, ones in asked_at.items():
        plain: np.ndarray[Any, Any] | None = None
        for condition in CONDITIONS:
            rows = [asked_of(one, condition, of[condition], another(name, held)) for name, one in ones.items()]
            totals = np.array([sum(row.values()) for row in rows])
            plain = totals if plain is None else plain
            change = totals - plain
            low, high = (0.0, 0.0) if condition == "none" else interval(change)
            parts = [float(np.mean([row[name] for row in rows])) for name in rows[0]]
            facts[f"{condition}, {level}"] = [*parts, float(totals.mean()), float(change.mean()), low, high, len(rows)]
            numbers = " | ".join(f"{value:.0f}" for value in (*parts, totals.mean()))
            lines.append(f"| {level} | {condition} | {numbers} | {change.mean():+.1f} [{low:+.1f}, {high:+.1f}] |")
    text = "\n".join(lines) + "\n"
    print(text)
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, content in (("bits.md", text), ("bits.json", json.dumps(facts, indent=1))):
        with replacing(asked.out / name) as out:
            out.write(content.encode())


if __name__ == "__main__":
    main()
