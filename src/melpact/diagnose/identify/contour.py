"""Hop and offset of the frames, before anything else is known: loudness contours of the sound beside those of the values.

Fine contours of the sound in a few bands are sampled at every hop and offset that the number of frames allows; the right
ones explain most of how the values move, whatever filterbank, log or scaling they went through.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import band_edges_hz
from melpact.diagnose.identify.listen import LONGEST_S, Sound

Float64 = NDArray[np.float64]
_STEP_S = 1e-3
_BANDS = 14
_PARTS = 8
_MOST_FRAMES = 320
_LATEST_S = 0.09
_FREE_STEP_S = 8e-3


class Framing(NamedTuple):
    """A hop in seconds, where the first frame's centre lies, and how much of the values' movement that explains (0 to 1)."""

    hop_s: float
    first_s: float
    explained: float


def framings(sound: Sound, values: Float64, hops_s: list[float]) -> list[Framing]:
    """The best offset for each hop, the best hop first."""
    contours = _contours(sound)
    moving = _movement(values)
    found = []
    for hop in hops_s:
        coarse = max((_explained(contours, moving, hop, at), at) for at in np.arange(-0.002, _LATEST_S, 0.004))
        fine = max((_explained(contours, moving, hop, at), at) for at in coarse[1] + np.arange(-0.003, 0.0031, 0.001))
        found.append(Framing(hop, float(fine[1]), float(fine[0])))
    return sorted(found, key=lambda f: -f.explained)


def free_hop(sound: Sound, values: Float64) -> Framing | None:
    """The best hop of all that the number of frames allows, to about one part in a thousand for two seconds."""
    frames, duration = values.shape[1], sound.duration_s
    if frames < 8:
        return None
    shortest, longest = max(duration - 0.19, 0.3 * duration) / (frames + 2), duration / (frames - 3)
    step = _FREE_STEP_S / min(duration, LONGEST_S)
    hops = shortest * (1 + step) ** np.arange(math.ceil(math.log(longest / shortest) / step) + 1)
    best = framings(sound, values, hops.tolist())[0]
    for finer in (3.0, 9.0):
        near = best.hop_s * (1 + step / finer * np.arange(-2, 3))
        best = framings(sound, values, near.tolist())[0]
    return best


def _contours(sound: Sound) -> Float64:
    """ln of the magnitude in a few bands every millisecond, [time, bands]."""
    rate = 16000
    x = sound.at(rate)[: int(LONGEST_S * rate)].astype(np.float32)
    step, size = int(rate * _STEP_S), 384
    x = np.pad(x, size // 2)
    starts = np.arange(0, x.size - size, step)
    framed = np.lib.stride_tricks.sliding_window_view(x, size)[starts] * np.hanning(size).astype(np.float32)
    power = np.abs(np.fft.rfft(framed, 512, axis=1)) ** 2
    edges = band_edges_hz(_BANDS, 60.0, 7600.0, "slaney")
    hz = np.arange(power.shape[1]) * rate / 512
    bank = (hz[:, None] >= edges[None, :-2]) & (hz[:, None] < edges[None, 2:])
    mel = power @ bank.astype(np.float32)
    return np.asarray(np.log(np.sqrt(mel) + 1e-3 * np.sqrt(mel.mean())), np.float64)


def _movement(values: Float64) -> Float64:
    """The strongest few directions in which the values move, [frames, parts]."""
    y = (values - values.mean(axis=1, keepdims=True)).T
    y = y / (y.std() + 1e-12)
    _, vectors = np.linalg.eigh(y.T @ y)
    return np.asarray(y @ vectors[:, -min(_PARTS, y.shape[1]) :])


def _explained(contours: Float64, moving: Float64, hop_s: float, first_s: float) -> float:
    t = np.arange(moving.shape[0])
    at = (first_s + t * hop_s) / _STEP_S
    ok = (at >= 0) & (at < contours.shape[0] - 1)
    if ok.sum() < 8:
        return 0.0
    rows = np.flatnonzero(ok)
    if rows.size > _MOST_FRAMES:
        rows = rows[np.linspace(0, rows.size - 1, _MOST_FRAMES).astype(int)]
    x = contours[np.round(at[rows]).astype(int)]
    if x.shape[0] < 3 * x.shape[1]:
        x = x[:, ::2] + np.pad(x[:, 1::2], ((0, 0), (0, x.shape[1] % 2)))
    y = moving[rows]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    gram = x.T @ x
    gram[np.diag_indices_from(gram)] += 1e-3 * np.trace(gram) / len(gram)
    along = x.T @ y
    return float(np.sum(along * np.linalg.solve(gram, along)) / max(float(np.sum(y * y)), 1e-12))
