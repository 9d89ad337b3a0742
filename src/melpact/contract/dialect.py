"""Dialects: the mel conventions of published systems, by name.

The data live in `melpact.contract.dialects`, one module per distinct parameter set (a `Family`); every published record
of that set is one member. What a member changes (scaling, waveform scale, reference) is said there and nowhere else.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from melpact.contract.scaling import BandAffine, Scaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import DialectError, MissingFact, SpecWarning, UnknownDialect
from melpact.core.plugins import plugins
from melpact.core.records import Record


class Source(Record):
    """The public file that fixes a number: repository or package, commit or version, path."""

    repo: str
    commit: str = ""
    path: str = ""


class Ask(Record):
    """A fact that its authors did not publish, or that differs by checkpoint: it must be given."""

    field: str
    where: str
    """Where a user finds it."""
    known: str = ""
    """A published example, as a hint, never as a default."""


class Form(Record):
    """Another shape in which the same system passes its mel: fields that change, or statistics it asks for.

    `statistics` says how given per-band statistics become a scaling: "standardise" takes `mean` and `std`, "extrema" takes
    `low` and `high` and maps them to [-1, 1].
    """

    note: str
    changes: dict[str, Any] = Field(default_factory=dict)
    scaling: Scaling | None = None
    statistics: Literal["none", "standardise", "extrema"] = "none"
    where: str = ""


class Member(Record):
    """One published record of a family."""

    name: str
    reference_id: str
    system: str
    variant: str = ""
    role: str = ""
    waveform_scale: float = 1.0
    reference: float = 0.0
    scaling: Scaling | None = None
    asks: tuple[Ask, ...] = ()
    forms: dict[str, Form] = Field(default_factory=dict)
    waveform: str = ""
    axes: str = ""
    stored: str = ""
    file_format: str = ""
    batch_pad: str = ""
    quirks: tuple[str, ...] = ()
    compatibility: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    confidence: str = "verified"


class Family(Record):
    """One distinct parameter set and everything published that uses it; the first member gives the family its name."""

    spec: MelSpec
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Dialect:
    """A named description with its citation, quirks and relatives.

    Attributes of the description can be read off it: `dialect.sample_rate`, `dialect.frames(n)`, `dialect.fingerprint` …

    `alias_of` names the dialect whose description is the same to the last field; `variant_of` the one that shares the
    analysis but is scaled otherwise. The head of a family has neither.
    """

    name: str
    member: Member
    family: Family
    form: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def spec(self) -> MelSpec:
        """The description.

        Raises:
            MissingFact: it depends on a number that was not published and has not been given.
        """
        return _build(self)

    @property
    def reference_id(self) -> str:
        """Id of the published record that this dialect reproduces."""
        return self.member.reference_id

    @property
    def family_name(self) -> str:
        """Name of the first member of the distinct parameter set."""
        return self.family.members[0].name

    @property
    def alias_of(self) -> str | None:
        """Name of the earlier dialect with exactly this description."""
        return next((m.name for m in self._earlier() if self._scaled(m) == self._scaled(self.member)), None)

    @property
    def variant_of(self) -> str | None:
        """Name of the family's head when this one differs from it only after the log or before the window."""
        return None if self.alias_of or not self._earlier() else self.family_name

    @property
    def asks(self) -> tuple[Ask, ...]:
        """Facts that still have to be given."""
        answered = set(self.facts) | (set(self.member.forms[self.form].changes) if self.form else set())
        return tuple(a for a in self.member.asks if a.field not in answered)

    def _earlier(self) -> tuple[Member, ...]:
        return self.family.members[: self.family.members.index(self.member)]

    @staticmethod
    def _scaled(member: Member) -> tuple[Any, ...]:
        return member.scaling, member.waveform_scale, member.reference, member.asks

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not (hasattr(MelSpec, name) or name in MelSpec.model_fields):
            raise AttributeError(f"Dialect has no attribute {name!r}")
        return getattr(self.spec, name)


@lru_cache(maxsize=1)
def _families() -> Mapping[str, Family]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpecWarning)
        return MappingProxyType(plugins("melpact.contract.dialects"))


@lru_cache(maxsize=1)
def dialects() -> Mapping[str, Dialect]:
    """Every dialect by name, read-only, grouped by family."""
    found: dict[str, Dialect] = {}
    for family in _families().values():
        for member in family.members:
            found[member.name] = Dialect(member.name, member, family)
    return MappingProxyType(found)


def dialect(name: str | Dialect, **facts: Any) -> Dialect:
    """The dialect of that name.

    Args:
        name: a name of `dialects()`, a reference id, or `name:form` for another form of the same system's mel.
        facts: numbers that the dialect asks for (`f_min=40`, `mean=[…]`, `std=[…]`).

    Raises:
        UnknownDialect: there is none; the nearest names are suggested.
        MissingFact: a fact is given that the dialect does not ask for. (Reading `.spec` raises it for one not given.)
    """
    if isinstance(name, Dialect):
        name = f"{name.name}:{name.form}" if name.form else name.name
    base, _, form = name.partition(":")
    key = _key(base)
    known = dialects()
    if key not in known:
        by_id = {_key(d.reference_id): d.name for d in known.values()}
        if key not in by_id:
            raise UnknownDialect(f"there is no dialect {base!r}", next=_suggest(base, [*known, *by_id]))
        key = by_id[key]
    found = known[key]
    if form and form not in found.member.forms:
        have = ", ".join(found.member.forms) or "none"
        raise UnknownDialect(f"dialect {key!r} has no form {form!r}", wanted=f"one of its forms ({have})")
    wanted = {a.field for a in found.member.asks}
    if form and found.member.forms[form].statistics != "none":
        wanted |= {"mean", "std"} if found.member.forms[form].statistics == "standardise" else {"low", "high"}
    surplus = sorted(set(facts) - wanted)
    if surplus:
        raise DialectError(
            f"{name!r} does not ask for {', '.join(surplus)}",
            wanted=", ".join(sorted(wanted)) or "no further facts",
            next="To change a field of a description, use dialect(name).spec.replace(field=value).",
        )
    return Dialect(found.name, found.member, found.family, form, MappingProxyType(dict(facts)))


def dialect_for(reference_id: str, **facts: Any) -> Dialect:
    """The dialect that reproduces a published record, exactly as that record was checked.

    Where the record was checked with numbers that live in a checkpoint, those are used (`dialect(name)` asks for them).
    """
    for found in dialects().values():
        if found.reference_id == reference_id:
            return dialect(found.name, **({a.field: _number(a.known) for a in found.member.asks if a.known} | facts))
    raise UnknownDialect(
        f"no dialect reproduces the record {reference_id!r}",
        next=_suggest(reference_id, [d.reference_id for d in dialects().values()]),
    )


def as_spec(value: MelSpec | Dialect | str) -> MelSpec:
    """The description meant by a description, a dialect or a dialect's name."""
    if isinstance(value, MelSpec):
        return value
    return (value if isinstance(value, Dialect) else dialect(value)).spec


@lru_cache(maxsize=1)
def _by_fingerprint() -> Mapping[str, str]:
    named: dict[str, str] = {}
    for found in dialects().values():
        if not found.asks:
            named.setdefault(found.spec.fingerprint, found.name)
    return named


def name_of(spec: MelSpec) -> str | None:
    """The name of the (first) dialect with exactly this description, if there is one."""
    return _by_fingerprint().get(spec.fingerprint)


def _build(found: Dialect) -> MelSpec:
    member = found.member
    for ask in found.asks:
        hint = f" ({ask.known} in the published example)" if ask.known else ""
        raise MissingFact(
            f"{ask.field} of dialect {found.name!r} is not public: it stands in {ask.where}{hint}",
            next=f"Give it: dialect({found.name!r}, {ask.field}=…), or --set {ask.field}=… on the command line",
        )
    changes: dict[str, Any] = {"waveform_scale": member.waveform_scale, "reference": member.reference}
    if member.scaling is not None:
        changes["scaling"] = member.scaling
    changes |= {k: v for k, v in found.facts.items() if k in MelSpec.model_fields}
    if found.form:
        form = member.forms[found.form]
        changes |= form.changes
        if form.statistics != "none":
            changes["scaling"] = _from_statistics(found, form)
        elif form.scaling is not None:
            changes["scaling"] = form.scaling
    return found.family.spec.replace_quietly(**changes)


def _from_statistics(found: Dialect, form: Form) -> BandAffine:
    first, second = ("mean", "std") if form.statistics == "standardise" else ("low", "high")
    if first not in found.facts or second not in found.facts:
        raise MissingFact(
            f"the per-band {first} and {second} of {found.name}:{found.form} belong to a data set and are not public here",
            where=form.where or None,
            next=f"Give them: dialect('{found.name}:{found.form}', {first}=[…], {second}=[…])",
        )
    a, b = ([float(v) for v in found.facts[key]] for key in (first, second))
    if form.statistics == "standardise":
        return BandAffine.standardise(a, b)
    scale = [2.0 / (high - low) for low, high in zip(a, b, strict=True)]
    return BandAffine(scale=tuple(scale), shift=tuple(-1.0 - low * s for low, s in zip(a, scale, strict=True)))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower())


def _number(text: str) -> float:
    return float(text)


def _suggest(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.4)
    return (f"Nearest: {', '.join(near)}. " if near else "") + "See them all with: melpact dialects"
