"""Another window: shorter or longer, or of another shape."""

from collections.abc import Iterator
from typing import Any

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.scan import nearest
from melpact.diagnose.units import remedy_to


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec

    def made(length: float) -> dict[str, Any]:
        return {"win_length": min(2 * round(length / 2), spec.n_fft)}

    tried = {spec.win_length * k / 20 for k in range(8, 32) if spec.win_length * k / 20 <= spec.n_fft and k != 20} | {
        float(spec.n_fft)
    }
    tried = {t for t in tried if abs(t - spec.win_length) > 2}
    found = nearest(evidence, tried, made, refine=2, keep=2)

    def changes() -> Iterator[tuple[str, dict[str, Any]]]:
        for length in found:
            n = made(length)["win_length"]
            yield f"the window has {n} samples where {spec.win_length} are believed", {"win_length": n}
        for shape in ("hann", "hamming", "povey", "blackman", "ones"):
            if shape != spec.window:
                yield f"the window is {shape} where {spec.window} is believed", {"window": shape}

    yield from specs("window_length", spec, changes(), field="win_length", remedy=remedy_to(spec))


PLUGIN = explained("window_length", _alternatives, needs="audio")
