"""Some frames of a sound from the samples that they read alone, equal to the same frames of the whole to the last bit.

The whole is analysed in `analysis`; which frames are wanted is the caller's business.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import Utterance
from melpact.contract.spec import MelSpec
from melpact.core.errors import AxisError
from melpact.features.analysis import finish, run_frames, scale_waveform
from melpact.features.framing import check_length, edge, preemphasise

Float32 = NDArray[np.float32]


def reach(spec: MelSpec, n_samples: int, first: int, frames: int) -> tuple[int, int]:
    """The samples [start, stop) of a sound of `n_samples` that frames first .. first + frames - 1 depend on.

    Raises:
        AxisError: the sound does not have these frames.
    """
    if first < 0 or frames < 1 or first + frames > spec.frames(n_samples):
        raise AxisError(
            "frames outside the sound",
            where="reach",
            got=f"{first} .. {first + frames - 1}",
            wanted=f"0 .. {spec.frames(n_samples) - 1}",
        )
    low, high = _bounds(spec, first, frames)
    mirrors = spec.pad_mode in ("reflect", "symmetric")
    start, stop = max(low, 0), min(high, n_samples)
    if mirrors and low < 0:
        stop = max(stop, min(n_samples, 1 - low))
    if mirrors and high > n_samples:
        start = min(start, max(0, 2 * n_samples - high - 1))
    if spec.preemphasis_kind in ("filter", "filter_reflect"):
        start, stop = max(0, start - 1), min(n_samples, max(stop, 2))
    return min(start, n_samples - 1), max(stop, 1)


def excerpt(
    samples: Float32,
    spec: MelSpec,
    *,
    start: int,
    n_samples: int,
    first: int,
    frames: int,
    utterance: Utterance | None = None,
) -> Float32:
    """Frames first .. first + frames - 1 of a sound of which only a part is at hand.

    Args:
        samples: float32 [part], mono, at the description's rate: the sound from sample `start` on; it holds at least
            what `reach` names.
        start: where the part begins in the sound.
        n_samples: length of the whole sound.
        first, frames: which frames.
        utterance: the whole sound's statistics, where the scaling needs them.

    Returns:
        float32 [n_mels, frames]: `analyse(whole, spec)[0][:, first : first + frames]`, bit for bit.

    Raises:
        AxisError: the sound does not have these frames, or the part does not hold what they read.
        AudioTooShort: the whole is shorter than a frame, or than its mirrored padding, needs.
        MissingUtterance: a per-utterance scaling without its statistics.
    """
    check_length(spec, n_samples)
    needed = reach(spec, n_samples, first, frames)
    if start > needed[0] or start + samples.size < needed[1] or start < 0 or start + samples.size > n_samples:
        raise AxisError(
            "the part does not hold what the frames read",
            where="excerpt.samples",
            got=f"[{start}, {start + samples.size}) of {n_samples}",
            wanted=f"[{needed[0]}, {needed[1]}) at least",
        )
    low, high = _bounds(spec, first, frames)
    scaled = scale_waveform(samples[needed[0] - start : needed[1] - start], spec)
    begin = needed[0]
    if begin > 0 and spec.preemphasis_kind in ("filter", "filter_reflect"):
        signal, begin = preemphasise(scaled[1:], spec, previous=float(scaled[0])), begin + 1
    else:
        signal = preemphasise(scaled, spec)
    parts = [signal]
    if low < 0:
        parts, begin = [edge(signal, -low, spec)[::-1], *parts], low
    if high > n_samples:
        parts.append(edge(signal[::-1], high - n_samples, spec))
    whole = np.concatenate(parts) if len(parts) > 1 else signal
    values = run_frames(whole[low - begin : high - begin], spec, frames)
    return finish(values, spec, dict(utterance or {}))


def _bounds(spec: MelSpec, first: int, frames: int) -> tuple[int, int]:
    """First sample and last + 1 that the frames read, where the padding before the sound has negative numbers."""
    low = first * spec.hop_length - spec.left_pad
    return low, low + (frames - 1) * spec.hop_length + spec.frame_length
