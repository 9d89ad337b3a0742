"""Mels of other programs: .npy, .npz, .pt and .h5, read with a dialect that the user names, never with a guess.

`load` reads melpact's own files too. Torch files are read with `weights_only=True`, nothing is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.contract.artifact import load_mel, read_header
from melpact.contract.dialect import Dialect, as_spec, name_of
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, AxisError, ContractError, NotAnArtifact

Axes = Literal["mel-time", "time-mel"]
SUFFIXES = (".npy", ".npz", ".pt", ".pth", ".h5", ".hdf5")
_USUAL_KEYS = ("mel", "feats", "mels", "spec", "melspec", "mel_spec", "features")


@dataclass(frozen=True)
class ForeignFacts:
    """What a foreign file says of itself: its format and its arrays; nothing about what they mean."""

    path: Path
    format: str
    arrays: Mapping[str, NDArray[Any]]


def is_foreign(path: str | Path) -> bool:
    """Whether the name is one of a format that says nothing about the meaning of its numbers."""
    return Path(path).suffix.lower() in SUFFIXES


def describe(path: str | Path) -> ForeignFacts:
    """Read the numeric arrays of a foreign file.

    Raises:
        ArtifactError: missing, empty, truncated, pickled or unreadable; .pt without torch; .h5 without h5py.
    """
    path = Path(path)
    if not path.is_file():
        raise ArtifactError("does not exist" if not path.exists() else "is not a file", where=path)
    if path.stat().st_size == 0:
        raise ArtifactError("is empty", where=path, next="Write it again")
    suffix = path.suffix.lower()
    try:
        if suffix in (".npy", ".npz"):
            arrays = _numpy(path)
        elif suffix in (".pt", ".pth"):
            arrays = _torch(path)
        elif suffix in (".h5", ".hdf5"):
            arrays = _hdf5(path)
        else:
            raise ArtifactError("is not a mel file of a known format", where=path, wanted=f".mel, {', '.join(SUFFIXES)}")
    except (OSError, ValueError, EOFError, KeyError, RuntimeError) as error:
        text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if "allow_pickle" in text or "Object arrays" in text:
            raise ArtifactError(
                "holds pickled Python objects, which can run code when read; melpact does not read them",
                where=path,
                wanted="a plain numeric array",
                next="Save the array alone: numpy.save(path, mel.astype('float32'))",
            ) from error
        raise ArtifactError(f"cannot be read as {suffix[1:]}", where=path, got=text, next="Write it again") from error
    arrays = {name: a for name, a in arrays.items() if a.dtype.kind in "fiu" and a.ndim >= 1}
    return ForeignFacts(path, suffix[1:], arrays)


def _numpy(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) if path.suffix.lower() == ".npz" else _single(path) as archive:
        return {name: np.asarray(archive[name]) for name in archive}


class _single(dict[str, NDArray[Any]]):
    """A lone .npy array as an archive of one."""

    def __init__(self, path: Path) -> None:
        super().__init__({"array": np.load(path, allow_pickle=False)})

    def __enter__(self) -> _single:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


def _torch(path: Path) -> dict[str, NDArray[Any]]:
    import importlib
    import pickle

    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise ArtifactError(
            "is a torch file, and torch is not installed", where=path, next="pip install 'melpact[torch]'"
        ) from None
    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ArtifactError(
            "holds Python objects that could run code when read; melpact only reads plain tensors",
            where=path,
            got=str(error).splitlines()[0],
            next="Save the tensor alone: torch.save(mel, path)",
        ) from error
    tensors = value if isinstance(value, dict) else {"tensor": value}
    found = {}
    for name, tensor in tensors.items():
        if torch.is_tensor(tensor):
            found[str(name)] = np.asarray(tensor.detach().to(torch.float32).numpy())
    return found


def _hdf5(path: Path) -> dict[str, NDArray[Any]]:
    import importlib

    try:
        h5py = importlib.import_module("h5py")
    except ImportError:
        raise ArtifactError(
            "is an HDF5 file, and h5py is not installed", where=path, next="pip install 'melpact[h5]'"
        ) from None
    found: dict[str, NDArray[Any]] = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: found.update({name: np.asarray(item)}) if isinstance(item, h5py.Dataset) else None
        )
    return found


def load_foreign(
    path: str | Path, spec: MelSpec | Dialect | str, *, axes: Axes | None = None, key: str | None = None
) -> Mel:
    """A foreign mel with the description that the caller vouches for.

    Args:
        path: .npy, .npz, .pt or .h5.
        spec: the dialect of its numbers.
        axes: which way round the array lies. Leave it out where only one way fits n_mels; where both fit it is asked for.
        key: the array's name where the file holds several.

    Raises:
        AxisError: the shape does not fit n_mels, or fits both ways and `axes` was not given.
        ArtifactError: unreadable, or several arrays and no `key`.
    """
    target = as_spec(spec)
    facts = describe(path)
    name, values = _choose(facts, key)
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    if values.ndim != 2:
        raise AxisError(
            "one mel has two axes", where=facts.path, got=f"shape {list(values.shape)}", wanted="[n_mels, frames]"
        )
    forward, swapped = values.shape[0] == target.n_mels, values.shape[1] == target.n_mels
    if axes is None:
        if forward and swapped:
            raise AxisError(
                "both axes are n_mels long, so the file does not tell which is time",
                where=facts.path,
                got=f"shape {list(values.shape)}",
                wanted="--axes mel-time or --axes time-mel",
            )
        axes = "time-mel" if swapped else "mel-time"
    if axes == "time-mel":
        values = values.T
    if values.shape[0] != target.n_mels:
        raise AxisError(
            f"no axis has the {target.n_mels} bands of {name_of(target) or target.fingerprint}",
            where=facts.path,
            got=f"shape {list(values.shape)}, read as {axes}",
            wanted=f"[{target.n_mels}, frames] or [frames, {target.n_mels}]",
            next="Look at it with melpact show, and at the dialects of that many bands with melpact dialects",
        )
    if values.shape[1] == 0:
        raise ContractError("the mel has no frames", where=facts.path)
    return Mel(values.astype(np.float32), target, provenance={"foreign": facts.path.name, "array": name, "axes": axes})


def _choose(facts: ForeignFacts, key: str | None) -> tuple[str, NDArray[Any]]:
    names = list(facts.arrays)
    if not names:
        raise ArtifactError("holds no numeric array", where=facts.path)
    if key is not None:
        if key not in facts.arrays:
            raise ArtifactError(f"holds no array {key!r}", where=facts.path, wanted=f"one of {', '.join(names)}")
        return key, facts.arrays[key]
    usual = [n for n in names if n.rsplit("/", 1)[-1] in _USUAL_KEYS]
    chosen = names if len(names) == 1 else usual
    if len(chosen) != 1:
        shapes = ", ".join(f"{n} {list(a.shape)}" for n, a in facts.arrays.items())
        raise ArtifactError("holds several arrays", where=facts.path, got=shapes, wanted="--key NAME")
    return chosen[0], facts.arrays[chosen[0]]


def load(
    path: str | Path,
    spec: MelSpec | Dialect | str | None = None,
    *,
    axes: Axes | None = None,
    key: str | None = None,
) -> Mel:
    """Read a mel: melpact's own, or, with `spec`, another program's.

    Raises:
        ContractError: a foreign file without a dialect, or a dialect that contradicts what a melpact file says of itself.
    """
    path = Path(path)
    if is_foreign(path):
        if spec is None:
            raise ContractError(
                "does not say what its numbers mean, and melpact does not guess",
                where=path,
                wanted="the dialect it was made in",
                next="Say it: --dialect NAME (melpact dialects lists them), or load(path, 'hifigan_22k')",
            )
        return load_foreign(path, spec, axes=axes, key=key)
    header = read_header(path)
    if header.kind != "mel":
        raise NotAnArtifact("is not a mel", where=path, got=header.kind, next=f"melpact show {path}")
    mel = load_mel(path)
    if spec is not None and as_spec(spec) != mel.spec:
        raise ContractError(
            "says itself what its numbers mean, and it is not that",
            where=path,
            got=mel.dialect or mel.spec.fingerprint,
            wanted=name_of(as_spec(spec)) or as_spec(spec).fingerprint,
            next="Leave the dialect out, or look at the difference: melpact diff FILE DIALECT. Where the file is wrong: "
            "melpact redescribe FILE --dialect DIALECT -o OUT",
        )
    return mel
