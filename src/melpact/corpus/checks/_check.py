"""What a check is given and what it gives: a `Case` in, at most one `Flaw` out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from melpact.corpus.fingerprints import Twins
from melpact.corpus.inspection import Inspected
from melpact.corpus.manifest import Manifest, Utterance


@dataclass(frozen=True)
class Case:
    """A corpus and what its sounds were found to be like.

    `keep` names what may not lie in two splits; `twins` are the recordings that occur twice, by sound; `path` is the
    manifest's, as a command names it.
    """

    manifest: Manifest
    inspected: Mapping[str, Inspected]
    twins: tuple[Twins, ...] = ()
    keep: tuple[str, ...] = ("speaker",)
    path: str = "corpus.jsonl"

    def readable(self) -> Iterable[tuple[Utterance, Inspected]]:
        """Every utterance whose file could be read, with its numbers."""
        for utterance in self.manifest:
            found = self.inspected[utterance.id]
            if not found.problem:
                yield utterance, found


@dataclass(frozen=True)
class Flaw:
    """One kind of thing that is wrong, and with which utterances.

    Attributes:
        code: the module's name.
        ids: of the utterances, the worst first.
        measured, limit, unit: the worst of them, what is still right, and the unit of both.
        sentence: what is wrong, with the number.
        remedy: what to do; a command where there is one.
        repair: id → the utterance mended, or None to leave it out; empty where the manifest cannot mend it.
    """

    code: str
    ids: tuple[str, ...]
    measured: float
    limit: float
    unit: str
    sentence: str
    remedy: str
    repair: Mapping[str, Utterance | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One kind of flaw: what it is, in a line, and the function that looks for it."""

    note: str
    find: Callable[[Case], Flaw | None]


def fix(case: Case, code: str) -> str:
    """The command that mends a flaw in the manifest."""
    return f"melpact corpus lint {case.path} --fix {code} -o mended.jsonl"


def each(
    case: Case,
    code: str,
    measure: Callable[[Utterance, Inspected], float],
    limit: float,
    unit: str,
    sentence: str,
    remedy: str,
    mended: Callable[[Utterance, Inspected], Utterance | None] = lambda utterance, found: None,
    *,
    below: bool = False,
) -> Flaw | None:
    """A flaw of single utterances: those whose number lies above the limit (or below it), None where there are none.

    `sentence` may hold {n}, {total}, {worst} and {limit}.
    """
    sign = -1 if below else 1
    found = {u.id: (sign * measure(u, inspected), u, inspected) for u, inspected in case.readable()}
    bad = sorted((id for id, (value, _, _) in found.items() if value > sign * limit), key=lambda id: -found[id][0])
    if not bad:
        return None
    worst = sign * found[bad[0]][0]
    numbers = {"worst": f"{worst:.4g} {unit}".strip(), "limit": f"{limit:g} {unit}".strip()}
    said = sentence.format(n=len(bad), total=len(case.manifest), **numbers)
    repair = {id: mended(*found[id][1:]) for id in bad}
    return Flaw(code, tuple(bad), worst, limit, unit, said, remedy, repair)
