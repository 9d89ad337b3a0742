"""Another floor under the log, or one that was added where it had to be a minimum."""

from collections.abc import Iterator
from typing import Any

from melpact.diagnose.blind_floor import other_floor
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.units import remedy_to


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec
    if spec.floor_kind == "none":
        return
    other = "add" if spec.floor_kind == "clamp" else "clamp"
    changes: list[tuple[str, dict[str, Any]]] = [
        (
            f"the floor {spec.floor:g} was {'added' if other == 'add' else 'a minimum'} where it is believed "
            f"{'a minimum' if other == 'add' else 'added'}",
            {"floor_kind": other},
        )
    ]
    for decades in (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4):
        floor = float(f"{spec.floor * 10.0**decades:.3g}")
        for kind in (spec.floor_kind, other):
            if 1e-14 < floor < 0.1:
                changes.append(
                    (
                        f"the floor is {floor:g} ({kind}) where {spec.floor:g} ({spec.floor_kind}) is believed",
                        {"floor": floor, "floor_kind": kind},
                    )
                )
    for alternative in specs("floor_kind", spec, iter(changes), field="floor", remedy=remedy_to(spec)):
        yield Alternative(**{**vars(alternative), "shift": False})


PLUGIN = explained("floor_kind", _alternatives, blind=other_floor("floor_kind"))
