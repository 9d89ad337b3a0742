"""Another rule of padding: every frame sits half a hop to several hops elsewhere, and frames come or go."""

from collections.abc import Iterator
from typing import Any

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.units import remedy_to


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec
    mode = "reflect" if spec.pad_mode == "none" else spec.pad_mode

    def changes() -> Iterator[tuple[str, dict[str, Any]]]:
        for padding in ("centre", "same", "end", "nearest"):
            if padding != spec.padding:
                yield _label(spec.padding, padding), {"padding": padding, "pad_mode": mode, "pad_left": 0, "pad_right": 0}
        if spec.padding != "none":
            yield _label(spec.padding, "none"), {
                "padding": "none", "pad_mode": "none", "pad_left": 0, "pad_right": 0, "pad_value": 0.0,
            }  # fmt: skip
        for left in {spec.frame_length - spec.hop_length, spec.frame_length // 2 - spec.hop_length // 2, spec.n_fft // 4}:
            if left not in (spec.left_pad, 0):
                yield _label(spec.padding, f"{left} samples in front"), {
                    "padding": "explicit", "pad_mode": mode, "pad_left": left, "pad_right": 0,
                }  # fmt: skip

    for alternative in specs("padding_shift", spec, changes(), field="padding", remedy=remedy_to(spec)):
        yield Alternative(**{**vars(alternative), "shift": False})


def _label(believed: str, actual: str) -> str:
    return f"the ends were padded by another rule ({actual} where {believed} is believed), so the frames sit elsewhere"


PLUGIN = explained("padding_shift", _alternatives, needs="audio")
