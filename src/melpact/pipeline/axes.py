"""Axes by name: which way round a model's arrays lie, said once and checked at every run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import AxisError

_KNOWN = {
    ("frames", "bands"), ("bands", "frames"), ("batch", "frames", "bands"), ("batch", "bands", "frames"),
}  # fmt: skip


@dataclass(frozen=True)
class Axes:
    """The order of "frames", "bands" and, in front, "batch"."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str | Axes, where: object = "axes") -> Axes:
        """From "frames, bands", "bands, frames", either with "batch" in front.

        Raises:
            AxisError: other words.
        """
        if isinstance(text, Axes):
            return text
        names = tuple(word for word in re.split(r"[\s,×x]+", text.strip().lower().strip("[]()")) if word)
        if names not in _KNOWN:
            wanted = "'frames, bands' or 'bands, frames', with 'batch' in front where the model has that axis"
            raise AxisError("is not an order of axes", where=where, got=repr(text), wanted=wanted)
        return cls(names)

    @property
    def batch(self) -> bool:
        """Whether a batch axis stands in front."""
        return self.names[0] == "batch"

    @property
    def band_axis(self) -> int:
        """The index of the band axis."""
        return self.names.index("bands")

    def __str__(self) -> str:
        return ", ".join(self.names)

    def swapped(self) -> Axes:
        """The same with frames and bands exchanged."""
        other = {"frames": "bands", "bands": "frames"}
        return Axes(tuple(other.get(name, name) for name in self.names))

    def to_mel(self, values: NDArray[Any], spec: MelSpec, where: object) -> NDArray[np.float32]:
        """A model's array → float32 [n_mels, frames].

        Raises:
            AxisError: it does not have these axes; where it has them the other way round, the mend is named.
        """
        self.check(values.shape, spec, where)
        inner = values[0] if self.batch else values
        if self.names[-1] == "bands":
            inner = inner.T
        return np.ascontiguousarray(inner, np.float32)

    def check(self, shape: tuple[int | None, ...], spec: MelSpec, where: object) -> None:
        """Refuse a shape that is not one mel of this description; None in `shape` is a length that is not known yet."""
        wanted = f"[{self}] with {spec.n_mels} bands" + (" and a batch of 1" if self.batch else "")
        got = f"shape {['?' if n is None else n for n in shape]}"
        if len(shape) != len(self.names):
            others = [Axes(names) for names in sorted(_KNOWN) if len(names) == len(shape)]
            fitting = [str(a) for a in others if shape[a.band_axis] == spec.n_mels]
            mend = f"Say axes '{fitting[0]}' if that is what they are" if fitting else None
            raise AxisError(
                f"gives {len(shape)} axes, not {len(self.names)}", where=where, got=got, wanted=wanted, next=mend
            )
        if shape[self.band_axis] not in (None, spec.n_mels):
            other = shape[self.swapped().band_axis]
            mend = f"No axis is {spec.n_mels} long: the model's mel is another one than it is said to be"
            if other == spec.n_mels:
                mend = f"Frames and bands look exchanged: say axes '{self.swapped()}'"
            elif None in shape:
                mend = "Name the dialect that the model was trained on: melpact dialects n_mels=" + str(
                    shape[self.band_axis]
                )
            raise AxisError("the bands do not fit the description", where=where, got=got, wanted=wanted, next=mend)
        if self.batch and shape[0] not in (None, 1):
            raise AxisError("gives a batch of several mels", where=where, got=got, wanted=wanted, next="Give one at a time")

    def from_mel(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n_mels, frames] → as the model takes it."""
        inner = values.T if self.names[-1] == "bands" else values
        return np.ascontiguousarray(inner[None] if self.batch else inner)
