"""`metrics`: what each metric means, and whether it obeys its laws here; and the habits that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from melpact.bench import laws
from melpact.bench.metric import Metric
from melpact.bench.suites import SUITES, named
from melpact.bench.task import HABITS, METRICS
from melpact.core.plugins import plugins
from melpact.verbs.batch import jobs_for
from melpact.verbs.progress import Progress, Silent


@dataclass(frozen=True)
class MetricRow:
    """One metric, the suites that use it, and its verdict (None: its laws were not tried yet)."""

    name: str
    metric: Metric
    suites: tuple[str, ...]
    verdict: laws.Verdict | None

    @property
    def status(self) -> str:
        """In a few words."""
        missing = self.metric.missing()
        if missing:
            return missing
        if self.verdict is None:
            return "not tried yet"
        if not self.verdict.tried:
            return f"cannot be tried: {self.verdict.reason}"
        return "obeyed" if self.verdict.lawful else f"broken: {', '.join(dict.fromkeys(b.law for b in self.verdict.broken))}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        m = self.metric
        return {
            "name": self.name, "title": m.title, "unit": m.unit, "better": m.better, "perfect": m.perfect,
            "meaning": m.meaning, "source": m.source, "domains": list(m.domains), "rate_hz": m.rate_hz,
            "ignores": list(m.ignores), "needs": list(m.needs), "packages": list(m.packages), "install": m.install,
            "waveform_exact": m.waveform_exact, "heavy": m.heavy, "suites": list(self.suites), "laws": self.status,
            "verdict": None if self.verdict is None else self.verdict.model_dump(mode="json"),
        }  # fmt: skip


def metrics(
    names: Sequence[str] = (), *, try_laws: bool = False, jobs: int | None = None, progress: Progress | None = None
) -> list[MetricRow]:
    """The metrics with their verdicts; those of `names` only, if given.

    Args:
        try_laws: measure the laws of those that have no verdict yet (heavy ones only if named).

    Raises:
        MelpactError: no metric of that name.
    """
    return _rows(METRICS, named(names) or tuple(plugins(METRICS)), try_laws, bool(names), jobs, progress)


def habits(*, jobs: int | None = None, progress: Progress | None = None) -> list[MetricRow]:
    """Habits of published comparisons, held to the same laws."""
    return _rows(HABITS, tuple(plugins(HABITS)), True, True, jobs, progress)


def _rows(
    package: str, names: Sequence[str], try_laws: bool, heavy: bool, jobs: int | None, progress: Progress | None
) -> list[MetricRow]:
    from melpact.features.lane_cache import cache_folder

    progress = progress if progress is not None else Silent()
    cache, known = cache_folder() / "evaluate", plugins(package)
    verdicts = {name: laws.kept(name, package, cache) for name in names}
    wanted = [name for name in names if verdicts[name] is None and (heavy or not known[name].heavy)]
    if try_laws and wanted:
        progress.start(len(laws.cases()), "recordings")
        try:
            count = jobs_for(len(laws.cases()), jobs)
            verdicts |= laws.judge(wanted, package=package, jobs=count, cache=cache, advance=progress.advance)
        finally:
            progress.done()
    member = {name: tuple(s for s, suite in SUITES.items() if name in suite.chosen(text=True)) for name in names}
    return [MetricRow(name, known[name], member[name], verdicts[name]) for name in names]
