"""`Evidence`: what is known of one mel, computed once and only when a probe asks for it.

The values with the scaling undone, their floor and ceiling, the reference they should have been (from the target, or from
the
sound under the description that the user believes), the sound itself (of the target where there is none), and both brought
to
one lag. Judging any of it is the business of the probes; competing explanations are in `hypotheses`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.diff.limits import linear_to_raw, silence_raw
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling, measure
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort, ContractError, MissingUtterance
from melpact.features.oracle import compress, spectrum
from melpact.features.window import stft_bound

if TYPE_CHECKING:
    from melpact.diagnose.affine import Lines
    from melpact.diagnose.blind import Verdict
    from melpact.diagnose.claim.network import Answer
    from melpact.diagnose.hypotheses import Solution

Floats = NDArray[np.float64]
_EXCERPT_S = 4.0
_TINY = 1e-12


class Evidence:
    """What the probes look at; every property is computed on first use.

    Args:
        mel: values [n_mels, frames] with the description that the user believes.
        target: what the mel should have been, in any description.
        audio: the sound it should come from.

    Raises:
        ContractError: a batch instead of one mel, or no frames.
    """

    def __init__(self, mel: Mel, target: Mel | None = None, audio: Audio | None = None) -> None:
        for name, one in (("mel", mel), ("target", target)):
            if one is not None and (one.values.ndim != 2 or one.n_frames == 0):
                raise ContractError(
                    f"the {name} must be one mel", got=f"shape {list(one.values.shape)}", wanted="[n_mels, frames ≥ 1]"
                )
        self.mel, self.target, self.audio, self.spec = mel, target, audio, mel.spec
        self._spectra: dict[Any, Floats] = {}
        self._at_rate: dict[int, Floats] = {}
        self.solution: Solution | None = None
        """The explanations compared with each other; set by `examine` before the probes look."""
        self.judged: tuple[Verdict | None] | None = None
        """What the values alone say of their unit; see `melpact.diagnose.blind`."""
        self.claimed: tuple[Answer | None] | None = None
        """Whether the values can be what they claim; see `melpact.diagnose.claim`."""
        self.lines: Lines | None = None
        """Straight lines from the reference to the mel; see `melpact.diagnose.affine`."""

    # the values alone

    @cached_property
    def values(self) -> Floats:
        """The values as given, [n_mels, frames], float64."""
        return self.mel.values.astype(np.float64)

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """Which values are numbers."""
        return np.isfinite(self.values)

    @cached_property
    def filled(self) -> Floats:
        """The values with the finite median of the band where a value is no number."""
        if self.finite.all():
            return self.values
        kept = np.where(self.finite, self.values, np.nan)
        overall = float(np.nanmedian(kept)) if self.finite.any() else 0.0
        middle = [float(np.nanmedian(row)) if np.isfinite(row).any() else overall for row in kept]
        return np.where(self.finite, self.values, np.asarray(middle)[:, None])

    @cached_property
    def has_level(self) -> bool:
        """Whether the scaling can be undone, so that floor and ceiling mean something."""
        try:
            self.spec.scaling.undo(self.filled[:, :1], self.mel.utterance)
        except MissingUtterance:
            return False
        return True

    @cached_property
    def raw(self) -> Floats:
        """The log mel before scaling; the values themselves where the scaling cannot be undone."""
        if not self.has_level:
            return self.filled
        return np.asarray(self.spec.scaling.undo(self.filled, self.mel.utterance), np.float64)

    @property
    def gain(self) -> float:
        """g in g ln(x), 1 for a mel without a log."""
        return self.spec.log_gain or 1.0

    def nats(self, raw: NDArray[np.floating]) -> Floats:
        """Values before scaling → ln of the linear mel, per unit of amplitude (a power mel is halved)."""
        if self.spec.log_gain is None:
            logs = np.log(np.maximum(raw, _TINY))
        else:
            logs = (raw + self.spec.reference) / self.spec.log_gain
        return np.asarray(logs / self.spec.power, np.float64)

    @cached_property
    def level(self) -> Floats:
        """The mel in nat of amplitude, whatever its unit and power: [n_mels, frames]."""
        return self.nats(self.raw)

    def log_linear(self, raw: NDArray[np.floating]) -> Floats:
        """Values before scaling → ln of the linear mel (not per amplitude)."""
        return self.nats(raw) * self.spec.power

    def in_values(self, nats: Floats) -> Floats:
        """ln of the linear mel → values as the believed description writes them."""
        gain = self.spec.log_gain
        return scaled(np.exp(np.minimum(nats, 80.0)) if gain is None else gain * nats - self.spec.reference, self.spec)

    @cached_property
    def reference_nats(self) -> Floats | None:
        """ln of the linear mel of the reference, [n_mels, frames]; None where there is none or its scaling cannot be
        undone."""
        if self.reference is None:
            return None
        facts = self.target.utterance if self.target is not None and self.target.spec == self.spec else self.mel.utterance
        try:
            return self.log_linear(self.spec.scaling.undo(self.reference, facts))
        except MissingUtterance:
            return None

    @cached_property
    def floor(self) -> Floats:
        """What digital silence reads before scaling, or what the scaling clips at: nothing can lie below it. [n_mels]."""
        silence = np.asarray(silence_raw(self.spec), np.float64)
        bound = self._bound(0)
        return silence if bound is None else np.maximum(silence, bound)

    @cached_property
    def clip_top(self) -> Floats | None:
        """Where the scaling clips at the top, before scaling, [n_mels]; None where it does not."""
        return self._bound(1)

    def _bound(self, end: int) -> Floats | None:
        bound = self.spec.scaling.bounds()[end]
        if not np.isfinite(bound) or self.spec.scaling.kind == "tanh":
            return None
        return np.asarray(self.spec.scaling.undo(np.full((self.spec.n_mels, 1), bound)), np.float64)[:, 0]

    @cached_property
    def ceiling(self) -> Floats:
        """The largest value before scaling that any samples in [-1, 1] can give, per band: [n_mels].

        |STFT| never exceeds the sum of the window (a constant signal reaches it), whatever the signal.
        """
        bound = stft_bound(self.spec) * (1 + self.spec.preemphasis)
        peak = filterbank(self.spec).sum(axis=1) * bound**self.spec.power
        return np.asarray(linear_to_raw(self.spec, np.maximum(peak, _TINY)), np.float64)

    @cached_property
    def sounding(self) -> NDArray[np.bool_]:
        """Frames that are louder than silence by more than 6 dB in some band that is not empty: [frames]."""
        above = self.raw - self.floor[:, None] > 0.7 * abs(self.gain)
        return above.mean(axis=0) > 0.1 if self.has_level else np.ones(self.values.shape[1], bool)

    # the reference

    @cached_property
    def reference(self) -> Floats | None:
        """What the values should have been, in the description that is believed: [n_mels, frames], or None."""
        if self.target is not None:
            if self.target.spec == self.spec:
                return np.nan_to_num(self.target.values.astype(np.float64))
            difference = self.target.spec.diff(self.spec)
            if difference.worst in ("same", "exact") and difference.algebraic:
                return np.asarray(difference.convert(self.target).values, np.float64)
        return self.extracted(self.spec) if self.has_sound else None

    @property
    def exact_sound(self) -> bool:
        """Whether the sound is the true one, not one made from the target."""
        return self.audio is not None

    @property
    def has_sound(self) -> bool:
        """Whether a sound is there or can be made from the target."""
        return self.audio is not None or (self.target is not None and bool(np.isfinite(self.target.values).all()))

    @cached_property
    def _sound(self) -> tuple[Floats, int]:
        """Mono samples and their rate: the start of the audio, or of what the target sounds like."""
        if self.audio is not None:
            mono = self.audio.mono()
            return mono.samples[0].astype(np.float64), mono.sample_rate
        from melpact.vocoders.griffin_lim.vocoder import invert

        assert self.target is not None
        target = self.target
        frames = max(1, round(_EXCERPT_S * target.spec.frame_rate_hz))
        whole = invert(Mel(target.values[:, :frames], target.spec, target.utterance), effort="fast")
        return whole.samples[0].astype(np.float64), whole.sample_rate

    def sound(self, sample_rate: int) -> Floats:
        """The sound at a rate, float64 [time], at most the excerpt that comparisons use."""
        if sample_rate not in self._at_rate:
            samples, rate = self._sound
            samples = samples[: round(self._excerpt_s * rate)]
            if rate != sample_rate:
                from melpact.audio.resample import resample

                mono = Audio.of(samples.astype(np.float32), rate)
                samples = resample(mono, sample_rate).samples[0].astype(np.float64)
            self._at_rate[sample_rate] = samples
        return self._at_rate[sample_rate]

    @cached_property
    def _excerpt_s(self) -> float:
        """Seconds that are analysed again: four, counted from where the sound begins."""
        samples, rate = self._sound
        loud = np.flatnonzero(np.abs(samples) > 0.05 * np.abs(samples).max(initial=0.0))
        return _EXCERPT_S + (float(loud[0]) / rate if loud.size else 0.0)

    def linear(self, spec: MelSpec, stride: int = 1) -> Floats | None:
        """The linear mel of the sound under another description, every `stride`-th frame; None where the sound is too
        short."""
        key = (
            spec.sample_rate, spec.waveform_scale, spec.preemphasis, spec.preemphasis_kind, spec.remove_dc, spec.n_fft,
            spec.win_length, spec.hop_length, spec.window, spec.window_periodic, spec.window_placement, spec.padding,
            spec.pad_mode, spec.pad_value, spec.pad_left, spec.pad_right, spec.drop_last, spec.power, spec.epsilon,
            spec.epsilon_kind,
        )  # fmt: skip
        if key not in self._spectra:
            try:
                self._spectra[key] = spectrum(self.sound(spec.sample_rate), spec)
            except AudioTooShort:
                return None
        return np.asarray(filterbank(spec) @ self._spectra[key][:, ::stride], np.float64)

    def extracted(self, spec: MelSpec) -> Floats | None:
        """The values of the sound under a description, scaled as it says; None where the sound is too short for it."""
        linear = self.linear(spec)
        return None if linear is None else scaled(compress(linear, spec), spec)

    # mel and reference together

    @cached_property
    def lag(self) -> int:
        """Frames by which the mel is late against the reference (negative: early), from the best correlation."""
        return best_lag(self.filled, self.reference)[0] if self.reference is not None else 0

    def aligned(self, other: Floats, lag: int = 0) -> tuple[Floats, Floats]:
        """The frames that the mel and `other` share when the mel is `lag` frames late: two arrays of one shape."""
        return shared(self.filled, other, lag)


def scaled(raw: Floats, spec: MelSpec) -> Floats:
    """Values before scaling → scaled as the description says, with the statistics of these values where it asks for some."""
    if isinstance(spec.scaling, NoScaling):
        return raw
    return np.asarray(spec.scaling.apply(raw, measure([raw]) if spec.scaling.needs() else {}), np.float64)


def shared(a: Floats, b: Floats, lag: int = 0) -> tuple[Floats, Floats]:
    """The frames that two mels share when `a` is `lag` frames late against `b`."""
    a, b = a[:, max(lag, 0) :], b[:, max(-lag, 0) :]
    frames = min(a.shape[1], b.shape[1])
    return a[:, :frames], b[:, :frames]


def best_lag(a: Floats, b: Floats, reach: int = 24) -> tuple[int, float, float]:
    """The lag of `a` against `b` with the best correlation of band-wise centred frames, that correlation, and the one at
    0."""
    if a.shape[0] != b.shape[0]:
        return 0, 0.0, 0.0
    found = []
    longest = min(reach, min(a.shape[1], b.shape[1]) // 3)
    for lag in range(-longest, longest + 1):
        x, y = shared(a, b, lag)
        found.append((correlation(x, y), lag))
    at_zero = next(r for r, lag in found if lag == 0)
    r, lag = max(found)
    return lag, r, at_zero


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's r over all cells after each band's mean is taken out; 0 where one of the two does not move."""
    if x.size == 0 or x.shape[1] < 2:
        return 0.0
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / spread) if spread > 1e-9 * x.size else 0.0
