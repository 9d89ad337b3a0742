"""What `speak` says of what it did: every sentence, and the whole; as plain values the record of the run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.contract.artifact import replacing
from melpact.core.errors import ArtifactError, ContractError
from melpact.core.records import canonical_json
from melpact.models.speech.base import Speaker
from melpact.models.speech.settings import Speaking
from melpact.models.speech.voice import SpeechVoice
from melpact.verbs.batch import Failure
from melpact.verbs.speech_sound import Sounder


@dataclass(frozen=True)
class Said:
    """One sentence that was spoken.

    Attributes:
        begin_s: where in the sound it begins. seconds: of sound, without the pause. spent_s: that its mel and sound took.
        first_s: until its first samples were there.
        tokens: how many sounds; 0 where the speaker does not know. found: by the guard, in attempts that were thrown away.
    """

    number: int
    text: str
    language: str
    begin_s: float
    seconds: float
    pause_s: float
    spent_s: float
    first_s: float
    tokens: int
    found: tuple[str, ...]
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "found": list(self.found)}


@dataclass(frozen=True)
class SpeakReport:
    """What was spoken, by whom, and how long it took.

    Attributes:
        settings: as the speaker used them, and what of them was asked for. opened_s: until speaker, voice and sound were
            there. first_s: from the text to the first samples; 0 where there are none.
        spent_s: until all was written. interrupted: what came before that was kept.
        notes: on the text, on the voice, on the sound.
    """

    path: Path | None
    speaker: Speaker
    voice: SpeechVoice | None
    sounder: Sounder
    settings: Speaking
    asked: tuple[str, ...]
    sentences: int
    done: list[Said]
    failed: list[Failure]
    notes: tuple[str, ...]
    characters: int
    seconds: float
    sample_rate: int
    peak: float
    clipped: int
    opened_s: float
    first_s: float
    spent_s: float
    streamed: bool
    interrupted: bool = False

    @property
    def real_time(self) -> float:
        """Seconds of sound per second of computing."""
        return self.seconds / max(self.spent_s, 1e-9)

    def to_json(self) -> dict[str, Any]:
        """Plain values: the record of the run."""
        voice = None
        if self.voice is not None:
            voice = {
                "name": self.voice.name, "encoder": self.voice.encoder, "seconds": self.voice.seconds,
                "provenance": dict(self.voice.provenance),
            }  # fmt: skip
        return {
            "kind": "melpact speech", "schema": 1, "path": None if self.path is None else str(self.path),
            "speaker": {
                "title": self.speaker.title, "fingerprint": self.speaker.fingerprint, "spec": self.speaker.spec.fingerprint,
            },
            "voice": voice,
            "refiner": None if self.sounder.refiner is None else {
                "name": self.sounder.refiner.name, "title": self.sounder.refiner.maker.title,
            },
            "vocoder": {"name": self.sounder.name, "fingerprint": self.sounder.fingerprint},
            "settings": self.settings.model_dump(mode="json"), "given": list(self.asked),
            "characters": self.characters, "sentences": self.sentences, "done": [one.to_json() for one in self.done],
            "failed": [{"sentence": f.item, "error": f.error, "message": f.message} for f in self.failed],
            "notes": list(self.notes), "seconds": self.seconds, "sample_rate": self.sample_rate, "peak": self.peak,
            "clipped": self.clipped,
            "opened_s": self.opened_s, "first_sound_s": self.first_s, "spent_s": self.spent_s, "real_time": self.real_time,
            "streamed": self.streamed, "interrupted": self.interrupted,
        }  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write the record, whole or not at all."""
        with replacing(Path(path)) as file:
            file.write(canonical_json(self.to_json()).encode() + b"\n")
        return Path(path)


def check_places(out: str, record: str | None, given: Sequence[str]) -> None:
    """Before anything is spoken: whether the record can be written, and nothing that was given would be written over.

    Args:
        out: where the sound goes. given: what is read, as recordings of the voice; names that are no files do not count.

    Raises:
        ArtifactError: no folder for the record, or a folder in its place. ContractError: two things in one place.
    """
    read = {os.path.realpath(name): name for name in given if Path(name).is_file()}
    if os.path.realpath(out) in read:
        got = "a recording of the voice"
        raise ContractError("the sound would be written over what it is made of", where=out, got=got, wanted="another name")
    if record is None:
        return
    place = Path(os.path.realpath(record))
    if str(place) in read or str(place) == os.path.realpath(out):
        raise ContractError("the record would be written over a sound", where="--record", got=record, wanted="another name")
    if place.is_dir():
        raise ArtifactError("is a folder", where=record, wanted="the record's file name, such as record.json")
    if not place.parent.is_dir():
        mend = f"Make it: mkdir -p '{place.parent}'"
        raise ArtifactError("there is no such folder to write to", where=record, got=f"'{place.parent}'", next=mend)
