"""Long silence before or behind the sound."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, each, fix
from melpact.corpus.inspection import Inspected
from melpact.corpus.manifest import Utterance

_LIMIT_S, _LEFT_S = 0.5, 0.1


def _trimmed(utterance: Utterance, found: Inspected) -> Utterance:
    rate = utterance.sample_rate
    before = round(max(0.0, found.lead_s - _LEFT_S) * rate)
    behind = round(max(0.0, found.tail_s - _LEFT_S) * rate)
    return utterance.replace(
        offset_samples=utterance.offset_samples + before, n_samples=max(1, utterance.n_samples - before - behind)
    )


def _find(case: Case) -> Flaw | None:
    return each(
        case, "silence", lambda _, found: 0.0 if found.silent else max(found.lead_s, found.tail_s), _LIMIT_S, "s",
        "{n} of {total} begin or end with more than {limit} of silence (40 dB under the loud parts), up to {worst}",
        f"Trim them to {_LEFT_S} s, in the manifest alone: {fix(case, 'silence')}", _trimmed,
    )  # fmt: skip


PLUGIN = Check("long silence at the beginning or the end", _find)
