"""A folder that transformers wrote: SpeechT5HifiGan, the class of SpeechT5's vocoder and of AudioLDM's.

A diffusers pipeline holds it as its part `vocoder`; the pipeline's own folder is understood, too. One class, two dialects:
SpeechT5 takes log10 mels and standardises them itself (`normalize_before`), AudioLDM takes natural logs and does not. The
configuration says neither log nor floor nor framing, so they are known only for those two shapes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from melpact.contract.dialect import dialect
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config
from melpact.vocoders.importers.reading import (
    Weights,
    account,
    check_hop,
    check_numbers,
    checked_spec,
    config_path,
    generator_of,
    read_weights,
    to_our_names,
    weight_file,
)

_MODEL = "speecht5_hifigan"
_SIZES = {
    "upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock_kernel_sizes",
    "resblock_dilation_sizes", "leaky_relu_slope", "normalize_before",
}  # fmt: skip
_OTHER = {
    "model_in_dim", "sampling_rate", "model_type", "architectures", "dtype", "torch_dtype", "initializer_range",
    "transformers_version", "_name_or_path",
}  # fmt: skip
_SPEECHT5 = {"normalize_before": True, "sample_rate": 16000, "n_mels": 80, "hop_length": 256}
_AUDIOLDM = {"normalize_before": False, "sample_rate": 16000, "n_mels": 64, "hop_length": 160}


def _inside(request: Request) -> Request:
    """Of a pipeline's folder the part that is the vocoder."""
    part = request.path / "vocoder"
    piped = (request.path / "model_index.json").is_file() and (part / "config.json").is_file()
    return replace(request, path=part) if piped else request


def _recognises(request: Request) -> bool:
    request = _inside(request)
    path = config_path(request, ("config.json",))
    if path is None or path.suffix.lower() != ".json":
        return False
    return read_config(path).get("model_type") == _MODEL


def _read(request: Request) -> Imported:
    request = _inside(request)
    where = config_path(request, ("config.json",))
    assert where is not None
    said = read_config(where)
    account(said, needed=_SIZES | {"model_in_dim", "sampling_rate"}, known=_SIZES | _OTHER, request=request, where=where)
    check_numbers(said, ("upsample_rates", "model_in_dim", "sampling_rate"), where)
    facts = {"sample_rate": said["sampling_rate"], "n_mels": said["model_in_dim"]}
    facts["hop_length"] = check_hop(said["upsample_rates"], None, "hop_length", where)
    shape = {"normalize_before": bool(said["normalize_before"]), **facts}
    found, notes = _known(shape)
    spec = checked_spec(found, request, facts, where)
    kind = family("hifigan")
    config = {"n_mels": said["model_in_dim"], **{name: said[name] for name in _SIZES}}
    sizes = kind.sizes(config)
    path = weight_file(request, ("model.safetensors", "pytorch_model.bin"))
    weights = generator_of(read_weights(path), path, ((),))
    statistics: Weights = {name: weights.pop(name) for name in ("mean", "scale") if name in weights}
    ours = to_our_names(weights, kind, sizes, "transformers", path)
    if sizes.normalize_before:
        if len(statistics) != 2:
            raise ContractError("normalize_before needs mean and scale, and the weights lack them", where=path)
        if not (statistics["scale"] > 0).all():
            raise ContractError(
                "a scale of the standardisation is not positive", where=path, got=float(statistics["scale"].min())
            )
        if np.all(statistics["mean"] == 0) and np.all(statistics["scale"] == 1):
            notes.append("mean and scale were never filled (0 and 1): the vocoder standardises nothing")
        ours |= statistics
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported("hifigan", sizes.model_dump(mode="json"), spec, ours, "transformers", tuple(notes), files)


def _known(shape: dict[str, Any]) -> tuple[MelSpec | None, list[str]]:
    if shape == _SPEECHT5:
        return dialect("speecht5_16k").spec, [
            "the configuration does not say which log: with normalize_before at 16 kHz, 80 bands and hop 256 "
            "it is SpeechT5's log10"
        ]
    if shape == _AUDIOLDM:
        return dialect("audioldm2_16k").spec, [
            "the configuration does not say which log: without normalize_before at 16 kHz, 64 bands and hop 160 "
            "it is AudioLDM's natural log"
        ]
    return None, []


PLUGIN = Layout("transformers", "a transformers or diffusers folder of SpeechT5HifiGan", _recognises, _read)
