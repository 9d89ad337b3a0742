"""One recording in two splits."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, fix
from melpact.corpus.checks.duplicates import copies

_ORDER = ("test", "valid", "train")


def _find(case: Case) -> Flaw | None:
    split = {u.id: u.split for u in case.manifest}
    pairs = [(a, b) for a, b in copies(case) if split[a] and split[b] and split[a] != split[b]]
    if not pairs:
        return None

    def rank(id: str) -> tuple[int, str]:
        return (_ORDER.index(split[id]) if split[id] in _ORDER else len(_ORDER), id)

    gone = sorted({max(pair, key=rank) for pair in pairs})
    a, b = pairs[0]
    sentence = f"{len(pairs)} recordings lie in two splits: {a} ({split[a]}) is {b} ({split[b]})"
    return Flaw(
        "leak_copy", tuple(gone), len(pairs), 0, "recordings", sentence,
        f"Keep the one in test or valid: {fix(case, 'leak_copy')}", dict.fromkeys(gone),
    )  # fmt: skip


PLUGIN = Check("one recording in two splits", _find)
