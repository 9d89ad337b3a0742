"""What is asked of a speaker, what came of it, and under which names the sounds of a sentence stand in the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from melpact.bench.conversion.material import Clip, TargetVoice

SPEECH, VOCODED, RECORDING = "speech", "vocoded recording", "recording"
WRONG, SHUFFLED, NOISE = "speech of another sentence", "vocoded, of another sentence", "noise"


@dataclass(frozen=True)
class Asked:
    """One sentence to be spoken.

    Attributes:
        reference: name of the voice it is to have; "": the speaker's own.
        temperature, top_p: None: what the speaker usually does.
    """

    text: str
    language: str
    reference: str = ""
    temperature: float | None = None
    top_p: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Said:
    """What came of it.

    Attributes:
        path: of the sound; None: only the mel was wanted. mel: likewise of the mel.
        seconds: of sound. spent_s: of processor time.
        peak: before clipping. again: what was found in attempts that the speaker threw away itself.
    """

    path: Path | None
    mel: Path | None
    seconds: float
    spent_s: float
    peak: float = 0.0
    again: tuple[str, ...] = ()


Result = Said | str
"""A sound, or why there is none."""


@dataclass(frozen=True)
class Plan:
    """Everything that is to be spoken, the same for all speakers.

    Attributes:
        clips: language → held-out recordings with their texts.
        voices: reference voices, never trained on. spoken_by: voice → the clips whose texts it is to speak.
        others: name → recordings of other people, of whom nothing is spoken.
        varied: clips whose texts are spoken with several seeds.
        counted: (language, text) of every sentence of the failure count.
    """

    clips: dict[str, list[Clip]]
    voices: tuple[TargetVoice, ...]
    spoken_by: dict[str, list[Clip]]
    others: dict[str, list[Clip]]
    varied: tuple[Clip, ...]
    counted: tuple[tuple[str, str], ...]
    temperatures: tuple[float, ...]
    top_ps: tuple[float, ...]
    seeds: int

    @property
    def every(self) -> list[Clip]:
        """All held-out clips."""
        return [clip for own in self.clips.values() for clip in own]


def of_clip(clip: Clip, **more: object) -> Asked:
    """Its text, as it is usually spoken."""
    return Asked(clip.text, clip.language, **more)  # type: ignore[arg-type]
