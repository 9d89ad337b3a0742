"""`Pair`: a predicted and a true mel of one utterance, made comparable by stated rules. Reads no files, fits nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.core.records import digest

FRAMES_APART, SHARE_APART = 2, 0.02
"""Lengths may differ by two frames, or by 2 % of the longer one."""
_CLEARLY_BETTER = 0.1


@dataclass(frozen=True, eq=False)
class Pair:
    """Two raw log mels of one utterance and one length, float32 [n_mels, frames], in the unit of `spec`.

    `spec` is the prediction's description, with its scaling. `notes` say what was done to make them comparable, and
    `identity` is a digest of name, sizes and values as they were given.
    """

    name: str
    spec: MelSpec
    prediction: NDArray[np.float32]
    target: NDArray[np.float32]
    notes: tuple[str, ...]
    identity: str

    @property
    def frames(self) -> int:
        """Frames that both have."""
        return int(self.target.shape[1])

    def values(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Prediction and target, [n_mels, frames] each."""
        return self.prediction, self.target


@dataclass(frozen=True, eq=False)
class StoredPair:
    """A pair whose values are read again whenever they are needed, so that any number of them takes no memory.

    `read` makes the `Pair` again; the other attributes are those it had when it was first read.
    """

    name: str
    spec: MelSpec
    frames: int
    notes: tuple[str, ...]
    identity: str
    read: Callable[[], Pair]

    def values(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Prediction and target, [n_mels, frames] each.

        Raises:
            ContractError: the files are not what they were.
        """
        again = self.read()
        if again.identity != self.identity:
            raise ContractError("the files changed while they were compared", where=self.name, next="Run it again")
        return again.values()


AnyPair = Pair | StoredPair


def stored(made: Pair, read: Callable[[], Pair]) -> StoredPair:
    """A pair without its values, and how to get them again."""
    return StoredPair(made.name, made.spec, made.frames, made.notes, made.identity, read)


def pair(name: str, prediction: Mel, target: Mel) -> Pair:
    """Make a prediction and its target comparable.

    A target in a description that algebra turns into the prediction's is turned into it. Lengths that differ by at
    most 2 frames or 2 % of the longer are cropped to the shorter: the longer one loses its end, unless another cut
    correlates with the shorter one better by 0.1 or more (bands centred), which then is taken. Nothing is shifted
    where the lengths agree.

    Raises:
        SpecMismatch: descriptions that algebra cannot turn into each other.
        ContractError: lengths further apart, no frames, NaN or infinity, more axes than two.
        MissingUtterance: a per-utterance scaling without its statistics.
    """
    notes = []
    given = (prediction.values, target.values)
    if target.spec != prediction.spec:
        try:
            target = target.as_(prediction.spec)
        except SpecMismatch as error:
            raise SpecMismatch(
                "the target is in another description than the prediction",
                where=name,
                got=error.got,
                wanted=error.wanted,
                next=f"{error.next}. Make both with one dialect, or translate one of them first",
            ) from error
        notes.append("target converted to the prediction's description")
    raw = []
    for what, mel in (("prediction", prediction), ("target", target)):
        values = mel.raw().values
        if values.ndim != 2 or values.shape[1] == 0:
            shape = f"shape {list(values.shape)}"
            raise ContractError(f"the {what} is not one utterance", where=name, got=shape, wanted="[n_mels, frames]")
        bad = int(np.count_nonzero(~np.isfinite(values)))
        if bad:
            raise ContractError(
                f"the {what} holds NaN or infinity", where=name, got=f"{bad} of {values.size}", wanted="finite numbers"
            )
        raw.append(values)
    x, t, cut = _cropped(name, *raw)
    if cut:
        notes.append(cut)
    parts = [part for v in given for part in (list(v.shape), hashlib.sha256(v.tobytes()).hexdigest())]
    return Pair(name, prediction.spec, x, t, tuple(notes), digest([name, *parts]))


def _cropped(
    name: str, x: NDArray[np.float32], t: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], str]:
    surplus, longer = abs(x.shape[1] - t.shape[1]), max(x.shape[1], t.shape[1])
    if surplus == 0:
        return x, t, ""
    if surplus > max(FRAMES_APART, SHARE_APART * longer):
        raise ContractError(
            "prediction and target are too far apart in length to belong to each other frame by frame",
            where=name,
            got=f"{x.shape[1]} and {t.shape[1]} frames",
            wanted=f"at most {FRAMES_APART} frames or {100 * SHARE_APART:g} % apart",
            next="Predict with the target's durations (teacher forcing), or look for another hop or rate: melpact diff",
        )
    short, long, what = (t, x, "prediction") if x.shape[1] > t.shape[1] else (x, t, "target")
    frames = short.shape[1]
    fits = [correlation(short, long[:, first : first + frames]) for first in range(surplus + 1)]
    first = int(np.argmax(fits)) if max(fits) >= fits[0] + _CLEARLY_BETTER else 0
    long = long[:, first : first + frames]
    end = surplus - first
    said = f"{what} cropped by {first} frame(s) at its start and {end} at its end"
    return (long, short, said) if what == "prediction" else (short, long, said)


def correlation(x: NDArray[np.floating], t: NDArray[np.floating], *, bands: bool = True) -> float:
    """Pearson's r of all values; with `bands`, after each band's mean was taken out. 0 where one does not vary."""
    axis = 1 if bands else None
    a = x - x.mean(axis, keepdims=True, dtype=np.float64)
    b = t - t.mean(axis, keepdims=True, dtype=np.float64)
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 0 else 0.0


def checked(pairs: Iterable[AnyPair]) -> tuple[AnyPair, ...]:
    """The pairs in the order of their names.

    Raises:
        ContractError: none at all, or two of one name.
        SpecMismatch: predictions of two descriptions.
    """
    found = tuple(sorted(pairs, key=lambda p: p.name))
    if not found:
        raise ContractError(
            "no pairs of a prediction and its target were given", wanted="at least one; 10 utterances and more to trust it"
        )
    for before, after in pairwise(found):
        if before.name == after.name:
            raise ContractError("two pairs have one name", where=after.name, wanted="a name per utterance")
    for one in found:
        if one.spec != found[0].spec:
            raise SpecMismatch(
                f"is predicted in another description than {found[0].name}",
                where=one.name,
                got=one.spec.fingerprint,
                wanted=found[0].spec.fingerprint,
                next="Calibrate each description on its own",
            )
    return found


def data_fingerprint(pairs: Sequence[AnyPair]) -> str:
    """16 hexadecimal digits over names, shapes and values of all pairs, whatever their order."""
    return digest(sorted(p.identity for p in pairs))
