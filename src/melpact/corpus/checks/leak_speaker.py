"""One speaker in two splits, where speakers are to be kept apart."""

from __future__ import annotations

from collections import defaultdict

from melpact.corpus.checks._check import Case, Check, Flaw


def _find(case: Case) -> Flaw | None:
    if "speaker" not in case.keep:
        return None
    splits: dict[str, set[str]] = defaultdict(set)
    for utterance in case.manifest:
        if utterance.speaker and utterance.split:
            splits[utterance.speaker].add(utterance.split)
    shared = sorted(speaker for speaker, found in splits.items() if len(found) > 1)
    if not shared:
        return None
    first = ", ".join(sorted(splits[shared[0]]))
    sentence = f"{len(shared)} of {len(splits)} speakers lie in several splits: {shared[0]} in {first}"
    remedy = (
        f"melpact corpus split {case.path} --keep speaker; or, where the speakers are meant to be known, "
        f"melpact corpus lint {case.path} --keep file"
    )
    ids = tuple(u.id for u in case.manifest if u.speaker in shared and u.split)
    return Flaw("leak_speaker", ids, len(shared), 0, "speakers", sentence, remedy)


PLUGIN = Check("one speaker in two splits", _find)
