"""The sounds of `speech_suite`: what is asked of a speaker spoken as `melpact speak` speaks it, and kept by content."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

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
from melpact.verbs.speak import speak
from melpact.verbs.speech_file import Kept
from melpact.verbs.speech_report import SpeakReport
from melpact.verbs.speech_sound import sounder
from melpact.vocoders.neural.vocoder import NeuralVocoder

_CODE = ("text", "models/speech", "nn/speech", "vocoders/griffin_lim", "vocoders/neural", "bridges", "audio", "contract")
"""Folders of what the sounds depend on besides the speaker itself; each means the modules directly in it."""


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
        self._sounder = sounder(self.speaker.spec, self.vocoder)
        self.by, root = self._sounder.name, Path(__file__).parents[1]
        paths = tuple(path for path in (root / name for name in _CODE) if path.is_dir())
        verbs = tuple(root / "verbs" / f"{name}.py" for name in ("speak", "speech_sound"))
        self._code = [
            "speech", 2, sources_digest((Path(__file__), *verbs, *paths)), package_version(), self.by,
            self._sounder.fingerprint, self.speaker.spec.fingerprint,
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
            _quietly(lambda: self._speak(asked, voice, {}, Kept()))
        path.parent.mkdir(parents=True, exist_ok=True)
        wave, mel = (path.with_suffix(".wav"), None) if sound else (None, path.with_suffix(".mel"))
        try:
            made: Result = self._make(asked, voice, wave, mel)
        except (SpeechFault, ContractError, TextError) as refused:
            made = str(refused).rstrip(".")
        _keep(path, made)
        return made

    def _make(self, asked: Asked, voice: SpeechVoice | None, wave: Path | None, mel: Path | None) -> Said:
        chosen: dict[str, Any] = {"seed": asked.seed}
        chosen |= {name: value for name in ("temperature", "top_p") if (value := getattr(asked, name)) is not None}
        if wave is None:
            return self._as_mel(asked, voice, Speaking(**chosen), mel)
        began, kept = time.process_time(), Kept()
        report = self._speak(asked, voice, chosen, kept)
        spent = time.process_time() - began
        samples = np.concatenate(kept.parts)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            write(wave, Audio.of(samples, report.sample_rate))
        again = tuple(why for one in report.done for why in one.found)
        return Said(wave, None, report.seconds, spent, report.first_s, report.peak, again)

    def _speak(
        self, asked: Asked, voice: SpeechVoice | None, chosen: dict[str, Any], kept: Kept, *, stream: bool = False
    ) -> SpeakReport:
        maker = self._sounder.maker
        report = speak(
            asked.text, voice=() if voice is None else (voice,), language=asked.language, settings=chosen, sink=kept,
            with_=self.speaker, vocoder=maker if isinstance(maker, NeuralVocoder) else WITHOUT_MODEL, stream=stream,
        )  # fmt: skip
        if report.failed:
            raise SpeechFault(report.failed[0].message)
        return report

    def _as_mel(self, asked: Asked, voice: SpeechVoice | None, settings: Speaking, path: Path | None) -> Said:
        """Its sentences one after the other, without the pauses between them."""
        began, mels, again = time.process_time(), list[Mel](), list[str]()
        for number, sentence in enumerate(script(asked.text, language=asked.language).sentences):
            spoken = self.speaker(sentence, voice, settings, rng=np.random.default_rng([settings.seed, number]))
            mels.append(spoken.mel)
            again += spoken.found
        whole = Mel(np.concatenate([one.values for one in mels], axis=1), mels[0].spec)
        if path is not None:
            whole.save(path)
        return Said(None, path, whole.duration_s, time.process_time() - began, 0.0, 0.0, tuple(again))

    def first_sound(self, asked: Asked) -> float | None:
        """Seconds by the clock until a stream gives its first samples; None where it cannot be spoken."""
        key = digest([*self._code, self.speaker.fingerprint, "first", asked.text, asked.language, asked.seed], 40)
        path = self.folder / "first" / f"{key}.json"
        try:
            return float(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            pass
        try:
            found = self._speak(asked, None, {"seed": asked.seed}, Kept(), stream=True).first_s
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
                write(path, self._sounder.whole(mel))
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
        seconds, spent, first, peak = (float(said[name]) for name in ("seconds", "spent_s", "first_s", "peak"))
        return Said(wave, mel, seconds, spent, first, peak, tuple(str(one) for one in said["again"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
