"""Which utterances are for training, validation and test: groups that stay together, seconds that come out, no luck.

Groups are taken in the order of a hash of the seed and the group, so that files that are added later leave most others where
they were, and the same corpus is always split alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal, get_args

from melpact.core.errors import CorpusError
from melpact.corpus.manifest import Manifest, Utterance

Keep = Literal["speaker", "text", "file", "utterance"]
_SHORTEST = 0.5


def split(
    manifest: Manifest,
    *,
    valid: float = 0.05,
    test: float = 0.05,
    keep: Sequence[Keep] = ("speaker",),
    seed: int = 0,
    put: Mapping[str, str] | None = None,
    again: bool = True,
) -> Manifest:
    """The corpus with every utterance in train, valid or test.

    Language by language, groups go to test and then to valid as long as that brings the split's seconds nearer to its
    share; the rest is for training. A group that is most of its language is never held out, so a language of one speaker
    is all in train.

    Args:
        manifest: the corpus.
        valid, test: shares of the seconds, 0 or more, below 1 together.
        keep: what may not lie in two splits: a "speaker", a "text" (ignoring case and punctuation), a "file". Copies of
            one file, by their hash, always stay together.
        seed: of the order of the groups.
        put: splits that are given: speaker → split. A speaker named here moves with everything tied to him.
        again: False leaves utterances that have a split where they are, and only places the others.

    Raises:
        CorpusError: shares that leave nothing to train on, no speakers where they are to be kept apart, a speaker of `put`
            that does not occur, or two splits asked for one group.
    """
    if valid < 0 or test < 0 or valid + test >= 1:
        raise CorpusError(
            "these shares leave nothing to train on", where="valid, test", got=f"{valid} + {test}", wanted="less than 1"
        )
    for name in keep:
        if name not in get_args(Keep):
            raise CorpusError("this cannot be kept together", where="keep", got=name, wanted=", ".join(get_args(Keep)))
    if "speaker" in keep and not all(u.speaker for u in manifest):
        nameless = [u.id for u in manifest if not u.speaker]
        raise CorpusError(
            "speakers cannot be kept apart where they are not known",
            where=nameless[0],
            got=f"{len(nameless)} of {len(manifest)} utterances without a speaker",
            next="Import again with --speaker NAME, --speaker folder or --speaker '(PATTERN)'; or split with --keep file",
        )
    groups = _groups(manifest, keep)
    where = _given(groups, dict(put or {}), again)
    seconds = {group: sum(u.duration_s for u in members) for group, members in groups.items()}
    tongue = {group: _main_language(members) for group, members in groups.items()}
    for language in sorted(set(tongue.values())):
        here = [group for group in groups if tongue[group] == language]
        total = sum(seconds[group] for group in here)
        free = sorted((g for g in here if g not in where), key=lambda group: _order(seed, group))
        for part, share in (("test", test), ("valid", valid)):
            filled = sum(seconds[g] for g in here if where.get(g) == part)
            for group in free:
                nearer = abs(filled + seconds[group] - share * total) < abs(filled - share * total)
                if group not in where and nearer and seconds[group] < _SHORTEST * total:
                    where[group] = part
                    filled += seconds[group]
        where.update((group, "train") for group in free if group not in where)
    placed = [u.replace(split=where[group]) for group, members in groups.items() for u in members]
    return Manifest(placed, manifest.root)


def words_of(text: str) -> str:
    """A text without case, punctuation and spacing: what two readings of one sentence share."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def ties(utterance: Utterance, keep: Sequence[str]) -> list[tuple[str, str]]:
    """What an utterance must share a split with: named things, equal for utterances that stay together."""
    said = {"speaker": utterance.speaker, "text": words_of(utterance.text), "file": utterance.audio}
    found = [(name, said[name]) for name in keep if said.get(name)]
    if utterance.sha256:
        found.append(("hash", utterance.sha256))
    return found


def _groups(manifest: Manifest, keep: Sequence[Keep]) -> dict[str, list[Utterance]]:
    """Utterances that are tied together, directly or through others; named by what names their first tie."""
    leader: dict[tuple[str, str], tuple[str, str]] = {}

    def root(of: tuple[str, str]) -> tuple[str, str]:
        while leader.setdefault(of, of) != of:
            leader[of] = leader[leader[of]]
            of = leader[of]
        return of

    own = {u.id: [*ties(u, keep), ("utterance", u.id)] for u in manifest}
    for found in own.values():
        for tie in found[1:]:
            a, b = sorted((root(found[0]), root(tie)))
            leader[b] = a
    grouped: dict[tuple[str, str], list[Utterance]] = defaultdict(list)
    for u in manifest:
        grouped[root(own[u.id][0])].append(u)
    named = {min(own[u.id][0] for u in members): members for members in grouped.values()}
    return {f"{kind} {name}": members for (kind, name), members in sorted(named.items())}


def _given(groups: Mapping[str, Sequence[Utterance]], put: dict[str, str], again: bool) -> dict[str, str]:
    """The splits that are not to be decided: speakers that were put, and (unless again) what has one already."""
    known = {u.speaker for members in groups.values() for u in members}
    strange = sorted(set(put) - known)
    if strange:
        raise CorpusError(
            "no such speaker", where="put", got=strange[0], wanted=f"one of {', '.join(sorted(known - {''})[:20])}"
        )
    where: dict[str, str] = {}
    for group, members in groups.items():
        asked = {put[u.speaker] for u in members if u.speaker in put}
        if not asked and not again:
            asked = {u.split for u in members if u.split}
        if len(asked) > 1:
            raise CorpusError(
                "what has to stay together is in two splits",
                where=group,
                got=" and ".join(sorted(asked)),
                next="Split it again from nothing, or keep less together",
            )
        where.update((group, name) for name in asked)
    return where


def _main_language(members: Sequence[Utterance]) -> str:
    counted: Counter[str] = Counter()
    for u in members:
        counted[u.language] += u.n_samples
    return max(sorted(counted), key=lambda name: counted[name])


def _order(seed: int, group: str) -> str:
    return sha256(f"{seed} {group}".encode()).hexdigest()
