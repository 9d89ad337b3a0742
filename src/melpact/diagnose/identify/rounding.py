"""The null of a comparison with the sound: what rounding of the sound's samples does to the values of a description.

A sound on disk is rounded to 16 bits, often at another level than the mel was made from. That moves the quiet values by
nats while the description is right; so what is left is compared with what such noise leaves, before anything else is looked
for. The noise's size is read off the loud values, so that an exact copy of the sound is held to an exact fit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import band_edges_hz
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.diagnose.identify.compare import overlap_of
from melpact.diagnose.identify.listen import Heard, Sound
from melpact.features.analysis import analyse

Float64 = NDArray[np.float64]
_STEP = 2.0**-15
_MOST_STEPS = 2.0
"""Noise beyond that of twice a 16-bit step is no rounding."""
_DRAWS = 4
_WIDE = 8.0
_NUMERIC = 5e-4
_OFF = 1e-3
_OFF_ROUNDED = 4e-3
"""Rounding hangs on the sound where that moves by few steps, which drawn noise does not."""


def like_rounding(sound: Sound, values: Float64, heard: Heard) -> bool:
    """Whether what a dialect leaves is no more than rounding of the sound would."""
    spec = heard.hypothesis.spec
    if spec.log == "none":
        spec = spec.replace_quietly(log="ln", floor=1e-30, floor_kind="clamp")
    bare = spec.replace_quietly(log="ln", reference=0.0, scaling=NoScaling())
    x = sound.at(bare.sample_rate, whole=bool(spec.scaling.needs()))
    raised = float(np.exp(heard.gain_nat))
    rng = np.random.default_rng(0)
    noise = [_at_rate(sound, bare.sample_rate, x.size, rng) for _ in range(_DRAWS)]
    plain, _ = overlap_of(_made(x * np.float32(raised), bare), values, heard.lag)
    held = _held(bare, sound.sample_rate)
    left = np.abs(heard.residual)[held]
    if plain.shape[1] < left.shape[1] or left.size == 0:
        return False
    plain = plain[held, : left.shape[1]]

    def moved(k: int, steps: float) -> Float64:
        other = _made((x + np.float32(steps) * noise[k]) * np.float32(raised), bare)
        return np.abs(overlap_of(other, values, heard.lag)[0][held, : left.shape[1]] - plain)

    loud = plain >= np.median(plain)
    steps = float(np.median(left[loud]) / max(float(np.median(moved(0, 1.0)[loud])), 1e-12))
    if steps > _MOST_STEPS:
        return False
    null = [moved(k, steps) for k in range(_DRAWS)]
    spread = np.sqrt(np.mean(np.square(null[1:]), axis=0)) + _NUMERIC
    beyond, by_chance = (float(np.mean(r > _WIDE * spread)) for r in (left, null[0]))
    return beyond <= 2.0 * by_chance + _OFF + _OFF_ROUNDED * min(1.0, steps)


def _held(spec: MelSpec, rate: int) -> NDArray[np.bool_]:
    """The bands that the sound reaches: above half its rate there is only what the resampler leaves."""
    top = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)[2:]
    return np.asarray(top <= rate / 2)


def _made(samples: NDArray[np.float32], spec: MelSpec) -> Float64:
    return np.asarray(analyse(samples, spec)[0], np.float64)


def _at_rate(sound: Sound, rate: int, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of one rounding at the sound's own rate, resampled as the sound is."""
    noise = sound.like(_STEP * (rng.random(sound.n_samples) - 0.5))
    return noise.at(rate, whole=True)[:size]
