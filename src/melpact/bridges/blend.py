"""The estimate behind a fitted bridge: a mel of `a` → the most likely mel of `b`, for any two descriptions.

Four views of the same mel are laid over one another, all as ln of the linear mel on the grid of `b`:

- through sound: the mel is inverted (`melpact.vocoders.griffin_lim`), resampled and analysed again as `b`;
- what the sound missed: the mel minus the mel of that sound, which is known on the grid of `a`, moved to that of `b`;
- through magnitude: the linear magnitude that the bank implies, moved in time and frequency, under the bank of `b`;
- the mel itself, by straight lines in time and frequency; it and the magnitude take their level per band from the sound,
  because neither says how leakage adds up in another window.

The sound says how frames overlap but guesses phases; the others are smooth but guess nothing. A small network that was
fitted on speech (`corrector`) looks at all four around a value and says how far the sound's is off; where the two grids are
the same, two fitted numbers do. Not here: which pairs take this way (`ways`), the errors it makes (`table`). Importing this
module imports numba.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges import corrector
from melpact.bridges.context import blocks
from melpact.bridges.grids import Floats, in_time, lowest, moved, nats, reaches, unscaled
from melpact.contract.diff.grid_rules import centres_hz
from melpact.contract.diff.limits import epsilon_floor, linear_to_raw
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.scaling import measure
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract
from melpact.features.inversion import mel_to_magnitude
from melpact.vocoders.griffin_lim.vocoder import Effort, invert, linear_mel

_SILENT_BIN = -35.0
"""ln of the magnitude of bins that a mel says nothing about; its square is still a float32."""
_AT_ONCE = 16384
"""Values that go through the network together."""
_ALIKE = 4 / 3
"""Windows and band distances within this factor count as alike."""


@dataclass(frozen=True, eq=False)
class Heard:
    """One mel with everything about it that does not depend on the target."""

    mel: Mel
    sound: Audio
    own: Floats
    """ln of the linear mel, [n_mels, frames]."""
    missed: Floats
    """ln of the mel minus ln of the mel of the sound, [n_mels, frames]."""
    log_magnitude: NDArray[np.float32]
    """ln of the magnitude that the mel implies, [n_bins, frames]."""


class Views(NamedTuple):
    """The four views on the grid of the target, each float64 [n_mels, frames]: the sound's mel, and what the others would
    add to it."""

    sound: Floats
    missed: Floats
    magnitude: Floats
    lines: Floats


def hear(mel: Mel, *, effort: Effort = "best") -> Heard:
    """Invert a mel once for any number of targets.

    Raises:
        ContractError: a batch, no frames, values that are not numbers, or statistics of the utterance that are missing.
    """
    spec = mel.spec
    sound = invert(mel, effort=effort)
    own = nats(mel)
    again = nats(extract(sound, unscaled(spec)))
    magnitude = mel_to_magnitude(linear_mel(mel), filterbank(spec), power=spec.power)
    quiet = np.float32(np.exp(_SILENT_BIN))
    return Heard(mel, sound, own, own - again[:, : own.shape[1]], np.log(np.maximum(magnitude, quiet)))


def views(heard: Heard, target: MelSpec) -> Views:
    """The views of a mel as `target` would see it.

    Raises:
        AudioTooShort: fewer samples than one frame of the target needs.
    """
    source = heard.mel.spec
    sound = nats(extract(heard.sound, unscaled(target)))
    frames = sound.shape[1]
    ratio = target.power / source.power
    missed = moved(heard.missed, source, target, frames) * ratio
    bottom = float(sound.min())
    magnitude = _levelled(_through_magnitude(heard, target, frames, bottom), sound, bottom)
    lines = _levelled(moved(heard.own, source, target, frames) * ratio, sound, bottom)
    return Views(sound, missed, magnitude, lines)


def _levelled(view: Floats, sound: Floats, bottom: float) -> Floats:
    """What a view would add to the sound once every band has the sound's level."""
    away = view - sound
    both = (sound > bottom + 1e-3) & (view > bottom + 1e-3)
    return away - _medians(away, both)[:, None]


def estimate(heard: Heard, target: MelSpec) -> Floats:
    """ln of the linear mel that `target` most likely shows, float64 [n_mels, frames]; silence where `heard` holds
    nothing."""
    source = heard.mel.spec
    seen = views(heard, target)
    known = corrector.shipped()
    if same_grid(source, target):
        missed, magnitude = known.same_grid
        return seen.sound + missed * seen.missed + magnitude * seen.magnitude
    result = seen.sound.copy()
    where = seen.sound > seen.sound.min() + 1e-3
    parts = [known(block) for block in blocks(seen, source, target, where, _AT_ONCE)]
    result[where] += target.power * np.concatenate(parts).astype(np.float64)
    return result


def bridged(heard: Heard, target: MelSpec) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float64]]]:
    """Values of `target`, float32 [n_mels, frames], and the statistics of the utterance that its scaling takes out.

    Bands of the target that lie outside what the mel holds read what digital silence reads.
    """
    linear = np.exp(estimate(heard, target))
    linear = np.maximum(linear, epsilon_floor(target)[:, None])
    unknown = ~reaches(heard.mel.spec, target)
    linear[unknown] = epsilon_floor(target)[unknown, None]
    raw = np.asarray(linear_to_raw(target, linear))
    needs = target.scaling.needs()
    measured = measure([raw]) if needs else {}
    values = target.scaling.apply(raw, measured).astype(np.float32)
    return values, {name: measured[name] for name in needs}


def _medians(values: Floats, use: NDArray[np.bool_]) -> Floats:
    """The (lower) median of the values in use, per row; 0 where there are none."""
    ordered = np.sort(np.where(use, values, np.inf), axis=1)
    count = use.sum(axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.asarray(np.where(count > 0, middle, 0.0))


def _through_magnitude(heard: Heard, target: MelSpec, frames: int, bottom: float) -> Floats:
    source = heard.mel.spec
    over_time = in_time(heard.log_magnitude, source, target, frames)
    own, wanted = (np.arange(s.n_bins) * (s.sample_rate / s.n_fft) for s in (source, target))
    index = np.interp(wanted, own, np.arange(own.size, dtype=np.float64))
    low = np.floor(index).astype(np.intp)
    share = (index - low)[:, None].astype(np.float32)
    bins = over_time[low] * (1 - share) + over_time[np.minimum(low + 1, own.size - 1)] * share
    bins[wanted > own[-1]] = _SILENT_BIN
    bins *= np.float32(target.power)
    gain = (target.waveform_scale / source.waveform_scale) ** target.power
    mel = gain * (_sparse_bank(target) @ np.exp(bins))
    return np.asarray(np.log(np.maximum(mel, max(np.exp(bottom), lowest(target)))))


@lru_cache(maxsize=128)
def _sparse_bank(spec: MelSpec) -> Any:
    from scipy.sparse import csr_array

    return csr_array(filterbank(spec).astype(np.float32))


def same_grid(source: MelSpec, target: MelSpec) -> bool:
    """Whether the values of both stand at the same places in time and frequency."""
    grids = ("sample_rate", "hop_length", "n_fft", "win_length", "n_mels", "f_min", "f_max", "mel_scale", "bank_sample_rate")
    return source.left_pad == target.left_pad and all(getattr(source, n) == getattr(target, n) for n in grids)


def situation(source: MelSpec, target: MelSpec) -> str:
    """How a pair is counted in summaries: "same grid", or how the target's window and bands compare with the source's."""
    if same_grid(source, target):
        return "same grid"
    window = (target.win_length / target.sample_rate) / (source.win_length / source.sample_rate)
    bands = _spacing_hz(target) / _spacing_hz(source)
    return f"window {_word(window, 'shorter', 'longer')}, bands {_word(bands, 'finer', 'coarser')}"


def _spacing_hz(spec: MelSpec) -> float:
    """Distance of neighbouring bands near 1 kHz."""
    centres = centres_hz(spec)
    return float(np.interp(1000.0, centres[:-1], np.diff(centres))) if centres.size > 1 else float(spec.physical_f_max_hz)


def _word(ratio: float, less: str, more: str) -> str:
    return less if ratio < 1 / _ALIKE else more if ratio > _ALIKE else "alike"
