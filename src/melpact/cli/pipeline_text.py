"""What `pipeline` and `redescribe` print: the chain as a table, one line per file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from melpact.cli.render import _out, _table, print_json

if TYPE_CHECKING:
    from melpact.cli.render import Wishes
    from melpact.verbs.pipeline import PipelineReport
    from melpact.verbs.redescribe import RedescribeReport


def _port(port: dict[str, Any]) -> str:
    parts = [str(port["kind"])]
    parts += [str(port["mel"])] if "mel" in port else []
    parts += [f"normalised ({port['normaliser']['kind']})"] if "normaliser" in port else []
    parts += [f"{port['sample_rate']} Hz"] if "sample_rate" in port else []
    return " ".join(parts)


def piped(report: PipelineReport, wishes: Wishes) -> None:
    """`pipeline`: the chain where nothing ran, else what was made."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    if not report.done and not report.failed and not report.skipped:
        chain = []
        for link in report.pipeline.table():
            mark = "+ " if link["inserted"] else ""
            chain.append((mark + link["stage"], _port(link["takes"]), _port(link["gives"]), link["how"], link["cost"]))
        _table(("stage", "takes", "gives", "how", "cost"), chain, wrap=("takes", "gives", "how", "cost"))
        _out(f"Every hand-over fits (pipeline {report.pipeline.fingerprint}). + was put in by itself.")
        return
    columns = ("output", "length, s", "raised to the floor", "samples clipped", "notes of the doctor", "as recorded")
    same = {None: "-", True: "yes", False: "NO"}
    rows = []
    for one in report.done:
        counts = (f"{one.raised}", f"{one.samples_clipped}", f"{one.findings}")
        rows.append((str(one.path), f"{one.duration_s:.2f}", *counts, same[one.reproduced]))
    if rows:
        _table(columns, rows, right=columns[1:], wrap=("output",))
    if report.skipped:
        _out(f"{len(report.skipped)} finished before, skipped")


def redescribed(report: RedescribeReport, wishes: Wishes) -> None:
    """`redescribe`."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    for one in report.to_json()["done"]:
        before, now = one["before"], one["now"]
        was = "nothing" if before is None else before["dialect"] or f"spec {before['fingerprint']}"
        _out(
            f"{one['path']}: says {now['dialect'] or 'spec ' + now['fingerprint']} where it said {was}; no value was touched"
        )
