"""Files whose spectrum ends well below half of their rate: they were made from a lower rate, or by a codec."""

from __future__ import annotations

from collections import Counter

from melpact.corpus.checks._check import Case, Check, Flaw, fix

_LIMIT = 0.9


def _find(case: Case) -> Flaw | None:
    share = {u.id: (2 * found.top_hz / found.sample_rate, found) for u, found in case.readable() if not found.silent}
    bad = sorted((id for id, (value, _) in share.items() if value < _LIMIT), key=lambda id: share[id][0])
    if not bad:
        return None
    worst = share[bad[0]][1]
    tops = Counter(round(share[id][1].top_hz, -2) for id in bad)
    common = tops.most_common(1)[0][0]
    sentence = (
        f"{len(bad)} of {len(case.manifest)} hold nothing near the top of their band: {bad[0]} falls by "
        f"{worst.drop_db:.0f} dB at {worst.top_hz:.0f} Hz, and its rate could hold {worst.sample_rate / 2:.0f} Hz"
    )
    remedy = (
        f"Pack at a rate they fill (melpact corpus pack {case.path} --rate {round(2.2 * common, -3):.0f} -o packed), "
        f"or leave them out: {fix(case, 'bandwidth')}"
    )
    limit = _LIMIT * worst.sample_rate / 2
    return Flaw("bandwidth", tuple(bad), worst.top_hz, limit, "Hz", sentence, remedy, dict.fromkeys(bad))


PLUGIN = Check("bandwidth below the rate", _find)
