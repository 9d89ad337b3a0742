"""A mel VAE from a name or a path, whatever kind of file it is."""

from __future__ import annotations

from pathlib import Path

from melpact.core.errors import ArtifactError, ContractError
from melpact.models.codec.vae.facts import SUFFIX, read
from melpact.models.codec.vae.shipped import NAMES, is_shipped, shipped
from melpact.models.codec.vae.vae import Autoencoder


def vae(name: str | Path, *, device: str = "cpu", dialect: str | None = None) -> Autoencoder:
    """Open a mel VAE.

    Args:
        name: that of one which comes with the package, a `.vae` or `.onnx` file, or a folder of diffusers' AutoencoderKL.
        device: where the network runs; anything but "cpu" asks for torch.
        dialect: the mel of a foreign folder, where its family is not known.

    Raises:
        ArtifactError: missing, unreadable, truncated, or no VAE. ContractError: the file contradicts itself.
        MelpactError: torch or onnxruntime is missing.
    """
    if is_shipped(str(name)):
        name = shipped(str(name), ".onnx" if device == "cpu" else SUFFIX)
    path = Path(name).expanduser()
    if not path.exists():
        wanted = ", ".join((f"a VAE's file ({SUFFIX} or .onnx)", "a folder of AutoencoderKL", *NAMES))
        raise ArtifactError("does not exist", where=path, wanted=wanted)
    if path.is_dir():
        from melpact.models.codec.vae.importing import imported

        facts, weights = imported(path, dialect=dialect)
        return Autoencoder.build(facts, weights, device=device, where=path)
    if path.suffix.lower() == ".onnx":
        if device != "cpu":
            raise ContractError("an exported VAE runs on the cpu", where=path, got=device, next=f"Take the {SUFFIX} file")
        from melpact.models.codec.vae.graph import load

        return load(path)
    return Autoencoder.build(*read(path), device=device, where=path)
