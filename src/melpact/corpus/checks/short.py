"""Utterances that are shorter than anything can be learnt from."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, each, fix

_LIMIT_S = 0.2


def _find(case: Case) -> Flaw | None:
    return each(
        case, "short", lambda utterance, _: utterance.duration_s, _LIMIT_S, "s",
        "{n} of {total} are shorter than {limit}, the shortest {worst}; crops of them are mostly padding",
        f"Leave them out: {fix(case, 'short')}", below=True,
    )  # fmt: skip


PLUGIN = Check("very short utterances", _find)
