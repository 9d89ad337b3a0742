"""A refiner from a name or a path, whatever kind of file it is."""

from __future__ import annotations

from pathlib import Path

from melpact.core.errors import ArtifactError, ContractError
from melpact.models.refine.affine import Affine
from melpact.models.refine.base import Refiner
from melpact.models.refine.facts import SUFFIX, read
from melpact.models.refine.identity import Identity
from melpact.models.refine.methods import NEURAL
from melpact.models.refine.shipped import NAMES, is_shipped, shipped


def refiner(name: str | Path, *, device: str = "cpu") -> Refiner:
    """Open a refiner.

    Args:
        name: "identity" (the null), that of a refiner which comes with the package, a `.refiner` or `.onnx` file.
        device: where a network runs; anything but "cpu" asks for torch.

    Raises:
        ArtifactError: missing, unreadable, truncated, or no refiner. ContractError: the file contradicts itself.
        MelpactError: torch or onnxruntime is missing.
    """
    if str(name) == Identity.method:
        return Identity()
    if is_shipped(str(name)):
        name = shipped(str(name), ".onnx" if device == "cpu" else SUFFIX)
    path = Path(name).expanduser()
    if not path.exists():
        wanted = f"a refiner's file ({SUFFIX} or .onnx), or one of {', '.join((*NAMES, Identity.method))}"
        raise ArtifactError("does not exist", where=path, wanted=wanted)
    if path.suffix.lower() == ".onnx":
        if device != "cpu":
            raise ContractError(
                "an exported refiner runs on the cpu", where=path, got=device, next=f"Take the {SUFFIX} file"
            )
        from melpact.models.refine.graph import load

        return load(path)
    facts, tensors = read(path)
    if facts.method == Affine.method:
        return Affine.build(facts, tensors, path)
    return NEURAL[facts.method].build(facts, tensors, device=device, where=path)
