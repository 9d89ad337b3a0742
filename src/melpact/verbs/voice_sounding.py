"""One sound → one sound in another voice: the pitch moved, analysed, converted, made into sound, written. Many: `voice`.

Channels are converted apart from each other, by one key. The sound is moved in windows that begin and end where it is quiet,
and fade into each other with weights that add up to 1; mels are converted and made into sound block by block.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.writing import written
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.features.active import level_db, per_db
from melpact.features.analysis import extract, to_rate
from melpact.features.octaves import Repairs
from melpact.features.pitch import STEP_S, at_times, frame_times_s
from melpact.features.second_pitch import SurePitch, sure_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.base import Converter
from melpact.models.convert.settings import MOST_SEMITONES, Converting
from melpact.models.convert.voice import PitchRange, Target
from melpact.verbs.default_vocoder import WITHOUT_MODEL, default_vocoder
from melpact.verbs.refining import Chosen, refined
from melpact.vocoders.griffin_lim.vocoder import invert
from melpact.vocoders.opening import vocoder

if TYPE_CHECKING:
    from melpact.verbs.voice_live import Live

Floats = NDArray[np.float32]
Sounding = Callable[[Mel, Floats], Iterator[Floats]]

WINDOW_S, SEARCH_S, MARGIN_S, FADE_S, QUIET_S = 60.0, 2.0, 1.0, 0.01, 0.02
LEAST_VOICED_S = 0.1


@dataclass(frozen=True)
class Sung:
    """What became of one sound.

    Attributes:
        key_semitones: by which its pitch was moved.
        pitch: its own range; None: it has none.
        repairs: of its pitch, in moments of 5 ms; None: not counted.
        live: of a sound that was converted as it came.
    """

    channels: int
    sample_rate: int
    seconds: float
    key_semitones: float
    pitch: PitchRange | None
    repairs: Repairs | None
    peak: float
    notes: tuple[str, ...]
    spent_s: float
    live: Live | None = None


def maker(name: str | None, spec: MelSpec) -> tuple[str, Sounding]:
    """What makes a mel's sound, by name and as a function of mel and pitch (Hz per frame) that yields samples.

    Args:
        name: a vocoder's file or name, "griffin_lim", or None for what `vocode` takes.

    Raises:
        SpecMismatch: the vocoder takes another mel.
    """
    chosen = default_vocoder(spec) if name is None else None
    if name == WITHOUT_MODEL or (name is None and chosen is None):
        return WITHOUT_MODEL, lambda mel, f0_hz: iter([invert(mel).samples[0]])
    made = chosen.maker if chosen is not None else vocoder(str(name))
    way = None if chosen is None else chosen.bridge
    if way is None and made.spec != spec:
        raise SpecMismatch("this vocoder takes another mel", where="--with", next=spec.diff(made.spec).summary())
    pitched = made.takes.driven_by_pitch

    def stream(mel: Mel, f0_hz: Floats) -> Iterator[Floats]:
        return made.stream(mel if way is None else way.apply(mel), f0_hz if pitched else None)

    return chosen.name if chosen is not None else str(name), stream


def key_between(source: PitchRange | None, target: PitchRange | None) -> float:
    """Whole semitones from the median of one range to that of the other; 0 where one has none. At most `MOST_SEMITONES`."""
    if source is None or target is None:
        return 0.0
    apart = 12 * float(np.log2(target.median_hz / source.median_hz))
    return float(np.clip(round(apart), -MOST_SEMITONES, MOST_SEMITONES))


def moved(samples: Floats, sample_rate: int, track: Floats, *, semitones: float, formant: float) -> Floats:
    """`voice_shift.shifted` in windows of about `WINDOW_S`."""
    borders = [0, *quiet_borders(samples, sample_rate, WINDOW_S, SEARCH_S), samples.size]
    if len(borders) == 2:
        return shifted(samples, sample_rate, track, semitones=semitones, formant=formant)
    made, fade = np.zeros(samples.size, np.float32), round(FADE_S * sample_rate)
    for begin, end in pairwise(borders):
        first = max(0, int((begin / sample_rate - MARGIN_S) / STEP_S))
        last = int((end / sample_rate + MARGIN_S) / STEP_S) + 1
        start, stop = round(first * STEP_S * sample_rate), min(samples.size, round(last * STEP_S * sample_rate))
        part = shifted(samples[start:stop], sample_rate, track[first:last], semitones=semitones, formant=formant)
        weight = np.zeros(stop - start, np.float32)
        left, right = begin - start, end - start
        weight[left:right] = 1
        ramp = ((np.arange(2 * fade) + 0.5) / (2 * fade)).astype(np.float32)
        if begin > 0:
            weight[left - fade : left + fade] = ramp
        if end < samples.size:
            weight[right - fade : right + fade] = ramp[::-1]
        made[start:stop] += weight * part
    return made


def sung(
    source: Path,
    target_path: Path,
    converter: Converter,
    target: Target,
    settings: Converting,
    sounding: Sounding,
    *,
    refiner: Chosen | None = None,
    trace: Path | None = None,
    tick: Callable[[int], None] = lambda n: None,
) -> Sung:
    """Convert one file.

    Args:
        refiner: of the converted mel, before it becomes sound.
        trace: a folder for every mel and sound on the way, numbered; with several channels, a letter each.
        tick: called between the steps.

    Raises:
        AudioError: unreadable or too short. MelpactError: whatever converter and vocoder refuse.
    """
    began = time.perf_counter()
    spec, audio = target.spec, read(source)
    rows = [to_rate(Audio.of(row, audio.sample_rate), spec.sample_rate).samples[0] for row in audio.samples]
    found = list[SurePitch]()
    for row in rows:
        tick(0)
        found.append(sure_pitch(row, spec.sample_rate))
    tracks, repairs = [one.taken for one in found], reduce(add, (one.repairs for one in found))
    pitch = PitchRange.of(np.concatenate(tracks), STEP_S)
    notes = list[str]()
    if pitch is None or pitch.voiced_s < LEAST_VOICED_S:
        notes.append(f"{source.name}: no voice was found in it; its pitch is left alone")
        pitch = None
    key = settings.key_semitones
    if key is None:
        key = key_between(pitch, target.pitch)
    own, steps = settings.model_copy(update={"key_semitones": key}), Trace(trace, len(rows))
    mels, pitches = list[Mel](), list[Floats]()
    for channel, (row, track) in enumerate(zip(rows, tracks, strict=True)):
        tick(0)
        steps.sound(1, "source", channel, row, spec.sample_rate)
        steps.pitch(1, "pitch", channel, found[channel])
        now = moved(row, spec.sample_rate, track, semitones=key, formant=own.formant)
        steps.sound(2, "moved", channel, now, spec.sample_rate)
        audio = Audio.of(now, spec.sample_rate)
        mel, here = extract(audio, spec), converter.hearing(audio, spec)
        steps.mel(3, "moved", channel, mel)
        times = np.arange(track.size, dtype=np.float64) * STEP_S
        f0_hz = at_times(times, track, frame_times_s(spec, mel.n_frames)) * np.float32(2 ** (key / 12))
        blocks = []
        for block in here.stream(mel, target, own, f0_hz=f0_hz):
            tick(0)
            blocks.append(block)
        said = {**mel.provenance, "converted": {"by": converter.fingerprint, "to": target.fingerprint, **own.facts()}}
        mels.append(at_level(Mel(np.concatenate(blocks, axis=1), mel.spec, mel.utterance, said), mel))
        steps.mel(4, "converted", channel, mels[-1])
        if refiner is not None:
            done = refined(mels[-1], refiner, stream=True)
            mels[-1] = done.mel
            if done.note and done.note not in notes:
                notes.append(done.note)
            steps.mel(5, "refined", channel, mels[-1])
        pitches.append(f0_hz)
    target_path.parent.mkdir(parents=True, exist_ok=True)
    with written(target_path, spec.sample_rate, rows[0].size, channels=len(rows)) as sound:
        for blocks_of in zip(*(sounding(mel, f0) for mel, f0 in zip(mels, pitches, strict=True)), strict=True):
            tick(0)
            sound.write(np.stack(blocks_of))
    if steps.folder is not None:
        for channel, row in enumerate(read(target_path).samples):
            steps.sound(5 if refiner is None else 6, "converted", channel, row, spec.sample_rate)
    return Sung(
        len(rows), spec.sample_rate, rows[0].size / spec.sample_rate, key, pitch, repairs, sound.peak, tuple(notes),
        time.perf_counter() - began,
    )  # fmt: skip


def at_level(made: Mel, given: Mel) -> Mel:
    """A converted mel at the level of that which it was made of: a recording of the target may be louder, or quieter.

    What lies on the floor stays there, and a mel without a logarithm as it is.
    """
    spec, raw = made.spec, made.raw().values
    if spec.log_gain is None:
        return made
    missing = np.float32(per_db(spec) * (level_db(given.raw().values, spec) - level_db(raw, spec)))
    if missing == 0:
        return made
    least = np.float32(-np.inf if spec.floor_kind == "none" else spec.floor_value)
    return made.with_raw(np.where(raw > least, np.maximum(raw + missing, least), raw).astype(np.float32))


class Trace:
    """Every mel and sound on the way, as numbered files; nothing where no folder was asked for."""

    def __init__(self, folder: Path | None, channels: int) -> None:
        self.folder, self._channels = folder, channels
        if folder is not None:
            if folder.exists() and not folder.is_dir():
                raise ContractError("is a file, not a folder", where=folder, next="Give another folder with --trace")
            folder.mkdir(parents=True, exist_ok=True)

    def sound(self, number: int, name: str, channel: int, samples: Floats, sample_rate: int) -> None:
        """As NUMBER_NAME.wav."""
        if self.folder is not None:
            write(self._path(number, name, channel, ".wav"), Audio.of(samples, sample_rate))

    def pitch(self, number: int, name: str, channel: int, pitch: SurePitch) -> None:
        """As NUMBER_NAME.json: what either tracker said every `step_s`, what was taken, and how much that moved."""
        if self.folder is not None:
            tracks = {"first_hz": pitch.first, "second_hz": pitch.second, "taken_hz": pitch.taken}
            said = {name: None if hz is None else [round(float(one), 2) for one in hz] for name, hz in tracks.items()}
            text = json.dumps({"step_s": STEP_S, "repairs": vars(pitch.repairs), **said})
            self._path(number, name, channel, ".json").write_text(text + "\n", encoding="utf-8")

    def mel(self, number: int, name: str, channel: int, mel: Mel) -> None:
        """As NUMBER_NAME.mel."""
        if self.folder is not None:
            mel.save(self._path(number, name, channel, ".mel"))

    def _path(self, number: int, name: str, channel: int, suffix: str) -> Path:
        letter = "" if self._channels == 1 else f"_{chr(ord('a') + channel)}"
        return Path(str(self.folder)) / f"{number:02d}_{name}{letter}{suffix}"


def quiet_borders(samples: Floats, sample_rate: int, every_s: float, search_s: float) -> list[int]:
    """Where pieces meet: the quietest 20 ms within `search_s` of every multiple of `every_s`; the last is half as long at
    least."""
    found, size = list[int](), max(1, round(QUIET_S * sample_rate))
    for nominal in np.arange(every_s, samples.size / sample_rate - every_s / 2, every_s):
        begin = round((nominal - search_s) * sample_rate)
        part = samples[begin : begin + round(2 * search_s * sample_rate)]
        power = np.square(part[: part.size // size * size].reshape(-1, size), dtype=np.float64).mean(axis=1)
        found.append(begin + int(np.argmin(power)) * size + size // 2)
    return found
