"""`Mel`: numbers that cannot be separated from their meaning. Files are read and written in `artifact` and `foreign`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import Dialect, as_spec, name_of
from melpact.contract.scaling import NoScaling, Utterance
from melpact.contract.spec import MelSpec
from melpact.core.errors import AxisError, ContractError, SpecMismatch

if TYPE_CHECKING:
    from melpact.contract.scaling import Clipped

_UTTERANCE_NAMES = ("min", "max", "mean", "deviations", "frames")


@dataclass(frozen=True, eq=False)
class Mel:
    """A mel spectrogram with its description.

    Args:
        values: float32 [..., n_mels, frames], in the unit of the description (kept read-only).
        spec: what the numbers mean.
        utterance: statistics of the utterance that a per-utterance scaling took out (empty otherwise).
        provenance: where the numbers come from, as plain JSON values (audio file, sample count, tool version …).

    Raises:
        AxisError: the second to last axis is not n_mels long.
    """

    values: NDArray[np.float32]
    spec: MelSpec
    utterance: Utterance = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.dtype.kind not in "fiu":
            raise ContractError("a mel is made of real numbers", got=f"dtype {values.dtype}", wanted="float32")
        check_axes(values.shape, self.spec.n_mels)
        values = np.ascontiguousarray(values, np.float32)
        if values.flags.writeable:
            values = values.view()
            values.flags.writeable = False
        unknown = sorted(set(self.utterance) - set(_UTTERANCE_NAMES))
        if unknown:
            raise ContractError(f"unknown utterance statistics: {', '.join(unknown)}", wanted=", ".join(_UTTERANCE_NAMES))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "utterance", dict(self.utterance))
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    @property
    def n_mels(self) -> int:
        """Length of the band axis."""
        return int(self.values.shape[-2])

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return int(self.values.shape[-1])

    @property
    def n_samples(self) -> int:
        """Samples of the audio it was made from where that is known, else what its frames stand for."""
        known = self.provenance.get("n_samples")
        if isinstance(known, int) and self.spec.frames(known) == self.n_frames:
            return known
        return self.spec.samples(self.n_frames)

    @property
    def duration_s(self) -> float:
        """Seconds of audio."""
        return self.n_samples / self.spec.sample_rate

    @property
    def dialect(self) -> str | None:
        """Name of the dialect with exactly this description, if there is one."""
        return name_of(self.spec)

    def raw(self) -> Mel:
        """The log mel before scaling (the same object when there is none)."""
        if isinstance(self.spec.scaling, NoScaling):
            return self
        values = self.spec.scaling.undo(self.values, self.utterance)
        return Mel(values, self.spec.replace_quietly(scaling=NoScaling()), provenance=self.provenance)

    def with_raw(self, raw: NDArray[np.floating]) -> Mel:
        """The same with other log values before scaling: in its own scaling, with what its utterance took out."""
        values = self.spec.scaling.apply(raw, self.utterance)
        return Mel(np.asarray(values, np.float32), self.spec, self.utterance, self.provenance)

    def clipped(self) -> Clipped:
        """How many values sit on a bound of the scaling: what `raw` cannot bring back."""
        return self.spec.scaling.clipped(self.values)

    def at_floor(self) -> int:
        """How many values lie on (or below) the log floor: what was below is gone."""
        floor = self.spec.floor_value
        tolerance = 1e-6 * (abs(floor) if self.spec.log == "none" else max(1.0, abs(floor)))
        return int(np.count_nonzero(self.raw().values <= floor + tolerance))

    def as_(self, spec: MelSpec | Dialect | str) -> Mel:
        """The same mel in another description, where algebra alone gets there: another log base, unit, reference or scaling.

        Raises:
            SpecMismatch: the two differ in something that algebra cannot undo; the message names the fields.
        """
        from melpact.contract.diff import diff

        target = as_spec(spec)
        difference = diff(self.spec, target)
        if difference.worst not in ("same", "exact") or not difference.algebraic:
            raise SpecMismatch(
                "these descriptions are not one piece of algebra apart",
                got=self.dialect or self.spec.fingerprint,
                wanted=name_of(target) or target.fingerprint,
                next=difference.summary(),
            )
        return difference.convert(self, target)

    def save(self, path: str | Path) -> Path:
        """Write it as one self-describing file, atomically; returns the path."""
        from melpact.contract.artifact import save_mel

        return save_mel(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Mel:
        """Read a file that `save` wrote."""
        from melpact.contract.artifact import load_mel

        return load_mel(path)

    def __repr__(self) -> str:
        name = self.dialect or f"spec {self.spec.fingerprint}"
        return f"Mel({name}, n_mels={self.n_mels}, frames={self.n_frames}, {self.duration_s:.2f} s)"


def check_axes(shape: tuple[int, ...], n_mels: int, where: object = None) -> None:
    """Refuse any shape that is not [..., n_mels, frames], and name the mend where the axes are swapped."""
    if len(shape) >= 2 and shape[-2] == n_mels:
        return
    mend = None
    if len(shape) >= 2 and shape[-1] == n_mels:
        mend = "The axes look like [frames, n_mels]: transpose them (values.T, or --axes time-mel on the command line)"
    raise AxisError(
        "the mel axis does not fit the description",
        where=where,
        got=f"shape {list(shape)}",
        wanted=f"[..., n_mels={n_mels}, frames]",
        next=mend,
    )


def check_one(mel: Mel, spec: MelSpec | None, taker: str) -> None:
    """Refuse all but one mel of finite values, [n_mels, frames], in the description that is taken (None: any).

    Args:
        taker: what takes it, for the words: "vocoder", "refiner" …

    Raises:
        SpecMismatch: another description.
        ContractError: a batch, no frames, NaN or infinity.
    """
    if spec is not None and mel.spec != spec:
        raise SpecMismatch(f"this {taker} takes another mel", next=mel.spec.diff(spec).summary())
    if mel.values.ndim != 2:
        raise ContractError("one mel at a time", got=f"shape {list(mel.values.shape)}", wanted=f"[{mel.n_mels}, frames]")
    if mel.n_frames == 0:
        raise ContractError("the mel has no frames")
    finite = np.isfinite(mel.values)
    if not finite.all():
        band, frame = (int(i) for i in np.argwhere(~finite)[0])
        raise ContractError(
            "the mel holds values that are not numbers",
            got=f"{int((~finite).sum())} NaN or infinite of {mel.values.size}, the first in band {band}, frame {frame}",
            wanted="finite values",
            next=f"Repair the program that made it; no {taker} can",
        )
