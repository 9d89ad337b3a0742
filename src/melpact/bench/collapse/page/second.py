"""Chapter 2 on the page: the factorial of refiners and vocoders."""

from __future__ import annotations

from melpact.bench.collapse.page.parts import cell, heading, note, primary, table, text, within
from melpact.bench.collapse.result import Crossing, LabReport
from melpact.bench.totals import TELLING
from melpact.page.charts import Chart


def second(report: LabReport, sounds: str) -> str:
    """The chapter; `sounds` are players made elsewhere."""
    found = report.crossing
    told = note(
        "Every refiner by every vocoder on the natural mels. Nulls keep nothing (silence, shaped noise) or no time (a "
        "constant mel); the ceiling is the natural mel with the true phase. An untrained vocoder shows what a network gives "
        "before it has learnt anything; what a refiner does is averaged over the others. Intervals: bootstrap 95 % over "
        "utterances."
    )
    missing = "".join(f"<li>{text(name)}: {text(why)}</li>" for name, why in found.missing.items())
    missing = f'<ul class="q">{missing}</ul>' if missing else ""
    charts = "".join(_chart(report, found, metric) for metric in primary(report))
    return f'{told}{missing}{_cells(report, found)}<div class="charts">{charts}</div>{_effects(report, found)}{sounds}'


def _cells(report: LabReport, found: Crossing) -> str:
    metrics = tuple(report.metrics)
    rows = [[text(one.refiner), text(one.vocoder), *(cell(one.values[metric]) for metric in metrics)] for one in found.cells]
    rows += [
        [f"<i>{text(name.replace('_', ' '))}</i>", "", *(cell(values[metric]) for metric in metrics)]
        for name, values in found.anchors.items()
    ]
    return table(("mel", "vocoder", *(heading(report, metric) for metric in metrics)), rows)


def _chart(report: LabReport, found: Crossing, metric: str) -> str:
    values = {(one.refiner, one.vocoder): one.values[metric].value for one in found.cells}
    beside = {name: one[metric].value for name, one in found.anchors.items()}
    known = [v for v in (*values.values(), *beside.values()) if v is not None]
    if not known:
        return ""
    room = 0.06 * (max(known) - min(known) or 1.0)
    places = [(float(i), name) for i, name in enumerate(found.refiners)]
    chart = Chart(
        heading(report, metric), (-0.3, len(places) - 0.7), (min(known) - room, max(known) + room), "mel",
        report.metrics[metric].title, x_ticks=places,
    )  # fmt: skip
    for name, style in (("true_phase", "g"), ("constant_mel", "n"), ("shaped_noise", "n")):
        value = beside.get(name)
        if value is not None:
            chart.level(value, style)
    for kind, vocoder in zip(("a", "b", "m", "a d", "b d"), found.vocoders):
        drawn = [(x, values[name, vocoder]) for x, name in places]
        line = [(x, v) for x, v in drawn if v is not None]
        if line:
            chart.line([x for x, _ in line], [v for _, v in line], kind).rings(line, "ra").key(kind, vocoder)
    chart.key("g", "true phase").key("n", "constant mel, noise")
    return chart.figure(heading(report, metric), "Parallel lines: no interaction; what a refiner does is the same for all.")


def _effects(report: LabReport, found: Crossing) -> str:
    rows = []
    for one in found.effects:
        change = within(one.change, one.low, one.high)
        if one.reason is not None:
            change = f'<span class="q">{text(one.reason)}</span>'
        sure = f'<span class="yes">{change}</span>' if one.certain and one.n >= TELLING else change
        level = f"{text(one.b)} for {text(one.a)}"
        rows.append([text(report.metrics[one.metric].title), text(one.factor), level, sure, str(one.n)])
    crossed = [
        [text(report.metrics[one.metric].title), " × ".join(one.factors),
         f"{text(one.b)} for {text(one.a)}, with {text(one.d)} rather than {text(one.c)}",
         f'<span class="{"yes" if one.certain and one.n >= TELLING else ""}">'
         f"{within(one.change, one.low, one.high)}</span>", str(one.n)]
        for one in found.interactions
    ]  # fmt: skip
    parts = "<h3>What each factor does by itself</h3>" + table(("metric", "factor", "level", "change", "n"), rows, wide=(2,))
    if crossed:
        parts += "<h3>Where the two depend on each other most</h3>"
        parts += table(("metric", "factors", "levels", "change of the change", "n"), crossed, wide=(2,))
    if found.shares:
        explained = [
            [text(report.metrics[one.metric].title), *(f"{100 * share:.0f} %" for share in one.factors.values()),
             *(f"{100 * share:.0f} %" for share in one.pairs.values()), f"{100 * one.rest:.0f} %"]
            for one in found.shares
        ]  # fmt: skip
        first = found.shares[0]
        parts += "<h3>What explains the differences between settings</h3>"
        parts += table(("metric", *first.factors, *first.pairs, "rest"), explained)
    return parts
