"""`Conversing`: batches for a converter. Who says something, how he himself says it, and how others would have to.

Every utterance is heard once in each of some variants: as it is, and with pitch and vocal tract moved, which makes another
speaker of it who says the same at the same moments. So what is spoken is taken from one variant and what it should become
from another, and the frames to pick from are the target variant's: none of them is a frame of what is to be made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import share
from melpact.features.active import active, level_db, levelled, loudness_db
from melpact.features.analysis import extract
from melpact.features.octaves import repaired
from melpact.features.pitch import STEP_S, at_times, frame_times_s, track_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.content import Listener
from melpact.models.convert.gan_inputs import Pool, energy_given, pitch_given
from melpact.models.convert.lines import Kinds, Lines, voicedness
from melpact.train.task import Utterance

Floats = NDArray[np.float32]
_STREAM, _VARIANTS = 0x73616964, 0x766F6963
APART = 16
"""Frames between a crop and the nearest frame of its own utterance that may be picked."""
FEWEST = 64
"""Sounding frames that a voice must leave to pick from."""
_TRIES = 50


@dataclass(frozen=True, eq=False)
class Said:
    """An utterance in one variant: mel at level 0, content [·, T], pitch [T], energy [1, T], where it sounds [T], how
    voiced it is [T], and the moments of its bands."""

    mel: NDArray[np.float16]
    content: NDArray[np.float16]
    f0_hz: Floats
    energy: Floats
    sounds: NDArray[np.bool_]
    share: Floats
    kinds: Kinds

    @property
    def frames(self) -> int:
        return int(self.f0_hz.size)


def said(samples: Floats, spec: MelSpec, listener: Listener, semitones: float = 0.0, formant: float = 1.0) -> Said:
    """What there is to know of an utterance, moved in pitch and vocal tract."""
    track, _ = repaired(track_pitch(samples, spec.sample_rate), STEP_S)
    moved = shifted(samples, spec.sample_rate, track, semitones=semitones, formant=formant)
    raw = extract(Audio.of(moved, spec.sample_rate), spec).values
    times = np.arange(track.size, dtype=np.float64) * STEP_S
    f0_hz = at_times(times, track, frame_times_s(spec, raw.shape[1])) * np.float32(2 ** (semitones / 12))
    level, sounds = level_db(raw, spec), active(raw, spec)
    mel = levelled(raw, spec, level)
    f0_hz = np.where(sounds, f0_hz, np.float32(0))
    share = voicedness(f0_hz)
    return Said(
        mel.astype(np.float16), listener(raw).astype(np.float16), f0_hz, energy_given(loudness_db(raw, spec), level), sounds,
        share, Kinds.of(mel, sounds, share),
    )  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A voice of the corpus in one variant: its number among all, its speaker's utterances, and how it was moved."""

    voice: int
    utterances: tuple[int, ...]
    semitones: float
    formant: float


class Conversing:
    """A source of batches.

    Args:
        utterances: of the training part. spec: of the mels, without scaling. listener: hears what is spoken.
        frames: of a crop. reference: frames of a voice that its style is made of. batch, seed: as everywhere.
        variants: of every speaker, the first as he is; semitones, formant: how far the others are moved at most, the second
            as a natural logarithm; every other one stays at its pitch.
        unmoved: the chance that what is to be made is a recording as it is.
        balance: a speaker is drawn by this power of the seconds he speaks; most_s: seconds of a speaker that are used.
        pool: frames of a voice to pick from, (fewest, most).

    Raises:
        TrainingError: nobody speaks long enough.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        spec: MelSpec,
        listener: Listener,
        *,
        frames: int,
        reference: int,
        batch: int,
        seed: int,
        variants: int = 4,
        semitones: float = 5.0,
        formant: float = 0.17,
        unmoved: float = 0.6,
        balance: float = 0.5,
        most_s: float = 300.0,
        pool: tuple[int, int] = (300, 3000),
    ) -> None:
        self.spec, self.listener, self.frames, self.reference = spec, listener, frames, reference
        self.batch, self.seed, self.unmoved, self.pool = batch, seed, unmoved, pool
        self.utterances = _kept(utterances, most_s)
        hop_s = spec.hop_length / spec.sample_rate
        speakers: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(self.utterances):
            speakers[one.speaker or one.name].append(index)
        shortest = (frames + 2 * APART + FEWEST) * hop_s
        found = {name: rows for name, rows in sorted(speakers.items()) if self._seconds(rows) > shortest}
        if not found:
            raise TrainingError(
                "nobody speaks long enough to learn his voice", got=f"{len(speakers)} speakers",
                wanted=f"more than {shortest:.1f} s of one",
            )  # fmt: skip
        self.speakers = tuple(found)
        self.places: list[tuple[Place, ...]] = []
        for number, (name, rows) in enumerate(found.items()):
            rng = np.random.default_rng([seed, _VARIANTS, *name.encode()])
            moves = [(0.0, 1.0)]
            for number_of in range(1, variants):
                key = float(rng.uniform(-semitones, semitones)) * (number_of % 2 == 0)
                moves.append((key, float(np.exp(rng.choice((-1, 1)) * formant * rng.uniform(0.3, 1.0)))))
            first = number * variants
            self.places.append(tuple(Place(first + i, tuple(rows), *move) for i, move in enumerate(moves)))
        weights = np.array([self._seconds(rows) for rows in found.values()]) ** balance
        self._bounds = np.cumsum(weights / weights.sum())
        self._heard: dict[tuple[int, int], Said] = {}
        self._facts = {
            "conversing": 1, "of": [[one.name, one.speaker, round(one.seconds, 3)] for one in self.utterances],
            "spec": spec.fingerprint, "listener": listener.fingerprint, "frames": frames, "reference": reference,
            "batch": batch, "seed": seed, "variants": [variants, semitones, formant, unmoved], "balance": balance,
            "pool": pool,
        }  # fmt: skip

    @property
    def voices(self) -> int:
        """How many, variants counted."""
        return sum(len(row) for row in self.places)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the voices, in their order: the speaker's, and with /1, /2 behind it those of his moved variants."""
        pairs = zip(self.speakers, self.places, strict=True)
        return tuple(f"{name}/{i}" if i else name for name, row in pairs for i in range(len(row)))

    def heard_of(self, voice: int, most: int) -> tuple[Floats, NDArray[np.bool_]]:
        """A voice's frames at level 0, [n_mels, R], from the beginning of its utterances, and which of them sound [R]."""
        place = next(place for row in self.places for place in row if place.voice == voice)
        mels, sounds, found = list[Floats](), list[NDArray[np.bool_]](), 0
        for index in place.utterances:
            one = self._said(index, place)
            mels.append(one.mel[:, : most - found].astype(np.float32))
            sounds.append(one.sounds[: most - found])
            found += sounds[-1].size
            if found >= most:
                break
        return np.concatenate(mels, 1), np.concatenate(sounds)

    @property
    def fingerprint(self) -> str:
        """Of the utterances and of everything that decides what is drawn."""
        return digest(self._facts)

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """As `Source` says. With B items, T frames and R of a reference, values before scaling at level 0:

        "mel" [B, n_mels, T] what is to be made, "content" [B, D, T], "pitch" [B, 2 + n_mels, T], "energy" [B, 1, T],
        "sounds" bool [B, T]; of its own voice and, with "other_" before it, of another: "moved" [B, n_mels, T] (the source
        with the moments of that voice), "picked" [B, n_mels, T], "reference" [B, n_mels, R], "heard" bool [B, R], "voice"
        int64 [B]; "other_pitch".
        """
        items = [self._item(step, item) for item in share(self.batch, rank, world)]
        return {name: np.stack([item[name] for item in items]) for name in items[0]}

    def _item(self, step: int, item: int) -> dict[str, NDArray[Any]]:
        rng = np.random.default_rng([self.seed, _STREAM, step, item])
        for _ in range(_TRIES):
            who, whom = self._speaker(rng), self._speaker(rng)
            row, stranger = self.places[who], self.places[whom if whom != who else (who + 1) % len(self.places)]
            made = row[self._variant(rng, len(row))]
            heard = self._apart(rng, row, made)
            which = self._utterance(rng, row[0])
            given, wanted = self._said(which, heard), self._said(which, made)
            frames = min(given.frames, wanted.frames)
            if frames < self.frames:
                continue
            first = int(rng.integers(0, frames - self.frames + 1))
            part = slice(first, first + self.frames)
            own = self._from(rng, made, which, part)
            target = stranger[self._variant(rng, len(stranger))]
            other = self._from(rng, target, which if target.utterances == made.utterances else -1, part)
            if own is None or other is None:
                continue
            content = given.content[:, part].astype(np.float32)
            pitch = _into(given.f0_hz[part], other.f0_hz)
            spoken, share = given.mel[:, part].astype(np.float32), given.share[part]
            return {
                "mel": wanted.mel[:, part].astype(np.float32), "content": content, "energy": given.energy[:, part],
                "pitch": pitch_given(wanted.f0_hz[part], self.spec), "sounds": wanted.sounds[part],
                "moved": Lines.of(given.kinds, [(own.pool.kinds, 1.0)])(spoken, share),
                "picked": own.pool.picked(content),
                "reference": own.reference, "heard": own.heard, "voice": np.array(made.voice),
                "other_moved": Lines.of(given.kinds, [(other.pool.kinds, 1.0)])(spoken, share),
                "other_picked": other.pool.picked(content),
                "other_reference": other.reference, "other_heard": other.heard, "other_voice": np.array(target.voice),
                "other_pitch": pitch_given(pitch, self.spec),
            }  # fmt: skip
        raise TrainingError("no utterance leaves enough of its speaker to pick from", got=f"{_TRIES} tries")

    def _from(self, rng: np.random.Generator, place: Place, without: int, part: slice) -> _Voice | None:
        """Frames of a voice to pick from, without those about a part of one utterance; None where too few are left."""
        wanted = int(np.exp(rng.uniform(*np.log(self.pool))))
        mels, contents, pitches, sounds, shares, found = [], [], [], [], [], 0
        for index in rng.permutation(place.utterances):
            one = self._said(int(index), place)
            keep = np.ones(one.frames, np.bool_)
            if int(index) == without:
                keep[max(0, part.start - APART) : part.stop + APART] = False
            if not keep.any():
                continue
            mels.append(one.mel[:, keep])
            contents.append(one.content[:, keep])
            pitches.append(one.f0_hz[keep])
            sounds.append(one.sounds[keep])
            shares.append(one.share[keep])
            found += int(one.sounds[keep].sum())
            if found >= wanted:
                break
        if found < FEWEST:
            return None
        mel, content = np.concatenate(mels, 1), np.concatenate(contents, 1)
        f0_hz, on = np.concatenate(pitches), np.concatenate(sounds)
        begin = int(rng.integers(0, max(1, mel.shape[1] - self.reference + 1)))
        heard = np.arange(begin, begin + self.reference) % mel.shape[1]
        there = np.flatnonzero(on)
        there = there[int(rng.integers(0, max(1, there.size - wanted + 1))) :][:wanted]
        pool = Pool(mel[:, there].astype(np.float32), content[:, there].astype(np.float32), np.concatenate(shares)[there])
        return _Voice(pool, mel[:, heard].astype(np.float32), on[heard], f0_hz[f0_hz > 0])

    def _said(self, index: int, place: Place) -> Said:
        """Heard when it is first asked for; two threads at once hear the same."""
        key = index, place.voice
        if key not in self._heard:
            samples = self.utterances[index].samples()
            self._heard[key] = said(samples, self.spec, self.listener, place.semitones, place.formant)
        return self._heard[key]

    def _speaker(self, rng: np.random.Generator) -> int:
        return min(int(np.searchsorted(self._bounds, rng.random(), "right")), len(self.places) - 1)

    def _variant(self, rng: np.random.Generator, count: int) -> int:
        return 0 if count == 1 or rng.random() < self.unmoved else int(rng.integers(1, count))

    def _apart(self, rng: np.random.Generator, row: Sequence[Place], made: Place) -> Place:
        """Another variant than what is to be made, where there is one."""
        return row[(made.voice - row[0].voice + int(rng.integers(1, max(2, len(row))))) % len(row)]

    def _utterance(self, rng: np.random.Generator, place: Place) -> int:
        seconds = np.cumsum([self.utterances[index].seconds for index in place.utterances])
        at = int(np.searchsorted(seconds, rng.random() * seconds[-1], "right"))
        return place.utterances[min(at, len(place.utterances) - 1)]

    def _seconds(self, rows: Sequence[int]) -> float:
        return sum(self.utterances[index].seconds for index in rows)


@dataclass(frozen=True, eq=False)
class _Voice:
    pool: Pool
    reference: Floats
    heard: NDArray[np.bool_]
    f0_hz: Floats


def _into(f0_hz: Floats, target_hz: Floats) -> Floats:
    """A pitch moved by whole semitones to where another voice lies."""
    own = f0_hz[f0_hz > 0]
    if own.size == 0 or target_hz.size == 0:
        return f0_hz
    semitones = np.round(12 * np.log2(np.median(target_hz) / np.median(own)))
    return np.asarray(f0_hz * np.float32(2 ** (semitones / 12)), np.float32)


def _kept(utterances: Sequence[Utterance], most_s: float) -> list[Utterance]:
    """Of each speaker as many as `most_s` holds, taken from all over his utterances; always the same."""
    spent: dict[str, float] = defaultdict(float)
    kept = []
    for one in sorted(utterances, key=lambda one: digest(one.name)):
        who = one.speaker or one.name
        if spent[who] < most_s:
            spent[who] += one.seconds
            kept.append(one)
    return kept
