"""`check`: has a system got worse than its baseline? The bench again, with the baseline's own settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from melpact.bench.gate import Checked
from melpact.bench.gate import check as compare
from melpact.bench.report import Report
from melpact.core.errors import ArtifactError, MelpactError
from melpact.verbs.evaluate import evaluate
from melpact.verbs.pairing import Sounds
from melpact.verbs.progress import Progress


@dataclass(frozen=True)
class CheckReport:
    """What `check` found; `now` is the whole new report, which can become the next baseline."""

    baseline: Path
    checked: Checked
    now: Report

    @property
    def passed(self) -> bool:
        return self.checked.passed

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rows = [row.model_dump(mode="json") for row in self.checked.rows]
        checked = self.checked
        return {"passed": checked.passed, "metrics": rows, "lost": list(checked.lost), "notes": list(checked.notes)}


def check(
    baseline: str | Path,
    ref: Sounds,
    *systems: Sounds,
    tolerance: Mapping[str, float] | None = None,
    names: Sequence[str] | None = None,
    text: Mapping[str, str] | str | Path | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Measure systems again as the baseline was measured, and say what got worse by more than the noise.

    Args:
        baseline: report.json of `evaluate`.
        ref, systems: as for `evaluate`; as many systems as the baseline has, in its order or under its names.
        tolerance: metric → how much worse is let pass, in its unit.
        out: folder for the new report.

    Raises:
        ArtifactError: the baseline is no report.
        MelpactError: other systems, too few utterances for any difference to be told.
    """
    before = load(baseline)
    if names is None and len(systems) == len(before.systems):
        names = before.systems
    now = evaluate(
        ref, *systems, suite=before.suite, metrics=tuple(before.metrics), names=names, rate=before.rate,
        dialect=_named(before.dialect), text=text, jobs=jobs, out=out, seed=before.seed, progress=progress,
    )  # fmt: skip
    return CheckReport(Path(baseline), compare(before, now, tolerance, seed=before.seed), now)


def load(path: str | Path) -> Report:
    """A report that `evaluate` wrote.

    Raises:
        ArtifactError: missing, or not a report.
    """
    try:
        return Report.model_validate(json.loads(Path(path).read_text("utf-8")))
    except OSError as error:
        raise ArtifactError(
            "the baseline cannot be read",
            where=str(path),
            got=error.strerror,
            next="Make one: melpact evaluate REF SYS -o DIR",
        ) from error
    except (ValidationError, ValueError) as error:
        raise ArtifactError(
            "is not a report of melpact evaluate",
            where=str(path),
            got=str(error).splitlines()[0],
            wanted="the report.json that melpact evaluate REF SYS -o DIR writes",
        ) from error


def _named(dialect: str) -> str | None:
    from melpact.contract.dialect import dialect as find

    try:
        find(dialect)
    except MelpactError as error:
        raise MelpactError(
            "the baseline was made with a mel that has no name, so it cannot be made again", where="check", got=dialect
        ) from error
    return dialect
