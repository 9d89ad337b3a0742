"""Sizes of the generators that Parallel WaveGAN's layout names, from `generator_params`; one function each.

Source of the names: models/hifigan.py, melgan.py and parallel_wavegan.py of kan-bayashi/ParallelWaveGAN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.core.errors import ContractError, MissingFact
from melpact.vocoders.importers import Request
from melpact.vocoders.importers.configuration import section
from melpact.vocoders.importers.reading import account, check_alone, check_numbers

_ACTIVATION = {"nonlinear_activation", "nonlinear_activation_params"}
_HIFIGAN = {
    "in_channels", "out_channels", "channels", "kernel_size", "upsample_scales", "upsample_kernel_sizes",
    "upsample_kernal_sizes", "resblock_kernel_sizes", "resblock_dilations", "use_additional_convs", "bias",
    "use_weight_norm", "use_causal_conv", *_ACTIVATION,
}  # fmt: skip
_MELGAN = {
    "in_channels", "out_channels", "kernel_size", "channels", "bias", "upsample_scales", "stack_kernel_size", "stacks",
    "pad", "pad_params", "use_final_nonlinear_activation", "use_weight_norm", "use_causal_conv", *_ACTIVATION,
}  # fmt: skip
_PWG = {
    "in_channels", "out_channels", "kernel_size", "layers", "stacks", "residual_channels", "gate_channels", "skip_channels",
    "aux_channels", "aux_context_window", "dropout", "bias", "use_weight_norm", "use_causal_conv",
    "upsample_conditional_features", "upsample_net", "upsample_params",
}  # fmt: skip
_UPSAMPLING = {
    "upsample_scales", "interpolate_mode", "freq_axis_kernel_size", "use_causal_conv", "aux_channels", "aux_context_window",
    *_ACTIVATION,
}  # fmt: skip


def _hifigan(params: dict[str, Any], request: Request, where: Path) -> dict[str, Any]:
    needed = {"in_channels", "channels", "kernel_size", "upsample_scales", "resblock_kernel_sizes", "resblock_dilations"}
    account(params, needed=needed, known=_HIFIGAN, request=request, where=where)
    kernels = params.get("upsample_kernel_sizes", params.get("upsample_kernal_sizes"))
    if kernels is None:
        raise MissingFact("the configuration does not say upsample_kernel_sizes", where=where)
    _check_variant(params, where)
    return {
        "n_mels": params["in_channels"],
        "upsample_rates": params["upsample_scales"],
        "upsample_kernel_sizes": kernels,
        "upsample_initial_channel": params["channels"],
        "resblock": "1" if params.get("use_additional_convs", True) else "2",
        "resblock_kernel_sizes": params["resblock_kernel_sizes"],
        "resblock_dilation_sizes": params["resblock_dilations"],
        "kernel_size": params["kernel_size"],
        "leaky_relu_slope": _slope(params, 0.1, where),
        "upsample_padding": "stride",
        "bias": params.get("bias", True),
    }


def _melgan(params: dict[str, Any], request: Request, where: Path) -> dict[str, Any]:
    needed = {"in_channels", "kernel_size", "channels", "upsample_scales", "stack_kernel_size", "stacks"}
    account(params, needed=needed, known=_MELGAN, request=request, where=where)
    _check_variant(params, where)
    for name, value in (
        ("pad", "ReflectionPad1d"), ("pad_params", {}), ("use_final_nonlinear_activation", True), ("bias", True),
    ):  # fmt: skip
        check_alone(params, name, value, where)
    return {
        "n_mels": params["in_channels"],
        **{name: params[name] for name in ("kernel_size", "channels", "upsample_scales", "stack_kernel_size", "stacks")},
        "leaky_relu_slope": _slope(params, 0.2, where),
    }


def _pwg(params: dict[str, Any], request: Request, where: Path) -> dict[str, Any]:
    sizes = {"kernel_size", "layers", "stacks", "residual_channels", "gate_channels", "skip_channels", "aux_context_window"}
    account(params, needed=sizes | {"aux_channels", "upsample_params"}, known=_PWG, request=request, where=where)
    for name, value in (
        ("in_channels", 1), ("out_channels", 1), ("bias", True), ("use_causal_conv", False),
        ("upsample_conditional_features", True), ("upsample_net", "ConvInUpsampleNetwork"),
    ):  # fmt: skip
        check_alone(params, name, value, where)
    upsampling, place = section(params, "upsample_params", where)
    account(upsampling, needed={"upsample_scales"}, known=_UPSAMPLING, request=request, where=place)
    for name, known in (("interpolate_mode", "nearest"), ("nonlinear_activation", None), ("use_causal_conv", False)):
        check_alone(upsampling, name, known, place)
    check_numbers(upsampling, ("upsample_scales",), place)
    return {
        "n_mels": params["aux_channels"],
        **{name: params[name] for name in sorted(sizes)},
        "upsample_scales": upsampling["upsample_scales"],
        "freq_axis_kernel_size": upsampling.get("freq_axis_kernel_size", 1),
    }


def _check_variant(params: Mapping[str, Any], where: Path) -> None:
    check_numbers(params, ("upsample_scales",), where)
    activation, channels = params.get("nonlinear_activation", "LeakyReLU"), params.get("out_channels", 1)
    if activation != "LeakyReLU" or channels != 1 or params.get("use_causal_conv"):
        raise ContractError(
            "a variant of the generator that is not known here", where=where,
            got=f"{activation}, {channels} channels, causal {bool(params.get('use_causal_conv'))}",
            wanted="LeakyReLU, one channel, not causal",
            next="More channels than one are sub-bands, which a filterbank must join" if channels != 1 else None,
        )  # fmt: skip


def _slope(params: Mapping[str, Any], default: float, where: Path) -> float:
    if not params.get("nonlinear_activation_params"):
        return default
    given, place = section(params, "nonlinear_activation_params", where)
    if "negative_slope" not in given:
        return default
    check_numbers(given, ("negative_slope",), place)
    return float(given["negative_slope"])


@dataclass(frozen=True)
class Generator:
    """A generator of this layout.

    Args:
        family: name of the family here.
        sizes: (generator_params, request, their place) → the family's sizes; raises ContractError and MissingFact.
        rates: which of the sizes are the upsampling rates.
    """

    family: str
    sizes: Callable[[dict[str, Any], Request, Path], dict[str, Any]]
    rates: str


GENERATORS: Mapping[str, Generator] = {
    "HiFiGANGenerator": Generator("hifigan", _hifigan, "upsample_rates"),
    "MelGANGenerator": Generator("melgan", _melgan, "upsample_scales"),
    "ParallelWaveGANGenerator": Generator("pwg", _pwg, "upsample_scales"),
}
"""By the configuration's `generator_type`."""
