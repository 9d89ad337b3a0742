"""Coefficients as a codec's encoder would quantise them, for training; and held-out sounds, coded, for validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.bench.score import Score
from melpact.core.errors import TrainingError
from melpact.models.codec.waveform.steps import (
    FOLLOWING,
    FRAMES_S,
    KNEE_HZ,
    LOUDEST_OCTAVES,
    QUIETEST_OCTAVES,
    REFERENCE_HZ,
    ROUNDING,
    TILT,
)
from melpact.nn.codecs import coefficients, latent
from melpact.nn.codecs.coefficients import CoefficientPrior
from melpact.nn.codecs.mdct import Mdct
from melpact.nn.codecs.waveform import WaveformCodecNetwork, coefficients_of
from melpact.nn.losses.loudness import LoudnessLoss
from melpact.train.task import Data

METRIC = "loudness"
CHECKED = (-2.5, -1.0, 0.5)
"""Octaves of the step around a sound's level, at validation."""
LONGEST_S = 4
Tells = Callable[[NDArray[np.float32], int], tuple[Tensor, float]]
Table = Mapping[str, Mapping[str, Score]]


@dataclass(frozen=True, eq=False)
class Coded:
    """A batch after quantisation.

    Attributes:
        true: coefficients [B, T, bins] in steps. values: as quantised. indices: of the steps [B, T], quarter octaves.
        step: of every coefficient [B, T, bins]. known: 1 for bins that are coded [B, 1, bins].
    """

    true: Tensor
    values: Tensor
    indices: Tensor
    step: Tensor
    known: Tensor


def quantised(true: Tensor, known: Tensor, offset: Tensor, following: Tensor) -> Coded:
    """Coefficients [B, T, bins] with a step `offset` [B] octaves above the sound's level, which follows that of its frames
    by `following` [B]; as `models.codec.waveform.steps` does in use, but with a step for every frame."""
    bins = true.shape[2]
    place = torch.arange(bins, device=true.device) * (FRAMES_S / 2) / KNEE_HZ
    profile = (1 + place) ** TILT
    weighed = true * known / profile
    levels = 0.5 * torch.log2(weighed.square().mean(2) + 1e-12)
    count = (levels.shape[1] + 1) // 2
    loud = 0.5 * torch.log2(torch.exp2(2 * levels.topk(count, 1).values).mean(1, keepdim=True))
    away = (functional.max_pool1d(levels[:, None], 3, 1, 1)[:, 0] - loud).clamp(QUIETEST_OCTAVES, LOUDEST_OCTAVES)
    indices = torch.round(coefficients.STEPS_PER_OCTAVE * (loud + offset[:, None] + following[:, None] * away))
    step = torch.exp2(indices / coefficients.STEPS_PER_OCTAVE)[..., None] * profile
    inside = true * known / step
    values = inside.sign() * torch.floor(inside.abs() + ROUNDING)
    return Coded(inside, values, indices, step, known)


class Checked:
    """Held-out sounds coded at three steps: bits, signal to noise, and how differently loud they are (after P.862).

    Args:
        prior, sound: the networks as they are trained.
        n: of how many sounds, at most.
        told: what the network is told of samples at 16 kHz besides [1, T / 2, numbers], and its bits per latent frame.

    Raises:
        TrainingError: there is nothing to validate on.
    """

    def __init__(
        self, prior: CoefficientPrior, sound: WaveformCodecNetwork, data: Data, n: int, told: Tells | None = None
    ) -> None:
        self._sounds = [_piece(audio) for _, audio in data.validation(n)]
        if not self._sounds:
            raise TrainingError("the data has no part to validate on", next="Mark it in the corpus: melpact corpus split")
        self._prior, self._sound, self._told = prior, sound, told
        self._bins = REFERENCE_HZ // FRAMES_S
        self._transform, self._loudness = Mdct(self._bins), LoudnessLoss(REFERENCE_HZ)

    def __call__(self) -> Table:
        """step → metric → score; the null is what coefficients alone give and cost."""
        table: dict[str, Mapping[str, Score]] = {}
        totals = []
        for offset in CHECKED:
            rows = np.mean([self._one(samples, offset) for samples in self._sounds], 0)
            names = {"kbit_s": "kbit/s", "snr_db": "dB", METRIC: "sone"}
            table[f"step {offset:+g}"] = {
                name: self._score(float(value), float(null), unit)
                for (name, unit), (value, null) in zip(names.items(), rows, strict=True)
            }
            totals.append(rows[-1])
        value, null = np.mean(totals, 0)
        table["all steps"] = {METRIC: self._score(value, null, "sone")}
        return table

    @torch.no_grad()
    def _one(self, samples: NDArray[np.float32], offset: float) -> list[list[float]]:
        """Of each measure: with what the network adds, and without."""
        sound, device = self._sound, next(self._sound.parameters()).device
        transform, loudness = self._transform.to(device), self._loudness.to(device)
        given = functional.pad(torch.from_numpy(samples)[None].to(device), (self._bins, 0))
        narrow = transform(given)
        bins = sound.config.bins
        known = (torch.arange(bins, device=device) < self._bins).float()[None, None]
        one = torch.ones(1, device=device)
        coded = quantised(functional.pad(narrow, (0, bins - self._bins)), known, offset * one, FOLLOWING * one)
        cost = coefficients.bits(coded.values, self._prior(coded.values, coded.indices), known).mean() * FRAMES_S / 1000
        beside, spent = self._told(samples, REFERENCE_HZ) if self._told else (None, 0.0)
        beside = None if beside is None else beside.to(device)
        values = sound.latent(coded.true, coded.values, torch.ones(1, 1, sound.config.size, device=device), beside)
        more = (latent.bits(values, sound.spread(values, coded.values, beside)).sum(2).mean() + spent) * FRAMES_S / 2000
        random = torch.Generator().manual_seed(0)
        noise = 2.0 * torch.randint(0, 2, coded.values.shape, generator=random).to(device) - 1
        made = coefficients_of(coded.values, sound.decoder(coded.values, values, beside), noise) * known
        real = transform.inverse(narrow)
        rates, ratios, distances = [float(cost + more), float(cost)], [], []
        for each in (made, coded.values):
            heard = transform.inverse((each * coded.step)[:, :, : self._bins])
            away = (heard - real).square().sum()
            ratios.append(float(10 * torch.log10(real.square().sum() / away)))
            distances.append(float(loudness(heard, real).both))
        return [rates, ratios, distances]

    def _score(self, value: float, null: float, unit: str) -> Score:
        reason = "what the codec adds is not bounded here"
        return Score(value=float(value), unit=unit, null=float(null), null_anchor="coefficients alone", n=len(self._sounds),
                     reason=reason)  # fmt: skip


def _piece(audio: Audio) -> NDArray[np.float32]:
    """The first seconds at 16 kHz, whole pairs of frames."""
    samples = resample(audio, REFERENCE_HZ).samples[0][: LONGEST_S * REFERENCE_HZ]
    return np.array(samples[: len(samples) // 320 * 320])
