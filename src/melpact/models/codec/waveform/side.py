"""Side streams: cheap facts of a sound beside its latent, as whole numbers, as a network sees them, and what they cost.

"f0": whether there is a pitch, and which, every 40 ms. "speaker": one vector of an utterance, the shape of its mean
spectrum.
Which of them a network is told, and whether that pays, is not decided here (train.recipes.codec, benchmarks.codec_side).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from melpact.audio.mdct import mdct
from melpact.features.pitch import HIGHEST_HZ, LOWEST_HZ, pitch_at
from melpact.models.codec.waveform.steps import FRAMES_S, TOGETHER, scale

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Stream = Literal["f0", "speaker"]
STREAMS: tuple[Stream, ...] = get_args(Stream)

PITCHES_PER_OCTAVE = 24
"""Half semitones."""
PITCHES = round(np.log2(HIGHEST_HZ / LOWEST_HZ) * PITCHES_PER_OCTAVE) + 1
HELD = 2
"""Latent frames of 20 ms that share a pitch. Quarter semitones every 20 ms would cost twice as much."""
UNVOICED = -1
COMB = 64
"""Coefficients, 50 Hz apart, of which a network is told how near to a harmonic they lie."""
_MIDDLE = 36
"""The pitch before the first: 156 Hz."""
_NEAR, _FAR = 12, 48
"""Half semitones that a pitch may move within a voiced stretch, and over a gap; beyond it is told anew."""

VOICE = 12
"""Numbers of a speaker's vector."""
VOICE_LEVELS = 16
VOICE_BITS = VOICE * 4
_USUAL = np.array([9.4, 0.2, 0.4, -2.0, -1.0, -1.0, -1.0, -0.5, -0.5, -0.8, -0.7, -0.6])
"""Its mean over the utterances of a corpus of many languages: octaves of an orthonormal cosine transform."""
VOICE_STEP = np.array([0.6, 0.6, 0.45, 0.45, 0.35, 0.3, 0.3, 0.3, 0.15, 0.15, 0.15, 0.1])
"""Three eighths of what utterances differ by there."""
FLOOR = 1e-4
"""Of a frame's mean: bands that are quieter say nothing of a voice."""
_BANDS = (0, 2, 4, 6, 8, 10, 13, 16, 20, 24, 29, 35, 42, 50, 60, 71, 84, 100, 118, 138, 160)
"""Coefficients at which the bands of a mean spectrum begin; all below 8 kHz."""
NUMBERS: Mapping[Stream, int] = {"f0": 3 + COMB, "speaker": 1 + VOICE}


def numbers(streams: Iterable[Stream]) -> int:
    """How many numbers per latent frame a network sees of these streams."""
    return sum(NUMBERS[name] for name in streams)


def pitches(samples: Floats, sample_rate: int, pairs: int) -> Ints:
    """Index of the pitch of every `HELD` latent frames, [pairs / HELD, rounded up]: half semitones above 55 Hz; `UNVOICED`
    where there is none."""
    count = -(-pairs // HELD)
    times = (np.arange(count) * HELD * TOGETHER + 0.5 * (HELD * TOGETHER - 1)) / FRAMES_S
    hz = pitch_at(samples, sample_rate, times).astype(np.float64)
    index = np.rint(PITCHES_PER_OCTAVE * np.log2(np.maximum(hz, LOWEST_HZ) / LOWEST_HZ)).astype(np.int64)
    return np.where(hz > 0, np.clip(index, 0, PITCHES - 1), UNVOICED)


def hz_of(track: Ints, pairs: int) -> NDArray[np.float64]:
    """Hz of every latent frame [pairs], 0 where unvoiced; within a voiced stretch the pitch glides from one to the next."""
    first = track != UNVOICED
    place = (np.arange(pairs) - 0.5 * (HELD - 1)) / HELD
    low = np.clip(np.floor(place).astype(np.int64), 0, len(track) - 1)
    high, own = np.minimum(low + 1, len(track) - 1), np.arange(pairs) // HELD
    share = np.clip(place - low, 0, 1)
    glides = first[low] & first[high]
    index = np.where(glides, (1 - share) * track[low] + share * track[high], track[own])
    return np.where(first[own], LOWEST_HZ * 2.0 ** (index / PITCHES_PER_OCTAVE), 0.0)


def pitch_seen(track: Ints, pairs: int) -> Floats:
    """What a network is told of a track: [pairs, 3 + COMB]: that there is one, voiced, how high, nearness to a harmonic."""
    hz = hz_of(track, pairs)
    voiced, known = (hz > 0).astype(np.float64), np.maximum(hz, LOWEST_HZ)
    middle = (np.arange(COMB) + 0.5) * (FRAMES_S / 2)
    comb = np.cos(2 * np.pi * middle / known[:, None])
    octaves = np.log2(known / LOWEST_HZ) - _MIDDLE / PITCHES_PER_OCTAVE
    made = np.stack([np.ones(pairs), voiced, octaves * voiced], 1)
    return np.concatenate([made, comb * voiced[:, None]], 1).astype(np.float32)


def voice(samples: Floats, sample_rate: int) -> Ints:
    """A speaker's vector [VOICE], each 0 to 15: the shape of the mean spectrum of an utterance's louder half."""
    bins = sample_rate // FRAMES_S
    whole = np.pad(samples, (bins, 2 * bins - len(samples) % bins))
    power = np.square(mdct(whole, bins) / scale(bins))[:, : _BANDS[-1]]
    level = power.sum(1)
    louder = power[np.argsort(-level)[: (len(level) + 1) // 2]]
    bands = np.add.reduceat(louder, _BANDS[:-1], 1) / np.diff(_BANDS)
    octaves = 0.5 * np.log2(bands + FLOOR * bands.mean(1, keepdims=True) + 1e-12).mean(0)
    shape = dct(octaves, norm="ortho")[1 : VOICE + 1] - _USUAL
    made: Ints = np.clip(np.floor(shape / VOICE_STEP) + VOICE_LEVELS // 2, 0, VOICE_LEVELS - 1).astype(np.int64)
    return made


def voice_seen(vector: Ints, pairs: int) -> Floats:
    """What a network is told of a vector, the same in every frame: [pairs, 1 + VOICE]."""
    numbers_of = np.concatenate([[1.0], (vector + 0.5 - VOICE_LEVELS / 2) / 3])
    return np.repeat(numbers_of[None], pairs, 0).astype(np.float32)


def _model(counts: Ints | None) -> Any:
    import constriction

    model = constriction.stream.model
    return model.Uniform(PITCHES) if counts is None else model.Categorical(counts / counts.sum(), perfect=False)


@dataclass(frozen=True, eq=False)
class PitchChances:
    """How often what happens in a track of pitches: counts, from which its code lengths follow.

    Attributes:
        voiced: [was voiced, is voiced]. near: moves within a voiced stretch, the last entry: further. far: over a gap.
    """

    voiced: Ints
    near: Ints
    far: Ints

    @classmethod
    def of(cls, tracks: Iterable[Ints]) -> PitchChances:
        """Counted in some tracks; every possible symbol counts once more."""
        made = cls(np.ones((2, 2), np.int64), np.ones(2 * _NEAR + 2, np.int64), np.ones(2 * _FAR + 2, np.int64))
        for track in tracks:
            for table, symbol in made._symbols(track):
                if table is not None:
                    table[symbol] += 1
        return made

    def bits(self, track: Ints) -> float:
        """What a track costs."""
        total = 0.0
        for table, symbol in self._symbols(track):
            total -= np.log2(1 / PITCHES if table is None else table[symbol] / table.sum())
        return float(total)

    def written(self, track: Ints) -> bytes:
        """A track, range coded."""
        import constriction

        encoder = constriction.stream.queue.RangeEncoder()
        for table, symbol in self._symbols(track):
            encoder.encode(int(symbol), _model(table))
        data: bytes = encoder.get_compressed().astype("<u4").tobytes()
        return data

    def read(self, data: bytes, count: int) -> Ints:
        """The track of so many pitches that `written` wrote."""
        import constriction

        decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(data, "<u4").astype(np.uint32))
        track, was, last = np.full(count, UNVOICED), 0, _MIDDLE
        for place in range(count):
            now = int(decoder.decode(_model(self.voiced[was])))
            if now:
                table, most = (self.near, _NEAR) if was else (self.far, _FAR)
                move = int(decoder.decode(_model(table)))
                last = int(decoder.decode(_model(None))) if move > 2 * most else last + move - most
                track[place] = last
            was = now
        return track

    def _symbols(self, track: Ints) -> Iterator[tuple[Ints | None, int]]:
        """Table (None: all pitches alike) and place in it, in the order of writing."""
        was, last = 0, _MIDDLE
        for pitch in track.tolist():
            now = int(pitch != UNVOICED)
            yield self.voiced[was], now
            if now:
                table, most = (self.near, _NEAR) if was else (self.far, _FAR)
                move = pitch - last
                if abs(move) <= most:
                    yield table, move + most
                else:
                    yield table, 2 * most + 1
                    yield None, pitch
                last = pitch
            was = now


@dataclass(frozen=True, eq=False)
class Told:
    """What is told of one sound.

    Attributes:
        seen: by stream, [pairs, its numbers]. bits: by stream, of the whole sound.
    """

    seen: Mapping[Stream, Floats]
    bits: Mapping[Stream, float]

    @classmethod
    def of(cls, samples: Floats, sample_rate: int, pairs: int, chances: PitchChances) -> Told:
        """Of a whole sound."""
        track = pitches(samples, sample_rate, pairs)
        seen: dict[Stream, Floats] = {
            "f0": pitch_seen(track, pairs),
            "speaker": voice_seen(voice(samples, sample_rate), pairs),
        }
        return cls(seen, {"f0": chances.bits(track), "speaker": float(VOICE_BITS)})

    def given(self, wanted: Sequence[Stream], known: Sequence[Stream]) -> tuple[Floats, float]:
        """What a network that knows the streams `known` sees [pairs, numbers] where only some are given (zeros instead of
        the others), and what those cost in bits."""
        parts = [self.seen[name] if name in wanted else np.zeros_like(self.seen[name]) for name in known]
        return np.concatenate(parts, 1), sum(self.bits[name] for name in known if name in wanted)

    def instead(self, other: Told) -> Told:
        """The streams of another sound, repeated or cut to this one's length, at this one's cost."""
        return Told({name: np.resize(other.seen[name], seen.shape) for name, seen in self.seen.items()}, self.bits)
