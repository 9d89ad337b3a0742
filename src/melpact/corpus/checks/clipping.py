"""Sound whose peaks were cut off."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, each, fix

_LIMIT = 1e-4


def _find(case: Case) -> Flaw | None:
    return each(
        case, "clipping", lambda _, found: 0.0 if found.silent else found.clipped, _LIMIT, "",
        "{n} of {total} are clipped: in the worst, a share of {worst} of the samples lies in flat runs at the peak",
        f"Take the recordings before the gain that clipped them, or leave them out: {fix(case, 'clipping')}",
    )  # fmt: skip


PLUGIN = Check("peaks that were cut off", _find)
