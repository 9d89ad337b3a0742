"""`sensitivity`: the dose-response of a vocoder. How much of each fault can it take, beside its ceiling and its nulls?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.audio import Audio
from melpact.contract.artifact import replacing
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError
from melpact.diagnose.dose_response import Curves, Vocode, curves
from melpact.diagnose.faults import fault, faults
from melpact.verbs.progress import Progress, Silent
from melpact.vocoders.griffin_lim.vocoder import Effort, invert

# Okabe and Ito's palette, told apart by every common colour vision
_LINE, _CEILING, _NULL = "#0072B2", "#009E73", "#D55E00"


@dataclass(frozen=True)
class SensitivityReport:
    """The curves and the files they went to."""

    curves: Curves
    files: dict[str, Path]

    def to_json(self) -> dict[str, Any]:
        """Plain values, as in the file."""
        return self.curves.to_json()


def sensitivity(
    clips: Sequence[str | Path | Audio] = (),
    out: str | Path = "sensitivity",
    dialect: MelSpec | Dialect | str = "hifigan_22k",
    *,
    codes: Sequence[str] = (),
    vocode: Vocode | None = None,
    effort: Effort = "fast",
    n_doses: int = 5,
    seed: int = 0,
    quality: bool = True,
    progress: Progress | None = None,
) -> SensitivityReport:
    """Plant every fault in rising doses and measure what the vocoder makes of it.

    Args:
        clips: sounds or sound files; the shipped prompts if none are given.
        out: a folder for sensitivity.json and sensitivity.png.
        dialect: what the vocoder expects.
        codes: the faults; all if none are given.
        vocode: the vocoder, a function Mel → Audio; the library's own inversion with `effort` if left out.
        n_doses: doses per fault that has sizes.
        seed: of everything random.
        quality: whether to compute PESQ, where the package is there.
        progress: told in faults.

    Raises:
        MelpactError: an unknown fault or dialect, an unreadable sound, a folder that cannot be made.
    """
    progress = progress if progress is not None else Silent()
    if n_doses < 2:
        raise ContractError("a curve needs two doses", got=n_doses, where="n_doses")
    chosen = [fault(code) for code in codes] or list(faults().values())
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=folder) from error
    sounds = _sounds(clips)
    progress.start(len(chosen) + 1, "faults")
    try:
        found = curves(
            sounds, as_spec(dialect), vocode if vocode is not None else lambda mel: invert(mel, effort=effort), chosen,
            n_doses=n_doses, seed=seed, quality=quality, advance=progress.advance,
        )  # fmt: skip
    finally:
        progress.done()
    files = {"json": folder / "sensitivity.json", "picture": folder / "sensitivity.png"}
    with replacing(files["json"]) as file:
        file.write((json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n").encode())
    draw(files["picture"], found)
    return SensitivityReport(found, files)


def _sounds(clips: Sequence[str | Path | Audio]) -> list[Audio]:
    from melpact.audio import samples
    from melpact.audio.files import read

    given: Sequence[str | Path | Audio] = clips or [samples.path(name) for name in samples.names()]
    return [clip if isinstance(clip, Audio) else read(samples.resolve(clip)) for clip in given]


def draw(path: str | Path, found: Curves) -> Path:
    """One small panel per fault: the score over the dose, between ceiling (green) and the highest null (orange).

    The score is PESQ where it could be computed, else the log-spectral distance (downwards).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metric = "log_spectral_distance_db" if isinstance(found.ceiling["pesq"], str) else "pesq"
    ceiling = found.ceiling[metric]
    if isinstance(ceiling, str):
        raise ContractError(f"there is nothing to draw: {ceiling}")
    better = max if metric == "pesq" else min
    nulls = [v for scores in found.nulls.values() if not isinstance(v := scores[metric], str)]
    columns = 5
    rows = max(1, -(-len(found.faults) // columns))
    figure = Figure(figsize=(2.6 * columns, 1.75 * rows + 0.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for panel, (code, points) in zip(panels, found.faults.items(), strict=False):
        kinds = bool(fault(code).variants)
        heights = [(i, v) for i, p in enumerate(points) if not isinstance(v := p.scores[metric], str)]
        panel.axhline(ceiling, color=_CEILING, linewidth=1, linestyle="--")
        if nulls:
            panel.axhline(better(nulls), color=_NULL, linewidth=1, linestyle=":")
        style = {"linestyle": "none" if kinds else "-", "marker": "s" if kinds else "o", "markersize": 4, "linewidth": 1.2}
        panel.plot([i for i, _ in heights], [v for _, v in heights], color=_LINE, **style)
        for i, point in enumerate(points):
            if isinstance(point.scores[metric], str):
                panel.plot([i], [better(nulls) if nulls else ceiling], color=_NULL, marker="x", linestyle="none")
        panel.set_title(code, fontsize=8, loc="left")
        panel.set_xticks(range(len(points)), [f"{p.dose:.3g}" for p in points], fontsize=6)
        panel.set_xlim(-0.4, len(points) - 0.6)
        panel.set_xlabel("kind" if kinds else fault(code).unit.split(" (")[0][:34], fontsize=6)
        panel.tick_params(axis="y", labelsize=6)
    for panel in panels[len(found.faults) :]:
        panel.set_axis_off()
    if metric != "pesq":
        panels[0].invert_yaxis()
    name = "PESQ-wb" if metric == "pesq" else "log-spectral distance, dB"
    clips = f"{found.n_clips} clips" if found.n_clips != 1 else "1 clip"
    figure.suptitle(
        f"{name} of {found.dialect} over the dose of each fault, {clips}. Dashed: ceiling (no fault); "
        "dotted: best null; x: no score",
        fontsize=9,
    )
    with replacing(path) as file:
        figure.savefig(file, format="png")
    return Path(path)
