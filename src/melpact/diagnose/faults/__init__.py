"""Faults: the ways in which two programs misunderstand each other over a mel, one module each, ending in `PLUGIN`.

A fault takes a right mel and gives the wrong one *with the description that its user believes*: `mel.spec` stays, the values
change. Here live the base and the registry; what finds a fault lives in `melpact.diagnose.probes`, and the two share nothing
but the vocabulary of codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.scaling import Clipped
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError, SpecError
from melpact.core.plugins import plugins

Plant = Callable[[Mel, float, np.random.Generator, Audio | None], Mel]
"""(right mel, dose, generator, its audio) → the wrong mel, in the same description."""
Refuse = Callable[[MelSpec], str | None]
"""Why a fault cannot happen in a description, or None where it can."""


def _never(spec: MelSpec) -> str | None:
    return None


@dataclass(frozen=True)
class Fault:
    """One way to get a mel wrong.

    Args:
        code: its word in the vocabulary that faults and findings share; the name of its module.
        note: one sentence: what the first program did and what the second believes.
        doses: mild, clear, gross, in `unit`; where `variants` are named, the doses 0, 1, 2 stand for them.
        unit: natural unit of the dose.
        needs: "audio" where the mel is made again from the sound, "mel" where the values are enough.
        plant: makes the wrong mel.
        refuses: the reason why a description cannot have this fault, or None.
        variants: names of the doses of a fault that has kinds rather than sizes (empty for one that grows with its dose).
        keeps_frames: False where the number of frames is (part of) the fault.
        needs_target: True where the values alone cannot show it: only a target or the sound can.
        may_fill_bounds: True where a mel that lies wholly on the bounds of its scaling is what the fault is.
        may_change_nothing: True where the numbers are right and the fault is that they are (a leak).
        also: codes that name the same fact as well as its own does (a bank for a higher rate is a lower f_max).
        cost_code: the entry of `cost.json` that says what it costs (its own code, but for faults that cost the same).
    """

    code: str
    note: str
    doses: tuple[float, float, float]
    unit: str
    plant: Plant
    needs: Literal["mel", "audio"] = "mel"
    refuses: Refuse = _never
    variants: tuple[str, ...] = ()
    keeps_frames: bool = True
    needs_target: bool = False
    may_fill_bounds: bool = False
    may_change_nothing: bool = False
    also: tuple[str, ...] = ()
    cost_code: str = ""

    @property
    def priced_as(self) -> str:
        """The code under which the cost of this fault is kept."""
        return self.cost_code or self.code

    def applies(self, spec: MelSpec) -> bool:
        """Whether a mel of this description can have the fault."""
        return self.refuses(spec) is None

    def name_of_dose(self, dose: float) -> str:
        """The dose in words: the name of the variant, or number and unit."""
        return self.variants[int(dose)] if self.variants else f"{dose:g} {self.unit}"

    def inject(self, mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None = None) -> Mel:
        """The wrong mel: same description (what its user believes), values that carry the fault, no provenance.

        Args:
            mel: a right mel, [n_mels, frames].
            dose: in `unit`; not only the three of `doses`, where the fault has sizes.
            rng: the only source of chance; the same state gives the same bits.
            audio: the sound that `mel` was made from; must be given where `needs` is "audio".

        Raises:
            ContractError: the description cannot have this fault, the sound is missing, the dose is not one of the variants,
                or the mel is too short or too empty to show it.
        """
        reason = self.refuses(mel.spec)
        if reason is not None:
            raise ContractError(f"the fault {self.code} cannot be planted here: {reason}", got=mel.dialect)
        if self.needs == "audio" and audio is None:
            raise ContractError(f"the fault {self.code} is made from the sound, not from the mel", wanted="audio=…")
        if self.variants and dose not in range(len(self.variants)):
            kinds = ", ".join(f"{i} ({name})" for i, name in enumerate(self.variants))
            raise ContractError(f"the fault {self.code} has kinds, not sizes", got=f"dose {dose:g}", wanted=kinds)
        if mel.values.ndim != 2:
            shape = f"shape {list(mel.values.shape)}"
            raise ContractError("a fault is planted into one mel", got=shape, wanted="[n_mels, frames]")
        try:
            wrong = self.plant(mel, dose, rng, audio)
        except SpecError as error:
            raise ContractError(f"the fault {self.code} cannot be planted here: {error}") from error
        self._check_visible(mel, wrong)
        return Mel(wrong.values, mel.spec, wrong.utterance)

    def _check_visible(self, mel: Mel, wrong: Mel) -> None:
        if not self.may_change_nothing and _negligible(mel, wrong):
            raise ContractError(f"the fault {self.code} changes nothing in this mel: too short, or it never comes near it")
        if self.may_fill_bounds:
            return
        before, after = mel.clipped(), wrong.clipped()
        if _share(after) > max(0.8, _share(before) + 0.05):
            raise ContractError(
                f"the scaling of this description hides the fault {self.code}: nearly all values lie on its bounds",
                got=f"{100 * _share(after):.0f} % on the bounds",
            )


def _negligible(mel: Mel, wrong: Mel) -> bool:
    """Whether the difference is less than a thousandth of the mel's own spread."""
    if mel.values.shape != wrong.values.shape or not np.isfinite(wrong.values).all():
        return False
    difference = float(np.sqrt(np.mean(np.square(wrong.values - mel.values, dtype=np.float64))))
    return difference <= 1e-3 * float(np.std(mel.values, dtype=np.float64))


def _share(clipped: Clipped) -> float:
    return (clipped.below + clipped.above) / max(1, clipped.total)


def faults() -> Mapping[str, Fault]:
    """Every fault by code, read-only, sorted by code."""
    return MappingProxyType(plugins("melpact.diagnose.faults"))


def fault(code: str) -> Fault:
    """The fault of that code.

    Raises:
        MelpactError: there is none.
    """
    known = faults()
    if code not in known:
        raise MelpactError(f"there is no fault {code!r}", wanted=f"one of {', '.join(known)}")
    return known[code]
