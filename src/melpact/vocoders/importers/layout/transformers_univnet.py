"""A folder that transformers wrote: UnivNetModel, with the mel's facts in preprocessor_config.json.

Source: models/univnet of the transformers package (configuration, feature extraction, model). The feature extractor pads by
(n_fft - hop) / 2 itself whatever `center` says, and always takes Slaney filters of unit area and a natural log.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from melpact.contract.scaling import NoScaling, Scaling, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MissingFact
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config
from melpact.vocoders.importers.reading import (
    account,
    check_alone,
    check_hop,
    check_numbers,
    checked_spec,
    config_path,
    generator_of,
    read_weights,
    to_our_names,
    weight_file,
)

_MODEL = "univnet"
_SIZES = {
    "model_in_channels", "model_hidden_channels", "resblock_kernel_sizes", "resblock_stride_sizes",
    "resblock_dilation_sizes", "kernel_predictor_num_blocks", "kernel_predictor_hidden_channels",
    "kernel_predictor_conv_size", "leaky_relu_slope",
}  # fmt: skip
_OTHER = {
    "num_mel_bins", "model_type", "architectures", "dtype", "torch_dtype", "initializer_range", "transformers_version",
    "_name_or_path", "kernel_predictor_dropout",
}  # fmt: skip
_MEL = {
    "sampling_rate", "num_mel_bins", "hop_length", "win_length", "filter_length", "fmin", "fmax", "mel_floor",
    "compression_clip_val",
}  # fmt: skip
_MEL_OTHER = {
    "feature_extractor_type", "processor_class", "feature_size", "padding_value", "padding_side", "max_length_s",
    "num_max_samples", "n_fft", "n_freqs", "center", "win_function", "compression_factor", "do_normalize", "normalize_min",
    "normalize_max", "model_in_channels", "pad_end_length", "return_attention_mask", "window", "mel_filters",
}  # fmt: skip
_WINDOWS = {f"{name}_window": name for name in ("hann", "hamming", "blackman")}


def _recognises(request: Request) -> bool:
    path = config_path(request, ("config.json",))
    return path is not None and path.suffix.lower() == ".json" and read_config(path).get("model_type") == _MODEL


def _read(request: Request) -> Imported:
    where = config_path(request, ("config.json",))
    assert where is not None
    said = read_config(where)
    account(said, needed=_SIZES | {"num_mel_bins"}, known=_SIZES | _OTHER, request=request, where=where)
    check_numbers(said, ("resblock_stride_sizes", "num_mel_bins"), where)
    mel_at = where.with_name("preprocessor_config.json")
    mel = read_config(mel_at) if mel_at.is_file() else None
    found, facts = _described(mel, request, mel_at) if mel is not None else (None, {"n_mels": said["num_mel_bins"]})
    facts["hop_length"] = check_hop(said["resblock_stride_sizes"], facts.get("hop_length"), "hop_length", mel_at)
    if facts["n_mels"] != said["num_mel_bins"]:
        raise ContractError(
            "num_mel_bins of the two files differ", where=where, got=f"{said['num_mel_bins']}, {facts['n_mels']}"
        )
    if mel is None and request.spec is None:
        raise MissingFact(
            "which mel it takes is in preprocessor_config.json, which is not there",
            where=where.parent,
            next="Copy it there, or say it: --dialect NAME",
        )
    spec = checked_spec(found, request, facts, mel_at)
    kind = family("univnet")
    sizes = kind.sizes({"n_mels": said["num_mel_bins"], **{name: said[name] for name in _SIZES}})
    path = weight_file(request, ("model.safetensors", "pytorch_model.bin"))
    ours = to_our_names(generator_of(read_weights(path), path, ((),)), kind, sizes, "transformers", path)
    files = {"checkpoint": str(path), "config": str(where)}
    notes = _notes(mel or {}, spec)
    return Imported("univnet", sizes.model_dump(mode="json"), spec, ours, "transformers", notes, files)


def _described(mel: dict[str, Any], request: Request, where: Path) -> tuple[MelSpec, dict[str, Any]]:
    account(mel, needed=_MEL, known=_MEL | _MEL_OTHER, request=request, where=where)
    check_numbers(mel, _MEL, where, may_be_null=("fmax",))
    check_alone(mel, "center", False, where)
    check_alone(mel, "compression_factor", 1.0, where)
    window = mel.get("win_function", "hann_window")
    if window not in _WINDOWS:
        raise ContractError("win_function is not known", where=where, got=json.dumps(window), wanted=", ".join(_WINDOWS))
    rate = mel["sampling_rate"]
    facts: dict[str, Any] = {
        "sample_rate": rate, "n_fft": mel["filter_length"], "win_length": mel["win_length"], "hop_length": mel["hop_length"],
        "n_mels": mel["num_mel_bins"], "f_min": float(mel["fmin"]),
        "f_max": float(rate / 2 if mel["fmax"] is None else mel["fmax"]), "epsilon": float(mel["mel_floor"]),
        "floor": float(mel["compression_clip_val"]), "window": _WINDOWS[window],
    }  # fmt: skip
    scaling: Scaling = NoScaling()
    if mel.get("do_normalize", False):
        check_numbers(mel, ("normalize_min", "normalize_max"), where)
        scaling = Window(low=mel["normalize_min"], high=mel["normalize_max"], out_low=-1.0, out_high=1.0)
    found = MelSpec(
        **facts, padding="same", pad_mode="reflect", power=1, epsilon_kind="inside" if facts["epsilon"] else "none",
        mel_scale="slaney", mel_norm="slaney", log="ln", floor_kind="clamp", scaling=scaling,
    )  # fmt: skip
    return found, facts


def _notes(mel: dict[str, Any], spec: MelSpec) -> tuple[str, ...]:
    notes = []
    if mel:
        notes.append("its feature extractor lays frames in the middle of their hop; its mels are [frames, bands] in memory")
    if mel.get("do_normalize", False):
        notes.append("do_normalize: it takes mels brought to [-1, 1]; a raw log mel is brought there by itself")
    if "fmax" in mel and mel["fmax"] is None:
        notes.append(f"fmax is null: bands up to half the rate, {spec.sample_rate / 2:g} Hz")
    return tuple(notes)


PLUGIN = Layout("transformers_univnet", "a transformers folder of UnivNetModel", _recognises, _read)
