"""A table of speech as rows of text: for CSV, Markdown, the terminal and the page. The verb writes the files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from melpact.bench.score import Score
from melpact.bench.speech import columns as c
from melpact.bench.speech import likeness as whose
from melpact.bench.speech.failures import Count
from melpact.bench.speech.saying import NOISE, RECORDING, SHUFFLED, SPEECH, VOCODED, WRONG
from melpact.bench.speech.table import ROWS, Failures, SpeakerFacts, SpeechTable
from melpact.bench.tables import ARROWS, number

Rows = list[list[str]]
WHAT_ROWS_ARE = {
    SPEECH: "spoken from the text alone", VOCODED: "the ceiling: the true recording after analysis and the same vocoder",
    RECORDING: "the true recording", SHUFFLED: "null: understood of vocoded recordings, beside texts of other sentences",
    WRONG: "null: understood of speech that was made from another text", NOISE: "null: noise of a recording's spectrum",
}  # fmt: skip


def value(score: Score | None) -> str:
    """A score as it is read, with its interval."""
    if score is None or score.value is None:
        return "–"
    return f"{number(score.value, score)} {ends(score)}".strip()


def ends(score: Score) -> str:
    """Its interval, "" where there is none."""
    if score.low is None or score.low == score.high:
        return ""
    high = "∞" if score.high is None else number(score.high, score)
    return f"[{number(score.low, score)}, {high}]"


def title(found: SpeechTable, column: str) -> str:
    """Of a column, with its unit and an arrow to the better side."""
    facts = found.columns[column]
    return f"{facts.title}{', ' + facts.unit if facts.unit else ''} {ARROWS[facts.better]}"


def words_rows(found: SpeechTable, one: SpeakerFacts) -> tuple[list[str], Rows]:
    """Per language: what is understood and how it sounds."""
    names, ratios = (c.CHARACTERS, c.WORDS, c.OPINION, c.TONGUE, c.MELODY), (c.CHARACTERS_RATIO, c.WORDS_RATIO)
    rows: Rows = []
    for language, own in one.languages.items():
        for row in ROWS:
            scores = own.rows.get(row, {})
            cells = [value(scores.get(name)) for name in names]
            if any(cell != "–" for cell in cells):
                times = [value(own.times.get(name)) if row == SPEECH else "" for name in ratios]
                n = max((score.n for score in scores.values()), default=0)
                rows.append([language if row == SPEECH else "", row, str(n), *cells, *times])
    return ["", "", "n", *(title(found, name) for name in (*names, *ratios))], rows


def likeness_rows(found: SpeechTable, one: SpeakerFacts) -> tuple[list[str], Rows]:
    """Whose voice it is, by both encoders."""
    heads = ["", *(title(found, own.column) for own in one.likeness), "voices"]
    rows = [
        [row, *(value(own.rows[row]) for own in one.likeness), str(max(own.rows[row].n for own in one.likeness))]
        for row in whose.ROWS
        if one.likeness
    ]
    return heads, rows


def variety_rows(found: SpeechTable, one: SpeakerFacts) -> tuple[list[str], Rows]:
    """Distance of tries against temperature and top-p."""
    rows = [
        [own.setting, f"{point.value:g}", value(point.apart), value(point.tempo_apart), f"{point.same} of {point.of}"]
        for own in one.variety
        for point in own.points
    ]
    for own in one.variety[:1]:
        if own.other.value is not None:
            rows.append(["different sentences", "", value(own.other), "", ""])
    return ["", "", title(found, c.APART), title(found, c.TEMPO_APART), "same to the bit"], rows


def duration_rows(found: SpeechTable, one: SpeakerFacts) -> tuple[list[str], Rows]:
    """Seconds against the rate of recordings."""
    heads = [
        "",
        "rate",
        "speech off, %",
        "recordings off, %",
        "null: speech off the mean, %",
        "null: recordings, %",
        "faster by, %",
    ]
    rows = [
        [own.language, f"{own.units_per_s:.1f} {own.unit}/s, {own.start_s:+.2f} s", value(own.speech), value(own.recordings),
         value(own.speech_nothing), value(own.nothing), value(own.pace)]
        for own in one.duration
    ]  # fmt: skip
    return heads, rows


def failure_rows(own: Failures) -> tuple[list[str], Rows]:
    """Counts per 1,000."""
    rows: Rows = []
    for kind, count in [*own.cheap.items(), *own.understood.items()]:
        people = own.recordings.get(kind)
        rows.append([kind, *_counted(count), "–" if people is None else f"{people.found} of {people.n}"])
    rows.append(["any of the sound's", *_counted(own.any_cheap), ""])
    rows.append(["any of the recogniser's", *_counted(own.any_understood), ""])
    rows.append(["the guard asked for another try", *_counted(own.again), ""])
    return ["failure", "found", "per 1,000", "95 %", "in recordings"], rows


def _counted(count: Count) -> list[str]:
    if not count.n:
        return ["–", "–", "–"]
    span = f"below {count.high:.3g}" if count.found == 0 else f"{count.low:.3g} to {count.high:.3g}"
    return [f"{count.found} of {count.n}", f"{count.per_1000:.3g}", span]


def sayings(one: SpeakerFacts) -> list[str]:
    """What the parts say, in sentences."""
    said = [own.words for own in one.likeness]
    for own in one.likeness:
        if own.gain is not None and own.gain.value is not None:
            span = "" if own.gain.low is None else f" [{own.gain.low:.3f}, {own.gain.high:.3f}]"
            said.append(
                f"{c.COLUMNS[own.column].title}: the reference moves it by {own.gain.value:+.3f}{span} from another's, over "
                f"{own.gain.n} voices"
            )
    if one.heard_with and all(score.value is not None for score in one.heard_with.values()):
        both = "; ".join(f"{row}: {value(score)} %" for row, score in one.heard_with.items())
        said.append(f"character errors of the same sentences: {both}")
    said += [own.words for own in one.variety]
    said.append(f"{value(one.cost)} s of processor time per second of sound; first sound after {value(one.first)} s")
    said += [f"{what}: not measured: {why}" for what, why in one.missing.items()]
    return [*said, *one.notes]


def markdown(found: SpeechTable) -> str:
    """All tables, one after the other."""
    parts = []
    for name, one in found.speakers.items():
        parts.append(f"# {name}: {one.title}\n\nMel {one.spec}, sound by {one.vocoder}, {one.fingerprint}.")
        for head, (heads, rows) in tables_of(found, one).items():
            parts.append(f"**{head}**\n\n" + "\n".join([_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]))
        parts.append("\n".join(f"- {line}" for line in sayings(one)))
    said = [f"melpact {found.version}, seed {found.seed}.", *found.notes, *found.left_out]
    said += [f"{found.columns[name].title}: not measured: {why}" for name, why in found.unavailable.items()]
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in said)]) + "\n"


def tables_of(found: SpeechTable, one: SpeakerFacts) -> dict[str, tuple[list[str], Rows]]:
    """Title → heads and rows, those that hold anything."""
    made = {
        "What is understood, and how it sounds": words_rows(found, one), "Whose voice": likeness_rows(found, one),
        "How varied": variety_rows(found, one), "How long": duration_rows(found, one),
    }  # fmt: skip
    if one.failures is not None:
        made["Failures"] = failure_rows(one.failures)
    return {head: own for head, own in made.items() if own[1]}


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _csv(head: tuple[str, ...], rows: Iterator[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue()


def scores_csv(found: SpeechTable) -> str:
    """One line per number: speaker, part, group (language, encoder, setting), row, column, value, interval, n."""
    head = ("speaker", "part", "group", "row", "column", "unit", "value", "low", "high", "n", "reason")
    return _csv(head, ([name, *line] for name, one in found.speakers.items() for line in _scores(found, one)))


def _scores(found: SpeechTable, one: SpeakerFacts) -> Iterator[list[Any]]:
    def line(part: str, group: str, row: str, column: str, score: Score) -> list[Any]:
        unit = found.columns[column].unit if column in found.columns else score.unit
        return [part, group, row, column, unit, score.value, score.low, score.high, score.n, score.reason]

    for language, own in one.languages.items():
        for row, scores in own.rows.items():
            for column, score in scores.items():
                yield line("words", language, row, column, score)
        for column, score in own.times.items():
            yield line("words", language, SPEECH, column, score)
    for alike in one.likeness:
        for row, score in alike.rows.items():
            yield line("voice", "", row, alike.column, score)
    for row, score in one.heard_with.items():
        yield line("voice", "", row, c.CHARACTERS, score)
    for varied in one.variety:
        for point in varied.points:
            yield line("variety", varied.setting, f"{point.value:g}", c.APART, point.apart)
            yield line("variety", varied.setting, f"{point.value:g}", c.TEMPO_APART, point.tempo_apart)
        yield line("variety", varied.setting, "", c.RANK, varied.rank)
    for own_ in one.duration:
        for row, score in (
            (SPEECH, own_.speech), (RECORDING, own_.recordings), (f"{SPEECH}, null", own_.speech_nothing),
            (f"{RECORDING}, null", own_.nothing),
        ):  # fmt: skip
            yield line("duration", own_.language, row, c.DURATION, score)
        yield line("duration", own_.language, SPEECH, c.PACE, own_.pace)
    yield line("speed", "", SPEECH, c.COST, one.cost)
    yield line("speed", "", SPEECH, c.FIRST, one.first)
    if one.failures is not None:
        for row, counts in (
            (SPEECH, {**one.failures.cheap, **one.failures.understood}),
            (RECORDING, one.failures.recordings),
        ):
            for kind, count in counts.items():
                yield ["failures", "", row, kind, "per 1,000", count.per_1000, count.low, count.high, count.n, None]


def sentences_csv(found: SpeechTable) -> str:
    """One line per sound: its text, what was understood of it, its numbers, and what failed."""
    names = (c.CHARACTERS, c.WORDS, c.OPINION)
    head = ("speaker", "part", "name", "language", "row", "text", "understood", *names, "failures", "reasons", "file")
    return _csv(
        head,
        (
            [one.speaker, one.part, one.name, one.language, one.row, one.text, one.understood,
             *(one.values.get(name) for name in names), "; ".join(f"{k}: {v}" for k, v in one.failures.items()),
             "; ".join(f"{k}: {v}" for k, v in one.reasons.items()), one.file]
            for one in found.sentences
        ),
    )  # fmt: skip


def verdict(found: SpeechTable) -> str:
    """One sentence per speaker: its first language beside the ceiling, and what fails."""
    said = []
    for name, one in found.speakers.items():
        parts = []
        for language, own in one.languages.items():
            speech, ceiling = own.rows[SPEECH][c.CHARACTERS], own.rows[VOCODED][c.CHARACTERS]
            if speech.value is not None:
                beside = "" if ceiling.value is None else f", the vocoded recordings {number(ceiling.value, ceiling)} %"
                parts.append(f"{language} {number(speech.value, speech)} %{beside}")
        words = f"{name}: character errors " + "; ".join(parts) if parts else f"{name}: nothing could be understood or heard"
        if one.failures is not None:
            words += f"; sounds that fail: {one.failures.any_cheap.words}"
        said.append(words)
    return ". ".join(said)
