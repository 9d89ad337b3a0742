"""Folders and manifests → what a table of speech is made of: held-out sentences, reference voices, sentences to count on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import probe, read, write
from melpact.bench.cache import sound_digest
from melpact.bench.conversion.material import Clip, TargetVoice, split
from melpact.bench.metrics._recogniser import words
from melpact.bench.speech.saying import Plan
from melpact.bench.speech.sentences import sentences
from melpact.core.errors import MelpactError
from melpact.core.records import digest
from melpact.text.languages import resolved
from melpact.text.tokens import PAUSES, spoken
from melpact.verbs.codec_suite_material import spread
from melpact.verbs.conversion_material import Seen, clips, ready

SHORTEST_S, LONGEST_S = 0.8, 15.0
"""Of a held-out recording."""
KEPT_BACK, NULL_CLIPS, VOICES = 4, 3, 12
"""Recordings of each reference voice that the speaker is not given; of each other person; and voices, at most."""
SAID_BY_EACH, VARIED = 3, 4
"""Sentences that each reference voice speaks, and sentences that are spoken with several seeds."""
HALVED_S = 5.0
"""A voice's only recording is cut in two from this length on."""


@dataclass(frozen=True)
class Sizes:
    """How much is done.

    Attributes:
        sentences: of each language, at most. failures: sentences of the failure count. heard: of these, so many are given to
            the recogniser. reference_s: of each reference voice, so much is given to the speaker.
        seeds: tries of one sentence.
    """

    sentences: int = 20
    failures: int = 200
    heard: int = 60
    reference_s: float = 15.0
    temperatures: tuple[float, ...] = (0.0, 0.3, 0.6, 1.0)
    top_ps: tuple[float, ...] = (0.5, 0.8, 1.0)
    seeds: int = 3


@dataclass
class Material:
    """What is spoken, and what could not be used."""

    plan: Plan
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def material(
    sources: Sequence[str | Path], references: Sequence[str | Path], text: str | Path | None, languages: Sequence[str],
    sizes: Sizes, folder: Path, spoken_at_all: Callable[[str], bool] = lambda language: True,
) -> Material:  # fmt: skip
    """Everything that is to be spoken.

    Args:
        text: a file of sentences for the failure count, a line each, with a language and | before it if you like.
        folder: for what is cut out of files. spoken_at_all: whether any speaker speaks a language.

    Raises:
        MelpactError: no held-out sentence. CorpusError: a source that does not exist or that nothing recognises.
    """
    left_out, failed = list[str](), list[str]()
    own = _held_out(sources, languages, sizes.sentences, folder, left_out, failed)
    tongues = [language for language in own if spoken_at_all(language)] or list(own)
    main = max(tongues, key=lambda language: len(own[language]))
    voices, others = _references(references, sizes.reference_s, folder, left_out, failed)
    spoken_by = {}
    for voice in voices:
        tongue = voice.others[0].language
        spoken_by[voice.name] = _evenly(own[tongue if tongue in tongues else main], SAID_BY_EACH)
    plan = Plan(
        clips=own, voices=tuple(voices), spoken_by=spoken_by, others=others, varied=tuple(_evenly(own[main], VARIED)),
        counted=tuple(_counted(text, tongues, main, sizes.failures, left_out)), temperatures=tuple(sizes.temperatures),
        top_ps=tuple(sizes.top_ps), seeds=sizes.seeds,
    )  # fmt: skip
    return Material(plan, left_out, failed)


def _held_out(
    sources: Sequence[str | Path], languages: Sequence[str], count: int, folder: Path, left_out: list[str], failed: list[str]
) -> dict[str, list[Clip]]:
    if not sources:
        raise MelpactError(
            "a table of speech needs held-out recordings with their texts", where="--sources",
            wanted="a folder with metadata.csv (file, speaker, language, text), or a manifest",
        )  # fmt: skip
    listed = clips(sources, Seen())
    failed += listed.failed
    by_language: dict[str, dict[str, list[Clip]]] = {}
    without = Counter[str]()
    for who, own in listed.speakers.items():
        for clip in own:
            if not words(clip.text, clip.language):
                without["without a text"] += 1
            elif not clip.language:
                without["without a language"] += 1
            elif languages and clip.language not in languages:
                without[f"in {clip.language}, which was not asked for"] += 1
            elif not SHORTEST_S <= clip.seconds <= LONGEST_S:
                without[f"not between {SHORTEST_S:g} and {LONGEST_S:g} s long"] += 1
            else:
                by_language.setdefault(clip.language, {}).setdefault(who, []).append(clip)
    left_out += [f"{n} held-out recordings {why}" for why, n in without.items()]
    found: dict[str, list[Clip]] = {}
    for language, speakers in sorted(by_language.items(), key=lambda one: (-sum(map(len, one[1].values())), one[0])):
        for clip in spread(speakers, count):
            try:
                at_hand = ready(clip, folder)
            except (MelpactError, OSError) as error:
                failed.append(f"{clip.speaker}: {clip.id}: {error}")
                continue
            found.setdefault(language, []).append(replace(at_hand, id=f"{clip.speaker}: {clip.id}"))
    if not found:
        raise MelpactError(
            "no held-out sentence can be used", where="--sources", got=([*failed, *left_out] or ["no recording"])[0],
            wanted="recordings with text and language",
        )  # fmt: skip
    return found


def _references(
    given: Sequence[str | Path], reference_s: float, folder: Path, left_out: list[str], failed: list[str]
) -> tuple[list[TargetVoice], dict[str, list[Clip]]]:
    """Voices that are spoken with, and other people."""
    if not given:
        return [], {}
    listed = clips(given, Seen())
    failed += listed.failed
    voices, others, halved = list[TargetVoice](), dict[str, list[Clip]](), list[str]()
    for who, own in sorted(listed.speakers.items()):
        try:
            usable = [ready(clip, folder) for clip in own if clip.seconds >= SHORTEST_S]
            found = split(who, usable, reference_s, KEPT_BACK)
            if isinstance(found, str) and usable and usable[0].seconds >= HALVED_S:
                found = _halved(who, usable[0], folder)
                halved.append(who)
        except (MelpactError, OSError) as error:
            failed.append(f"{who}: {error}")
            continue
        if isinstance(found, TargetVoice) and len(voices) < VOICES:
            voices.append(found)
        elif usable:
            others[who] = usable[:NULL_CLIPS]
            why = f"{len(own)} recording" if isinstance(found, str) else f"more than {VOICES} voices"
            left_out.append(f"{who}: {why}: not spoken with, only one of the other people")
    if halved:
        left_out.append(f"one recording each, cut in two, so that a voice is compared with itself: {', '.join(halved)}")
    return voices, others


def _halved(who: str, clip: Clip, folder: Path) -> TargetVoice:
    """The only recording of a voice as two, at the quietest 50 ms of its middle third."""
    sound = read(clip.path).mono()
    samples, size = sound.samples[0], round(0.05 * sound.sample_rate)
    first, last = samples.size // 3, 2 * samples.size // 3
    part = samples[first:last]
    power = np.square(part[: part.size // size * size].reshape(-1, size), dtype=np.float64).mean(axis=1)
    at = first + int(np.argmin(power)) * size + size // 2
    folder.mkdir(parents=True, exist_ok=True)
    halves = []
    for number, piece in enumerate((samples[:at], samples[at:]), start=1):
        path = folder / f"{digest([sound_digest(clip.path), 'half', number], 24)}.wav"
        if not path.is_file():
            write(path, Audio(np.ascontiguousarray(piece[None]), sound.sample_rate), "FLOAT")
        seconds = probe(path).duration_s
        halves.append(replace(clip, id=f"{clip.id}, part {number}", path=path, text="", seconds=seconds))
    return TargetVoice(who, (halves[0],), (halves[1],))


def _evenly(own: Sequence[Clip], count: int) -> list[Clip]:
    """So many, evenly over all."""
    count = min(count, len(own))
    return [own[round((i + 0.5) * len(own) / count - 0.5)] for i in range(count)]


def _counted(
    text: str | Path | None, languages: Sequence[str], main: str, count: int, left_out: list[str]
) -> list[tuple[str, str]]:
    """(language, text) of the sentences that failures are counted on."""
    if count < 1:
        return []
    if text is not None:
        return _from_file(Path(text), main)[:count]
    able = [language for language in languages if sentences(language, 1)]
    unable = [language for language in languages if language not in able]
    if unable:
        left_out.append(f"failures are not counted in {', '.join(unable)}: there are no sentences for it; give --text")
    found = list[tuple[str, str]]()
    for place, language in enumerate(able):
        share = count // len(able) + (place < count % len(able))
        found += [(language, one) for one in sentences(language, share)]
    return found


def _from_file(path: Path, main: str) -> list[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MelpactError("these sentences cannot be read", where=path, got=str(error), wanted="UTF-8 text") from None
    found = []
    for line in lines:
        language, bar, rest = line.partition("|")
        told = bool(bar) and len(language.strip()) == 2
        said = (rest if told else line).strip()
        if said:
            found.append((language.strip().lower() if told else main, said))
    if not found:
        raise MelpactError("holds no sentence", where=path, wanted="a sentence a line, such as en|Good morning.")
    return found


@lru_cache(maxsize=4096)
def units(text: str, language: str) -> tuple[int, str]:
    """How much there is to say, and in what: phonemes where espeak-ng knows the language, else letters."""
    try:
        count = sum(name not in PAUSES and name not in "^$" for name in spoken(text, resolved(language)).text)
        if count:
            return count, "phonemes"
    except MelpactError:
        pass
    return len("".join(words(text, language))), "letters"


def by_unit(texts: Mapping[str, tuple[str, str]]) -> tuple[dict[str, int], str]:
    """Name → units of its (text, language), all in the same unit."""
    counted = {name: units(*one) for name, one in texts.items()}
    kinds = {kind for _, kind in counted.values()}
    if len(kinds) == 1:
        return {name: count for name, (count, _) in counted.items()}, kinds.pop()
    return {name: len("".join(words(text, language))) for name, (text, language) in texts.items()}, "letters"
