"""Any speaker by its name, file, folder or function: ours, or a user's own acoustic model with its contract."""

from __future__ import annotations

from pathlib import Path

from melpact.core.errors import ContractError
from melpact.models.speech.base import Speaker
from melpact.models.speech.opening import GRAPHS
from melpact.models.speech.opening import speaker as own_speaker


def speaker(name: str | Path | Speaker | None = None, *, device: str = "cpu") -> Speaker:
    """Open a speaker.

    Args:
        name: of one that comes with the package, the file of a trained one, or a speaker.
        device: "cpu", "cuda" or "auto", which takes cuda where torch has one.

    Raises:
        MelpactError: there is none, or it cannot be opened.
    """
    if isinstance(name, Speaker):
        return name
    runs_on = device_for(device)
    if device == "auto" and name is not None and str(name).lower().endswith(GRAPHS):
        runs_on = "cpu"
    return own_speaker(name, device=runs_on)


def device_for(asked: str) -> str:
    """ "cpu" or "cuda" for what was asked: "auto" takes cuda where torch has one.

    Raises:
        ContractError: no such device, or it is not there.
    """
    if asked not in ("cpu", "cuda", "auto"):
        raise ContractError("no such device", where="--device", got=asked, wanted="cpu, cuda or auto")
    if asked == "cpu":
        return asked
    missing = _cuda_missing()
    if missing and asked == "cuda":
        raise ContractError("there is no such device here", where="--device", got=f"cuda ({missing})", wanted="cpu or auto")
    return "cpu" if missing else "cuda"


def _cuda_missing() -> str | None:
    try:
        from melpact.nn.torch_runtime import available
    except ImportError:
        return "torch is not installed"
    return available("cuda")
