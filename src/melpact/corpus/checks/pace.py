"""Texts that are far too long or too short for their sound: the wrong line, or a recording that was cut."""

from __future__ import annotations

import numpy as np

from melpact.corpus.checks._check import Case, Check, Flaw, fix
from melpact.corpus.inspection import Inspected
from melpact.corpus.manifest import Utterance
from melpact.corpus.splitting import words_of

_FEWEST, _FEWEST_LETTERS, _LIMIT = 20, 12, 3.0


def _find(case: Case) -> Flaw | None:
    pace: dict[str, dict[str, float]] = {}
    for utterance, found in case.readable():
        letters = len(words_of(utterance.text))
        if letters >= _FEWEST_LETTERS and not found.silent:
            pace.setdefault(utterance.language, {})[utterance.id] = letters / _spoken(utterance, found)
    off: dict[str, float] = {}
    for said in pace.values():
        if len(said) >= _FEWEST:
            middle = float(np.median(list(said.values())))
            ratio = {id: max(value / middle, middle / value) for id, value in said.items()}
            off.update((id, value) for id, value in ratio.items() if value > _LIMIT)
    if not off:
        return None
    bad = sorted(off, key=lambda id: -off[id])
    sentence = (
        f"{len(bad)} of {len(case.manifest)} have a text {_LIMIT:g} times too long or too short for their sound "
        f"(letters per second beside the language's median), {bad[0]} {off[bad[0]]:.1f} times"
    )
    remedy = f"Look at the text and the sound of each, or leave them out: {fix(case, 'pace')}"
    return Flaw("pace", tuple(bad), off[bad[0]], _LIMIT, "times", sentence, remedy, dict.fromkeys(bad))


def _spoken(utterance: Utterance, found: Inspected) -> float:
    return max(0.1, utterance.duration_s - found.lead_s - found.tail_s)


PLUGIN = Check("texts that do not fit their sound", _find)
