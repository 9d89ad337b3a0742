"""A constant under the sound, which a mel's lowest bands take for energy."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, each, fix

_LIMIT = 0.01


def _find(case: Case) -> Flaw | None:
    return each(
        case, "dc", lambda _, found: abs(found.dc), _LIMIT, "",
        "{n} of {total} have a constant offset of up to {worst} of full scale",
        f"Filter them above 20 Hz (sox IN OUT highpass 20) and import again, or leave them out: {fix(case, 'dc')}",
    )  # fmt: skip


PLUGIN = Check("a constant offset", _find)
