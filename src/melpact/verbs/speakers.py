"""Any speaker by its name, file, folder or function: ours, or a user's own acoustic model with its contract."""

from __future__ import annotations

import re
from pathlib import Path

from melpact.core.errors import ContractError
from melpact.models.speech.base import Speaker
from melpact.models.speech.opening import GRAPHS, is_own
from melpact.models.speech.opening import speaker as own_speaker
from melpact.pipeline.engine import TORCH_SUFFIXES
from melpact.verbs.model_speakers import Contract, model_speaker


def speaker(name: str | Path | Speaker | None = None, *, device: str = "cpu", contract: Contract | None = None) -> Speaker:
    """Open a speaker.

    Args:
        name: of one that comes with the package, the file of a trained one, or a speaker; or a user's own model (see
            `model_speakers`): a .toml description, an .onnx or TorchScript file, a folder of transformers, module:function.
        contract: of a user's own model.
        device: "cpu", "cuda" or "auto", which takes cuda where torch has one.

    Raises:
        MelpactError: there is none, or it cannot be opened.
    """
    if isinstance(name, Speaker):
        return name
    runs_on = device_for(device)
    said = contract or Contract()
    if name is not None and not is_own(name) and (said.given or _is_model(name)):
        return model_speaker(name, said, runs_on)
    if said.given:
        got = ", ".join(said.given)
        raise ContractError("our own speakers say that themselves", where="--with", got=got, wanted="a model of yours")
    if device == "auto" and name is not None and str(name).lower().endswith(GRAPHS):
        runs_on = "cpu"
    return own_speaker(name, device=runs_on)


def _is_model(name: str | Path) -> bool:
    path = Path(name).expanduser()
    ending = path.suffix.lower() in (".toml", ".onnx", *TORCH_SUFFIXES)
    return ending or path.is_dir() or re.fullmatch(r"[\w.]+:[\w.]+", str(name)) is not None


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
