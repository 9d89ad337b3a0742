"""The sounds of `speech_suite`: what is asked of a speaker spoken as `melpact speak` speaks it, and kept by content."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.writing import write, written
from melpact.bench.anchor import Scene, anchors
from melpact.bench.cache import package_version, sound_digest, sources_digest
from melpact.bench.conversion.material import TargetVoice
from melpact.bench.refine_opening import vocoder_digest
from melpact.bench.sound import dialect_for
from melpact.bench.speech.saying import Asked, Result, Said
from melpact.contract.mel import Mel
from melpact.core.atomic import replaced
from melpact.core.errors import AudioWarning, ContractError, MelpactError, SpeechFault
from melpact.core.records import digest
from melpact.features.analysis import extract, to_rate
from melpact.models.speech.base import Speaker
from melpact.models.speech.settings import Speaking
from melpact.models.speech.spoken import Spoken
from melpact.models.speech.voice import SpeechVoice
from melpact.text.sentence import Sentence
from melpact.verbs.voice_sounding import maker

_CODE = ("text", "models/speech", "nn/speech", "vocoders/griffin_lim", "vocoders/neural", "bridges", "audio", "contract")
"""Folders of what the sounds depend on besides the speaker itself; each means the modules directly in it."""
Floats = NDArray[np.float32]


@dataclass
class Studio:
    """What makes one speaker's sounds.

    Attributes:
        vocoder: a file, a name, or None for what `speak` takes. folder: where sounds are kept.
        references: the voices that may be asked for, by name.
    """

    speaker: Speaker
    folder: Path
    references: Mapping[str, TargetVoice]
    vocoder: str | None = None
    _voices: dict[str, SpeechVoice | MelpactError] = field(default_factory=dict)
    _warm: bool = False

    def __post_init__(self) -> None:
        self.by, self._sounding = maker(self.vocoder, self.speaker.spec)
        root = Path(__file__).parents[1]
        paths = tuple(path for path in (root / name for name in _CODE) if path.is_dir())
        self._code = [
            "speech", 1, sources_digest((Path(__file__), *paths)), package_version(), vocoder_digest(self.by),
            self.speaker.spec.fingerprint,
        ]  # fmt: skip

    def can(self, language: str) -> str | None:
        """Why a language cannot be spoken, or None."""
        try:
            self.speaker.language(language)
        except MelpactError as error:
            return str(error).rstrip(".")
        return None

    def lacks(self, setting: str) -> str | None:
        """Why a setting cannot be asked for, or None."""
        return None if setting in self.speaker.reads else f"{self.speaker.title} does not read it"

    def said(self, asked: Asked, *, sound: bool = True) -> Result:
        """A sentence, spoken now unless it is kept; why not, where the speaker refuses.

        Args:
            sound: False: only the mel is wanted.

        Raises:
            MelpactError, OSError: whatever a vocoder refuses, or a voice that cannot be learnt.
        """
        given = [sound_digest(clip.path) for clip in self.references[asked.reference].reference] if asked.reference else []
        parts = [*self._code, self.speaker.fingerprint, asked.text, asked.language, given, asked.temperature, asked.top_p,
                 asked.seed, sound]  # fmt: skip
        key = digest(parts, 40)
        path = self.folder / "said" / key[:2] / f"{key[2:]}.json"
        kept = _kept(path)
        if kept is not None:
            return kept
        voice = self._voice(asked.reference) if asked.reference else None
        if not self._warm:  # what is compiled or loaded the first time is not the sentence's own time
            self._warm = True
            _quietly(lambda: self._make(asked, voice, None, None))
        path.parent.mkdir(parents=True, exist_ok=True)
        wave, mel = (path.with_suffix(".wav"), None) if sound else (None, path.with_suffix(".mel"))
        try:
            made: Result = self._make(asked, voice, wave, mel)
        except (SpeechFault, ContractError) as refused:
            made = str(refused).rstrip(".")
        _keep(path, made)
        return made

    def _make(self, asked: Asked, voice: SpeechVoice | None, wave: Path | None, mel: Path | None) -> Said:
        chosen: dict[str, Any] = {"seed": asked.seed}
        chosen |= {name: value for name in ("temperature", "top_p") if (value := getattr(asked, name)) is not None}
        sentence = Sentence(text=asked.text, language=asked.language)
        began, at_first = time.process_time(), time.perf_counter()
        flow = self.speaker.stream(sentence, voice, Speaking(**chosen))
        waited, spoken = 0.0, None
        while spoken is None:
            try:
                next(flow)
                waited = waited or time.perf_counter() - at_first
            except StopIteration as end:
                spoken = end.value
        whole: Spoken = spoken
        if mel is not None:
            whole.mel.save(mel)
        peak, seconds, first = 0.0, whole.mel.duration_s, waited
        if wave is not None:
            seconds, peak, first = self._sounded(whole.mel, wave)
            first += waited or time.perf_counter() - at_first
        return Said(wave, mel, seconds, time.process_time() - began, first, peak, whole.found)

    def _sounded(self, mel: Mel, wave: Path) -> tuple[float, float, float]:
        """Seconds of sound, peak, and seconds until the first block."""
        begin, first, samples = time.perf_counter(), 0.0, 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            with written(wave, mel.spec.sample_rate, mel.n_samples) as sound:
                for block in self._blocks(mel):
                    first = first or time.perf_counter() - begin
                    samples += block.size
                    sound.write(block[None])
        return samples / mel.spec.sample_rate, sound.peak, first

    def _blocks(self, mel: Mel) -> Iterator[Floats]:
        for block in self._sounding(mel, np.zeros(mel.n_frames, np.float32)):
            yield np.asarray(block, np.float32)

    def vocoded(self, source: Path) -> Path:
        """A recording after analysis and the same vocoder.

        Raises:
            MelpactError, OSError: it cannot be read or made.
        """
        path = self.folder / "vocoded" / f"{digest([*self._code, sound_digest(source)], 40)}.wav"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sounded(extract(to_rate(read(source).mono(), self.speaker.spec.sample_rate), self.speaker.spec), path)
        return path

    def _voice(self, name: str) -> SpeechVoice:
        known = self._voices.get(name)
        if known is None:
            try:
                sounds = [read(clip.path).mono() for clip in self.references[name].reference]
                known = self.speaker.voice(sounds, name=name)
            except MelpactError as error:
                known = error
            self._voices[name] = known
        if isinstance(known, MelpactError):
            raise known
        return known


def noise(source: Path, folder: Path) -> Path:
    """Noise with a recording's spectrum and level.

    Raises:
        MelpactError, OSError: it cannot be read.
    """
    path = folder / "noise" / f"{digest(['noise', 1, sound_digest(source)], 40)}.wav"
    if not path.is_file():
        original = read(source).mono()
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, _noise(original), "FLOAT")
    return path


def _noise(original: Audio) -> Audio:
    return anchors()["shaped_noise"].make(
        Scene(original, None, None, dialect_for(original.sample_rate), np.random.default_rng(0))
    )


def _quietly(work: Any) -> None:
    try:
        work()
    except (MelpactError, OSError):
        return


def _keep(path: Path, made: Result) -> None:
    if isinstance(made, str):
        facts: dict[str, Any] = {"refused": made}
    else:
        facts = {
            "sound": made.path is not None, "mel": made.mel is not None, "seconds": made.seconds, "spent_s": made.spent_s,
            "first_s": made.first_s, "peak": made.peak, "again": list(made.again),
        }  # fmt: skip
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(facts), encoding="utf-8")


def _kept(path: Path) -> Result | None:
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if "refused" in said:
            return str(said["refused"])
        wave = path.with_suffix(".wav") if said["sound"] else None
        mel = path.with_suffix(".mel") if said["mel"] else None
        if not all(file is None or file.is_file() for file in (wave, mel)):
            return None
        times = (float(said[name]) for name in ("seconds", "spent_s", "first_s", "peak"))
        return Said(wave, mel, *times, tuple(str(one) for one in said["again"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
