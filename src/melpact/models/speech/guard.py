"""What a spoken sentence must not be: noise, a sound that stands still, a loop, silence, endless, or too short for its text.

Judged by the mel and its text alone, as frames come. None of 460 recorded sentences of 15 corpora in 9 languages
(hifigan_22k) breaks a rule. The limits were set where recordings never lie: they have a `ROUGH_NAT` of .85 at most and a
`STILL_NAT` of .26 at least; white noise, a hum and random values lie at .18, .14 and 2.2.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from melpact.contract.diff.limits import linear_to_raw, silence_raw
from melpact.contract.filterbank import filterbank
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpeechFault
from melpact.features.active import PAUSE_DB, loudness_db
from melpact.features.window import stft_bound

Floats = NDArray[np.float32]

ROUGH_NAT, ROUGH_S = 1.1, 0.5
"""Mean change from frame to frame, over this time, from which on it is noise; in nat of amplitude."""
STILL_NAT, STILL_S = 0.2, 0.9
"""Mean spread of a band, smoothed over `SMOOTH_S`, up to which a sound that lasts this long stands still."""
SMOOTH_S = 0.058
ALIKE_NAT, LOOP_S, LEAST_LOOP_S = 0.25, (0.15, 2.0), 0.9
"""Mean distance of frames one period apart, up to which they are the same; periods that are looked for; how long they have
to be the same, and at least two periods."""
SILENT_S = 3.0
"""No pause within a sentence is as long."""
EVERY_S = 0.25
"""How often it looks, while frames come."""
OVERSHOOT_NAT = 1.0
"""Above the loudest that any sound can be, by up to this much, a value is put right in silence."""
FAR_SHARE = 0.002
_LEAST_NAT = 2.0


def longest_s(text: str, rate: float = 1.0) -> float:
    """Seconds that nobody needs for a text: .25 a letter, .5 where a script has no cases, 1 a digit, .7 a mark."""
    total = 2.0
    for letter in text:
        kind = unicodedata.category(letter)
        if kind.startswith("N"):
            total += 1.0
        elif kind == "Lo":
            total += 0.5
        elif kind.startswith("L"):
            total += 0.25
        elif kind.startswith(("P", "S")):
            total += 0.7
    return total / rate


def shortest_s(text: str, rate: float = 1.0) -> float:
    """Seconds that nobody speaks a text in: 40 letters a second."""
    return sum(letter.isalnum() for letter in text) / 40 / rate


def repeats(text: str) -> bool:
    """Whether a text itself says something three times in a row."""
    words = re.findall(r"\w+", text.casefold())
    for size in range(1, len(words) // 3 + 1):
        for at in range(len(words) - 3 * size + 1):
            if words[at : at + size] == words[at + size : at + 2 * size] == words[at + 2 * size : at + 3 * size]:
                return True
    return False


@dataclass(frozen=True)
class Bounds:
    """Of one description, before scaling: [n_mels, 1] each."""

    floor: Floats
    ceiling: Floats
    per_nat: float

    @classmethod
    def of(cls, spec: MelSpec) -> Bounds:
        """The least that silence gives, and the most that any samples in [-1, 1] can."""
        peak = filterbank(spec).sum(axis=1) * (stft_bound(spec) * (1 + spec.preemphasis)) ** spec.power
        floor = np.asarray(silence_raw(spec), np.float64)
        top = np.asarray(linear_to_raw(spec, np.maximum(peak, 1e-12)), np.float64)
        gain = spec.log_gain
        unit = float(spec.power * abs(gain)) if gain is not None else 0.0
        return cls(floor.astype(np.float32)[:, None], np.maximum(top, floor).astype(np.float32)[:, None], unit)


class Guard:
    """Watches one sentence.

    Args:
        spec: of the frames, without scaling.
        text: that is spoken. rate: how fast.
        most_s: no longer than this; by default what the text bounds.
    """

    def __init__(self, spec: MelSpec, text: str, rate: float = 1.0, most_s: float | None = None) -> None:
        self.spec, self._bounds = spec, Bounds.of(spec)
        self.most_s = longest_s(text, rate) if most_s is None else most_s
        self._least_s = shortest_s(text, rate)
        self._repeats = repeats(text)
        self._hz = spec.frame_rate_hz
        self._step = max(1, round(EVERY_S * self._hz))
        self._recent = np.zeros((spec.n_mels, 0), np.float32)
        self._levels = np.zeros(0, np.float32)
        self._most_above_floor, self._looked_at = 0.0, 0

    @property
    def n_frames(self) -> int:
        """So far."""
        return self._levels.size

    def push(self, values: Floats) -> Floats:
        """The next frames before scaling [n_mels, n], held within floor and ceiling.

        Raises:
            SpeechFault: they cannot be used, or not with those before them.
        """
        if values.ndim != 2 or values.shape[0] != self.spec.n_mels:
            raise AssertionError(f"a speaker gave {values.shape}, wanted [{self.spec.n_mels}, n]")
        if not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).sum())
            raise SpeechFault("values that are not numbers", got=f"{bad} of {values.size}", wanted="finite values")
        room = OVERSHOOT_NAT * self._bounds.per_nat
        far = values > self._bounds.ceiling + np.float32(room)
        if far.any() and float(far.mean()) > FAR_SHARE:
            raise SpeechFault(
                "louder than any sound can be", got=f"{float(far.mean()):.1%} of the values", wanted="a mel as described"
            )
        held = np.clip(values, self._bounds.floor, self._bounds.ceiling).astype(np.float32)
        for at in range(0, held.shape[1], self._step):
            self._take(held[:, at : at + self._step])
        return held

    def finish(self) -> None:
        """Judge the whole.

        Raises:
            SpeechFault: no frames, silence, too short for its text, or what `push` finds.
        """
        if not self.n_frames:
            raise SpeechFault("no frames were spoken", wanted="at least one")
        if self.n_frames > self._looked_at:
            self._look()
        if self._most_above_floor <= _LEAST_NAT * (self._bounds.per_nat or 1e-12):
            raise SpeechFault("nothing but silence was spoken", got=f"{self.n_frames / self._hz:.1f} s")
        sounding = float(self._active(self._levels).sum()) / self._hz
        if sounding < self._least_s:
            raise SpeechFault(
                "words are missing: it is too short for its text", got=f"{sounding:.2f} s of sound",
                wanted=f"{self._least_s:.2f} s at least",
            )  # fmt: skip

    def _take(self, held: Floats) -> None:
        span = round((3 * LOOP_S[1] + EVERY_S) * self._hz)
        self._recent = np.concatenate([self._recent, held], axis=1)[:, -span:]
        self._levels = np.concatenate([self._levels, loudness_db(held, self.spec)])
        self._most_above_floor = max(self._most_above_floor, float((held - self._bounds.floor).max()))
        if self.n_frames > self.most_s * self._hz:
            raise SpeechFault(
                "it does not end", got=f"{self.n_frames / self._hz:.1f} s and more",
                wanted=f"{self.most_s:.1f} s at most for this text",
            )  # fmt: skip
        if self.n_frames - self._looked_at >= self._step:
            self._look()

    def _active(self, levels: Floats) -> NDArray[np.bool_]:
        return np.asarray(levels > np.quantile(self._levels, 0.95) - PAUSE_DB, np.bool_)

    def _look(self) -> None:
        """Rules that a stretch breaks, where it ends in the latest frames."""
        new = self.n_frames - self._looked_at
        self._looked_at = self.n_frames
        active = self._active(self._levels[-self._recent.shape[1] :])
        self._silence(active)
        per_nat = np.float32(self._bounds.per_nat)
        nat = self._recent / per_nat if per_nat else np.log(np.maximum(self._recent, 1e-10))
        size, width = round(ROUGH_S * self._hz), round(SMOOTH_S * self._hz)
        self._noise(nat[:, -size - new - 1 :], active[-size - new - 1 :], size)
        size = round(STILL_S * self._hz)
        self._still(nat[:, -size - new - width :], active[-size - new - width :], size, max(1, width))
        if not self._repeats:
            self._loop(nat, active)

    def _silence(self, active: NDArray[np.bool_]) -> None:
        size = round(SILENT_S * self._hz)
        if active.size >= size and not active[-size:].any():
            raise SpeechFault("it falls silent", got=f"{SILENT_S:g} s without a sound", wanted="no such pause")

    def _noise(self, nat: Floats, active: NDArray[np.bool_], size: int) -> None:
        if active.size <= size:
            return
        change = np.abs(np.diff(nat, axis=1)).mean(axis=0)
        over = sliding_window_view(change, size).mean(axis=-1)[np.all(sliding_window_view(active[1:], size), axis=-1)]
        if over.size and over.max() > ROUGH_NAT:
            raise SpeechFault(
                "noise", got=f"a change of {over.max():.2f} nat from frame to frame over {ROUGH_S:g} s",
                wanted=f"{ROUGH_NAT:g} at most, as speech has",
            )  # fmt: skip

    def _still(self, nat: Floats, active: NDArray[np.bool_], size: int, width: int) -> None:
        if active.size < size + width:
            return
        sums = np.cumsum(np.pad(nat.astype(np.float64), ((0, 0), (1, 0))), axis=1)
        smooth = (sums[:, width:] - sums[:, :-width]) / width
        first, second = (np.cumsum(np.pad(one, ((0, 0), (1, 0))), axis=1) for one in (smooth, smooth**2))
        mean, square = ((one[:, size:] - one[:, :-size]) / size for one in (first, second))
        spread = np.sqrt(np.maximum(square - mean**2, 0)).mean(axis=0)
        sounds = np.all(sliding_window_view(active[width // 2 :][: smooth.shape[1]], size), axis=-1)
        spread = spread[: sounds.size][sounds[: spread.size]]
        if spread.size and spread.min() < STILL_NAT:
            raise SpeechFault(
                "the sound stands still", got=f"bands that move by {spread.min():.2f} nat within {STILL_S:g} s",
                wanted=f"{STILL_NAT:g} at least, as speech does",
            )  # fmt: skip

    def _loop(self, nat: Floats, active: NDArray[np.bool_]) -> None:
        least, most = (round(one * self._hz) for one in LOOP_S)
        bands = max(1, nat.shape[0] // 20)
        rows = nat[: nat.shape[0] // bands * bands].reshape(-1, bands, nat.shape[1]).mean(axis=1)
        for period in range(least, most + 1):
            size = max(2 * period, round(LEAST_LOOP_S * self._hz))
            if active.size < size + period:
                break
            # frames of the end, that just came, are compared with those one period before
            now, before = rows[:, -size:], rows[:, -size - period : -period]
            if active[-size:].mean() > 0.5 and float(np.abs(now - before).mean()) < ALIKE_NAT:
                raise SpeechFault(
                    "it loops", got=f"the same {period / self._hz:.2f} s for {(size + period) / self._hz:.1f} s",
                    wanted="a sentence that goes on",
                )  # fmt: skip
