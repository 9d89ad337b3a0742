"""Utterances without anything to hear."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, each, fix

_LIMIT_DB = -66.0


def _find(case: Case) -> Flaw | None:
    return each(
        case, "silent", lambda _, found: max(found.rms_db, -200.0), _LIMIT_DB, "dBFS",
        "{n} of {total} are silent: the quietest has {worst} rms, the limit is {limit}",
        f"Leave them out: {fix(case, 'silent')}", below=True,
    )  # fmt: skip


PLUGIN = Check("utterances without sound", _find)
