"""How much a fault costs, 0 to 1, and how sure a number is against its null. What the findings are ranked by.

The cost is the loss of PESQ-wb through inversion: (2.80 - PESQ) / (2.80 - 1.03), where 2.80 is the right mel and 1.03
bands in
reversed order, measured on natural speech at 22.05 kHz and 80 bands. Faults that PESQ cannot hear (a gain, a filterbank
norm)
keep a severity of their own, because programs behind the mel do notice them. Where the fault laboratory has measured a fault
(`faults/cost.json`), its figure is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

_PESQ_RIGHT, _PESQ_NOTHING = 2.80, 1.03

_PESQ = {
    "log_base": 1.20,
    "log_unit_db": 1.10,
    "power_for_magnitude": 1.50,
    "magnitude_for_power": 1.50,
    "not_denormalised": 1.15,
    "denormalised_twice": 1.40,
    "window_not_undone": 1.06,
    "mel_scale": 1.05,
    "f_max": 1.14,
    "f_min": 1.13,
    "bands_reversed": 1.03,
    "axes_swapped": 1.03,
    "hop": 1.13,
    "sample_rate": 1.13,
    "bank_rate": 1.14,
    "constant": 1.21,
    "silent": 1.04,
    "no_signal": 1.03,
}
_JUDGED = {
    "wrong_statistics": 0.45,
    "one_utterance_statistics": 0.5,
    "scale_offset": 0.4,
    "band_offset": 0.4,
    "mel_norm": 0.3,
    "window_length": 0.25,
    "n_fft": 0.4,
    "padding_shift": 0.25,
    "frames_shifted": 0.35,
    "frames_dropped": 0.4,
    "below_floor": 0.35,
    "above_ceiling": 0.45,
    "clipped": 0.4,
    "floor_kind": 0.25,
    "dc_or_hum": 0.35,
    "not_finite": 1.0,
    "over_smoothed": 0.5,
    "edge_clicks": 0.3,
    "leak": 0.3,
    "noise_added": 0.45,
    "quantised": 0.3,
    "dialect_other": 0.85,
}


@lru_cache(maxsize=1)
def _measured() -> Mapping[str, float]:
    """Severity per code from the fault laboratory's measured costs; empty where they have not been made."""
    path = files("melpact.diagnose").joinpath("faults", "cost.json")
    if not path.is_file():
        return MappingProxyType({})
    table = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, float] = {}
    for code, entry in (table.get("faults", table) if isinstance(table, dict) else {}).items():
        cost = entry.get("severity") if isinstance(entry, dict) else None
        if isinstance(cost, int | float):
            found[code] = float(cost)
    return MappingProxyType(found)


def severity(code: str) -> float:
    """0 (harmless) to 1 (nothing is left of the sound)."""
    if code in _PESQ:
        own = (_PESQ_RIGHT - _PESQ[code]) / (_PESQ_RIGHT - _PESQ_NOTHING)
    else:
        own = _JUDGED.get(code, 0.3)
    # a bound that single values break says little of what they cost: their share is weighed by the probe itself
    measured = 0.0 if code in ("below_floor", "above_ceiling", "leak") else _measured().get(code, 0.0)
    return min(1.0, max(own, measured))


def certainty(measured: float, null: float, threshold: float) -> float:
    """How far `measured` lies beyond `null`, counted in distances of `threshold` from it: 0.5 there, towards 1 beyond."""
    distance = abs(threshold - null)
    if distance == 0:
        return 1.0 if measured != null else 0.5
    times = max(0.0, (measured - null) / (threshold - null))
    return times / (1.0 + times)
