"""The layout of the `vocos` package: config.yaml (class_path and init_args of three parts) and pytorch_model.bin.

Source of the names and of what the configuration leaves unsaid (torchaudio's filters: HTK, unit peak; magnitude; natural log
of at least 1e-7): pretrained.py, feature_extractors.py, modules.py of gemelo-ai/vocos. EnCodec's features are no mel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config, section
from melpact.vocoders.importers.filters import check_filters
from melpact.vocoders.importers.reading import (
    account,
    check_alone,
    check_numbers,
    checked_spec,
    config_path,
    generator_of,
    read_weights,
    to_our_names,
    weight_file,
)

_PARTS = {
    "feature_extractor": "vocos.feature_extractors.MelSpectrogramFeatures",
    "backbone": "vocos.models.VocosBackbone",
    "head": "vocos.heads.ISTFTHead",
}
_MEL = {"sample_rate", "n_fft", "hop_length", "n_mels"}
_MEL_DEFAULTS: dict[str, Any] = {"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 100, "padding": "center"}
_BACKBONE = {"input_channels", "dim", "intermediate_dim", "num_layers"}
_HEAD = {"dim", "n_fft", "hop_length"}
_PADDING = {"center": "centre", "same": "same"}
_FLOOR = 1e-7
_BANK = "feature_extractor.mel_spec.mel_scale.fb"


def _recognises(request: Request) -> bool:
    path = config_path(request, ("config.yaml", "config.yml"))
    return path is not None and path.suffix.lower() in (".yml", ".yaml") and set(_PARTS) <= set(read_config(path))


def _read(request: Request) -> Imported:
    where = config_path(request, ("config.yaml", "config.yml"))
    assert where is not None
    said = read_config(where)
    account(said, needed=_PARTS, known=_PARTS, request=request, where=where)
    mel, mel_at = _part(said, "feature_extractor", where)
    account(mel, needed=(), known=_MEL | {"padding"}, request=request, where=mel_at)
    silent = sorted(set(_MEL_DEFAULTS) - set(mel))
    mel = {**_MEL_DEFAULTS, **mel}
    backbone, backbone_at = _part(said, "backbone", where)
    known = _BACKBONE | {"layer_scale_init_value", "adanorm_num_embeddings"}
    account(backbone, needed=_BACKBONE, known=known, request=request, where=backbone_at)
    check_alone(backbone, "adanorm_num_embeddings", None, backbone_at)
    head, head_at = _part(said, "head", where)
    account(head, needed=_HEAD, known=_HEAD | {"padding"}, request=request, where=head_at)
    for values, names, place in ((mel, _MEL, mel_at), (backbone, _BACKBONE, backbone_at), (head, _HEAD, head_at)):
        check_numbers(values, names, place)
    for values, place in ((mel, mel_at), (head, head_at)):
        if values.get("padding", "same") not in tuple(_PADDING):
            raise ContractError("padding is not known", where=place, got=values["padding"], wanted=", ".join(_PADDING))
    for one, other, name in (
        (head["hop_length"], mel["hop_length"], "hop_length of head and feature_extractor"),
        (head["dim"], backbone["dim"], "dim of head and backbone"),
        (backbone["input_channels"], mel["n_mels"], "input_channels of backbone and n_mels of feature_extractor"),
    ):
        if one != other:
            raise ContractError(f"{name} contradict each other", where=where, got=f"{one} and {other}")
    facts = {
        **{name: mel[name] for name in sorted(_MEL)}, "win_length": mel["n_fft"], "f_min": 0.0,
        "f_max": mel["sample_rate"] / 2, "padding": _PADDING[mel["padding"]], "power": 1, "mel_scale": "htk",
        "mel_norm": "none", "log": "ln",
    }  # fmt: skip
    found = MelSpec(**facts, pad_mode="reflect", floor=_FLOOR, floor_kind="clamp")
    spec = checked_spec(found, request, facts, where)
    kind = family("vocos")
    config = {
        "n_mels": mel["n_mels"],
        **{name: backbone[name] for name in ("dim", "intermediate_dim", "num_layers")},
        **{name: head[name] for name in ("n_fft", "hop_length")},
        "padding": head.get("padding", "same"),
    }
    sizes = kind.sizes(config)
    path = weight_file(request, ("pytorch_model.bin", "model.safetensors"))
    weights = generator_of(read_weights(path), path, ((), ("state_dict",)))
    if _BANK in weights:
        check_filters(weights[_BANK].T, spec, _BANK, path)
    unused = kind.module().unused_names(sizes, "original")
    ours = to_our_names({k: v for k, v in weights.items() if k not in unused}, kind, sizes, "original", path)
    files = {"checkpoint": str(path), "config": str(where)}
    silent += [] if "padding" in head else ["padding of the head"]
    notes = _notes(request, silent, mel["padding"], config["padding"])
    return Imported("vocos", sizes.model_dump(mode="json"), spec, ours, "vocos", notes, files)


def _part(said: dict[str, Any], name: str, where: Path) -> tuple[dict[str, Any], Path]:
    part, place = section(said, name, where)
    found = part.get("class_path")
    if found != _PARTS[name]:
        hint = "It turns EnCodec's tokens into sound, not mels" if "Encodec" in str(found) else None
        raise ContractError(
            f"this {name} is not read here", where=where, got=found or "no class_path", wanted=_PARTS[name], next=hint
        )
    return section({"init_args": {}, **part}, "init_args", place)


def _notes(request: Request, silent: list[str], taken: str, made: str) -> tuple[str, ...]:
    notes = []
    if request.spec is None:
        notes.append(
            "not in the configuration, taken from the package: HTK filters of unit peak, magnitude, natural log, "
            "clamp at 1e-7"
        )
    if silent:
        notes.append(f"the package's defaults stand for what the configuration does not say: {', '.join(silent)}")
    notes.append("its log mel lies 3 to 6 nat above one with filters of unit area (BigVGAN's at the same rate)")
    if taken != made:
        notes.append(f"mels are framed {taken!r} and the sound {made!r}: the network moves them by half a hop")
    return tuple(notes)


PLUGIN = Layout("vocos", "a vocos folder: config.yaml and pytorch_model.bin", _recognises, _read)
