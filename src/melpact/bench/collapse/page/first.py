"""Chapter 1 on the page: what each refiner does to the distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.bench.collapse.page.parts import KINDS, figure, note, table, text
from melpact.bench.collapse.result import Distribution, LabReport
from melpact.page.charts import Chart


def first(report: LabReport, pictures: str) -> str:
    """The chapter; `pictures` are mels drawn elsewhere."""
    inputs = tuple(dict.fromkeys(row.of for row in report.distributions))
    told = note(
        "All numbers are in nat of the linear mel, on the mels themselves. The distances say how far the values of all mels "
        "together lie from those of the natural mels; the rows in italics are what they are without any refiner: between "
        "different sentences, and for a mel that never moves. A refiner of natural mels should change nothing that is "
        "larger than different sentences do; a refiner of damaged ones should come closer than its input."
    )
    parts = [told]
    for of in inputs:
        rows = [row for row in report.distributions if row.of == of]
        parts.append(f"<h3>Given: {text(of)} mels</h3>{_table(rows)}")
        shown = [row for row in rows if row.reason is None and not (row.kind == "null" and row.refiner == "constant mel")]
        parts.append(f'<div class="charts">{_bands(report, shown)}{_modulation(report, shown)}</div>')
    return "".join(parts) + pictures


def _table(rows: Sequence[Distribution]) -> str:
    columns = (
        "refiner", "mean", "std", "skewness", "kurtosis", "moved", "error", "Wasserstein", "K-S", "variance, dB",
        "modulation, dB", "below floor", "above ceiling",
    )  # fmt: skip
    cells = []
    for row in rows:
        name = f'<i title="{text(row.meaning)}">{text(row.refiner)}</i>' if row.kind == "null" else text(row.refiner)
        if row.reason is not None:
            cells.append([name, f'<span class="q">{text(row.reason)}</span>', *[""] * (len(columns) - 2)])
            continue
        shares = [
            f'<span class="{"no" if share > 0 else ""}">{100 * share:.2f} %</span>'
            for share in (row.below_floor, row.above_ceiling)
        ]
        numbers = (
            row.mean, row.std, row.skewness, row.kurtosis, row.moved, row.error, row.wasserstein, row.smirnov,
            row.variance_db, row.modulation_db,
        )  # fmt: skip
        cells.append([name, *(figure(value) for value in numbers), *shares])
    return table(columns, cells)


def _bands(report: LabReport, rows: Sequence[Distribution]) -> str:
    top = max((max(row.bands, default=0.0) for row in rows), default=1.0)
    count = max((len(row.bands) for row in rows), default=1)
    chart = Chart("Wasserstein distance per band", (0, count - 1), (0.0, 1.05 * max(top, 1e-3)), "mel band", "distance, nat")
    for kind, row in zip(KINDS, rows):
        chart.line(np.arange(len(row.bands), dtype=float), np.asarray(row.bands), kind).key(kind, row.refiner)
    return chart.figure("Distance from natural levels, band by band", _left_out(rows))


def _modulation(report: LabReport, rows: Sequence[Distribution]) -> str:
    values = [np.clip(np.asarray(row.modulation), -30, 30) for row in rows]
    reach = max((float(np.abs(v).max(initial=0.0)) for v in values), default=1.0)
    hz = np.asarray(report.modulation_hz)
    ends = (float(hz[0]), float(hz[-1])) if hz.size else (0.0, 1.0)
    limit = max(1.0, 1.1 * reach)
    chart = Chart("Modulation spectrum beside natural", ends, (-limit, limit), "modulation frequency, Hz", "dB re natural")
    for kind, row, value in zip(KINDS, rows, values):
        chart.line(hz, value, kind).key(kind, row.refiner)
    return chart.figure("How the bands move over time", _left_out(rows))


def _left_out(rows: Sequence[Distribution]) -> str:
    return f"{len(rows) - len(KINDS)} more are in the table only." if len(rows) > len(KINDS) else ""
