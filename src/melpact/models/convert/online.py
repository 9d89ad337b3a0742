"""Frames in, converted frames out, while the source still speaks: what a converter knows of it is what was heard so far.

Two things stand in for the whole utterance. Moments run (`ExponentialStats`, debiased: the latest frames weigh most); what a
method hears in context (a content encoder and its means) is heard in the last `HISTORY_S`. Both begin with `KNOWN_S` of the
target: until more is known, the source is taken for it, and nothing is bent by the moments of three frames. What lies
further to the right than the look-ahead is cut off. Sound, pitch and their latency are no part of this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, SpecMismatch
from melpact.features.active import active
from melpact.models.convert.base import Converter
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Target
from melpact.normalise.exponential import ExponentialStats

Floats = NDArray[np.float32]

HISTORY_S, KNOWN_S, HALF_LIFE_S = 4.0, 1.0, 30.0
CONTEXT_FRAMES = 64
"""Frames to the left with which a block is converted, beside those that the method sees."""
FADE_FRAMES = 4
"""Over which a block fades in over what the one before made of the same frames."""


class OnlineConverter:
    """A converter for one source whose frames come piece by piece.

    Args:
        converter: any method that goes by mels.
        target: whom it shall sound like.
        settings: the defaults otherwise.
        look_ahead_frames: a frame is given when as many behind it are there.
        half_life_s: of the running moments of the source.

    Raises:
        SpecMismatch: converter and target are not of one description. ContractError: a look-ahead below 0, or a voice that
            lacks what the converter has to know.
    """

    def __init__(
        self,
        converter: Converter,
        target: Target,
        settings: Converting | None = None,
        *,
        look_ahead_frames: int,
        half_life_s: float = HALF_LIFE_S,
    ) -> None:
        if converter.spec is not None and converter.spec != target.spec:
            raise SpecMismatch("this converter takes another mel", next=target.spec.diff(converter.spec).summary())
        if look_ahead_frames < 0:
            raise ContractError("a look-ahead is not negative", where="look_ahead_frames", got=look_ahead_frames)
        self.converter, self.target = converter, converter.knowing(target)
        self.settings = Converting() if settings is None else settings
        self.look_ahead_frames = look_ahead_frames
        self.spec = target.spec
        hop_s = self.spec.hop_length / self.spec.sample_rate
        self._keep = round(HISTORY_S / hop_s)
        self._raw, self._f0_hz = _stretch(target, round(KNOWN_S / hop_s))
        self._pitched = True
        self._own = self._given = self._raw.shape[1]
        """In what is kept: the first frame of the source, and the first that has not been given."""
        self._highest = np.full((self.spec.n_mels, 1), -np.inf, np.float32)
        self._tail = np.zeros((self.spec.n_mels, 0), np.float32)
        self.moments = ExponentialStats(self.spec, half_life_s)
        """Of what the method watches (`Converter.watched`), in the frames that sound."""
        self._count(self._raw)

    def push(self, values: Floats, f0_hz: Floats | None = None) -> Floats:
        """More frames before scaling, [n_mels, n] → those that became sure, [n_mels, ≥ 0].

        Args:
            f0_hz: Hz per frame at the pitch that is wanted, 0 where unvoiced; for a converter that is driven by it.

        Raises:
            ContractError: another number of bands, values that are not numbers, a pitch missing or of another length.
        """
        given = np.asarray(values, np.float32)
        if given.ndim != 2 or given.shape[0] != self.spec.n_mels or not np.isfinite(given).all():
            raise ContractError("not what this converter takes", got=f"{list(given.shape)}", wanted="finite [n_mels, n]")
        if (f0_hz is None and self.converter.takes_f0) or (f0_hz is not None and f0_hz.shape != (given.shape[1],)):
            raise ContractError("the pitch does not belong to these frames", wanted=f"{given.shape[1]} values of Hz")
        if given.shape[1]:
            self._pitched &= f0_hz is not None
            pitch = np.zeros(given.shape[1], np.float32) if f0_hz is None else np.asarray(f0_hz, np.float32)
            self._f0_hz = np.concatenate([self._f0_hz, pitch])
            self._raw = np.concatenate([self._raw, given], axis=1)
            self._highest = np.maximum(self._highest, given.max(axis=1, keepdims=True))
            self._count(given)
        return self._give(self._raw.shape[1] - self._given - self.look_ahead_frames)

    def finish(self) -> Floats:
        """The frames that are left, [n_mels, ≥ 0]: no more come."""
        return self._give(self._raw.shape[1] - self._given)

    def _count(self, new: Floats) -> None:
        sounding = active(self._raw, self.spec)[self._raw.shape[1] - new.shape[1] :]
        if sounding.any():
            heard = np.ascontiguousarray(self.converter.watched(new[:, sounding]), np.float32)
            self.moments.update(Mel(heard, self.spec))

    def _give(self, count: int) -> Floats:
        if count <= 0:
            return np.zeros((self.spec.n_mels, 0), np.float32)
        begin, end = self._given, self._given + count
        made = self._raw[:, begin:end]
        if self.settings.ratio > 0:
            made = self._converted(begin, end)
        self._given = end
        drop = max(0, min(self._raw.shape[1] - self._keep, end - CONTEXT_FRAMES - self.converter.sees(self.settings)[0]))
        self._raw, self._f0_hz = self._raw[:, drop:], self._f0_hz[drop:]
        self._own, self._given = max(0, self._own - drop), self._given - drop
        return made

    def _converted(self, begin: int, end: int) -> Floats:
        one, whole = self.converter, self._raw
        first = max(self._own, begin - CONTEXT_FRAMES - one.sees(self.settings)[0])
        pitch = self._f0_hz if self._pitched else None
        made = one.so_far(whole, first, pitch, self.moments, self.target, self.settings)
        own = made[:, begin - first :].copy()
        fade = min(self._tail.shape[1], end - begin)
        if fade:
            share = ((np.arange(fade) + 0.5) / fade).astype(np.float32)
            own[:, :fade] = share * own[:, :fade] + (1 - share) * self._tail[:, :fade]
        self._tail = own[:, end - begin : end - begin + FADE_FRAMES].copy()
        return one.held(own[:, : end - begin], whole[:, begin:end], self._highest, self.target)


def _stretch(target: Target, frames: int) -> tuple[Floats, Floats]:
    """So many frames of the first voice's own in which most sounds, before scaling, and their pitch."""
    kept = target.parts[0][0].frames
    sounding = np.concatenate([[0], np.cumsum(kept.active)])
    count = min(frames, kept.active.size)
    begin = int(np.argmax(sounding[count:] - sounding[: sounding.size - count]))
    part = slice(begin, begin + count)
    return np.ascontiguousarray(kept.mels[:, part], np.float32), np.array(kept.f0_hz[part], np.float32)
