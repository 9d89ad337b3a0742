"""Probability of every dialect of one number of bands, from the values alone.

Two sources: a small network over `traits` (tables in model.npz; `python -m benchmarks.identify --fit DATA` makes new ones),
and resynthesis: under the right description some sound has exactly these values, so the sound made from them gives them
back; under a wrong filterbank, window or hop no sound does. What a description forbids (a value below silence) rules it out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.identify.catalogue import Hypothesis, by_bands
from melpact.diagnose.identify.compare import analysis_of, value_slope
from melpact.diagnose.identify.traits import floor_evidence, traits
from melpact.features.analysis import extract
from melpact.features.window import stft_bound
from melpact.vocoders.griffin_lim.vocoder import invert

Float64 = NDArray[np.float64]

FORBIDDEN = -12.0
"""Nat added to the score of a description that the values contradict."""
_RESYNTHESIS_S = 2.0
_MOST = 7
_USUAL_FRAMES = 150


@dataclass(frozen=True)
class Scored:
    """What the values alone say.

    Attributes:
        hypotheses, probability: as many of each.
        forbidden: share of the values that contradict each hypothesis.
        on_floor: share of the values that lie exactly on what each gives silence.
        resynthesis_nat: how far the values are from those of a sound made from them, by name of the hypothesis, where tried.
        distance: how unlike all simulated mels the traits are (about 1 for those; far above it, none of the dialects fits).
    """

    hypotheses: tuple[Hypothesis, ...]
    probability: Float64
    forbidden: Float64
    on_floor: Float64
    resynthesis_nat: Mapping[str, float]
    distance: float


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, NDArray[np.generic]]:
    with (files("melpact.diagnose.identify") / "model.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return MappingProxyType({name: archive[name] for name in archive})


def _dense(name: str) -> Float64:
    """A table kept as int8 columns with one scale each."""
    t = _tables()
    return np.asarray(t[f"{name}_q"].astype(np.float64) * t[f"{name}_s"].astype(np.float64))


@lru_cache(maxsize=16)
def _network(n_mels: int) -> tuple[tuple[Float64, Float64], ...] | None:
    t = _tables()
    if f"{n_mels}_w0_q" not in t:
        return None
    return tuple((_dense(f"{n_mels}_w{i}"), t[f"{n_mels}_b{i}"].astype(np.float64)) for i in range(3))


def network_scores(vector: Float64, n_mels: int) -> tuple[Float64, float]:
    """Logits of the hypotheses of that many bands, and the distance of the traits from those simulated."""
    layers, t = _network(n_mels), _tables()
    if layers is None:
        return np.zeros(len(by_bands()[n_mels])), 1.0
    scale = t[f"{n_mels}_scale"].astype(np.float64)
    z = np.clip((vector - t[f"{n_mels}_mean"].astype(np.float64)) * scale, -5, 5)
    used = scale > 0
    distance = float(np.mean(z[used] ** 2)) if used.any() else 1.0
    for i, (weight, bias) in enumerate(layers):
        z = z @ weight + bias
        if i < len(layers) - 1:
            z = np.maximum(z, 0.0)
    return z, distance


def liveliest(values: Float64, frames: int) -> Float64:
    """The stretch of that many frames in which the values move most."""
    if values.shape[1] <= frames:
        return values
    movement = np.concatenate([[0.0], np.cumsum(values.std(axis=0))])
    start = int(np.argmax(movement[frames:] - movement[:-frames]))
    return values[:, start : start + frames]


def resynthesis_error(values: Float64, spec: MelSpec) -> float | None:
    """Mean distance in nat between values and those of a sound made from them, above their lower third; None where a
    description cannot be inverted from these values."""
    slope = value_slope(spec)
    if spec.scaling.needs():
        return None
    part = liveliest(values, max(24, int(_RESYNTHESIS_S * spec.frame_rate_hz))).astype(np.float32)
    if not _of_some_sound(part, spec):
        return None
    try:
        sound = invert(Mel(part, spec), effort="fast")
        again = extract(sound, spec).values
    except (MelpactError, ValueError, ArithmeticError):
        return None
    frames = min(part.shape[1], again.shape[1])
    a, b = part[:, 2 : frames - 2].astype(np.float64), again[:, 2 : frames - 2].astype(np.float64)
    if a.shape[1] < 4 or not np.isfinite(b).all():
        return None
    use = a > np.quantile(part, 0.3)
    if slope is None:
        tiny = 1e-9 * max(float(a.max()), 1e-30)
        apart = np.abs(np.log(np.maximum(a, tiny)) - np.log(np.maximum(b, tiny)))
    else:
        apart = np.abs((a - b) / slope)
    return float(np.mean(np.minimum(apart[use], 3.0))) if use.any() else None


def _of_some_sound(values: NDArray[np.float32], spec: MelSpec) -> bool:
    """Whether the values, read in that description, are levels that a sound in [-1, 1] can come near, so that nothing
    overflows on the way back."""
    raw = np.asarray(spec.scaling.undo(values.astype(np.float64)), np.float64)
    if not np.isfinite(raw).all():
        return False
    loudest = spec.power * math.log(stft_bound(spec) * spec.n_fft)
    if spec.log_gain is None:
        return bool(raw.max() < math.exp(min(loudest + 10.0, 80.0)))
    top = (float(raw.max()) + spec.reference) / spec.log_gain
    return -40.0 < top < loudest + 10.0


def what_resynthesis_sees(spec: MelSpec) -> str:
    """One key for all descriptions that resynthesis cannot tell apart: those of one analysis, however it is padded."""
    neutral = {"padding": "centre", "pad_mode": "reflect", "pad_left": 0, "pad_right": 0, "drop_last": 0}
    bare = analysis_of(spec).replace_quietly(**neutral, window_periodic=True, epsilon=0.0, epsilon_kind="none")
    return bare.fingerprint


@dataclass(frozen=True)
class Logits:
    """Unnormalised scores of the hypotheses, before and after resynthesis is weighed in.

    Attributes:
        plain: from the traits and from what is forbidden; [hypotheses].
        errors: what resynthesis gave in nat where it was tried, else nan; [hypotheses].
        fixed: whether each hypothesis can be resynthesised at all (its scaling does not follow the utterance).
        forbidden, on_floor, distance: see `Scored`.
    """

    plain: Float64
    errors: Float64
    fixed: NDArray[np.bool_]
    forbidden: Float64
    on_floor: Float64
    distance: float

    def with_resynthesis(self, weight: float) -> Float64:
        """The scores minus `weight` times the log of the error; what was not tried fares as the worst that was."""
        tried = np.isfinite(self.errors)
        if np.unique(self.errors[tried]).size < 2:
            return self.plain
        worst, middle = float(self.errors[tried].max()), float(np.median(self.errors[tried]))
        error = np.where(tried, self.errors, np.where(self.fixed, worst, middle))
        return np.asarray(self.plain - weight * np.log(np.maximum(error, 0.01)))


def logits_of(values: Float64) -> Logits:
    """The scores of values [n_mels, frames] of a number of bands that several hypotheses have."""
    these = by_bands()[values.shape[0]]
    vector, evidence = traits(values, these)
    plain, distance = network_scores(vector, values.shape[0])
    forbidden = evidence[:, 0] + evidence[:, 2]
    plain = plain + FORBIDDEN * (forbidden > 0)
    order = np.argsort(-plain)
    errors: dict[str, float] = {}
    tried = 0
    for i in order:
        if plain[i] < plain[order[0]] - 9.0 or tried >= _MOST:
            break
        key = what_resynthesis_sees(these[i].spec)
        if key not in errors:
            tried += 1
            error = resynthesis_error(values, these[i].spec) if len(_rivals(these, order, plain)) > 1 else None
            errors[key] = np.nan if error is None else error
    by_hypothesis = np.array([errors.get(what_resynthesis_sees(h.spec), np.nan) for h in these])
    fixed = np.array([not h.spec.scaling.needs() for h in these])
    return Logits(plain, by_hypothesis, fixed, forbidden, evidence[:, 1], distance)


def _rivals(these: tuple[Hypothesis, ...], order: NDArray[np.intp], plain: Float64) -> set[str]:
    """The different things that resynthesis would see among the likely hypotheses."""
    likely = [i for i in order if plain[i] >= plain[order[0]] - 9.0]
    return {what_resynthesis_sees(these[i].spec) for i in likely[:24]}


def score(values: Float64) -> Scored:
    """Probabilities for values [n_mels, frames] (finite, at least 6 frames, n_mels one that some dialect has)."""
    these = by_bands()[values.shape[0]]
    if len(these) == 1:
        evidence = floor_evidence(values, these)
        return Scored(these, np.ones(1), evidence[:, 0] + evidence[:, 2], evidence[:, 1], MappingProxyType({}), 2.0)
    found = logits_of(values)
    temperature, weight = _calibration(*values.shape)
    logits = found.with_resynthesis(weight) / temperature + FORBIDDEN * (found.forbidden > 0)
    p = np.exp(logits - logits.max())
    tried = {h.name: float(e) for h, e in zip(these, found.errors, strict=True) if np.isfinite(e)}
    return Scored(these, p / p.sum(), found.forbidden, found.on_floor, MappingProxyType(tried), found.distance)


def _calibration(n_mels: int, frames: int) -> tuple[float, float]:
    """Temperature for that many frames and the weight of resynthesis, chosen on voices that the fit had left out."""
    found = _tables().get(f"{n_mels}_calibration")
    if found is None:
        return 2.0, 8.0
    return temperature_at(float(found[1]), float(found[3]) if found.size > 3 else 0.0, frames), float(found[2])


def temperature_at(usual: float, exponent: float, frames: int) -> float:
    """The temperature of a mel of that many frames, where `usual` is that of `_USUAL_FRAMES`."""
    return float(usual * (min(max(frames, 20), 1000) / _USUAL_FRAMES) ** exponent)
