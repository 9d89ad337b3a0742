"""Importers: other programs' checkpoints → our names, sizes and description; one module per published layout.

Each ends in `PLUGIN = Layout(...)`; the folder is the registry. What they share (files, keys, names) is in `reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.core.plugins import plugins


@dataclass(frozen=True)
class Request:
    """What a user names.

    Args:
        path: the checkpoint, or the folder it came in.
        config: its configuration; None: looked for beside it.
        stats: its statistics; None: looked for beside it.
        spec: the description, where the user vouches for one; it must agree with what the files say.
        changes: fields of the description that the user vouches for, over what the importer found.
        ignore: keys of the configuration that the user knows to be without meaning for the sound.
    """

    path: Path
    config: Path | None = None
    stats: Path | None = None
    spec: MelSpec | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    ignore: Sequence[str] = ()


@dataclass(frozen=True)
class Imported:
    """A checkpoint understood: everything that `NeuralVocoder.build` takes, and what a user should know."""

    family: str
    config: Mapping[str, Any]
    spec: MelSpec
    weights: Mapping[str, NDArray[np.float32]]
    layout: str
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """A published layout.

    Args:
        name, title: what it is called.
        recognises: whether a path, with the configuration found for it, is of this layout; reads no weights.
        read: does the work.
    """

    name: str
    title: str
    recognises: Callable[[Request], bool]
    read: Callable[[Request], Imported]


def layouts() -> Mapping[str, Layout]:
    """Every layout by name."""
    from melpact.vocoders.importers import layout

    return plugins(layout.__name__)


def read_foreign(request: Request) -> Imported:
    """Understand a foreign checkpoint of any known layout.

    Raises:
        ArtifactError: unreadable, or of no known layout. ContractError: keys that are unknown, missing or contradictory.
    """
    for one in layouts().values():
        if one.recognises(request):
            return one.read(request)
    known = "; ".join(one.title for one in layouts().values())
    raise ArtifactError(
        "is a checkpoint without a configuration that melpact knows",
        where=request.path,
        wanted=known,
        next="Name its configuration: --config FILE" if request.config is None else None,
    )
