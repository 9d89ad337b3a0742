"""The bands laid out on the other mel scale (Slaney, HTK), or with triangles straight over the other axis."""

from collections.abc import Iterator
from typing import Any

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.units import remedy_to


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec

    def changes() -> Iterator[tuple[str, dict[str, Any]]]:
        other = "htk" if spec.mel_scale == "slaney" else "slaney"
        norm = "none" if spec.mel_norm == "slaney" else "slaney"
        triangles = "mel" if spec.mel_triangles == "hz" else "hz"
        label = f"the bands lie on the {other} scale where {spec.mel_scale} is believed"
        yield label, {"mel_scale": other}
        yield f"{label}, with norm {norm}", {"mel_scale": other, "mel_norm": norm}
        yield f"{label}, with triangles over {triangles}", {"mel_scale": other, "mel_triangles": triangles}
        yield (
            f"the triangles are straight over {triangles} where {spec.mel_triangles} is believed",
            {"mel_triangles": triangles},
        )

    yield from specs("mel_scale", spec, changes(), field="mel_scale", remedy=remedy_to(spec))


PLUGIN = explained("mel_scale", _alternatives, needs="audio")
