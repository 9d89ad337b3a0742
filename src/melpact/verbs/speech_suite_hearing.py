"""What is heard of the sounds of `speech_suite`: each asked of the bench's ears or detectors once, and kept by content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from melpact.bench import voice_activity
from melpact.bench.cache import Found, Shelf, sound_digest, sources_digest
from melpact.bench.conversion.ears import Ears
from melpact.bench.conversion.hearing import Listening, Room, listen
from melpact.bench.sound import Sound
from melpact.bench.speech import detectors
from melpact.bench.task import Outcome, load
from melpact.bench.workers import run
from melpact.core.errors import MelpactError
from melpact.verbs.batch import jobs_for
from melpact.verbs.progress import Progress

RATE_HZ = 16000


@dataclass(frozen=True)
class Examined:
    """One sound, and how long people take for its text; None where nobody knows."""

    name: str
    sound: Path
    expected_s: float | None


@dataclass(frozen=True)
class Seen:
    """What the detectors say of a sound.

    Attributes:
        spoken_s: seconds from its first sound to its last. melody: of its pitch, semitones; None: it has none.
        failures: failure → what was found.
    """

    spoken_s: float
    melody: float | None
    failures: dict[str, str]


@dataclass(frozen=True)
class Bench:
    """Where the detectors keep what they found."""

    cache: Path | None


def examine(task: Examined, bench: Bench) -> Outcome:
    """`found[""]["failures"]` of a sound: the parts of a `Seen`."""
    outcome = Outcome(task.name)
    expected = None if task.expected_s is None else round(task.expected_s, 3)
    code = sources_digest((Path(str(detectors.__file__)), Path(str(voice_activity.__file__))))
    try:
        shelf = Shelf(bench.cache, ["speech failures", 2, sound_digest(task.sound), code])
        found = shelf.get(str(expected))
        if found is None:
            heard = detectors.Heard(Sound(load(task.sound), RATE_HZ), expected)
            found = Found((heard.spoken_s, heard.melody, detectors.found_in(heard)))
            shelf.put(str(expected), found)
            shelf.write()
    except (MelpactError, OSError) as error:
        outcome.failed[""] = str(error)
        return outcome
    outcome.found[""] = {"failures": found}
    return outcome


@dataclass
class Hall:
    """What listens, in how many processes, and where answers are kept."""

    ears: Ears
    cache: Path | None
    jobs: int | None
    progress: Progress

    def listen(
        self, wanted: Mapping[Path, tuple[Sequence[str], str]], failed: list[str], what: str
    ) -> dict[Path, dict[str, Found]]:
        """Sound → sense → what was heard.

        Args:
            wanted: sound → senses and language. failed: gets what went wrong. what: for the progress.
        """
        tasks = [Listening(path.stem, path, tuple(own), language=language) for path, (own, language) in wanted.items()]
        room = Room(RATE_HZ, self.ears, self.cache)
        self.progress.start(len(tasks), what)
        outcomes = run(tasks, room, jobs=jobs_for(max(2, len(tasks)), self.jobs), advance=self.progress.advance, work=listen)
        found: dict[Path, dict[str, Found]] = {}
        for (path, (own, _)), outcome in zip(wanted.items(), outcomes, strict=True):
            why = outcome.failed.get("")
            found[path] = dict.fromkeys(own, Found(reason=why)) if why else outcome.found[""]
            failed += [f"{path.name}: {why}"] if why else []
            failed += [f"{path.name}: {sense}: {one.reason}" for sense, one in found[path].items() if one.fault]
        return found

    def examine(self, wanted: Mapping[str, tuple[Path, float | None]], failed: list[str], what: str) -> dict[str, Seen]:
        """Name → what the detectors say; without what could not be read."""
        tasks = [Examined(name, path, expected) for name, (path, expected) in wanted.items()]
        self.progress.start(len(tasks), what)
        outcomes = run(
            tasks, Bench(self.cache), jobs=jobs_for(max(2, len(tasks)), self.jobs), advance=self.progress.advance,
            work=examine,
        )  # fmt: skip
        found = {}
        for outcome in outcomes:
            if outcome.failed:
                failed.append(f"{outcome.name}: {outcome.failed['']}")
                continue
            seconds, melody, failures = outcome.found[""]["failures"].observation
            found[outcome.name] = Seen(float(seconds), melody, dict(failures))
        return found
