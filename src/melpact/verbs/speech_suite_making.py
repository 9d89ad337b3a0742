"""The sounds of `speech_suite`: what is asked of a speaker spoken as `melpact speak` speaks it, and kept by content."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.writing import write
from melpact.bench.anchor import Scene, anchors
from melpact.bench.cache import package_version, sound_digest, sources_digest
from melpact.bench.conversion.material import TargetVoice
from melpact.bench.sound import dialect_for
from melpact.bench.speech.saying import Asked, Result, Said
from melpact.contract.mel import Mel
from melpact.core.atomic import replaced
from melpact.core.errors import AudioWarning, ContractError, MelpactError, SpeechFault, TextError
from melpact.core.records import digest
from melpact.features.analysis import extract, to_rate
from melpact.models.speech.base import Speaker
from melpact.models.speech.settings import Speaking
from melpact.models.speech.voice import SpeechVoice
from melpact.text.languages import resolved
from melpact.text.script import script
from melpact.verbs.default_vocoder import WITHOUT_MODEL
from melpact.verbs.speak import FADE_S, speak
from melpact.verbs.speech_file import Kept
from melpact.verbs.speech_sound import sounder
from melpact.vocoders.neural.vocoder import NeuralVocoder

_CODE = ("text", "models/speech", "nn/speech", "vocoders/griffin_lim", "vocoders/neural", "bridges", "audio", "contract")
"""Folders of what the sounds depend on besides the speaker itself; each means the modules directly in it."""
Floats = NDArray[np.float32]


@dataclass
class Studio:
    """What makes one speaker's sounds.

    Attributes:
        vocoder, refiner: a file, a name, or None for what `speak` takes. folder: where sounds are kept.
        references: the voices that may be asked for, by name.
    """

    speaker: Speaker
    folder: Path
    references: Mapping[str, TargetVoice]
    vocoder: str | None = None
    refiner: str | Path | None = None
    _voices: dict[str, SpeechVoice | MelpactError] = field(default_factory=dict)
    _warm: bool = False

    def __post_init__(self) -> None:
        self._sounder = sounder(self.speaker.spec, self.vocoder, refiner=self.refiner)
        root, refined = Path(__file__).parents[1], self._sounder.refiner
        self.by = self._sounder.name + (f" after {refined.name}" if refined is not None else "")
        paths = tuple(path for path in (root / name for name in _CODE) if path.is_dir())
        verbs = tuple(root / "verbs" / f"{name}.py" for name in ("speak", "speech_sound"))
        self._code = [
            "speech", 3, sources_digest((Path(__file__), *verbs, *paths)), package_version(), self.by,
            self._sounder.fingerprint, "" if refined is None else refined.maker.fingerprint, self.speaker.spec.fingerprint,
        ]  # fmt: skip

    def can(self, language: str) -> str | None:
        """Why a language cannot be spoken, or None."""
        try:
            self.speaker.language(resolved(language))
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
            _quietly(lambda: self._spoken(asked, voice, sound=sound))
        path.parent.mkdir(parents=True, exist_ok=True)
        wave, mel = (path.with_suffix(".wav"), None) if sound else (None, path.with_suffix(".mel"))
        try:
            made: Result = self._make(asked, voice, wave, mel)
        except (SpeechFault, ContractError, TextError) as refused:
            made = str(refused).rstrip(".")
        _keep(path, made)
        return made

    def _make(self, asked: Asked, voice: SpeechVoice | None, wave: Path | None, mel: Path | None) -> Said:
        began = time.process_time()
        mels, samples, again = self._spoken(asked, voice, sound=wave is not None)
        spent = time.process_time() - began
        if mel is not None:
            Mel(np.concatenate([one.values for one in mels], axis=1), mels[0].spec).save(mel)
        seconds, peak = sum(one.duration_s for one in mels), 0.0
        if wave is not None:
            seconds, peak = samples.size / self._sounder.sample_rate, float(np.abs(samples).max(initial=0.0))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AudioWarning)
                write(wave, Audio.of(samples, self._sounder.sample_rate))
        return Said(wave, mel, seconds, spent, peak, again)

    def _spoken(self, asked: Asked, voice: SpeechVoice | None, *, sound: bool) -> tuple[list[Mel], Floats, tuple[str, ...]]:
        """The mels of its sentences; their sounds one after the other, with the pauses between; what the guard found."""
        chosen: dict[str, Any] = {"seed": asked.seed}
        chosen |= {name: value for name in ("temperature", "top_p") if (value := getattr(asked, name)) is not None}
        settings, rate = Speaking(**chosen), self._sounder.sample_rate
        parts, mels, again = [np.zeros(0, np.float32)], list[Mel](), list[str]()
        every = script(asked.text, language=asked.language).sentences
        for number, sentence in enumerate(every):
            spoken = self.speaker(sentence, voice, settings, rng=np.random.default_rng([settings.seed, number]))
            again += spoken.found
            mels.append(spoken.mel)
            if sound:
                last = number + 1 == len(every)
                pause = np.zeros(0 if last else round(sentence.pause_s * rate), np.float32)
                parts += [_faded(self._sounder.whole(spoken.mel)), pause]
        return mels, np.concatenate(parts), tuple(again)

    def first_sound(self, asked: Asked) -> float | None:
        """Seconds by the clock until a stream gives its first samples; None where it cannot be spoken."""
        key = digest([*self._code, self.speaker.fingerprint, "first", asked.text, asked.language, asked.seed], 40)
        path = self.folder / "first" / f"{key}.json"
        try:
            return float(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            pass
        try:
            maker = self._sounder.maker
            found = speak(
                asked.text, language=asked.language, settings={"seed": asked.seed}, sink=Kept(), with_=self.speaker,
                vocoder=maker if isinstance(maker, NeuralVocoder) else WITHOUT_MODEL, refiner=self.refiner, stream=True,
            ).first_s  # fmt: skip
        except MelpactError:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")
        return found

    def vocoded(self, source: Path) -> Path:
        """A recording after analysis and the same vocoder.

        Raises:
            MelpactError, OSError: it cannot be read or made.
        """
        path = self.folder / "vocoded" / f"{digest([*self._code, sound_digest(source)], 40)}.wav"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            mel = extract(to_rate(read(source).mono(), self.speaker.spec.sample_rate), self.speaker.spec)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AudioWarning)
                write(path, replace(self._sounder, refiner=None).whole(mel))
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


def _faded(sound: Audio) -> Floats:
    """Its ends faded, as `speak` fades every sentence."""
    samples, size = sound.samples[0].copy(), round(FADE_S * sound.sample_rate)
    up = ((np.arange(size) + 0.5) / size).astype(np.float32)[: samples.size]
    samples[: up.size] *= up
    samples[samples.size - up.size :] *= up[::-1]
    return np.asarray(samples, np.float32)


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
            "peak": made.peak, "again": list(made.again),
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
        seconds, spent, peak = (float(said[name]) for name in ("seconds", "spent_s", "peak"))
        return Said(wave, mel, seconds, spent, peak, tuple(str(one) for one in said["again"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
