"""The waveform codec's decoder of one channel: what packets say to samples, and what is made up of those that were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from melpact.audio.mdct import mdct, overlapping
from melpact.models.codec.concealing import HISTORY_S, continued, period
from melpact.models.codec.sounding import Sounding
from melpact.models.codec.waveform import steps as rules
from melpact.models.codec.waveform.noise import signs
from melpact.models.codec.waveform.packing import Content
from melpact.models.codec.waveform.steps import TOGETHER

if TYPE_CHECKING:
    from melpact.models.codec.waveform.codec import WaveformCodec

Floats = NDArray[np.float32]


class WaveformSounding(Sounding[Content]):
    """Packets of one channel to samples.

    A lost packet is what came before it, more and more quietly: as much of its last period, again and again, as it has one,
    and of what the network makes of the last latent where nothing is coded.
    """

    FALL = 2
    """Quarter octaves by which the step of a lost packet's frames falls, per two frames."""
    HOLD_S, FADE_S = 0.02, 0.1
    """Of a lost sound: how long its period is as loud as before, and until it is silent."""

    def __init__(self, codec: WaveformCodec) -> None:
        self._codec = codec
        bins, size = codec.bins, codec.facts.latent_size
        self._context = codec.facts.context
        self._coded = np.zeros((0, bins), np.int64)
        self._latent = np.zeros((0, size), np.int64)
        self._step = 0
        self._half = np.zeros(bins)
        self._frames, self._begun = 0, False
        self._past = np.zeros(0)
        self._gone, self._lag, self._periodic = 0, 1, 0.0

    def push(self, part: Content | None, frames: int) -> Floats:
        codec, lost = self._codec, part is None
        if part is None:
            part = self._made_up(frames)
        self._step = int(part.steps[-1])
        coded, latent = np.concatenate([self._coded, part.coded]), np.concatenate([self._latent, part.latent])
        count = TOGETHER * frames
        below, noise, added = (one[-count:] for one in codec.filled(coded, latent))
        self._coded, self._latent = coded[-TOGETHER * self._context :], latent[-self._context :]
        there = part.coded != 0
        plain = np.where(there, part.coded - np.sign(part.coded) * below, noise * signs(self._frames, count, codec.bins))
        values = (plain + added) * rules.sizes(part.steps, codec.bins) * rules.scale(codec.bins)
        if lost:
            values = self._repeated(values)
        else:
            self._gone = 0
        self._frames += count
        windowed = overlapping(values)
        bins = codec.bins
        ahead, behind = windowed[:, :bins], windowed[:, bins:]
        made = ahead + np.concatenate([self._half[None], behind[:-1]])
        self._half = behind[-1]
        samples = made.reshape(-1)
        if not self._begun:
            self._begun, samples = True, samples[bins:]
        self._past = np.concatenate([self._past, samples])[-round(HISTORY_S * codec.sample_rate) - 1 :]
        limited: Floats = np.clip(samples, -1, 1).astype(np.float32)
        return limited

    def finish(self) -> Floats:
        return np.zeros(0, np.float32)

    def _made_up(self, frames: int) -> Content:
        codec = self._codec
        falling = np.maximum(0, self._step - self.FALL * np.arange(1, frames + 1))
        last = self._latent[-1:] if len(self._latent) else np.zeros((1, codec.facts.latent_size), np.int64)
        coded = np.zeros((TOGETHER * frames, codec.bins), np.int64)
        return Content(falling, coded, np.repeat(last, frames, 0), True)

    def _repeated(self, plain: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coefficients of a lost packet [T, bins]: those of its period repeated, and `plain` for the rest of its power."""
        hz, bins = self._codec.sample_rate, self._codec.bins
        if not self._gone:
            self._lag, self._periodic = period(self._past, hz)
        if len(self._past) < self._lag:
            return plain
        # the first hop has been half heard: what is gone begins with it
        since = self._gone + np.arange((len(plain) + 1) * bins)
        fade = np.clip(1 - (since / hz - self.HOLD_S) / (self.FADE_S - self.HOLD_S), 0, 1)
        made = mdct(continued(self._past, self._lag, len(since)) * fade, bins)
        self._gone += len(plain) * bins
        mixed: NDArray[np.float64] = self._periodic * made + np.sqrt(1 - self._periodic**2) * plain
        return mixed
