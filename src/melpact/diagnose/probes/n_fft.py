"""Another FFT size under the same hop, with or without its window."""

from collections.abc import Iterator
from typing import Any

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.units import remedy_to


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec

    def changes() -> Iterator[tuple[str, dict[str, Any]]]:
        for factor in (0.25, 0.5, 2, 4):
            n_fft, win = 2 * round(spec.n_fft * factor / 2), max(1, round(spec.win_length * factor))
            label = f"the FFT has {n_fft} points where {spec.n_fft} are believed"
            yield label, {"n_fft": n_fft}
            yield f"{label}, with its window", {"n_fft": n_fft, "win_length": win}
        for n_fft in (400, 512, 800, 1024, 1200, 1280, 2048):
            if n_fft not in (spec.n_fft // 2, spec.n_fft, 2 * spec.n_fft) and n_fft / 2.5 < spec.n_fft < n_fft * 2.5:
                yield (
                    f"the FFT has {n_fft} points where {spec.n_fft} are believed, with its window",
                    {"n_fft": n_fft, "win_length": n_fft},
                )

    yield from specs("n_fft", spec, changes(), field="n_fft", remedy=remedy_to(spec))


PLUGIN = explained("n_fft", _alternatives, needs="audio")
