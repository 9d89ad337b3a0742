"""Whose voice a text is spoken with: a name, a voice's file, or recordings, which are looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from melpact.audio import files
from melpact.audio.audio import Audio
from melpact.core.errors import ArtifactError, AudioError, AudioTooShort, ContractError
from melpact.features.analysis import extract
from melpact.models.speech.base import SHORTEST_REFERENCE_S, SILENT, Speaker
from melpact.models.speech.voice import SpeechVoice

if TYPE_CHECKING:
    from melpact.verbs.voice_references import Reference

Floats = NDArray[np.float32]
PROMPT_S = 3.0
SHORT_S, LONGEST_S = 3.0, 300.0
"""Of a reference, below which a voice is known badly; of one recording, more is not read."""


@dataclass(frozen=True)
class Whose:
    """A voice (None: the speaker's own), and warnings about what it was made of."""

    voice: SpeechVoice | None
    notes: tuple[str, ...] = ()


def whose(speaker: Speaker, given: Sequence[str | Path | Audio | SpeechVoice], *, prompt: bool = False) -> Whose:
    """The voice that is meant.

    Args:
        given: nothing; the name of one of `speaker.voices`; a .npy of a voice's numbers, for a model that takes such; or
            sounds, files and folders of sounds of one voice.
        prompt: whether the speaker is to go on from the last `PROMPT_S` of the last recording.

    Raises:
        ContractError: a speaker that takes none, or a name or a file among recordings. AudioError: unreadable, silent,
            without a voice, or too short.
    """
    if prompt and (not given or not _recordings(given, speaker)):
        raise ContractError("a recording to go on from is not given", where="--prompt", wanted="--voice FILE")
    if not given:
        return Whose(None)
    first = given[0]
    if isinstance(first, SpeechVoice):
        _alone(given)
        return Whose(first)
    if isinstance(first, str) and first in speaker.voices:
        _alone(given)
        return Whose(speaker.named(first))
    if speaker.encoder is None:
        raise ContractError(
            "this speaker takes no reference voice", where="--voice", got=first,
            wanted=f"one of {', '.join(speaker.voices)}" if speaker.voices else "no --voice",
        )  # fmt: skip
    if isinstance(first, str | Path) and str(first).lower().endswith(".npy"):
        _alone(given)
        return Whose(_numbers(Path(first), speaker))
    sounds = [one for item in given for one in _sounds(item, speaker)]
    notes: list[str] = []
    found = []
    for name, sound in sounds:
        if sound.peak < SILENT:
            raise AudioError("this reference is silent", where=name, got=f"peak {sound.peak:.1e}", wanted="a voice")
    total = sum(sound.duration_s for _, sound in sounds)
    if total < SHORTEST_REFERENCE_S:
        raise AudioTooShort(
            "the reference is too short to know a voice by", where="--voice", got=f"{total:.2f} s",
            wanted=f"{SHORTEST_REFERENCE_S:g} s at least, better ten",
        )  # fmt: skip
    from melpact.verbs.voice_references import heard

    for name, _ in sounds:
        path = Path(name)
        if path.is_file():
            found.append(heard(path, speaker.spec, longest_s=LONGEST_S))
            notes += found[-1].notes
    if found:
        notes += _several(found)
    if total < SHORT_S:
        notes.append(f"the reference is short: {total:.1f} s; a voice is known better by ten")
    label = Path(sounds[0][0]).stem if len(sounds) == 1 else f"{len(sounds)} recordings"
    voice = speaker.voice([sound for _, sound in sounds], name=label)
    if prompt:
        voice = replace(voice, prompt=_frames(sounds[-1][1], speaker))
    files_of = {"recordings": [name for name, _ in sounds]}
    return Whose(replace(voice, provenance={**voice.provenance, **files_of}), tuple(notes))


def _recordings(given: Sequence[object], speaker: Speaker) -> bool:
    first = given[0]
    return isinstance(first, Audio) or (
        isinstance(first, str | Path) and str(first) not in speaker.voices and not str(first).lower().endswith(".npy")
    )


def _frames(sound: Audio, speaker: Speaker) -> Floats:
    size = round(PROMPT_S * sound.sample_rate)
    last = Audio.of(sound.mono().samples[0, -size:], sound.sample_rate)
    return np.asarray(extract(last, speaker.spec).values, np.float32)


def _several(found: Sequence[Reference]) -> tuple[str, ...]:
    from melpact.verbs.voice_references import together

    try:
        return together(found)
    except AudioTooShort as error:
        error.where = "--voice"
        raise


def _numbers(path: Path, speaker: Speaker) -> SpeechVoice:
    try:
        found = np.load(path.expanduser(), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError("is no array that can be read", where=path, got=str(error)[:200]) from None
    if found.dtype.kind not in "fiu" or found.size == 0 or not np.isfinite(found).all():
        raise ContractError("is no voice", where=path, got=f"{found.dtype} {list(found.shape)}", wanted="finite numbers")
    return SpeechVoice(path.stem, found.reshape(-1).astype(np.float32), str(speaker.encoder))


def _alone(given: Sequence[object]) -> None:
    if len(given) > 1:
        raise ContractError("a voice by name stands alone", where="--voice", got=f"{len(given)} voices", wanted="one")


def _sounds(item: str | Path | Audio | SpeechVoice, speaker: Speaker) -> list[tuple[str, Audio]]:
    if isinstance(item, Audio):
        return [("sound", item)]
    if isinstance(item, SpeechVoice):
        raise ContractError("a voice does not go with recordings", where="--voice", got=item.name)
    try:
        return [(str(path), files.read(path, duration_s=LONGEST_S)) for path in files.find([item])]
    except AudioError as error:
        if speaker.voices and not Path(item).suffix and not Path(item).exists():
            error.wanted, error.next = "a recording, or a voice's name", f"Voices by name: {', '.join(speaker.voices)}"
        raise
