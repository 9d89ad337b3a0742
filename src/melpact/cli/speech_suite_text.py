"""What `evaluate --suite speech --sources …` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from melpact.cli.render import Wishes, _out, _table, _unused, print_json

if TYPE_CHECKING:
    from melpact.verbs.speech_suite import SpeechReport


def spoken(report: SpeechReport, wishes: Wishes, out: str | None) -> None:
    """The tables of every speaker, and what they say in words."""
    from melpact.bench.speech.tables import sayings, tables_of

    found = report.table
    _unused(found.failed, found.left_out)
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    for name, one in found.speakers.items():
        _out(f"{name}: {one.title}; mel {one.spec}, sound by {one.vocoder}", "bold")
        for head, (heads, rows) in tables_of(found, one).items():
            _out(f"\n{head}", "bold")
            _table(heads, rows, right=heads[2:], wrap=heads)
        for line in sayings(one):
            _out(line)
        _out()
    _out("[95 % intervals]", style="dim")
    for line in found.notes:
        _out(line, style="dim")
    for name, why in found.unavailable.items():
        _out(f"{found.columns[name].title}: not measured: {why}", style="yellow")
    if out is not None:
        _out(f"\nwritten: {out}")
