"""One recording more than once: the same bytes, or the same sound in another coding, level or rate."""

from __future__ import annotations

from collections import defaultdict

from melpact.corpus.checks._check import Case, Check, Flaw, fix
from melpact.corpus.manifest import Utterance


def copies(case: Case) -> list[tuple[str, str]]:
    """Pairs of utterances of one recording, by their bytes or by their sound; each pair once, in the order of the ids."""
    found = {(min(pair.a, pair.b), max(pair.a, pair.b)) for pair in case.twins}
    by_bytes: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in case.manifest:
        if hashed := case.inspected[utterance.id].sha256 or utterance.sha256:
            by_bytes[hashed].append(utterance)
    for same in by_bytes.values():
        for i, a in enumerate(same):
            for b in same[i + 1 :]:
                apart = max(a.offset_samples, b.offset_samples)
                if apart < min(a.offset_samples + a.n_samples, b.offset_samples + b.n_samples):
                    found.add((min(a.id, b.id), max(a.id, b.id)))
    return sorted(found)


def worse(case: Case, a: str, b: str) -> str:
    """The one of two copies to leave out: the narrower band, then the shorter, then the later id."""

    def worth(id: str) -> tuple[float, int]:
        found = case.inspected[id]
        return found.top_hz, found.n_samples

    return b if worth(a) >= worth(b) else a


def _find(case: Case) -> Flaw | None:
    pairs = copies(case)
    if not pairs:
        return None
    out: dict[str, str] = {}
    for a, b in pairs:
        if a not in out and b not in out:
            gone = worse(case, a, b)
            out[gone] = a if gone == b else b
    first = next(iter(out))
    sentence = f"{len(out)} of {len(case.manifest)} are copies of others: {first} is {out[first]}"
    return Flaw(
        "duplicates", tuple(out), len(out), 0, "copies", sentence, f"Keep the better one of each: {fix(case, 'duplicates')}",
        dict.fromkeys(out),
    )  # fmt: skip


PLUGIN = Check("one recording more than once, by bytes or by sound", _find)
