"""`Stats` told to people and to JSON. Counts nothing itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from melpact.contract.scaling import NoScaling

if TYPE_CHECKING:
    from melpact.normalise.stats import Stats

_QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
_BAND_QUANTILES = (0.01, 0.5, 0.99)


def unit(stats: Stats) -> str:
    """Unit of the numbers: the description's, or "scaled"."""
    return stats.spec.unit if isinstance(stats.spec.scaling, NoScaling) else "scaled"


def describe(stats: Stats) -> dict[str, Any]:
    """Everything as plain JSON values; shares in [0, 1], lists per band from the lowest."""
    below, above = stats.clipped_share()
    floor = stats.band_floor_share()
    bounds = [b if math.isfinite(b) else None for b in stats.spec.scaling.bounds()]
    band_quantiles = stats.band_quantile(_BAND_QUANTILES)
    return {
        "dialect": stats.dialect,
        "fingerprint": stats.fingerprint,
        "unit": unit(stats),
        "files": stats.files,
        "frames": stats.frames,
        "seconds": stats.seconds,
        "count": stats.count,
        "mean": stats.mean(),
        "std": stats.std(),
        "std_unbiased": stats.std(1) if stats.count > 1 else None,
        "min": stats.min(),
        "max": stats.max(),
        "quantiles": dict(zip(map(str, _QUANTILES), stats.quantile(_QUANTILES).tolist(), strict=True)),
        "quantile_error": stats.quantile_error,
        "floor": stats.spec.floor_value,
        "floor_share": stats.floor_share(),
        "silent_share": stats.silent_share(),
        "quiet_60_db_share": stats.quiet_share(60.0),
        "bounds": bounds,
        "clipped_below_share": below,
        "clipped_above_share": above,
        "bands": {
            "mean": stats.band_mean().tolist(),
            "std": stats.band_std().tolist(),
            "min": stats.band_min().tolist(),
            "max": stats.band_max().tolist(),
            "floor_share": None if floor is None else floor.tolist(),
            "quantiles": dict(zip(map(str, _BAND_QUANTILES), band_quantiles.tolist(), strict=True)),
            "quantile_error": stats.band_quantile_error,
        },
    }


def summary(stats: Stats) -> list[tuple[str, str]]:
    """Rows of (what, how much) for a table."""
    low, middle, high = stats.quantile([0.01, 0.5, 0.99])
    means = stats.band_mean()
    rows = [
        ("description", stats.dialect or f"spec {stats.fingerprint}"),
        ("files", f"{stats.files}"),
        ("duration", f"{stats.seconds:.1f} s, {stats.frames} frames, {stats.count} values"),
        ("unit", unit(stats)),
        ("mean ± std", f"{stats.mean():.6g} ± {stats.std():.6g}"),
        ("range", f"{stats.min():.6g} to {stats.max():.6g}"),
        ("1 %, median, 99 %", f"{low:.6g}, {middle:.6g}, {high:.6g}"),
        (
            "band means",
            f"{means.min():.6g} (band {np.argmin(means)}) to {means.max():.6g} (band {np.argmax(means)})",
        ),
        (f"values at the floor ({stats.spec.floor_value:.6g})", _percent(stats.floor_share())),
        ("frames all at the floor", _percent(stats.silent_share())),
        ("frames 60 dB below the loudest", _percent(stats.quiet_share(60.0))),
    ]
    for name, bound, share in zip(
        ("lower", "upper"), stats.spec.scaling.bounds(), stats.clipped_share(), strict=True
    ):
        if math.isfinite(bound) or share:
            edge = f" ({bound:g})" if math.isfinite(bound) else ""
            rows.append((f"values on the {name} bound{edge}", _percent(share)))
    return rows


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{100 * share:.2f} %"
