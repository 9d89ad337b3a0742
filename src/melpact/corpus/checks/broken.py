"""Files that are missing, cut short, empty, not sound, or that hold NaN."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, fix


def _find(case: Case) -> Flaw | None:
    bad = {u.id: case.inspected[u.id].problem for u in case.manifest if case.inspected[u.id].problem}
    if not bad:
        return None
    first = next(iter(bad.values()))
    sentence = f"{len(bad)} of {len(case.manifest)} cannot be read; the first: {first}"
    remedy = f"Leave them out: {fix(case, 'broken')}"
    return Flaw("broken", tuple(bad), len(bad), 0, "files", sentence, remedy, dict.fromkeys(bad))


PLUGIN = Check("files that cannot be read", _find)
