"""A user's own degradation: mels that a model predicted beside what they should have been, from two folders, verified.

Made comparable by the rules of `normalise.calibration`; here they are also looked at: a mel of another utterance, or one
that lies some frames late, would teach a refiner noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.foreign import SUFFIXES, load
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.normalise.calibration import Pair, pair
from melpact.normalise.calibration.pairs import correlation, data_fingerprint

_RESEMBLES, _CLEARLY, _REACH = 0.3, 0.02, 8
_SHOWN = 3
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class FolderPairs:
    """Pairs that belong together, sorted by name, all of one description.

    Attributes:
        pairs: values before scaling; `prediction` is what a refiner is given, `target` what it should make of it.
        faults: name → why a pair is not used.
        alone: names that only one of the folders has.
    """

    pairs: tuple[Pair, ...]
    faults: Mapping[str, str]
    alone: tuple[str, ...]

    @property
    def spec(self) -> MelSpec:
        """The description of all of them."""
        return self.pairs[0].spec

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over names and values."""
        return data_fingerprint(self.pairs)

    def check(self) -> None:
        """Refuse folders in which anything does not belong together.

        Raises:
            ContractError: a pair that is not used, with the reason.
        """
        if self.faults:
            said = "; ".join(f"{name}: {why}" for name, why in list(self.faults.items())[:_SHOWN])
            raise ContractError(
                f"{len(self.faults)} of {len(self.faults) + len(self.pairs)} pairs do not belong together",
                where="pairs",
                got=said,
                next="Mend or remove them; melpact doctor PREDICTION --target TRUE says more of one",
            )


def folder_pairs(predicted: str | Path, true: str | Path, dialect: MelSpec | Dialect | str | None = None) -> FolderPairs:
    """Every pair of one name below two folders.

    Args:
        predicted, true: folders of .mel files; with `dialect` also of .npy, .npz, .pt and .h5.
        dialect: what foreign files mean.

    Raises:
        ContractError: no name in both, or no pair that belongs together; the first reason is said.
    """
    spec = None if dialect is None else as_spec(dialect)
    given, wanted = (_named(Path(folder), foreign=spec is not None) for folder in (predicted, true))
    found: list[Pair] = []
    faults: dict[str, str] = {}
    for name in sorted(given.keys() & wanted.keys()):
        try:
            one = pair(name, load(given[name], spec), load(wanted[name], spec))
            if found and one.spec != found[0].spec:
                raise ContractError("is in another description", got=one.spec.diff(found[0].spec).summary())
            reason = fault_of(one.prediction, one.target, one.spec)
        except (MelpactError, OSError) as error:
            reason = " ".join(str(error).split())
        if reason is None:
            found.append(one)
        else:
            faults[name] = reason
    alone = tuple(sorted(given.keys() ^ wanted.keys()))
    if not found:
        first = next(iter(faults.items()), None)
        raise ContractError(
            "no predicted mel belongs to a true one",
            where=predicted,
            got=f"{len(faults)} pairs, none of them fits" if first else f"{len(alone)} names, none in both folders",
            wanted=f"NAME.mel here and below {true}",
            next=None if first is None else f"The first: {first[0]}: {first[1]}",
        )
    return FolderPairs(tuple(found), faults, alone)


def fault_of(prediction: Float32, target: Float32, spec: MelSpec) -> str | None:
    """Why a prediction cannot belong to its target frame by frame; None where it does.

    Args:
        prediction, target: [n_mels, frames] of one length, before scaling.
    """
    if not np.ptp(target, axis=1).any():
        return "the target does not change over time"
    reach = min(_REACH, target.shape[1] // 3)
    found = []
    for lag in range(-reach, reach + 1):
        moved, fixed = (prediction[:, lag:], target[:, : target.shape[1] - lag]) if lag >= 0 else (
            prediction[:, :lag], target[:, -lag:]
        )  # fmt: skip
        found.append((correlation(moved, fixed), lag))
    r, lag = max(found)
    in_place = next(r for r, at in found if at == 0)
    if r < _RESEMBLES:
        return f"not the mel of this utterance (correlation {r:.2f})"
    if lag and r > in_place + _CLEARLY:
        ms = abs(1000 * lag / spec.frame_rate_hz)
        way = "late" if lag > 0 else "early"
        return f"{abs(lag)} frame{'s' * (abs(lag) > 1)} {way} ({ms:.0f} ms): r {r:.3f} there, {in_place:.3f} in place"
    return None


def _named(folder: Path, *, foreign: bool) -> dict[str, Path]:
    """Name below the folder, without its suffix → file."""
    if not folder.is_dir():
        raise ContractError("is no folder of mels", where=folder)
    suffixes = (".mel", *SUFFIXES) if foreign else (".mel",)
    files = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in suffixes and not path.name.startswith("."))
    named: dict[str, Path] = {}
    for path in files:
        named.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
    return named
