"""Corpora for people and as JSON. Decides only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from melpact.cli.render import Wishes, _length, _out, _pairs, _table, print_json

if TYPE_CHECKING:
    from melpact.verbs.corpus import CorpusSheet, PackReport
    from melpact.verbs.corpus_import import ImportReport
    from melpact.verbs.corpus_lint import LintReport

_SHOWN = 5


def _wanted(value: object, wishes: Wishes) -> bool:
    if wishes.json:
        print_json(value)
        return False
    return not wishes.quiet


def imported(report: ImportReport, wishes: Wishes) -> None:
    """`corpus import`."""
    if not _wanted(report.to_json(), wishes):
        return
    for source, layout in report.layouts.items():
        _out(f"{source}: {layout}")
    for note in report.notes[:_SHOWN]:
        _out(f"note: {note}")
    if len(report.notes) > _SHOWN:
        _out(f"note: {len(report.notes) - _SHOWN} more (--json names all)")
    manifest = report.manifest
    _out(f"{report.path}: {len(manifest)} utterances, {_length(manifest.duration_s)}, {manifest.fingerprint}", "bold")


def sheet(found: CorpusSheet, wishes: Wishes) -> None:
    """`corpus show` and `corpus split`."""
    if not _wanted(found.to_json(), wishes):
        return
    rows = [
        ("packed corpus" if found.packed else "corpus", str(found.path)),
        ("fingerprint", found.fingerprint),
        ("sound", f"{found.utterances} utterances, {_length(found.seconds)}"),
        ("lengths", f"{_length(found.shortest_s)} to {_length(found.longest_s)}"),
    ]
    if found.packed:
        rows.append(("whole", "every sample as it was written" if not found.damaged else "no"))
    _pairs(rows)
    for what, parts in (("split", found.splits), ("language", found.languages), ("rate", found.rates)):
        if len(parts) > 1 or parts[0].name:
            lines = [(p.name or "(none)", f"{p.utterances}", f"{p.speakers}", _length(p.seconds)) for p in parts]
            _out()
            _table((what, "utterances", "speakers", "sound"), lines, right=("utterances", "speakers", "sound"))
    for name in found.damaged[:_SHOWN]:
        _out(f"damaged: {name}", "red")
    if found.damaged:
        _out(f"{len(found.damaged)} utterances are not what was written; pack the corpus again", "red")


def packed(report: PackReport, wishes: Wishes) -> None:
    """`corpus pack`."""
    if not _wanted(report.to_json(), wishes):
        return
    made = report.packed
    done = "holds it already" if report.skipped else "written"
    size = f"{2 * int(made.n_samples.sum()) / 1e6:.1f} MB"
    _out(f"{made.path}: {done}: {len(made)} utterances, {_length(made.duration_s)} at {made.sample_rate} Hz, {size}", "bold")


def linted(report: LintReport, wishes: Wishes) -> None:
    """`corpus lint`."""
    if not _wanted(report.to_json(), wishes):
        return
    for i, flaw in enumerate(report.flaws, start=1):
        _out(f"{i}. {flaw.code}: {len(flaw.ids)} utterance(s)", "bold")
        _out(f"   {flaw.sentence}")
        _out(f"   {', '.join(flaw.ids[:_SHOWN])}{' …' if len(flaw.ids) > _SHOWN else ''}")
        _out(f"   Next: {flaw.remedy}")
    verdict = f"{len(report.flaws)} finding(s)" if report.flaws else "clean"
    _out(f"{report.path}: {report.inspected} utterances, {verdict}")
    if report.written is not None:
        _out(f"written: {report.written} ({report.kept} utterances)")
