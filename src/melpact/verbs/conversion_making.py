"""The sounds of `conversion_suite`: each row of each conversion made as `melpact voice` makes it, and kept by content."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.files import read
from melpact.audio.writing import written
from melpact.bench.cache import package_version, sound_digest, sources_digest
from melpact.bench.conversion.material import Conversion, TargetVoice
from melpact.bench.conversion.observations import MOVED, SOURCE, VOCODED, Made
from melpact.bench.refine_opening import vocoder_digest
from melpact.contract.spec import MelSpec
from melpact.core.atomic import replaced
from melpact.core.errors import AudioWarning, MelpactError
from melpact.core.records import digest
from melpact.features.analysis import extract, to_rate
from melpact.features.pitch import pitch
from melpact.models.convert.base import Converter
from melpact.models.convert.settings import Converting
from melpact.models.convert.statistics import StatisticsConverter
from melpact.models.convert.voice import Target, Voice
from melpact.verbs.voice_learning import voice_learn
from melpact.verbs.voice_sounding import maker, sung

_CODE = (
    "features", "models/convert", "normalise", "nn", "nn/blocks", "nn/converters", "vocoders/griffin_lim", "vocoders/neural",
    "bridges", "audio", "contract",
)  # fmt: skip
"""Folders of what the sounds depend on; each means the modules directly in it."""


@dataclass(frozen=True)
class Way:
    """A method as it is asked to work."""

    converter: Converter
    settings: Converting


@dataclass
class Studio:
    """What makes the sounds.

    Attributes:
        ways: row → method. vocoder: a file, a name, or None for what `voice` takes. folder: where sounds are kept.
    """

    spec: MelSpec
    ways: Mapping[str, Way]
    folder: Path
    vocoder: str | None = None
    _voices: dict[str, Voice | MelpactError] = field(default_factory=dict)
    _targets: dict[tuple[str, str], Target] = field(default_factory=dict)
    _warm: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by, self._sounding = maker(self.vocoder, self.spec)
        root = Path(__file__).parents[1]
        paths = tuple(path for path in (root / name for name in _CODE) if path.is_dir())
        self._code = [
            sources_digest((root / "verbs" / "voice_sounding.py", root / "verbs" / "voice_references.py", *paths)),
            package_version(), vocoder_digest(self.by), self.spec.fingerprint,
        ]  # fmt: skip

    def made(self, conversion: Conversion, row: str) -> Made:
        """The sound of a row, made now unless it is kept.

        Raises:
            MelpactError, OSError: whatever reading, converter and vocoder refuse.
        """
        source = conversion.source
        if row == SOURCE:
            return Made(source.path, 0.0, source.seconds)
        path = self.folder / "sounds" / f"{digest(self._parts(conversion, row), 40)}.wav"
        kept = _kept(path)
        if kept is not None:
            return kept
        path.parent.mkdir(parents=True, exist_ok=True)
        if row != VOCODED:
            self._known(row, conversion.target)
        if row not in self._warm:  # what is compiled or loaded the first time is not the row's own time
            self._make(conversion, row, path)
            self._warm.add(row)
        began = time.process_time()
        key, peak = self._make(conversion, row, path)
        spent = time.process_time() - began
        facts = {"key": key, "seconds": source.seconds, "spent_s": spent, "peak": peak}
        with replaced(path.with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(facts), encoding="utf-8")
        return Made(path, key, source.seconds, spent, peak)

    def _parts(self, conversion: Conversion, row: str) -> list[Any]:
        """All that the sound depends on."""
        shared = ["conversion", 1, *self._code, sound_digest(conversion.source.path)]
        if row == VOCODED:
            return [*shared, row]
        target = [sound_digest(clip.path) for clip in conversion.target.reference]
        way = self._way(row)
        return [*shared, row if row == MOVED else way.converter.fingerprint, way.settings.model_dump(mode="json"), target]

    def _way(self, row: str) -> Way:
        return Way(StatisticsConverter(), Converting(ratio=0)) if row == MOVED else self.ways[row]

    def _make(self, conversion: Conversion, row: str, path: Path) -> tuple[float, float]:
        """Key and peak; of a peak beyond full scale the table says how often there was one."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            if row == VOCODED:
                return 0.0, self._vocoded(conversion.source.path, path)
            way, voice = self._way(row), self._known(row, conversion.target)
            made = sung(conversion.source.path, path, way.converter, voice, way.settings, self._sounding)
        return made.key_semitones, made.peak

    def _vocoded(self, source: Path, path: Path) -> float:
        audio = to_rate(read(source).mono(), self.spec.sample_rate)
        mel = extract(audio, self.spec)
        with written(path, self.spec.sample_rate, audio.n_samples) as sound:
            for block in self._sounding(mel, pitch(audio, self.spec)):
                sound.write(np.asarray(block, np.float32)[None])
        return sound.peak

    def _known(self, row: str, target: TargetVoice) -> Target:
        """A target as a method knows it: what an encoder makes of its recordings is asked once."""
        if (row, target.name) not in self._targets:
            self._targets[row, target.name] = self._way(row).converter.knowing(self._voice(target))
        return self._targets[row, target.name]

    def notes(self, target: TargetVoice) -> list[str]:
        """What was said of a target's recordings when it was learnt, now or in the run before."""
        try:
            return [f"{target.name}: {note}" for note in json.loads(self._notes_path(target).read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return []

    def _keep_notes(self, target: TargetVoice, notes: list[str]) -> None:
        path = self._notes_path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as temporary:
            temporary.write_text(json.dumps(notes), encoding="utf-8")

    def _notes_path(self, target: TargetVoice) -> Path:
        given = [sound_digest(clip.path) for clip in target.reference]
        return self.folder / "voices" / f"{digest([*self._code, given], 40)}.json"

    def _voice(self, target: TargetVoice) -> Voice:
        known = self._voices.get(target.name)
        if known is None:
            try:
                report = voice_learn([clip.path for clip in target.reference], spec=self.spec)
                known = report.voice
                self._keep_notes(target, [*report.notes, *(f"left out: {one.message}" for one in report.failed)])
            except MelpactError as error:
                known = error
            self._voices[target.name] = known
        if isinstance(known, MelpactError):
            raise known
        return known


def _kept(path: Path) -> Made | None:
    facts = path.with_suffix(".json")
    if not (path.is_file() and facts.is_file()):
        return None
    try:
        said = json.loads(facts.read_text(encoding="utf-8"))
        return Made(path, float(said["key"]), float(said["seconds"]), float(said["spent_s"]), float(said["peak"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
