"""`dialects`: which mel conventions are known, in a table or one in full.

The data are in `contract.dialects`; what it costs to go from one to another is in `melpact.bridges.table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from melpact.bridges.measuring import published
from melpact.bridges.table import Expected, expected, kinds_from, unmeasured
from melpact.contract.dialect import Dialect, dialect
from melpact.contract.dialect import dialects as known_dialects
from melpact.contract.spec import MelSpec
from melpact.core.errors import MissingFact, SpecError


@dataclass(frozen=True)
class DialectRow:
    """One dialect in a line. `asks` names the facts that have to be given.

    Their fields show the published example.
    """

    name: str
    system: str
    variant: str
    sample_rate: int
    n_mels: int
    n_fft: int
    hop_length: int
    win_length: int
    log: str
    f_min: float
    f_max: float
    alias_of: str | None
    variant_of: str | None
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Reachable:
    """The bridge from one dialect to another as the table knows it. `kind` is "exact", "fitted" or "refused"; `expected` is
    None where no figures were measured."""

    to: str
    kind: str
    expected: Expected | None

    def to_json(self) -> dict[str, Any]:
        """Plain values; the errors of single bands are left out."""
        found = None if self.expected is None else self.expected.to_json()
        figures = None if found is None else {name: value for name, value in found.items() if name != "bands_nat"}
        return {"to": self.to, "kind": self.kind, "expected": figures}


@dataclass(frozen=True)
class DialectSheet:
    """One dialect in full. `spec` is None where it asks for facts that were not given. `bridges` lead from it to every
    other published analysis; where there are none, `unmeasured` says why."""

    row: DialectRow
    found: Dialect
    spec: MelSpec | None
    relatives: tuple[str, ...]
    bridges: tuple[Reachable, ...] = ()
    unmeasured: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        member = self.found.member
        return {
            **vars(self.row),
            "asks": [ask.model_dump() for ask in self.found.asks],
            "reference_id": member.reference_id,
            "role": member.role,
            "fingerprint": None if self.spec is None else self.spec.fingerprint,
            "spec": None if self.spec is None else self.spec.facts(),
            "explain": None if self.spec is None else self.spec.explain(),
            "weaknesses": [] if self.spec is None else list(self.spec.weaknesses),
            "waveform": member.waveform,
            "axes": member.axes,
            "stored": member.stored,
            "file_format": member.file_format,
            "batch_pad": member.batch_pad,
            "confidence": member.confidence,
            "quirks": list(member.quirks),
            "compatibility": list(member.compatibility),
            "forms": {name: form.note for name, form in member.forms.items()},
            "sources": [source.model_dump() for source in member.sources],
            "relatives": list(self.relatives),
            "bridges": [way.to_json() for way in self.bridges] if self.bridges else {"reason": self.unmeasured},
        }


def dialects(query: str | None = None) -> list[DialectRow]:
    """The dialects that fit a query, grouped by family.

    Args:
        query: words that must all occur in name, system, variant, role or reference id (case does not
            matter); a word
            `field=value` compares a field of the description instead: "24000" no, "sample_rate=24000" yes.

    Raises:
        SpecError: a field that a description does not have.
    """
    words = (query or "").lower().split()
    for word in words:
        field, equals, _ = word.partition("=")
        if equals and field not in MelSpec.model_fields:
            raise SpecError(
                f"a description has no field {field!r}",
                where="query",
                wanted="words, or field=value",
                got=repr(word),
            )
    return [_row(found) for found in known_dialects().values() if all(_fits(found, word) for word in words)]


def is_name(text: str) -> bool:
    """Whether a query is the exact name of a dialect (or of one of its forms) rather than a search."""
    name, _, form = text.partition(":")
    found = known_dialects().get(name)
    return found is not None and (not form or form in found.member.forms)


def sheet(name: str) -> DialectSheet:
    """One dialect in full: description, citation, quirks, compatibility, forms and what it asks for.

    Raises:
        UnknownDialect: there is none; the nearest are suggested.
    """
    found = dialect(name)
    try:
        spec = found.spec
    except MissingFact:
        spec = None
    relatives = tuple(member.name for member in found.family.members if member.name != found.name)
    if spec is None:
        why = "the dialect asks for facts that were not given"
        return DialectSheet(_row(found), found, spec, relatives, (), why)
    ways = _reachable(spec)
    return DialectSheet(_row(found), found, spec, relatives, ways, "" if ways else unmeasured(spec))


def _reachable(spec: MelSpec) -> tuple[Reachable, ...]:
    kinds = kinds_from(spec)
    targets = published() if kinds else {}
    return tuple(
        Reachable(name, kind, expected(spec, targets[name], exact=kind == "exact"))
        for name, kind in kinds.items()
        if name in targets
    )


def fitting_rate(sample_rate: int) -> list[str]:
    """Names of the dialects that take this sample rate as it is, without those that only repeat another."""
    return [d.name for d in known_dialects().values() if d.family.spec.sample_rate == sample_rate and not d.alias_of]


def with_bands(n_mels: int) -> list[str]:
    """Names of the dialects with this many bands, without those that only repeat another."""
    return [d.name for d in known_dialects().values() if d.family.spec.n_mels == n_mels and not d.alias_of]


def _fits(found: Dialect, word: str) -> bool:
    field, equals, value = word.partition("=")
    if equals:
        return _same(getattr(_base(found), field), value)
    member = found.member
    text = " ".join((found.name, member.system, member.variant, member.role, member.reference_id)).lower()
    return word in text


def _same(have: Any, wanted: str) -> bool:
    if isinstance(have, bool):
        return str(have).lower() == wanted
    if isinstance(have, int | float):
        try:
            return float(have) == float(wanted)
        except ValueError:
            return False
    return str(getattr(have, "kind", have)).lower() == wanted


def _base(found: Dialect) -> MelSpec:
    try:
        return found.spec
    except MissingFact:
        return found.family.spec


def _row(found: Dialect) -> DialectRow:
    spec = _base(found)
    return DialectRow(
        name=found.name,
        system=found.member.system,
        variant=found.member.variant,
        sample_rate=spec.sample_rate,
        n_mels=spec.n_mels,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        win_length=spec.win_length,
        log=spec.log,
        f_min=spec.f_min,
        f_max=spec.f_max,
        alias_of=found.alias_of,
        variant_of=found.variant_of,
        asks=tuple(ask.field for ask in found.asks),
    )
