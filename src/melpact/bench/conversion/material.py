"""What a table of conversions is made of: clips, target voices, and which clip goes to which voice. Reads no sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from melpact.bench.metrics._recogniser import words
from melpact.core.records import digest

Domain = Literal["speech", "singing"]
PARALLEL_SHARE = 1 / 4
"""Of the pairs so many, where there are such, say a sentence that the target says, too."""


@dataclass(frozen=True)
class Clip:
    """A recording, or a part of one.

    Attributes:
        language: two letters; "" where unknown. text: "" where unknown.
        offset_samples, n_samples: of the part, at the file's rate; n_samples None: all of it.
        seen: whether training has heard its speaker; None where nobody says.
    """

    id: str
    path: Path
    speaker: str
    language: str = ""
    text: str = ""
    seconds: float = 0.0
    offset_samples: int = 0
    n_samples: int | None = None
    seen: bool | None = None

    @property
    def sentence(self) -> str:
        """The text as it is compared with others: words alone; "" where unknown."""
        return " ".join(words(self.text, self.language))


@dataclass(frozen=True)
class TargetVoice:
    """A target: the recordings that the converters are given, and others that they never are."""

    name: str
    reference: tuple[Clip, ...]
    others: tuple[Clip, ...]
    seen: bool | None = None

    @property
    def reference_s(self) -> float:
        """Seconds that the converters are given."""
        return sum(clip.seconds for clip in self.reference)


@dataclass(frozen=True)
class Conversion:
    """One clip to one target.

    Attributes:
        parallel: the target's own recording of the same sentence, which is no reference; None: there is none.
    """

    source: Clip
    target: TargetVoice
    domain: Domain
    parallel: Clip | None = None

    @property
    def name(self) -> str:
        """Of this conversion alone: one name may be that of a spoken clip and of a sung one."""
        sung = ", sung" if self.domain == "singing" else ""
        return f"{self.source.speaker}: {self.source.id}{sung} → {self.target.name}"

    @property
    def seen(self) -> bool | None:
        """Whether training has heard one of the two voices; None where nobody says."""
        marks = (self.source.seen, self.target.seen)
        if any(marks):
            return True
        return None if None in marks else False


def split(
    name: str, clips: Sequence[Clip], reference_s: float, others: int, wanted: frozenset[str] = frozenset()
) -> TargetVoice | str:
    """A target from recordings of one speaker, or why they make none.

    Args:
        reference_s: the converters are given recordings of so many seconds at most, one at least.
        others: so many recordings, evenly over all, are kept back; at most half of them.
        wanted: sentences; a recording of one of these is kept back whatever their number.
    """
    if len(clips) < 2:
        return f"{name}: {len(clips)} recording: one has to be given to the converters, and another kept to compare with"
    fitting = [clip for clip in clips if 2.0 <= clip.seconds <= 12.0] or list(clips)
    count = max(1, min(others, len(clips) // 2, len(fitting)))
    kept = [fitting[round(i * (len(fitting) - 1) / max(1, count - 1))] for i in range(count)]
    kept = list(dict.fromkeys(kept))
    same = [clip for clip in clips if clip not in kept and clip.sentence and clip.sentence in wanted]
    rest = [clip for clip in clips if clip not in kept and clip not in same]
    if not rest:
        rest, same = same[:1], same[1:]
    taken: list[Clip] = []
    for clip in rest:
        if not taken or sum(one.seconds for one in taken) + clip.seconds <= reference_s:
            taken.append(clip)
    marks = {clip.seen for clip in clips}
    seen = True if True in marks else None if None in marks else False
    return TargetVoice(name, tuple(taken), (*kept, *same), seen)


def chosen(
    sources: Mapping[str, Sequence[Clip]], targets: Sequence[TargetVoice], count: int, domain: Domain, seed: int = 0
) -> list[Conversion]:
    """So many pairs, evenly over targets and speakers; the same choice for the same seed.

    Args:
        sources: speaker → clips, the better ones first.
    """
    every = [
        Conversion(clip, target, domain, _parallel(clip, target))
        for speaker, clips in sources.items()
        for clip in clips
        for target in targets
        if speaker != target.name
    ]
    found: list[Conversion] = []
    by_target, by_speaker, by_clip = Counter[str](), Counter[str](), Counter[str]()
    order = {id(one): (i, digest([seed, one.source.speaker, one.target.name])) for i, one in enumerate(every)}
    while every and len(found) < count:
        alike = sum(one.parallel is not None for one in found)
        pool = [one for one in every if one.parallel] if alike < PARALLEL_SHARE * (len(found) + 1) else every
        best = min(
            pool or every,
            key=lambda one: (
                by_target[one.target.name], by_speaker[one.source.speaker], by_clip[one.source.id], order[id(one)][1],
                order[id(one)][0],
            ),
        )  # fmt: skip
        every.remove(best)
        found.append(best)
        by_target[best.target.name] += 1
        by_speaker[best.source.speaker] += 1
        by_clip[best.source.id] += 1
    return found


def _parallel(clip: Clip, target: TargetVoice) -> Clip | None:
    sentence = clip.sentence
    return next((other for other in target.others if sentence and other.sentence == sentence), None)
