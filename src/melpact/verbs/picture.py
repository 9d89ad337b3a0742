"""Pictures of mels: several on one scale, in files. Drawing only; matplotlib is imported when used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.filterbank import band_edges_hz
from melpact.contract.mel import Mel


def draw_mels(path: str | Path, mels: Sequence[tuple[str, Mel]], title: str = "") -> Path:
    """Draw mels of one description under each other, on one colour scale, with time in s and band centres in Hz.

    Args:
        path: a .png, written atomically.
        mels: (caption, mel), each [n_mels, frames], scaling undone for the picture.
        title: above all.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    raws = [(caption, mel.raw()) for caption, mel in mels]
    spec = raws[0][1].spec
    everything = np.concatenate([mel.values.ravel() for _, mel in raws])
    low, high = (float(v) for v in np.percentile(everything, [0.5, 99.9]))
    figure = Figure(figsize=(10, 0.6 + 2.6 * len(raws)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(raws), 1, sharex=True, squeeze=False)[:, 0]
    physical = spec.sample_rate / spec.bank_sample_rate
    centres = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)[1:-1] * physical
    ticks = np.unique(np.linspace(0, spec.n_mels - 1, 6).round().astype(int))
    image: Any = None
    for axis, (caption, mel) in zip(axes, raws, strict=True):
        extent = (0.0, mel.n_frames * spec.hop_length / spec.sample_rate, -0.5, spec.n_mels - 0.5)
        image = axis.imshow(
            mel.values, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=max(high, low + 1e-6), cmap="magma",
            interpolation="nearest",
        )  # fmt: skip
        axis.set_title(caption, fontsize=9, loc="left")
        axis.set_yticks(ticks, [f"{centres[i]:.0f}" for i in ticks], fontsize=7)
        axis.set_ylabel("band centre, Hz", fontsize=8)
    axes[-1].set_xlabel("time, s", fontsize=8)
    figure.colorbar(image, ax=list(axes), label=spec.unit, shrink=0.8)
    if title:
        figure.suptitle(title, fontsize=10)
    with replacing(path) as file:
        figure.savefig(file, format="png")
    return Path(path)
