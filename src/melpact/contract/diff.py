"""`diff`: what has to change to turn a mel of one description into one of another, field by field, in words and figures.

The rules of the single fields are in `differences`, the algebra itself in `convert`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from melpact.contract.dialect import Dialect, as_spec, name_of
from melpact.contract.differences import KINDS, RULES, SAME, Kind, Pair
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecMismatch

if TYPE_CHECKING:
    from melpact.contract.mel import Mel

_VALUES = frozenset({"log", "reference", "scaling", "floor", "mel_norm"})
_VALUES_WHERE_EXACT = frozenset({"drop_last", "waveform_scale", "epsilon"})


@dataclass(frozen=True)
class FieldDiff:
    """One field of both descriptions.

    Attributes:
        name: the field of `MelSpec` (with the fields that only make sense beside it: the floor with its kind, and so on).
        a, b: what it says in either, as a plain number or text.
        unit: the unit of both ("" where there is none).
        kind: "same"; "exact": algebra on the values gets there; "lossy": only an approximation can be made from this mel;
            "impossible": the target asks for something that this mel does not hold at all.
        why: one plain sentence with figures ("" for fields that are equal).
    """

    name: str
    a: Any
    b: Any
    unit: str
    kind: Kind
    why: str

    @property
    def change(self) -> str:
        """`f_max 8000 → 12000 Hz`."""
        return f"{self.name} {self.a} → {self.b}{' ' + self.unit if self.unit else ''}"


@dataclass(frozen=True)
class SpecDiff:
    """The whole comparison from `a` to `b`; it has a direction."""

    a: MelSpec
    b: MelSpec
    fields: tuple[FieldDiff, ...]

    @property
    def changed(self) -> tuple[FieldDiff, ...]:
        """The fields that mean something else."""
        return tuple(f for f in self.fields if f.kind != "same")

    @property
    def worst(self) -> Kind:
        """The worst kind of all fields."""
        return max((f.kind for f in self.fields), key=KINDS.index, default="same")

    @property
    def same(self) -> bool:
        """Whether both descriptions give the same numbers, however they are spelled."""
        return not self.changed

    @property
    def algebraic(self) -> bool:
        """Whether all differing fields only touch the values, so that `convert` gets there (exactly unless `worst` is "lossy")."""
        return all(
            f.name in _VALUES or (f.name in _VALUES_WHERE_EXACT and f.kind == "exact") for f in self.changed
        )

    def __getitem__(self, name: str) -> FieldDiff:
        """The entry of one field.

        Raises:
            KeyError: there is no field group of that name.
        """
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(name)

    def summary(self) -> str:
        """One line that names the differing fields, the worst first."""
        if self.same:
            return "The two describe the same mel"
        changed = sorted(self.changed, key=lambda f: -KINDS.index(f.kind))
        count = f"{len(changed)} field{'s differ' if len(changed) > 1 else ' differs'}"
        return f"{count}: " + ", ".join(f"{f.change} ({f.kind})" for f in changed)

    def table(self, *, every: bool = False) -> list[tuple[str, str, str, str, str, str]]:
        """Rows (name, a, b, unit, kind, why) of the differing fields, or of all of them; as text, for any renderer."""
        chosen = self.fields if every else self.changed
        return [(f.name, str(f.a), str(f.b), f.unit, f.kind, f.why) for f in chosen]

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values; only differing fields, or fields spelled differently, are listed."""
        listed = [f for f in self.fields if f.kind != "same" or f.why]
        return {
            "a": {"dialect": name_of(self.a), "fingerprint": self.a.fingerprint},
            "b": {"dialect": name_of(self.b), "fingerprint": self.b.fingerprint},
            "worst": self.worst,
            "same": self.same,
            "algebraic": self.algebraic,
            "fields": [
                {"name": f.name, "a": f.a, "b": f.b, "unit": f.unit, "kind": f.kind, "why": f.why}
                for f in listed
            ],
        }

    def convert(self, mel: Mel, target: MelSpec | None = None) -> Mel:
        """`mel`, one of description `a`, as one of description `b`.

        Exact (to float32) unless `worst` is "lossy"; then what this mel lost stays at its old floor or clip.

        Raises:
            SpecMismatch: the mel is not of `a`, the target is not `b`, or algebra does not get there (`algebraic` is False).
            MissingUtterance: see `melpact.contract.convert.convert`.
        """
        from melpact.contract.convert import convert

        if mel.spec != self.a or (target is not None and target != self.b):
            raise SpecMismatch(
                "this comparison is about other descriptions",
                got=f"{_name(mel.spec)} to {_name(target or self.b)}",
                wanted=f"{_name(self.a)} to {_name(self.b)}",
                next="Compare the description of the mel itself: diff(mel.spec, target).convert(mel)",
            )
        if not self.algebraic:
            raise SpecMismatch(
                "algebra on the values cannot turn the one into the other",
                got=_name(self.a),
                wanted=_name(self.b),
                next=self.summary(),
            )
        return convert(mel, self.b)


def diff(a: MelSpec | Dialect | str, b: MelSpec | Dialect | str) -> SpecDiff:
    """What would have to change to turn a mel of `a` into one of `b`.

    Args:
        a, b: descriptions, dialects or names of dialects.

    Returns:
        Every field group in the order of the computation, equal ones included.
    """
    pair = Pair(as_spec(a), as_spec(b))
    fields = []
    for rule in RULES:
        left, right = rule.value(pair.a), rule.value(pair.b)
        if left == right and not rule.always:
            verdict = SAME
        else:
            verdict = rule.judge(pair)
        fields.append(FieldDiff(rule.name, left, right, rule.unit_of(pair), *verdict))
    return SpecDiff(pair.a, pair.b, tuple(fields))


def _name(spec: MelSpec) -> str:
    return name_of(spec) or spec.fingerprint
