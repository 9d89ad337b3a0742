"""The confusion table: what an examiner said of cases whose truth is known, counted. Makes no case; see `laboratory`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from melpact.diagnose.claim.apart import UNTOLD_NATS

CLEAN = "clean"
"""The code of a case without a fault."""


@dataclass(frozen=True)
class Row:
    """What the examiner said of one case.

    `findings` are (code, severity × certainty), in its order; `skipped` says why there was no case, `error` what it raised;
    `apart_nats` is how far the values alone differ from the right mel's (see `claim.apart`), where nothing else was shown.
    """

    id: str
    code: str
    dose: float
    mode: str
    dialect: str
    clip: str
    findings: tuple[tuple[str, float], ...] = ()
    also: tuple[str, ...] = ()
    seconds: float = 0.0
    skipped: str = ""
    error: str = ""
    apart_nats: float | None = None

    def rank(self, *, strict: bool = True) -> int | None:
        """Place of the truth among the findings from 1, or None; not strict: of any code that names the same fact."""
        accepted = {self.code} if strict else {self.code, *self.also}
        return next((i for i, (code, _) in enumerate(self.findings, 1) if code in accepted), None)

    @property
    def untold(self) -> bool:
        """Whether the values cannot tell: not named first or second, and too near to the right ones for any test."""
        near = self.apart_nats is not None and self.apart_nats < UNTOLD_NATS
        return near and (self.rank(strict=False) or 99) > 2

    def alarms(self, threshold: float) -> tuple[str, ...]:
        """Codes of the findings that weigh at least `threshold`."""
        return tuple(code for code, weight in self.findings if weight >= threshold)


def table(rows: Iterable[Row], threshold: float = 0.05) -> dict[str, Any]:
    """Count rows into plain JSON values: how often the truth came first, second or not at all, per fault and in all.

    Args:
        rows: of `confusion`.
        threshold: a finding on a clean mel that weighs (severity × certainty) at least this is a false alarm.

    Returns:
        {"faults": {code: …}, "clean": …, "all": …, "modes": {mode: …}, "skipped": n, "errors": […]}. "second" counts first
        and second; "or_same" those where a code of the same fact stands first or second; "untold" the misses that no test of
        the values alone could find; "first_instead" what stood first
        where the truth did not come second or better; "by_mode" (first or second or of the same fact, n) per mode.
    """
    everything = list(rows)
    ran = [row for row in everything if not row.skipped]
    planted = [row for row in ran if row.code != CLEAN]
    clean = [row for row in ran if row.code == CLEAN]
    alarms = [(row, said) for row in clean if (said := row.alarms(threshold))]
    codes = sorted({row.code for row in planted})
    modes = dict.fromkeys(row.mode for row in planted)
    seconds = sorted(row.seconds for row in ran)
    return {
        "faults": {code: _counted([row for row in planted if row.code == code]) for code in codes},
        "modes": {mode: _counted([row for row in planted if row.mode == mode]) for mode in modes},
        "all": _counted(planted),
        "clean": {
            "n": len(clean),
            "threshold": threshold,
            "alarmed": len(alarms),
            "codes": dict(Counter(code for _, found in alarms for code in found).most_common()),
            "where": [row.id for row, _ in alarms],
        },
        "skipped": len(everything) - len(ran),
        "errors": [f"{row.id}: {row.error}" for row in ran if row.error],
        "seconds": {"median": seconds[len(seconds) // 2], "highest": seconds[-1]} if seconds else {},
    }


def _counted(rows: Sequence[Row]) -> dict[str, Any]:
    missed = [row for row in rows if (row.rank() or 99) > 2]
    instead = Counter(row.findings[0][0] if row.findings else "(nothing)" for row in missed)
    by_dose = Counter(row.dose for row in missed)
    return {
        "n": len(rows),
        "first": sum(row.rank() == 1 for row in rows),
        "second": len(rows) - len(missed),
        "or_same": sum((row.rank(strict=False) or 99) <= 2 for row in rows),
        "untold": sum(row.untold for row in rows),
        "named_at_all": sum(row.rank() is not None for row in rows),
        "first_instead": dict(instead.most_common(4)),
        "by_mode": {mode: _first_two(rows, mode) for mode in dict.fromkeys(row.mode for row in rows)},
        "missed_by_dose": {f"{dose:g}": n for dose, n in sorted(by_dose.items())},
    }


def _first_two(rows: Sequence[Row], mode: str) -> tuple[int, int]:
    ranks = [row.rank(strict=False) or 99 for row in rows if row.mode == mode]
    return sum(rank <= 2 for rank in ranks), len(ranks)


def _percent(count: int, n: int) -> str:
    return f"{100 * count / n:.0f}%" if n else "-"


def text(found: Mapping[str, Any]) -> str:
    """The table in monospaced lines; the columns by mode count a code of the same fact in first or second place."""
    modes = list(found["modes"])
    heads = "".join(f"{mode:>8s}" for mode in modes)
    shares = f"{'first':>6s} {'<= 2nd':>6s} {'or same':>7s} {'untold':>6s}"
    lines = [f"{'fault':26s} {'n':>5s} {shares} |{heads} |  first instead (doses)"]

    def line(name: str, row: Mapping[str, Any]) -> str:
        shares = "{:>6s} {:>6s} {:>7s}".format(*(_percent(row[key], row["n"]) for key in ("first", "second", "or_same")))
        shares += f" {row['untold']:6d}"
        by_mode = "".join(f"{_percent(*row['by_mode'].get(mode, (0, 0))):>8s}" for mode in modes)
        instead = ", ".join(f"{code} {count}" for code, count in row["first_instead"].items())
        doses = ", ".join(f"{dose}: {count}" for dose, count in row["missed_by_dose"].items())
        tail = f"{instead} ({doses})" if instead and len(row["missed_by_dose"]) <= 3 else instead
        return f"{name:26s} {row['n']:5d} {shares} |{by_mode} |  {tail}"

    lines += [line(code, row) for code, row in found["faults"].items()]
    lines.append(line("all", found["all"]))
    clean = found["clean"]
    alarms = f"{clean['alarmed']} of {clean['n']} with a finding >= {clean['threshold']:g}"
    lines.append(f"clean: {alarms}: {clean['codes'] or '-'}")
    lines.append(f"left out, because the clip does not show the fault: {found['skipped']}; errors: {len(found['errors'])}")
    return "\n".join(lines)
