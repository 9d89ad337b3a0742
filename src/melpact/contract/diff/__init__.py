"""`diff`: what has to change to turn a mel of one description into one of another, field by field, in
words and figures.

The rules of the single fields are in `value_rules` and `grid_rules`, the algebra itself in `convert`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from melpact.contract.dialect import Dialect, as_spec, name_of
from melpact.contract.diff import grid_rules, value_rules
from melpact.contract.diff.pair import KINDS, SAME, Kind, Pair, Verdict, figure, unit
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecMismatch

if TYPE_CHECKING:
    from melpact.contract.mel import Mel

_VALUES = frozenset({"log", "reference", "scaling", "floor", "mel_norm"})
_VALUES_WHERE_EXACT = frozenset({"drop_last", "waveform_scale", "epsilon"})


@dataclass(frozen=True)
class _Rule:
    """How one field group is judged, shown and named. `always`: judged also where both spell it the same."""

    name: str
    judge: Callable[[Pair], Verdict]
    unit: str = ""
    value: Callable[[MelSpec], Any] | None = None
    always: bool = False

    def apply(self, pair: Pair) -> FieldDiff:
        read = self.value or (lambda spec: getattr(spec, self.name))
        a, b = read(pair.a), read(pair.b)
        verdict = SAME if a == b and not self.always else self.judge(pair)
        return FieldDiff(self.name, a, b, self.unit, *verdict)


def _with_kind(name: str) -> Callable[[MelSpec], str]:
    """The number with the field that says how it is used, as one text."""

    def value(spec: MelSpec) -> str:
        kind = getattr(spec, f"{name}_kind")
        return "none" if kind == "none" else f"{kind} {getattr(spec, name)!r}"

    return value


def _padding(spec: MelSpec) -> str:
    return f"explicit {spec.pad_left}, {spec.pad_right}" if spec.padding == "explicit" else spec.padding


def _pad_mode(spec: MelSpec) -> str:
    return f"constant {spec.pad_value!r}" if spec.pad_mode == "constant" else spec.pad_mode


def _reference(spec: MelSpec) -> str:
    return f"{figure(spec.reference, 7)} {unit(spec)}" if spec.reference else "none"


_RULES = (
    _Rule("sample_rate", grid_rules.sample_rate, "Hz"),
    _Rule("waveform_scale", value_rules.waveform_scale),
    _Rule("preemphasis", grid_rules.preemphasis, value=_with_kind("preemphasis")),
    _Rule("remove_dc", grid_rules.remove_dc),
    _Rule("n_fft", grid_rules.n_fft, "samples"),
    _Rule("win_length", grid_rules.win_length, "samples"),
    _Rule("hop_length", grid_rules.hop_length, "samples"),
    _Rule("window", grid_rules.window),
    _Rule("window_periodic", grid_rules.window_periodic),
    _Rule("window_placement", grid_rules.window_placement),
    _Rule("padding", grid_rules.padding, value=_padding),
    _Rule("pad_mode", grid_rules.pad_mode, value=_pad_mode),
    _Rule("drop_last", value_rules.drop_last, "frames"),
    _Rule("power", value_rules.power),
    _Rule("epsilon", value_rules.epsilon, value=_with_kind("epsilon")),
    _Rule("n_mels", grid_rules.n_mels, "bands"),
    _Rule("f_min", grid_rules.f_min, "Hz"),
    _Rule("f_max", grid_rules.f_max, "Hz"),
    _Rule("mel_scale", grid_rules.mel_scale),
    _Rule("mel_norm", value_rules.mel_norm),
    _Rule("mel_triangles", grid_rules.mel_triangles),
    _Rule("bank_sample_rate", grid_rules.bank_sample_rate, "Hz"),
    _Rule("bank_drops", grid_rules.bank_drops),
    _Rule("log", value_rules.log),
    _Rule("floor", value_rules.floor, value=_with_kind("floor")),
    _Rule("reference", value_rules.reference, value=_reference),
    _Rule("scaling", value_rules.scaling, value=value_rules.say_scaling, always=True),
)


@dataclass(frozen=True)
class FieldDiff:
    """One field of both descriptions.

    Attributes:
        name: the field of `MelSpec` (with the fields that only make sense beside it: the floor with
        its kind, and so on).
        a, b: what it says in either, as a plain number or text.
        unit: the unit of both ("" where there is none).
        kind: "same"; "exact": algebra on the values gets there; "lossy": only an approximation can be
        made from this mel;
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
        a, b = (figure(v, 7) if isinstance(v, float) else v for v in (self.a, self.b))
        return f"{self.name} {a} → {b}{' ' + self.unit if self.unit else ''}"


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
        """Whether all differing fields only touch the values, so that `convert` gets there (exactly
        unless `worst` is "lossy")."""
        return all(f.name in _VALUES or (f.name in _VALUES_WHERE_EXACT and f.kind == "exact") for f in self.changed)

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
        """Rows (name, a, b, unit, kind, why) of the differing fields, or of all of them; as text, for
        any renderer."""
        chosen = self.fields if every else self.changed
        return [(f.name, str(f.a), str(f.b), f.unit, f.kind, f.why) for f in chosen]

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values; only differing fields, or fields spelled differently,
        are listed."""
        listed = [f for f in self.fields if f.kind != "same" or f.why]
        return {
            "a": {"dialect": name_of(self.a), "fingerprint": self.a.fingerprint},
            "b": {"dialect": name_of(self.b), "fingerprint": self.b.fingerprint},
            "worst": self.worst,
            "same": self.same,
            "algebraic": self.algebraic,
            "fields": [{"name": f.name, "a": f.a, "b": f.b, "unit": f.unit, "kind": f.kind, "why": f.why} for f in listed],
        }

    def convert(self, mel: Mel, target: MelSpec | None = None) -> Mel:
        """`mel`, one of description `a`, as one of description `b`.

        Exact (to float32) unless `worst` is "lossy"; then what this mel lost stays at its old floor or clip.

        Raises:
            SpecMismatch: the mel is not of `a`, the target is not `b`, or algebra does not get there
            (`algebraic` is False).
            MissingUtterance: see `melpact.contract.diff.convert.convert`.
        """
        from melpact.contract.diff.convert import convert

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
    return SpecDiff(pair.a, pair.b, tuple(rule.apply(pair) for rule in _RULES))


def _name(spec: MelSpec) -> str:
    return name_of(spec) or spec.fingerprint
