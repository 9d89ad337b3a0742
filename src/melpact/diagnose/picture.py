"""Pictures of the evidence as PNG bytes: mel, reference and difference on one scale; matplotlib is imported when used."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from melpact.contract.diff.grid_rules import centres_hz
from melpact.diagnose.evidence import Evidence, shared
from melpact.diagnose.finding import Finding


def draw(evidence: Evidence, findings: Sequence[Finding], title: str = "", dpi: int = 110) -> bytes:
    """Mel, reference (where there is one) and difference under each other.

    The first two share one scale; the difference has its own, symmetric about 0. Both colour maps keep their order for
    colour-blind
    eyes and in grey.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [("the mel", evidence.filled)]
    difference = None
    reference = evidence.reference
    if reference is not None and reference.shape[0] == evidence.values.shape[0]:
        panels.append(("what it should be", reference))
        values, there = shared(evidence.filled, reference)
        difference = values - there
    low, high = (float(v) for v in np.percentile(np.concatenate([p.ravel() for _, p in panels]), [0.5, 99.9]))
    rows = len(panels) + (difference is not None)
    figure = Figure(figsize=(10, 0.8 + 2.4 * rows), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    second = evidence.spec.hop_length / evidence.spec.sample_rate
    centres = centres_hz(evidence.spec)
    ticks = np.unique(np.linspace(0, centres.size - 1, 5).round().astype(int))
    unit = evidence.spec.unit if evidence.spec.scaling.kind == "none" else "scaled"
    for axis, (caption, panel) in zip(axes, panels, strict=False):
        image = axis.imshow(
            panel, origin="lower", aspect="auto", cmap="cividis", vmin=low, vmax=max(high, low + 1e-6),
            interpolation="nearest",
            extent=(0.0, panel.shape[1] * second, -0.5, panel.shape[0] - 0.5),
        )  # fmt: skip
        axis.set_title(caption, fontsize=9, loc="left")
        figure.colorbar(image, ax=axis, label=unit)
    if difference is not None:
        reach = max(float(np.percentile(np.abs(difference), 99)), 1e-6) if difference.size else 1.0
        image = axes[-1].imshow(
            difference, origin="lower", aspect="auto", cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest",
            extent=(0.0, difference.shape[1] * second, -0.5, difference.shape[0] - 0.5),
        )  # fmt: skip
        axes[-1].set_title(f"difference (mean |Δ| {float(np.abs(difference).mean()):.3g})", fontsize=9, loc="left")
        figure.colorbar(image, ax=axes[-1], label=unit)
    for axis in axes:
        axis.set_yticks(ticks, [f"{centres[i]:.0f}" for i in ticks], fontsize=7)
        axis.set_ylabel("band centre, Hz", fontsize=8)
    axes[-1].set_xlabel("time, s", fontsize=8)
    said = ", ".join(f.code for f in findings[:3]) or "nothing wrong was found"
    figure.suptitle(f"{title}: {said}" if title else said, fontsize=10)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
