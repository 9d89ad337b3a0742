"""One sentence in two splits: what was heard in training is read in the test."""

from __future__ import annotations

from collections import defaultdict

from melpact.corpus.checks._check import Case, Check, Flaw
from melpact.corpus.splitting import words_of


def _find(case: Case) -> Flaw | None:
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for utterance in case.manifest:
        if utterance.split and (text := words_of(utterance.text)):
            said[text].append((utterance.split, utterance.id))
    shared = {text: found for text, found in said.items() if len({split for split, _ in found}) > 1}
    if not shared:
        return None
    text, found = max(shared.items(), key=lambda item: len(item[1]))
    sentence = f"{len(shared)} sentences lie in several splits, one of them {len(found)} times: “{text[:60]}”"
    keep = " ".join(f"--keep {name}" for name in dict.fromkeys((*case.keep, "text")))
    ids = tuple(id for found in shared.values() for _, id in found)
    return Flaw("leak_text", ids, len(shared), 0, "sentences", sentence, f"melpact corpus split {case.path} {keep}")


PLUGIN = Check("one sentence in two splits", _find)
