"""What importers share: keys accounted for to the last, descriptions checked, tensors found and brought to our names.

Files of configurations are read in `configuration`.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError, MissingFact
from melpact.vocoders.families import Family
from melpact.vocoders.importers import Request

Weights = dict[str, NDArray[np.float32]]

WEIGHT_SUFFIXES = (".pth", ".pt", ".pkl", ".ckpt", ".bin", ".safetensors")
_NO_SUFFIX_STARTS = ("g_", "generator", "model")


_NAMES_WITHIN = 1 << 23
"""Bytes at a file's beginning in which a table of names lies."""


def folder_of(request: Request) -> Path:
    """Where the files that belong to a checkpoint are looked for."""
    return request.path if request.path.is_dir() else request.path.parent


def config_path(request: Request, names: Iterable[str]) -> Path | None:
    """The named configuration, else the first of `names` beside the checkpoint."""
    if request.config is not None:
        return request.config
    return next((folder_of(request) / name for name in names if (folder_of(request) / name).is_file()), None)


def account(
    said: Mapping[str, Any],
    *,
    needed: Collection[str],
    known: Collection[str],
    request: Request,
    where: Path,
    prefixes: tuple[str, ...] = (),
) -> None:
    """Refuse a configuration with a key that nobody here knows the meaning of, or without one that is needed.

    Args:
        needed: keys that must be there. known: all keys whose meaning is known, these included.
        prefixes: beginnings of names that concern training alone.

    Raises:
        ContractError, MissingFact.
    """
    unknown = sorted(k for k in said if k not in known and k not in request.ignore and not k.startswith(prefixes or ("\0",)))
    if unknown:
        raise ContractError(
            "the configuration has keys whose meaning is not known; they may change the sound",
            where=where,
            got=", ".join(f"{name}={_short(said[name])}" for name in unknown[:6]) + (", …" if len(unknown) > 6 else ""),
            next="Where you know that they do not matter: " + " ".join(f"--ignore {name}" for name in unknown[:6]),
        )
    missing = sorted(set(needed) - set(said))
    if missing:
        raise MissingFact(
            f"the configuration does not say {', '.join(missing)}",
            where=where,
            next="Add them to it from where the checkpoint came from; melpact does not guess",
        )


def check_numbers(said: Mapping[str, Any], names: Iterable[str], where: object, may_be_null: Collection[str] = ()) -> None:
    """Refuse a text or anything else where numbers, or a list of whole numbers, belong.

    Raises:
        ContractError: naming the key.
    """
    for name in names:
        value = said[name]
        items = value if isinstance(value, list | tuple) else [value]
        if value is None and name in may_be_null:
            continue
        if not items or any(isinstance(one, bool) or not isinstance(one, int | float) for one in items):
            raise ContractError(f"{name} is no number", where=where, got=_short(value))
        if isinstance(value, list | tuple) and any(not isinstance(one, int) or one < 1 for one in items):
            raise ContractError(f"{name} holds other than whole numbers above 0", where=where, got=_short(value))


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "…"


def checked_spec(found: MelSpec | None, request: Request, facts: Mapping[str, Any], where: object) -> MelSpec:
    """The description: the user's where one was given, else the importer's; with the user's changes.

    Args:
        facts: fields of it that the checkpoint's own files do say; a user's description must agree with them.

    Raises:
        ContractError: they disagree. MissingFact: neither knows.
    """
    spec = request.spec if request.spec is not None else found
    if spec is None:
        raise MissingFact(
            "the files do not say which mel this vocoder takes (log, floor, window, framing)",
            where=where,
            got=", ".join(f"{name} {_plain(value)}" for name, value in facts.items()),
            next="Say it: --dialect NAME (melpact dialects lists them)",
        )
    if request.changes:
        spec = spec.replace_quietly(**request.changes)
    for name, value in facts.items():
        if getattr(spec, name) != value:
            raise ContractError(
                f"the checkpoint's own files say another {name}",
                where=where,
                got=_plain(getattr(spec, name)),
                wanted=_plain(value),
            )
    return spec


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def check_hop(rates: Any, said: Any, name: str, where: object, times: Any = 1) -> int:
    """The samples per frame that a network makes: the product of its upsampling rates (and `times`).

    Args:
        said, name: the configuration's own hop and its key; `said` None: it says none.

    Raises:
        ContractError: the configuration says another.
    """
    steps = [*(rates if isinstance(rates, list | tuple) else [rates]), *([times] if times != 1 else [])]
    if not steps or any(isinstance(one, bool) or not isinstance(one, int) or one < 1 for one in steps):
        raise ContractError("the upsampling rates are no list of whole numbers above 0", where=where, got=_short(rates))
    hop = int(math.prod(steps))
    if said is not None and said != hop:
        raise ContractError(
            f"{name} contradicts the upsampling rates: the network makes "
            f"{hop} samples per frame ({' x '.join(str(rate) for rate in steps)})",
            where=where,
            got=f"{name} {_plain(said)}",
            wanted=f"{name} {hop}",
            next="The network's is the true one; correct the configuration after checking the mel's hop",
        )
    return hop


def check_alone(said: Mapping[str, Any], name: str, known: Any, where: object) -> None:
    """Refuse a setting whose value is not the one that is understood here, where it is there at all.

    Raises:
        ContractError.
    """
    if name in said and said[name] != known:
        raise ContractError(
            f"{name} is set to what is not known here", where=where, got=_short(said[name]), wanted=_short(known)
        )


def weight_file(request: Request, names: Iterable[str]) -> Path:
    """The checkpoint itself: the path, or in a folder the only file that can be one (`names` first).

    Raises:
        ArtifactError: none, or several.
    """
    if not request.path.is_dir():
        return request.path
    for name in names:
        if (request.path / name).is_file():
            return request.path / name
    found = sorted(
        one for one in request.path.iterdir()
        if one.is_file()
        and (one.suffix.lower() in WEIGHT_SUFFIXES or (not one.suffix and one.name.startswith(_NO_SUFFIX_STARTS)))
    )  # fmt: skip
    if len(found) != 1:
        raise ArtifactError(
            "holds no checkpoint" if not found else "holds several checkpoints",
            where=request.path,
            got=", ".join(one.name for one in found[:6]) or None,
            wanted="one of: " + " ".join(WEIGHT_SUFFIXES) if not found else "the path of one of them",
        )
    return found[0]


def read_weights(path: Path, data: bytes | None = None) -> dict[str, Any]:
    """Tensors of a checkpoint, nested as they lie there; see `melpact.nn.checkpoint_file`."""
    try:
        from melpact.nn.checkpoint_file import read_tree
    except ImportError:
        raise MelpactError(
            "torch reads this file, and is not installed", where=path, next="pip install 'melpact[train]'"
        ) from None
    return read_tree(path, data)


def mentions(path: Path, name: str) -> bool:
    """Whether a torch or safetensors file names such a tensor; looks at its table of names alone and runs nothing of it."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                tables = [one for one in archive.namelist() if one.endswith("data.pkl")]
                return any(name.encode() in archive.read(one) for one in tables)
        with path.open("rb") as file:
            return name.encode() in file.read(_NAMES_WITHIN)
    except (OSError, zipfile.BadZipFile, ValueError, zlib.error):
        return False


def generator_of(tree: Mapping[str, Any], path: Path, places: Iterable[tuple[str, ...]]) -> Weights:
    """The generator's tensors, out of the first of `places` that is there; without the prefix of data parallelism.

    Raises:
        ContractError: there is none; discriminators are recognised.
    """
    for place in places:
        found: Any = tree
        for name in place:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            tensors = {str(k): v for k, v in found.items() if isinstance(v, np.ndarray)}
            if tensors:
                parallel = all(k.startswith("module.") for k in tensors)
                return {k.removeprefix("module.") if parallel else k: v for k, v in tensors.items()}
    names = ", ".join(list(tree)[:6]) or "nothing"
    if {"mpd", "msd", "mrd"} & set(tree):
        raise ContractError(
            "holds discriminators, which only training needs", where=path, got=names,
            next="Take the generator's file: g_… beside do_…",
        )  # fmt: skip
    raise ContractError("holds no generator's weights", where=path, got=names, wanted="; ".join("/".join(p) for p in places))


def to_our_names(
    weights: Mapping[str, NDArray[np.float32]], kind: Family, sizes: Any, layout: str, where: object
) -> Weights:
    """Weight normalisation folded, names ours; every tensor accounted for.

    Raises:
        ContractError: names that this architecture does not have, names that it lacks, halves of a pair.
    """
    from melpact.nn.weight_norm import fold

    try:
        folded = fold(weights)
    except KeyError as error:
        raise ContractError(
            "a weight is split in two, and one half is missing", where=where, got=f"no {error.args[0]}"
        ) from None
    except ValueError as error:
        raise ContractError("the halves of a split weight do not fit", where=where, got=str(error)) from None
    names = kind.published_names(sizes, layout)
    ours: Weights = {}
    strange = []
    for name, value in folded.items():
        stem, _, last = name.rpartition(".")
        if name in names:
            ours[names[name]] = value
        elif stem in names:
            ours[f"{names[stem]}.{last}"] = value
        else:
            strange.append(name)
    missing = [name for name in names if not any(k == name or k.startswith(name + ".") for k in folded)]
    if strange or missing:
        parts = [f"{len(part)} {word} ({', '.join(part[:3])}{', …' if len(part) > 3 else ''})"
                 for part, word in ((strange, "surplus"), (missing, "missing")) if part]  # fmt: skip
        nothing = not ours
        raise ContractError(
            f"the weights are not those of a {kind.title}" + ("" if nothing else " of these sizes"),
            where=where,
            got="; ".join(parts),
            next="It is another architecture" if nothing else "Take the configuration that belongs to the checkpoint",
        )
    return ours
