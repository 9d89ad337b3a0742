"""The scalings of a description as algebra on tensors: what `melpact.contract.scaling` does to arrays, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

from melpact.contract.scaling import (
    Affine,
    BandAffine,
    DynamicRange,
    NoScaling,
    Percentile,
    Scaling,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
)
from melpact.core.errors import SpecError
from melpact.nn.mel_spectrum import finite_root


def scaled(raw: Tensor, scaling: Scaling, lines: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Raw log mel [B, n_mels, frames] → scaled values, item by item.

    Args:
        raw: the mel before scaling.
        scaling: the description's.
        lines: scale and shift [n_mels, 1] of a per-band scaling, on the mel's device.

    Raises:
        SpecError: a kind of scaling that has no tensor form here.
    """
    if isinstance(scaling, NoScaling):
        return raw
    if isinstance(scaling, Affine):
        return raw * scaling.scale + scaling.shift
    if isinstance(scaling, BandAffine) and lines is not None:
        return raw * lines[0] + lines[1]
    if isinstance(scaling, Window | Percentile):
        return _window(raw, scaling if isinstance(scaling, Window) else scaling._window())
    if isinstance(scaling, Tanh):
        return scaling.amplitude * torch.tanh((raw - scaling.centre) / scaling.width)
    if isinstance(scaling, DynamicRange):
        top = raw.amax((-2, -1), keepdim=True)
        return (torch.maximum(raw, top - scaling.range) + scaling.shift) / scaling.divisor
    if isinstance(scaling, UtteranceMinMax):
        low, high = raw.amin((-2, -1), keepdim=True), raw.amax((-2, -1), keepdim=True)
        unit = (high - low).clamp(min=scaling.epsilon) / (scaling.out_high - scaling.out_low)
        return (raw - low) / unit + scaling.out_low
    if isinstance(scaling, UtteranceStandard):
        return _standardised(raw, scaling)
    raise SpecError("this kind of scaling has no tensor form", got=type(scaling).__name__)


def _window(raw: Tensor, scaling: Window) -> Tensor:
    y = (raw - scaling.low) * scaling.slope + scaling.out_low
    if scaling.clip_low is None and scaling.clip_high is None:
        return y
    return y.clamp(scaling.clip_low, scaling.clip_high)


def _standardised(raw: Tensor, scaling: UtteranceStandard) -> Tensor:
    centred = raw - raw.mean(-1, keepdim=True)
    if scaling.spread == "none":
        return centred
    variance = centred.square().sum(-1, keepdim=True) / max(raw.shape[-1] - scaling.ddof, 1)
    if scaling.spread == "added":
        return centred / (finite_root(variance) + scaling.epsilon)
    return centred / finite_root(variance + scaling.epsilon)
