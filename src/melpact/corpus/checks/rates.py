"""Several sample rates in one corpus: packed at the highest, the others have an empty upper band."""

from __future__ import annotations

from collections import defaultdict

from melpact.corpus.checks._check import Case, Check, Flaw, fix


def _find(case: Case) -> Flaw | None:
    seconds: dict[int, float] = defaultdict(float)
    for utterance in case.manifest:
        seconds[utterance.sample_rate] += utterance.duration_s
    if len(seconds) < 2:
        return None
    lowest, main = min(seconds), max(seconds, key=lambda rate: (seconds[rate], rate))
    lower = sorted(u.id for u in case.manifest if u.sample_rate < main)
    said = ", ".join(f"{rate} Hz ({seconds[rate]:.0f} s)" for rate in sorted(seconds))
    remedy = f"Pack at the lowest (melpact corpus pack {case.path} --rate {lowest} -o packed)"
    if lower:
        remedy += f", or leave out what lies below {main} Hz: {fix(case, 'rates')}"
    ids = tuple(lower) or tuple(u.id for u in case.manifest if u.sample_rate != main)
    return Flaw("rates", ids, len(seconds), 1, "rates", f"{len(seconds)} sample rates: {said}", remedy, dict.fromkeys(lower))


PLUGIN = Check("several sample rates", _find)
