"""`MelSpectrogram`: every mel description as a differentiable torch module, on any device.

The same formula, step by step, as `melpact.features.oracle`, with the same tables. In float64 it equals it to rounding; in
float32 it equals the production engine as far as a float32 transform goes (see the class).
"""

from __future__ import annotations

import torch
from torch import Tensor

from melpact.contract.filterbank import filterbank
from melpact.contract.spec import MelSpec
from melpact.features.framing import check_length
from melpact.features.window import window
from melpact.nn.mel_scaling import scaled
from melpact.nn.mel_spectrum import Spectrum, Tables, batch_of_samples, full_precision, padded

_WITHOUT_FLOAT64 = ("mps",)


class MelSpectrogram(Tables):
    """Samples [B, N] in [-1, 1] at the description's rate → mel [B, n_mels, spec.frames(N)], in its unit and scaling.

    Statistics of the utterance (Whisper's maximum, NeMo's mean and spread) are those of each item of the batch alone.

    **Numbers.** Device and dtype follow the module: `.to("cuda")`, `.double()`. Autocast does not reach inside: 16-bit
    floats cannot hold a spectrum. Where the sound has bands 100 dB and more under its loudest, a float32 transform
    leaves its rounding in them; `.double()` does not. `precise=True` transforms in float64 and gives the module's dtype.
    Left open, that is done where a subtraction before the transform (pre-emphasis, the frame's mean) makes such bands
    common, as in Kaldi's mels, and the device has float64.

    **Gradients** are finite everywhere, silence included:

    - |X| = √(re² + im²) has no derivative at 0; the subgradient 0 is taken (with an epsilon inside the root it is 0 by
      the formula itself).
    - What lies under a clamp (epsilon, floor, a window's ends, Whisper's range) has the gradient 0; what lies on it, the one
      from above.
    - ln(x + floor) is finite as it stands; its slope reaches log_gain / floor.
    - A spread of 0 (an utterance whose band is constant) has the subgradient 0; extremes share theirs among equals.

    So silence pulls in no direction where the description has no epsilon inside its root: begin from noise.

    Args:
        spec: the description.
        precise: transform in float64 whatever the module's dtype is (slow on many accelerators).

    Raises:
        AudioError: samples that are not floats [B, N].
        AudioTooShort: fewer samples than one frame or its mirrored padding needs.
    """

    bank: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, spec: MelSpec, precise: bool | None = None) -> None:
        lines = {}
        if spec.scaling.kind == "band_affine":
            lines = dict(zip(("scale", "shift"), spec.scaling._columns(), strict=True))
        super().__init__(bank=filterbank(spec), **lines)
        self.spec, self.precise = spec, precise
        self.spectrum = Spectrum(window(spec), spec.n_fft, spec.hop_length)

    def extra_repr(self) -> str:
        return f"{self.spec.fingerprint}, n_mels={self.spec.n_mels}, sample_rate={self.spec.sample_rate}"

    def forward(self, samples: Tensor) -> Tensor:
        lines = (self.scale, self.shift) if self.spec.scaling.kind == "band_affine" else None
        return scaled(self.raw(samples), self.spec.scaling, lines)

    def raw(self, samples: Tensor) -> Tensor:
        """The same before scaling."""
        x = batch_of_samples(samples, self.bank.dtype)
        check_length(self.spec, x.shape[-1])
        with full_precision(x.device):
            return self._raw(x)

    def _raw(self, x: Tensor) -> Tensor:
        spec = self.spec
        mel = self.bank @ self._magnitudes(x).to(self.bank.dtype)
        if spec.floor_kind == "clamp":
            mel = mel.clamp(min=spec.floor)
        elif spec.floor_kind == "add":
            mel = mel + spec.floor
        gain = spec.log_gain
        return mel if gain is None else gain * torch.log(mel) - spec.reference

    def _magnitudes(self, x: Tensor) -> Tensor:
        """|X| or |X|² with the description's epsilon: [B, n_bins, frames]."""
        spec = self.spec
        transform = self._transform(x.double() if self._in_float64(x.device) else x)
        if spec.power == 1 and spec.epsilon_kind in ("none", "outside"):
            return transform.abs() + (spec.epsilon if spec.epsilon_kind == "outside" else 0.0)
        power = transform.real.square() + transform.imag.square()
        if spec.epsilon_kind == "inside":
            power = power + spec.epsilon
        elif spec.epsilon_kind == "clamp":
            power = power.clamp(min=spec.epsilon)
        return power if spec.power == 2 else power.sqrt()

    def _in_float64(self, device: torch.device) -> bool:
        if self.precise is not None:
            return self.precise
        return (self.spec.remove_dc or self.spec.preemphasis_kind != "none") and device.type not in _WITHOUT_FLOAT64

    def _transform(self, x: Tensor) -> Tensor:
        """The complex spectrum of the scaled, pre-emphasised, padded and cut signal: [B, n_bins, frames]."""
        spec, count = self.spec, x.shape[-1]
        y = self._preemphasised(x * spec.waveform_scale)
        right = spec.right_pad(count)
        if right < 0:
            y, right = y[..., :right], 0
        mirror = spec.pad_mode if spec.pad_mode in ("reflect", "symmetric") else None
        y = padded(y, spec.left_pad, right, mirror, spec.pad_value)
        frames = self.spectrum.frames(y)[:, : spec.frames(count)]
        if spec.remove_dc:
            frames = frames - frames.mean(-1, keepdim=True)
        if spec.preemphasis_kind == "frame":
            frames = frames - spec.preemphasis * torch.cat([frames[..., :1], frames[..., :-1]], -1)
        return self.spectrum.transform(frames)

    def _preemphasised(self, x: Tensor) -> Tensor:
        spec = self.spec
        if spec.preemphasis_kind not in ("filter", "filter_reflect"):
            return x
        c = spec.preemphasis
        first = x[:, :1] - c * x[:, 1:2] if spec.preemphasis_kind == "filter_reflect" else x[:, :1]
        return torch.cat([first, x[:, 1:] - c * x[:, :-1]], -1)
