"""Cheap detectors of what a model of speech does when it fails, on the sound alone; what a recogniser tells is in `said`.

Each looks for one failure, was set so that it is silent on recordings of people, and a test plants its failure.
Spectra are mels of 16 ms hops in dB, no deeper than `DEPTH_DB` below the loudest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench import voice_activity
from melpact.bench.metrics.clipping import clipped
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound, dialect_for
from melpact.contract.scaling import NoScaling
from melpact.core.errors import MelpactError
from melpact.features.analysis import extract
from melpact.features.pitch import STEP_S, track_pitch

RATE_HZ = 16000
DEPTH_DB = 60.0
ACTIVE_DB = 35.0
"""A frame this far below the loudest is a pause."""
LOOP_DB, LOOP_S, LOOP_LAGS_S = 3.5, 0.6, (0.12, 6.0)
"""Two stretches of so many seconds, so far apart, are the same where their spectra differ by less on average."""
LOUD_SHARE = 0.6
MOVES_DB = 6.0
"""A stretch whose bands move less over time is no loop but a held sound."""
HELD_DB, HELD_LAG_S, HELD_S = 2.0, 0.096, 0.7
"""A spectrum that moves by less from this moment to that, for so long, is held."""
JUMBLE_S, JUMBLE = 0.5, 0.95
"""Over so long, a spectrum that changes from one moment to the next by so much of all that it ever moves is jumbled: people
reach .86."""
JUMBLE_DB, JUMBLE_LOUD = 4.0, 0.6
"""A steady noise in a recording moves less than that."""
HISS_S, HISS_SHARE = 0.9, 0.9
"""So long a stretch of loud sound without any voice in it is noise."""
SPEECH_SHARE = 0.15
CLIPPED_PERCENT = 0.1
QUIET = 10 ** (-50 / 20)
LONGEST_PAUSE_S = 2.0
CUT_DB, CUT_S, FADED_S = -8.0, 0.02, 0.005
"""A sound that is still so loud, beside its loud parts, within its last moments, was cut off; the very end may be faded."""
LONG, SHORT = 2.5, 0.4
"""Times the seconds that recordings of such a text last."""
SLACK_S = 0.7
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """A sound and how long people take for its text, in seconds of speech; None where nobody knows."""

    sound: Sound
    expected_s: float | None = None

    @property
    def levels(self) -> Floats:
        """dB below the loudest value, float32 [frames, bands]."""
        return self.sound.keep("speech detectors", self._levels)

    def _levels(self) -> Floats:
        spec = dialect_for(RATE_HZ)
        spec = spec.replace_quietly(scaling=NoScaling())
        mel = extract(Audio.of(self.sound.at(RATE_HZ), RATE_HZ), spec).values.astype(np.float64)
        gain = spec.log_gain
        decibel = mel if gain is None else 20 / np.log(10) / spec.power * mel / gain
        return np.asarray(np.maximum(decibel - decibel.max(), -DEPTH_DB).T, np.float32)

    @property
    def hop_s(self) -> float:
        return dialect_for(RATE_HZ).hop_length / RATE_HZ

    @property
    def loud(self) -> NDArray[np.bool_]:
        """Which frames are no pause."""
        level = self.levels.max(axis=1)
        found: NDArray[np.bool_] = level > level.max() - ACTIVE_DB
        return found

    @property
    def melody(self) -> float | None:
        """Standard deviation of the pitch in semitones; None with less than 0.2 s of voice."""
        track = self.pitch
        voiced = track[track > 0]
        if voiced.size * STEP_S < 0.2:
            return None
        return float(np.clip(12 * np.log2(voiced / np.median(voiced)), -12, 12).std())

    @property
    def pitch(self) -> Floats:
        """Hz every 5 ms, 0 where there is none."""
        return self.sound.keep("speech pitch", lambda: track_pitch(self.sound.at(RATE_HZ), RATE_HZ))

    @property
    def spoken_s(self) -> float:
        """Seconds from the first loud frame to the last."""
        places = np.flatnonzero(self.loud)
        return float(places[-1] - places[0] + 1) * self.hop_s if places.size else 0.0


def longest(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(first, length) of the longest run of True; (0, 0) where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    if not edges.size:
        return 0, 0
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    best = int(np.argmax(lengths))
    return int(begins[best]), int(lengths[best])


def _loop(heard: Heard) -> str | None:
    values, hop = heard.levels, heard.hop_s
    loud, size = heard.loud, round(LOOP_S / hop)
    moves = _spread(values, size) > MOVES_DB
    for lag in range(round(LOOP_LAGS_S[0] / hop), min(round(LOOP_LAGS_S[1] / hop), len(values) - size)):
        apart = np.sqrt(np.square(values[:-lag] - values[lag:]).mean(axis=1))
        mean, share = _means(apart, size), _means((loud[:-lag] & loud[lag:]).astype(np.float32), size)
        same = np.flatnonzero((mean < LOOP_DB) & (share > LOUD_SHARE) & moves[: mean.size])
        if same.size:
            return f"{LOOP_S:g} s at {same[0] * hop:.1f} s come again {lag * hop:.2f} s later"
    return None


def _means(values: Floats, size: int) -> NDArray[np.float64]:
    """Of every `size` values in a row, along the first axis."""
    padded = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)])
    found: NDArray[np.float64] = (padded[size:] - padded[:-size]) / size
    return found


def _spread(values: Floats, size: int) -> NDArray[np.float64]:
    """How much the bands move within every `size` frames, dB."""
    if len(values) < size:
        return np.zeros(0)
    variance = _means(np.square(values), size) - np.square(_means(values, size))
    found: NDArray[np.float64] = np.sqrt(np.maximum(variance, 0)).mean(axis=1)
    return found


def _held(heard: Heard) -> str | None:
    values, hop = heard.levels, heard.hop_s
    lag = round(HELD_LAG_S / hop)
    if len(values) <= lag:
        return None
    still = np.sqrt(np.square(values[lag:] - values[:-lag]).mean(axis=1)) < HELD_DB
    first, length = longest(still & heard.loud[lag:])
    seconds = (length + lag) * hop
    return f"one sound is held for {seconds:.1f} s at {first * hop:.1f} s" if length * hop >= HELD_S else None


def _jumbled(heard: Heard) -> str | None:
    values, loud, size = heard.levels, heard.loud, round(JUMBLE_S / heard.hop_s)
    if len(values) <= size:
        return None
    change = _means(np.sqrt(np.square(np.diff(values, axis=0)).mean(axis=1)), size)
    share = _means((loud[1:] & loud[:-1]).astype(np.float32), size)
    spread = _spread(values, size)[: change.size]
    places = np.flatnonzero((change > JUMBLE * spread) & (spread > JUMBLE_DB) & (share > JUMBLE_LOUD))
    return f"the spectrum jumps for {JUMBLE_S:g} s at {places[0] * heard.hop_s:.1f} s" if places.size else None


def _noise(heard: Heard) -> str | None:
    voiced = heard.pitch > 0
    times = np.arange(len(heard.levels)) * heard.hop_s
    place = np.minimum((times / STEP_S).astype(np.int64), max(0, voiced.size - 1))
    hiss = heard.loud & ~(voiced[place] if voiced.size else np.zeros(len(times), np.bool_))
    share = _means(hiss.astype(np.float32), round(HISS_S / heard.hop_s))
    if share.size and share.max() >= HISS_SHARE:
        return f"{HISS_S:g} s of loud sound without a voice at {int(np.argmax(share)) * heard.hop_s:.1f} s"
    return None


def _no_speech(heard: Heard) -> str | None:
    try:
        share = float(voice_activity.speech(heard.sound).mean())
    except NotMeasured:
        return None
    return f"{100 * share:.0f} % of it is speech" if share < SPEECH_SHARE else None


def _silent(heard: Heard) -> str | None:
    peak = heard.sound.audio.peak
    return f"its peak is {20 * np.log10(max(peak, 1e-9)):.0f} dB of full scale" if peak < QUIET else None


def _pause(heard: Heard) -> str | None:
    places = np.flatnonzero(heard.loud)
    if not places.size:
        return None
    inner = ~heard.loud[places[0] : places[-1] + 1]
    first, length = longest(inner)
    seconds = length * heard.hop_s
    at = (first + places[0]) * heard.hop_s
    return f"a pause of {seconds:.1f} s at {at:.1f} s" if seconds >= LONGEST_PAUSE_S else None


def _cut(heard: Heard) -> str | None:
    wave = heard.sound.at(RATE_HZ).astype(np.float64)
    size, faded, last = (round(one * RATE_HZ) for one in (0.01, FADED_S, CUT_S))
    if wave.size < 20 * size:
        return None
    loud = np.quantile(np.square(wave[: wave.size // size * size].reshape(-1, size)).mean(axis=1), 0.95)
    end = np.square(wave[-last - faded : -faded]).mean()
    decibel = 10 * float(np.log10(max(end, 1e-18) / max(float(loud), 1e-18)))
    return f"its last {1000 * CUT_S:.0f} ms lie {-decibel:.0f} dB below its loud parts" if decibel > CUT_DB else None


def _clipping(heard: Heard) -> str | None:
    share = 100 * float(clipped(heard.sound.wave).mean())
    return f"{share:.2g} % of the samples are clipped" if share > CLIPPED_PERCENT else None


def _endless(heard: Heard) -> str | None:
    if heard.expected_s is None or heard.sound.seconds <= LONG * heard.expected_s + SLACK_S:
        return None
    return f"{heard.sound.seconds:.1f} s for a text of about {heard.expected_s:.1f} s"


def _short(heard: Heard) -> str | None:
    if heard.expected_s is None or heard.spoken_s >= SHORT * heard.expected_s:
        return None
    return f"{heard.spoken_s:.1f} s for a text of about {heard.expected_s:.1f} s"


LOOP, HELD, JUMBLED, NOISE, NO_SPEECH = "loop", "held", "jumbled", "noise", "no speech"
SILENT, PAUSE, CUT, CLIPPING = "silent", "pause", "cut off", "clipping"
ENDLESS, SHORT_NAME = "endless", "too short"


@dataclass(frozen=True)
class Detector:
    """One failure: what it means, and what is found of it in a sound (None: nothing)."""

    meaning: str
    look: Callable[[Heard], str | None]


DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {
        LOOP: Detector(
            f"{LOOP_S:g} s come again: two stretches whose spectra differ by less than {LOOP_DB:g} dB, and which are no "
            "held sound.", _loop,
        ),
        HELD: Detector(
            f"One spectrum for {HELD_S:g} s: it moves by less than {HELD_DB:g} dB over {1000 * HELD_LAG_S:.0f} ms.", _held
        ),
        JUMBLED: Detector(
            f"For {JUMBLE_S:g} s the spectrum changes every 16 ms by {JUMBLE:g} of all that it moves within that time.",
            _jumbled,
        ),
        NOISE: Detector(f"{HISS_S:g} s of loud sound in which fewer than one frame in ten has a pitch.", _noise),
        NO_SPEECH: Detector(
            f"Less than {100 * SPEECH_SHARE:.0f} % of the time is speech by level and by change of the spectrum.", _no_speech
        ),
        SILENT: Detector("A peak below -50 dB of full scale.", _silent),
        PAUSE: Detector(f"A pause of {LONGEST_PAUSE_S:g} s within the sentence.", _pause),
        CUT: Detector(f"Within {-CUT_DB:g} dB of its loud parts in its last {1000 * CUT_S:.0f} ms.", _cut),
        CLIPPING: Detector(f"More than {CLIPPED_PERCENT:g} % of the samples at full scale or in flat tops.", _clipping),
        ENDLESS: Detector(f"Longer than {LONG:g} times what people take for such a text, and {SLACK_S:g} s.", _endless),
        SHORT_NAME: Detector(f"Shorter than {SHORT:g} times what people take for such a text.", _short),
    }
)  # fmt: skip
"""By name, in the order of the table."""


def found_in(heard: Heard) -> dict[str, str]:
    """Failure → what was found. A sound that is silent is that alone.

    Raises:
        NotMeasured: too short for a spectrum.
    """
    try:
        if (why := _silent(heard)) is not None:
            return {SILENT: why}
        return {name: why for name, one in DETECTORS.items() if (why := one.look(heard)) is not None}
    except MelpactError as error:
        raise NotMeasured(str(error).rstrip(".")) from None
