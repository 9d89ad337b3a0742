"""Probes: what looks for one kind of fault each, one module per kind, ending in `PLUGIN`.

Here live the base and the registry. A probe gets the shared evidence and answers with a `Finding` or None. Some also give
alternatives: what the values would be if the fault were there, compared with each other in `melpact.diagnose.hypotheses`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from melpact.core.plugins import plugins
from melpact.diagnose.finding import Finding

if TYPE_CHECKING:
    from melpact.diagnose.evidence import Evidence
    from melpact.diagnose.hypotheses import Alternative

Needs = Literal["values", "target", "audio"]


@dataclass(frozen=True)
class Probe:
    """One kind of fault and how to see it.

    Args:
        codes: the words of its findings.
        needs: what must be there: the values alone, a target (or the sound, which gives one), or the sound itself (which
        can be
            made from a target).
        look: evidence → a finding, or None where all is well. None for a probe that only gives alternatives.
        alternatives: evidence → explanations to compare with others.
        late: whether its alternatives are only tried where no other one explains the mel.
    """

    codes: tuple[str, ...]
    needs: Needs
    look: Callable[[Evidence], Finding | None] | None = None
    alternatives: Callable[[Evidence], Iterator[Alternative]] | None = None
    late: bool = False

    def probe(self, evidence: Evidence) -> Finding | None:
        """The finding, or None: nothing wrong, or what it needs is not there."""
        if self.look is None or (self.needs != "values" and evidence.reference is None):
            return None
        return self.look(evidence)


def probes() -> Mapping[str, Probe]:
    """Every probe by the name of its module, read-only, sorted."""
    return MappingProxyType(plugins("melpact.diagnose.probes"))
