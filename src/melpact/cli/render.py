"""Reports → tables and JSON on standard output, progress and failures on standard error.

Decides only looks.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from melpact.cli.bridge_text import bridge_line, reachable_lines

if TYPE_CHECKING:
    from rich.console import Console

    from melpact.diagnose.finding import Finding
    from melpact.verbs.batch import Failure
    from melpact.verbs.dialects import DialectRow, DialectSheet
    from melpact.verbs.diff import Compared
    from melpact.verbs.extract import ExtractReport
    from melpact.verbs.progress import Progress
    from melpact.verbs.run import RunReport
    from melpact.verbs.show import Shown
    from melpact.verbs.stats import StatsReport
    from melpact.verbs.vocode import VocodeReport

_FAILURES_SHOWN = 20
_PIPE_WIDTH = 160


class Wishes(Protocol):
    """How the user wants the result."""

    json: bool
    quiet: bool


def print_json(value: Any) -> None:
    """One JSON value on standard output; numbers that JSON does not have become null."""
    bare = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(_plain(value), indent=2, ensure_ascii=bare, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _console(error: bool = False) -> Console:
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, markup=False, emoji=False)


def _out(text: str = "", style: str = "") -> None:
    _console().print(text, style=style or None, soft_wrap=True)


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = (), wrap: Sequence[str] = ()
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name not in wrap, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _print(table)


def _pairs(rows: Iterable[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    _print(table)


def _print(table: Any) -> None:
    console = _console()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    sys.stdout.write("\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n")


def text(value: Any, words: str, wishes: Wishes) -> None:
    """Plain text, or its JSON."""
    if wishes.json:
        print_json(value)
    elif not wishes.quiet:
        sys.stdout.write(words if words.endswith("\n") else words + "\n")


# progress


class _Bar:
    """A progress bar on standard error."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=_console(error=True), transient=True)
        self._task: Any = None

    def start(self, total: int, what: str) -> None:
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def advance(self, n: int) -> None:
        if self._task is not None:
            self._bar.advance(self._task, n)

    def done(self) -> None:
        self._bar.stop()


def progress(quiet: bool) -> Progress | None:
    """A bar where a person watches."""
    return None if quiet or not sys.stderr.isatty() else _Bar()


def working(quiet: bool, what: str) -> AbstractContextManager[Any]:
    """A sign of life for work without a measure."""
    return nullcontext() if quiet or not sys.stderr.isatty() else _console(error=True).status(what)


def failures(failed: Sequence[Failure]) -> int:
    """Name what failed on standard error; returns the exit code."""
    for failure in failed[:_FAILURES_SHOWN]:
        print(f"melpact: failed: {' '.join(failure.message.split())}", file=sys.stderr)
        if failure.trace:
            print(failure.trace, file=sys.stderr)
    if len(failed) > _FAILURES_SHOWN:
        print(f"melpact: failed: {len(failed) - _FAILURES_SHOWN} more (--json names all)", file=sys.stderr)
    if any(failure.trace for failure in failed):
        return 70
    return 1 if failed else 0


# one function per command


def _length(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours} h {minutes} min {rest:.0f} s" if hours else f"{minutes} min {rest:.0f} s"


def extracted(report: ExtractReport, wishes: Wishes, seconds: float) -> None:
    """`extract`."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    warned(report.findings)
    length = sum(item.duration_s for item in report.done)
    if len(report.done) == 1:
        item = report.done[0]
        _out(f"{item.path}: {item.spec.n_mels} bands × {item.n_frames} frames, {_length(item.duration_s)}")
    elif report.done:
        _out(f"{len(report.done)} mels of {_length(length)} in {seconds:.1f} s ({length / seconds:.0f} × real time)")
    if report.skipped:
        _out(f"{len(report.skipped)} finished before, skipped")


def warned(findings: Sequence[Finding]) -> None:
    """What is wrong with a description, on standard error."""
    for one in findings:
        print(f"melpact: warning: {one.code}: {one.sentence}. Next: {one.remedy}", file=sys.stderr)


def shown(found: Shown, wishes: Wishes) -> None:
    """`show`."""
    if wishes.json:
        print_json(found.to_json())
        return
    if wishes.quiet:
        return
    _out(f"{found.path}: {found.kind}", "bold")
    _pairs((name.replace("_", " "), _said(value)) for name, value in found.facts.items() if value not in (None, [], {}))
    if found.explanation:
        _out()
        _out(found.explanation)
    if found.unknown:
        _out("\nNot known:", "bold")
        for line in found.unknown:
            _out(f"  {line}")
    for line in found.next:
        _out(f"\nNext: {line}")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_said(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        few = [_said(item) for item in value[:40]]
        return ", ".join(few) + (f", … {len(value)} in all" if len(value) > 40 else "")
    return str(value)


def compared(found: Compared, wishes: Wishes, tolerance: float, every: bool) -> None:
    """`diff`."""
    if wishes.json:
        print_json({**found.to_json(), "same": found.same(tolerance)})
        return
    if wishes.quiet:
        return
    a, b = found.names
    rows = found.spec.table(every=every)
    if rows:
        cells = [(name, f"{x} {unit}".strip(), f"{y} {unit}".strip(), kind, why) for name, x, y, unit, kind, why in rows]
        _table(("field", a, b, "kind", "why"), cells, wrap=(a, b, "why"))
    if found.spec.same:
        _out(f"{a} and {b} have the same description")
    else:
        _out(f"{a} → {b}: {found.spec.worst}")
    for (x, y), way in zip(((a, b), (b, a)), found.bridges, strict=False):
        _out(f"bridge {x} → {y}: {bridge_line(way)}")
    n = found.numbers
    if n is not None:
        frames = f"{n.frames_a} frames" if n.frames_a == n.frames_b else f"{n.frames_a} and {n.frames_b} frames"
        _out(f"{frames}; largest difference {n.max_difference:.3g}, mean {n.mean_difference:.3g} {n.unit}")


def dialect_rows(rows: Sequence[DialectRow], wishes: Wishes) -> None:
    """`dialects`."""
    if wishes.json:
        print_json([vars(row) for row in rows])
        return
    if wishes.quiet:
        return
    if not rows:
        _out("no dialect fits; melpact dialects lists them all")
        return
    cells = []
    for row in rows:
        kin = f"= {row.alias_of}" if row.alias_of else f"~ {row.variant_of}" if row.variant_of else ""
        kin += f"{' ' if kin else ''}asks {', '.join(row.asks)}" if row.asks else ""
        sizes = f"{row.n_fft}/{row.hop_length}/{row.win_length}"
        cells.append(
            (
                row.name,
                row.system,
                f"{row.sample_rate}",
                f"{row.n_mels}",
                sizes,
                row.log,
                f"{row.f_max:g}",
                kin,
            )
        )
    columns = ("name", "system", "Hz", "bands", "fft/hop/win", "log", "f_max", "kin")
    _table(columns, cells, right=("Hz", "bands", "f_max"), wrap=("system", "kin"))
    _out(f"{len(rows)} dialects. = the same description; ~ the same analysis, scaled otherwise.")
    _out("One in full: melpact dialects NAME")


def dialect_sheet(sheet: DialectSheet, wishes: Wishes) -> None:
    """`dialects --name`."""
    if wishes.json:
        print_json(sheet.to_json())
        return
    if wishes.quiet:
        return
    member, row = sheet.found.member, sheet.row
    _out(f"{row.name}: {member.system}{', ' + member.variant if member.variant else ''}", "bold")
    facts = [
        ("role", member.role),
        ("reference id", member.reference_id),
        ("same as", row.alias_of or ""),
        ("same analysis as", row.variant_of or ""),
        ("fingerprint", "" if sheet.spec is None else sheet.spec.fingerprint),
        ("waveform", member.waveform),
        ("axes", member.axes),
        ("stored as", " ".join(part for part in (member.stored, member.file_format) if part)),
        ("confidence", member.confidence),
        ("relatives", ", ".join(sheet.relatives)),
    ]
    _pairs((name, value) for name, value in facts if value)
    if sheet.spec is not None:
        _out()
        _out(sheet.spec.explain())
    asks = [
        f"{ask.field}: {ask.where}" + (f" (published example: {ask.known})" if ask.known else "") for ask in sheet.found.asks
    ]
    forms = [f"{row.name}:{name}: {form.note}" for name, form in member.forms.items()]
    sources = [" ".join(part for part in (s.repo, s.commit, s.path) if part) for s in member.sources]
    weak = [] if sheet.spec is None else list(sheet.spec.weaknesses)
    for title, lines in (
        ("Has to be given (--set FIELD=VALUE)", asks),
        ("Forms", forms),
        ("Quirks", member.quirks),
        ("Weaknesses", weak),
        ("Compatibility", member.compatibility),
        ("Bridges from it", reachable_lines(sheet.bridges, sheet.unmeasured)),
        ("Sources", sources),
    ):
        if lines:
            _out(f"\n{title}:", "bold")
            for line in lines:
                _out(f"  {line}")


def counted(report: StatsReport, wishes: Wishes) -> None:
    """`stats`."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    if report.stats.count:
        _pairs(report.stats.summary())
    if report.path is not None:
        _out(f"\nwritten: {report.path}")


def vocoded(report: VocodeReport, wishes: Wishes) -> None:
    """`vocode`."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet or not report.done:
        return
    rows = [
        (
            str(item.path),
            _length(item.duration_s),
            f"{item.sample_rate}",
            f"{item.peak:.3f}",
            f"{item.floored / item.values:.1%}",
            f"{item.clipped_below / item.values:.1%}",
            f"{item.clipped_above / item.values:.1%}",
            f"{item.samples_clipped}",
            item.by,
        )
        for item in report.done
    ]
    columns = (
        "sound",
        "length",
        "Hz",
        "peak",
        "bins at floor",
        "clipped low",
        "clipped high",
        "samples clipped",
        "by",
    )
    _table(columns, rows, right=columns[1:-1], wrap=("sound",))


def ran(report: RunReport, wishes: Wishes) -> None:
    """`run`."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    mel = report.mel
    name = mel.dialect or f"spec {mel.spec.fingerprint}"
    _out(
        f"{report.input}: {name}, {mel.n_mels} bands × {mel.n_frames} frames, {_length(mel.duration_s)}",
        "bold",
    )
    if report.refiner is not None:
        by = report.refiner
        _out(f"refined by {by.name} ({by.title}): changed by {by.changed:.3f} per value")
        if by.note:
            _out(by.note, style="yellow")
    if report.vocoder is not None:
        used = report.vocoder
        takes = used.dialect or "a mel without a name"
        _out(f"sound by {used.path} ({used.family}, for {takes}), {used.real_time:.1f} x real time")
        if used.bridge is not None:
            _out(f"bridge: {used.bridge.difference.summary()}; {bridge_line(used.bridge)}")
        if used.pitch is not None:
            _out(f"pitch: {used.pitch}")
    _out()
    _table(
        ("check", "", "detail"),
        [(check, "passed" if passed else "FAILED", detail) for check, passed, detail in report.checks],
        wrap=("detail",),
    )
    systems = list(report.rows[0].values) if report.rows else []
    cells, reasons = [], []
    for row in report.rows:
        values = []
        for value in row.values.values():
            if isinstance(value, str) and value not in reasons:
                reasons.append(value)
            values.append(f"{value:.3f}" if isinstance(value, float) else f"({reasons.index(value) + 1})")
        cells.append((f"{row.name}, {row.unit}" if row.unit else row.name, *values, f"{row.best:g}", row.meaning))
    _out()
    _table(("kept", *systems, "best", "meaning"), cells, right=(*systems, "best"), wrap=("meaning",))
    for i, reason in enumerate(reasons, start=1):
        _out(f"({i}) {reason}")
    _out()
    _pairs((what, str(path)) for what, path in report.files.items())


def _unused(failed: Sequence[str], left_out: Sequence[str]) -> None:
    """Name, on standard error, the first of what failed and of what was left out, a line each."""
    for what, lines in (("failed", failed), ("left out", left_out)):
        for line in lines[:_FAILURES_SHOWN]:
            print(f"melpact: {what}: {' '.join(line.split())}", file=sys.stderr)
