"""From samples to the padded, pre-emphasised signal whose frames an engine reads. One rule for oracle and engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort


def check_length(spec: MelSpec, n_samples: int, where: object = None) -> None:
    """Refuse audio that does not give one frame, or that is shorter than the padding would mirror.

    Raises:
        AudioTooShort
    """
    fewest = spec.min_samples()
    if n_samples >= fewest and spec.frames(n_samples) > 0:
        return
    reason = (
        "mirrored padding" if spec.pad_mode in ("reflect", "symmetric") and n_samples >= spec.samples(1) else "one frame"
    )
    raise AudioTooShort(
        f"the audio is too short for {reason}",
        where=where,
        got=f"{n_samples} samples at {spec.sample_rate} Hz",
        wanted=f"at least {fewest} ({name_of(spec) or spec.fingerprint}: n_fft {spec.n_fft}, hop_length {spec.hop_length})",
        next="Join short clips, add silence, or choose a dialect with a shorter n_fft (melpact dialects)",
    )


def preemphasise(
    x: NDArray[Any], spec: MelSpec, previous: float | None = None, following: float | None = None
) -> NDArray[Any]:
    """Waveform-level pre-emphasis y[n] = x[n] - c x[n-1] in the dtype of x, [samples] → [samples].

    `previous` is the sample before x when x is a later block; at the start of a signal the description's rule holds,
    which for "filter_reflect" needs `following`, the second sample, where x holds only one.
    """
    if spec.preemphasis_kind not in ("filter", "filter_reflect") or x.size == 0:
        return x
    c = x.dtype.type(spec.preemphasis)
    y = x.copy()
    y[1:] -= c * x[:-1]
    if previous is not None:
        y[0] = x[0] - c * x.dtype.type(previous)
    elif spec.preemphasis_kind == "filter_reflect":
        second = x[1] if x.size > 1 else x.dtype.type(following if following is not None else x[0])
        y[0] = x[0] - c * second
    return y


def pad(y: NDArray[Any], spec: MelSpec) -> NDArray[Any]:
    """The signal with its padding: frame t is `padded[t * hop_length : t * hop_length + frame_length]`."""
    left, right = spec.left_pad, spec.right_pad(y.size)
    if right < 0:
        y, right = y[:right], 0
    if left == 0 and right == 0:
        return y
    padded = np.empty(left + y.size + right, y.dtype)
    padded[left : left + y.size] = y
    padded[:left] = edge(y, left, spec)[::-1]
    padded[left + y.size :] = edge(y[::-1], right, spec)
    return padded


def edge(y: NDArray[Any], count: int, spec: MelSpec) -> NDArray[Any]:
    """The `count` samples that padding puts before y, nearest first (of y reversed: behind it)."""
    if spec.pad_mode in ("none", "zero", "constant"):
        return np.full(count, spec.pad_value, y.dtype)
    return mirrored(y, count, 1 if spec.pad_mode == "reflect" else 0)


def mirrored(y: NDArray[Any], count: int, skip: int) -> NDArray[Any]:
    """`count` samples of y from its start, without the first `skip`; turns round at the end where y is shorter."""
    if count + skip <= y.size:
        return y[skip : skip + count]
    return np.pad(y, (0, count + skip), mode="reflect" if skip else "symmetric")[skip : skip + count]
