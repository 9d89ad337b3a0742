"""Pictures of a validation in the run's folder: the mel as it is and as it was made, with the tokens' boundaries, and the
soft alignment beneath. Drawing only; matplotlib is imported when used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.train.task import Picture


def drawn(folder: Path, step: int, pictures: Sequence[Picture], spec: MelSpec | None) -> list[Path]:
    """One PNG per utterance, `step_000001000_NAME.png`; returns the paths.

    Raises:
        ArtifactError: it cannot be written.
    """
    made = []
    for one in pictures:
        name = re.sub(r"[^\w.-]+", "_", one.name)[-60:]
        made.append(_draw(folder / f"step_{step:09d}_{name}.png", one, spec, f"{one.name}, step {step:,}"))
    return made


def _draw(path: Path, one: Picture, spec: MelSpec | None, title: str) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    frame_s = 1.0 if spec is None else spec.hop_length / spec.sample_rate
    mels = [("true", one.true)] + ([] if one.made is None else [("predicted", one.made)])
    rows = len(mels) + (one.soft is not None)
    figure = Figure(figsize=(12, 0.8 + 2.4 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    low, high = (float(v) for v in np.percentile(one.true, [0.5, 99.9]))
    image: Any = None
    for axis, (caption, values) in zip(axes, mels, strict=False):
        extent = (0.0, values.shape[1] * frame_s, -0.5, values.shape[0] - 0.5)
        image = axis.imshow(
            values, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=max(high, low + 1e-6), cmap="magma",
            interpolation="nearest",
        )  # fmt: skip
        axis.set_title(caption, fontsize=9, loc="left")
        axis.set_ylabel("band", fontsize=8)
        _boundaries(axis, one, frame_s, letters=axis is axes[0])
    figure.colorbar(image, ax=list(axes[: len(mels)]), shrink=0.8, label="" if spec is None else spec.unit)
    if one.soft is not None:
        axis, tokens = axes[-1], one.soft.shape[0]
        extent = (0.0, one.true.shape[1] * frame_s, -0.5, tokens - 0.5)
        axis.imshow(
            one.soft, origin="lower", aspect="auto", extent=extent, vmin=0, vmax=1, cmap="viridis", interpolation="nearest"
        )
        axis.set_title("alignment: how much of each moment belongs to each token", fontsize=9, loc="left")
        size = max(3, min(7, 200 // tokens))
        axis.set_yticks(range(tokens), [_shown(letter) for letter in one.letters] or None, fontsize=size)
    axes[-1].set_xlabel("time, s" if spec is not None else "frames", fontsize=8)
    figure.suptitle(title, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        figure.savefig(file, format="png")
    return path


def _boundaries(axis: Any, one: Picture, frame_s: float, *, letters: bool) -> None:
    """Where tokens end, and their letters above."""
    if one.durations is None:
        return
    ends = np.cumsum(one.durations)
    axis.vlines((ends[:-1] * frame_s).tolist(), -0.5, one.true.shape[0] - 0.5, colors="white", linewidth=0.4, alpha=0.6)
    if letters:
        for letter, end, lasts in zip(one.letters, ends, one.durations, strict=True):
            middle = (end - lasts / 2) * frame_s
            axis.text(middle, one.true.shape[0] - 0.5, _shown(letter), fontsize=6, ha="center", va="bottom")


def _shown(letter: str) -> str:
    """A letter that a figure's text takes as it is."""
    return letter.replace("$", r"\$")
