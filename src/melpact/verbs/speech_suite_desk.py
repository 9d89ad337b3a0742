"""What the parts of a table of speech share: one speaker's studio, the plan, who listens, and what came of it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from melpact.bench.cache import Found
from melpact.bench.conversion import ears as senses
from melpact.bench.conversion.material import Clip
from melpact.bench.speech import columns as c
from melpact.bench.speech.saying import Asked, Plan, Result, Said
from melpact.bench.speech.table import SentenceFacts
from melpact.bench.speech.understood import Understood
from melpact.core.errors import MelpactError
from melpact.verbs.progress import Progress
from melpact.verbs.speech_suite_hearing import Hall
from melpact.verbs.speech_suite_making import Studio
from melpact.verbs.speech_suite_material import Sizes

Senses = Mapping[str, Mapping[str, Found]]
"""Clip → sense → what was heard."""


@dataclass
class Desk:
    """The work for one speaker.

    Attributes:
        every: what it spoke. sentences: sounds with what was found of them. missing: what could not be measured, and why.
        failed: sounds that could not be made or heard.
    """

    name: str
    studio: Studio
    plan: Plan
    hall: Hall
    sizes: Sizes
    seed: int
    progress: Progress
    every: list[Said] = field(default_factory=list)
    sentences: list[SentenceFacts] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def sounds(
        self, what: str, wanted: Sequence[tuple[str, Asked]], *, sound: bool = True, counted: bool = False
    ) -> dict[str, Result]:
        """Name → what became of it.

        Args:
            sound: False: only the mel is wanted. counted: sounds that cannot be made are counted as failures elsewhere.
        """
        self.progress.start(len(wanted), f"{self.name}: {what} spoken")
        found: dict[str, Result] = {}
        for name, asked in wanted:
            try:
                found[name] = self.studio.said(asked, sound=sound)
            except (MelpactError, OSError) as error:
                found[name] = str(error).rstrip(".")
            except Exception as error:  # a speaker's own fault costs this sound, not the table
                found[name] = f"unexpected {type(error).__name__}: {error}"
            one = found[name]
            if isinstance(one, str) and not counted:
                self.failed.append(f"{self.name}: {name}: {one}")
            elif isinstance(one, Said):
                self.every.append(one)
            self.progress.advance(1)
        return found

    def beside(self, what: str, clips: Sequence[Clip], make: Callable[[Clip], Path]) -> dict[str, Path]:
        """Clip → a sound made of its recording."""
        self.progress.start(len(clips), what)
        found = {}
        for clip in clips:
            try:
                found[clip.id] = make(clip)
            except (MelpactError, OSError) as error:
                self.failed.append(f"{self.name}: {clip.id}: {error}")
            self.progress.advance(1)
        return found

    def tell(
        self, part: str, row: str, clips: Sequence[Clip], heard: Mapping[str, Mapping[str, Found]], paths: Mapping[str, Path]
    ) -> None:
        """Keep what was heard of a row for the list of sentences."""
        for clip in clips:
            own = heard.get(clip.id, {})
            self.sentences.append(
                facts_of(self.name, part, clip.id, clip.language, row, clip.text, own, str(paths.get(clip.id, "")))
            )


def facts_of(
    speaker: str, part: str, name: str, language: str, row: str, text: str, own: Mapping[str, Found], file: str
) -> SentenceFacts:
    values, reasons, understood, failures = dict[str, float](), dict[str, str](), "", dict[str, str]()
    said, opinion = own.get(senses.SAID), own.get(senses.QUALITY)
    for name_, one in ((c.CHARACTERS, said), (c.OPINION, opinion)):
        if one is not None and one.reason is not None:
            reasons[name_] = one.reason
    if said is not None and said.reason is None:
        understood = str(said.observation[1])
        both = Understood.of(text, understood, language)
        failures = both.failures()
        for name_, (wrong, length) in ((c.CHARACTERS, both.letters), (c.WORDS, both.whole_words)):
            if length:
                values[name_] = 100 * wrong / length
    if opinion is not None and opinion.reason is None:
        values[c.OPINION] = float(opinion.observation)
    return SentenceFacts(
        speaker=speaker, part=part, name=name, language=language, row=row, text=text, understood=understood, values=values,
        reasons=reasons, failures=failures, file=file,
    )  # fmt: skip
