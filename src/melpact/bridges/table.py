"""The measured errors of all ordered pairs of analyses: reading `table.json`. It is made by `melpact.verbs.bridges`.

A pair is looked up by what happens before the scaling (`MelSpec.analysis_fingerprint`), so that every member and every
scaling of a family shares its family's figures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from melpact.bridges.corrector import shipped_fingerprint
from melpact.contract.diff.grid_rules import centres_hz
from melpact.contract.filterbank import hz_to_mel
from melpact.contract.spec import MelSpec

REGIONS_HZ = (0.0, 300.0, 700.0, 1200.0, 2000.0, 3200.0, 5000.0, 8000.0, 24000.0)
"""Ends of the frequency regions for which errors are kept."""
_STEPS = 60
"""Codes per decade of an error; one step is 4 %."""
_NONE = 255


@dataclass(frozen=True)
class Expected:
    """What a bridge is measured to cost on speech that nothing was fitted on.

    Attributes:
        error_nat: mean |error| in nat of the target's linear mel, over values that neither floor nor clip hides and bands
            that both descriptions hold.
        bands_nat: the same per band of the target; NaN where nothing was measured.
        null_nat: what each band's own mean in place of the mel would get.
        pesq_cost: how much worse the translated mel vocodes than one extracted natively (PESQ wide band, positive is worse);
            None where it was not measured.
        ms_per_s: time per second of audio, one thread; None for algebra inside one family, which takes next to none.
        clips: how many clips were measured.
        scored: how many of them were vocoded for `pesq_cost`.
        stale: measured with other fitted numbers than the package holds now.
    """

    error_nat: float
    bands_nat: tuple[float, ...]
    null_nat: float
    pesq_cost: float | None
    ms_per_s: float | None
    clips: int
    scored: int
    stale: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for what was not measured."""
        bands = [None if math.isnan(x) else round(x, 4) for x in self.bands_nat]
        return {**vars(self), "bands_nat": bands}


def expected(a: MelSpec, b: MelSpec, *, exact: bool = False) -> Expected | None:
    """The figures of a pair, or None where it is not in the table.

    Args:
        a, b: descriptions.
        exact: the pair is joined by algebra: its error is float32 rounding whatever the table says of its family.
    """
    table = shipped()
    row, column = table.find(a), table.find(b)
    if row is None or column is None:
        return None
    if row == column:
        same = (0.0,) * b.n_mels
        return Expected(0.0, same, table.null_nat[column], 0.0, None, table.clips, 0, False) if exact else None
    entry = table.rows.get(row)
    if entry is None:
        return None
    i = table.targets.index(column)
    error, pesq = entry["error"][i], entry["pesq"][i]
    if error is None:
        return None
    bands = (0.0,) * b.n_mels if exact else _over_bands(decode(entry["regions"][i]), b)
    error = 0.0 if exact else float(error)
    null, stale = table.null_nat[column], not exact and table.stale(row)
    return Expected(error, bands, null, pesq, entry["ms"][i], table.clips, int(entry["scored"][i]), stale)


def kinds_from(a: MelSpec) -> dict[str, str]:
    """The kind of the bridge from a description to every published analysis but its own, by name; empty where it is none of
    them."""
    table = shipped()
    row = table.find(a)
    if row is None or row not in table.rows:
        return {}
    words = {"e": "exact", "f": "fitted", "r": "refused"}
    kinds = zip(table.targets, table.rows[row]["kind"], strict=True)
    return {name: words[letter] for name, letter in kinds if letter in words}


def unmeasured(a: MelSpec, b: MelSpec | None = None) -> str:
    """Why a pair (or, without `b`, all pairs from a description) has no figures."""
    table = shipped()
    if not table.rows:
        return "the package holds no table; make it: python -c 'from melpact.verbs import bridges; bridges.matrix()'"
    sides = {"the source": a} if b is None else {"the source": a, "the target": b}
    missing = [name for name, spec in sides.items() if table.find(spec) is None]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        return f"{' and '.join(missing)} {are} no published analysis, and only pairs of those were measured"
    return "the table holds no figures for this pair"


@dataclass(frozen=True)
class Table:
    """`table.json` in memory; `rows[source]` holds lists in the order of `targets`."""

    targets: tuple[str, ...]
    null_nat: Mapping[str, float]
    fingerprints: Mapping[str, str]
    rows: Mapping[str, Mapping[str, Any]]
    clips: int

    def stale(self, source: str) -> bool:
        """Whether a row was measured with other fitted numbers than the package holds now."""
        return bool(self.rows[source]["fitted"] != shipped_fingerprint())

    def find(self, spec: MelSpec) -> str | None:
        """The family with this analysis."""
        return self.fingerprints.get(spec.analysis_fingerprint)


@lru_cache(maxsize=1)
def shipped() -> Table:
    """The table that comes with the package; one without rows where there is none."""
    return parse(read(Path(str(files("melpact.bridges").joinpath("table.json")))))


def parse(content: Mapping[str, Any]) -> Table:
    """The JSON of a table → `Table`."""
    targets = tuple(content.get("targets", ()))
    return Table(
        targets,
        MappingProxyType(dict(zip(targets, content.get("null_nat", ()), strict=True))),
        MappingProxyType({v: k for k, v in zip(targets, content.get("fingerprints", ()), strict=True)}),
        MappingProxyType(content.get("rows", {})),
        content.get("clips", 0),
    )


def read(path: Path) -> dict[str, Any]:
    """The JSON of a table file; empty where there is none."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content


def encode(errors: Sequence[float]) -> str:
    """Errors in nat per region, NaN where nothing was measured → two hexadecimal digits each."""
    codes = [
        _NONE if math.isnan(x) else min(max(round(_STEPS * math.log10(max(x, 1e-3) / 1e-3)), 0), _NONE - 1) for x in errors
    ]
    return bytes(codes).hex()


def decode(text: str) -> tuple[float, ...]:
    """The inverse of `encode`, to 2 %; errors up to .001 nat read as .001."""
    return tuple(math.nan if code == _NONE else 1e-3 * 10 ** (code / _STEPS) for code in bytes.fromhex(text))


def _over_bands(regions: Sequence[float], spec: MelSpec) -> tuple[float, ...]:
    """Errors of regions → of the bands of a description, by straight lines in mel between the middles of regions."""
    ends = hz_to_mel(np.array(REGIONS_HZ), "htk")
    middles, known = (ends[1:] + ends[:-1]) / 2, ~np.isnan(np.array(regions))
    centres = centres_hz(spec)
    inside = np.array(regions)[np.clip(np.searchsorted(REGIONS_HZ, centres, side="right") - 1, 0, len(regions) - 1)]
    if not known.any():
        return (math.nan,) * spec.n_mels
    values = np.interp(hz_to_mel(centres, "htk"), middles[known], np.array(regions)[known])
    return tuple(float(v) if not math.isnan(i) else math.nan for v, i in zip(values, inside, strict=True))
