"""A vocoder from a path, whatever kind of file it is: melpact's own, an exported graph, or a foreign checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from melpact.contract.artifact import read_header
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, NotAnArtifact
from melpact.vocoders.importers import Imported, Request, read_foreign
from melpact.vocoders.importers.hub import fetched, is_name
from melpact.vocoders.neural.vocoder import KIND, NeuralVocoder
from melpact.vocoders.shipped import NAMES, is_shipped, shipped

SUFFIX = ".vocoder"
_INVERSION = "griffin_lim"


def vocoder(
    path: str | Path,
    *,
    config: str | Path | None = None,
    stats: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Mapping[str, Any] | None = None,
    ignore: Sequence[str] = (),
    device: str = "cpu",
    dtype: str = "float32",
) -> NeuralVocoder:
    """Open a vocoder: a `.vocoder` file, an exported `.onnx`, or another program's checkpoint with its configuration.

    Args:
        path: the file, the folder of a checkpoint, its name on a model hub ("owner/name"), or that of a vocoder which
            comes with the package ("melpact_small").
        config, stats: the configuration and statistics of a foreign checkpoint; looked for beside it.
        dialect, changes: which mel a foreign checkpoint takes, where its files do not say it.
        ignore: keys of a foreign configuration that are known not to matter.
        device, dtype: where and in which numbers it runs ("float32", "bfloat16").

    Returns:
        `NeuralVocoder`: call it with a `Mel`, or use `batch` and `stream`.

    Raises:
        ArtifactError: unreadable, truncated, or of no known layout. ContractError: the files contradict each other.
        MissingFact: something that no file says. MelpactError: torch, onnxruntime or another package is missing.
    """
    if is_shipped(str(path)):
        path = shipped(str(path), ".onnx" if device == "cpu" and dtype == "float32" else SUFFIX)
    path = fetched(str(path)) if is_name(str(path)) else Path(path).expanduser()
    if not path.exists():
        wanted = f"a vocoder's file or folder, or one of {', '.join(NAMES)}"
        inversion = "That is the mel's inversion: mp.invert(mel), or melpact vocode --with griffin_lim"
        raise ArtifactError("does not exist", where=path, wanted=wanted, next=inversion if str(path) == _INVERSION else None)
    if path.suffix.lower() == ".onnx":
        if device != "cpu" or dtype != "float32":
            raise ContractError(
                "an exported vocoder runs on the cpu in its own numbers", where=path, got=f"{device}, {dtype}"
            )
        from melpact.vocoders.neural.graph import load

        return load(path)
    if is_own(path):
        return NeuralVocoder.load(path, device=device, dtype=dtype)
    found = understand(path, config=config, stats=stats, dialect=dialect, changes=changes, ignore=ignore)
    return build(found, device=device, dtype=dtype)


def understand(
    path: str | Path,
    *,
    config: str | Path | None = None,
    stats: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Mapping[str, Any] | None = None,
    ignore: Sequence[str] = (),
) -> Imported:
    """Read a foreign checkpoint and say what was understood; arguments and errors as in `vocoder`."""
    request = Request(
        Path(path).expanduser(),
        None if config is None else Path(config).expanduser(),
        None if stats is None else Path(stats).expanduser(),
        None if dialect is None else as_spec(dialect),
        dict(changes or {}),
        tuple(ignore),
    )
    return read_foreign(request)


def build(found: Imported, *, device: str = "cpu", dtype: str = "float32") -> NeuralVocoder:
    """The vocoder that was understood, with where it came from."""
    origin = {"layout": found.layout, "files": {kind: Path(path).name for kind, path in found.files.items()}}
    return NeuralVocoder.build(
        found.family, found.config, found.spec, found.weights, device=device, dtype=dtype, layout=found.layout,
        provenance={"imported": origin, "notes": list(found.notes)}, where=found.files.get("checkpoint"),
    )  # fmt: skip


def is_own(path: Path) -> bool:
    """Whether a file is one of melpact's own; one that claims it by its name is, so that its faults are told.

    Raises:
        ArtifactError: a melpact file of another kind.
    """
    if path.is_dir():
        return False
    if path.suffix.lower() == SUFFIX:
        return True
    if path.suffix.lower() != ".safetensors":
        return False
    try:
        return read_header(path).kind == KIND
    except NotAnArtifact:
        return False
