"""`Bridge`: the way from one description to another, its kind, its reason and what it is measured to cost.

Not here: the rules by which descriptions differ (`melpact.contract.diff`), the estimate (`blend`), the measuring
(`melpact.verbs.bridges`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from melpact.bridges.grids import reaches
from melpact.bridges.table import Expected, expected, unmeasured
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.diff import SpecDiff, diff
from melpact.contract.diff.grid_rules import centres_hz
from melpact.contract.diff.pair import figure
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch

Kind = Literal["exact", "fitted", "refused"]
Route = Literal["algebra", "sound and magnitude", "none"]


@dataclass(frozen=True)
class Bridge:
    """From `difference.a` to `difference.b`.

    Attributes:
        kind: "exact": algebra on the values, to float32; "fitted": an estimate with a measured error; "refused": the
            target asks for what the mel does not hold.
        route: how `apply` gets there.
        reason: one sentence that names the fields.
        invented: what a mel made by this bridge holds that was not in the source ("" where nothing is).
    """

    difference: SpecDiff = field(repr=False)
    kind: Kind
    route: Route
    reason: str
    invented: str = ""

    @property
    def a(self) -> MelSpec:
        """The description it starts from."""
        return self.difference.a

    @property
    def b(self) -> MelSpec:
        """The description it leads to."""
        return self.difference.b

    @property
    def expected(self) -> Expected | None:
        """Error and cost as measured for this pair of analyses; None for a pair that was not measured, and `unmeasured`
        says why."""
        return expected(self.a, self.b, exact=self.kind == "exact")

    @property
    def unmeasured(self) -> str:
        """Why there is no `expected` ("" where there is one)."""
        return "" if self.expected is not None else unmeasured(self.a, self.b)

    def apply(self, mel: Mel) -> Mel:
        """A mel of `a` as one of `b`.

        Args:
            mel: values [n_mels, frames] ([..., n_mels, frames] where the route is algebra), finite.

        Returns:
            `Mel` of `b` with `b.frames(n)` frames, n the samples of the audio at the rate of `b`. Its provenance says
            `bridge` (the kind), `bridged_from` (the fingerprint of `a`), `n_samples`, and `invented` where that is
            something.

        Raises:
            SpecMismatch: the mel is of another description, or this bridge is refused.
            ContractError: values that are not numbers, no frames, a batch where the route is not algebra.
            MissingUtterance: the scaling of `a` took statistics of the utterance that were not kept.
            AudioTooShort: fewer samples than one frame of `b` needs.
        """
        if mel.spec != self.a:
            raise SpecMismatch(
                "this bridge starts from another description",
                got=said(mel.spec),
                wanted=said(self.a),
                next="Make the bridge from the mel's own: bridge(mel.spec, target).apply(mel)",
            )
        if self.kind == "refused":
            raise SpecMismatch(
                f"cannot become {said(self.b)}: {self.reason}",
                next=f"Run: melpact translate MEL --to {name_of(self.b) or 'SPEC.json'} --allow-lossy "
                f"({would_invent(self.a, self.b)})",
            )
        if self.a == self.b:
            return mel
        _check_finite(mel)
        if self.route == "algebra":
            made = self.difference.convert(mel)
            values, utterance, n_samples = made.values, made.utterance, mel.n_samples
        else:
            from melpact.bridges.blend import bridged, hear

            heard = hear(mel)
            values, utterance = bridged(heard, self.b)
            n_samples = _samples_at(mel.n_samples, self.a.sample_rate, self.b.sample_rate)
        return Mel(values, self.b, utterance, self.provenance(mel, n_samples))

    def provenance(self, mel: Mel, n_samples: int) -> dict[str, Any]:
        """What a mel that came over this bridge says of its origin."""
        said_before = {name: value for name, value in mel.provenance.items() if name != "invented"}
        facts = {**said_before, "n_samples": n_samples, "bridge": self.kind, "bridged_from": self.a.fingerprint}
        invented = [text for text in (str(mel.provenance.get("invented", "")), self.invented) if text]
        return {**facts, "invented": "; ".join(invented)} if invented else facts

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        found = self.expected
        return {
            "from": {"dialect": name_of(self.a), "fingerprint": self.a.fingerprint},
            "to": {"dialect": name_of(self.b), "fingerprint": self.b.fingerprint},
            "kind": self.kind,
            "route": self.route,
            "reason": self.reason,
            "invented": self.invented or None,
            "expected": {"reason": self.unmeasured} if found is None else found.to_json(),
        }


def bridge(a: MelSpec | Dialect | str, b: MelSpec | Dialect | str, *, allow_lossy: bool = False) -> Bridge:
    """The way from a mel of `a` to one of `b`.

    Args:
        a, b: descriptions, dialects or names of dialects.
        allow_lossy: where bands of `b` are not in `a`, fill them with silence rather than refuse.

    Returns:
        A `Bridge`; asking is not an error, applying a refused one is.
    """
    difference = diff(a, b)
    changed = ", ".join(f.change for f in difference.changed)
    if difference.worst in ("same", "exact") and difference.algebraic:
        reason = f"algebra on the values: {changed}" if changed else "the two describe the same mel"
        return Bridge(difference, "exact", "algebra", reason)
    invented = would_invent(difference.a, difference.b)
    if difference.worst == "impossible" and not allow_lossy:
        missing = [f for f in difference.changed if f.kind == "impossible"]
        return Bridge(difference, "refused", "none", "; ".join(f"{f.change}: {f.why}" for f in missing))
    if difference.algebraic:
        lost = "; ".join(f"{f.name}: {f.why}" for f in difference.changed if f.kind == "lossy")
        return Bridge(difference, "fitted", "algebra", f"algebra on the values ({changed}), but not all is there: {lost}")
    names = ", ".join(f.name for f in difference.changed if f.kind in ("lossy", "impossible"))
    reason = f"no algebra joins them ({names} differ): estimated through sound and magnitude"
    return Bridge(difference, "fitted", "sound and magnitude", reason, invented)


def there_and_back(a: MelSpec, b: MelSpec) -> Bridge | None:
    """The exact bridge from `a` to `b`, where algebra leads back as well; None where it does not."""
    way = bridge(a, b)
    return way if way.kind == "exact" and bridge(b, a).route == "algebra" else None


def would_invent(a: MelSpec, b: MelSpec) -> str:
    """What a mel of `b` made from one of `a` holds that no measurement stands behind; "" where that is nothing."""
    centres, known = centres_hz(b), reaches(a, b)
    if known.all():
        return ""
    below = centres < centres[known].min(initial=np.inf)
    parts = []
    for chosen in (below, ~below & ~known):
        if chosen.any():
            ends = sorted({figure(float(f)) for f in (centres[chosen].min(), centres[chosen].max())}, key=float)
            parts.append(f"{int(chosen.sum())} of {b.n_mels} bands (centres {' to '.join(ends)} Hz)")
    return f"{' and '.join(parts)} hold nothing in the source and are written as digital silence, the target's floor"


def said(spec: MelSpec) -> str:
    """A description's dialect, else its fingerprint."""
    return name_of(spec) or spec.fingerprint


def _samples_at(n_samples: int, rate: int, wanted: int) -> int:
    from melpact.audio.resample import output_length

    return output_length(n_samples, rate, wanted)


def _check_finite(mel: Mel) -> None:
    finite = np.isfinite(mel.values)
    if not finite.all():
        raise ContractError(
            "the mel holds values that are not numbers",
            got=f"{int((~finite).sum())} NaN or infinite of {mel.values.size}",
            wanted="finite values",
            next="Repair the program that made it",
        )
    if mel.n_frames == 0:
        raise ContractError("the mel has no frames")
