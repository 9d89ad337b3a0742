"""`MelSpec`: one immutable, hashable value that says what a mel's numbers mean.

The order of the fields is the order of the computation: waveform, framing, spectrum, filterbank, compression, scaling.
How two of them differ is in `diff`; how to say one in words is in `explain`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt, ValidationError, model_validator

from melpact.contract.filterbank import empty_bands
from melpact.contract.scaling import NoScaling, Scaling
from melpact.core.errors import SpecError, SpecWarning
from melpact.core.records import Record, digest

_LOG_GAIN = {
    "ln": 1.0,
    "log10": 1 / math.log(10),
    "db_amplitude": 20 / math.log(10),
    "db_power": 10 / math.log(10),
}
_UNIT = {
    "ln": "nat",
    "log10": "decade",
    "db_amplitude": "dB (20 log10)",
    "db_power": "dB (10 log10)",
    "none": "linear",
}


class MelSpec(Record):
    """What a mel spectrogram is, in every field in which two published systems differ.

    Facts that programs disagree on have no default; only neutral steps (no pre-emphasis, no scaling …) do.
    `win_length` defaults to `n_fft`, `f_max` to half of the bank's rate, `bank_sample_rate` to `sample_rate`.

    Raises:
        SpecError: the fields contradict each other. A band without an FFT bin only warns (`SpecWarning`).
    """

    # waveform
    sample_rate: PositiveInt
    waveform_scale: float = Field(default=1.0, gt=0)
    """Samples in [-1, 1] are multiplied by this before anything else (Kaldi: 32768)."""
    preemphasis: float = Field(default=0.0, ge=0, lt=1)
    preemphasis_kind: Literal["none", "filter", "filter_reflect", "frame"] = "none"
    """"filter": y[0] = x[0]; "filter_reflect": y[0] = x[0] - c x[1]; "frame": inside each frame, x[-1] := x[0]."""
    remove_dc: bool = False
    """Subtract each frame's mean before pre-emphasis and window (Kaldi)."""
    # framing
    n_fft: PositiveInt
    win_length: PositiveInt
    hop_length: PositiveInt
    window: Literal["hann", "hamming", "povey", "blackman", "ones"] = "hann"
    window_periodic: bool = True
    window_placement: Literal["centre", "start"] = "centre"
    """"start": a frame is win_length samples, zeros fill the FFT behind it (Kaldi); "centre": a frame is n_fft samples."""
    padding: Literal["centre", "same", "none", "explicit", "end", "nearest"]
    """"centre": n_fft // 2 each side. "same": (n_fft - hop_length) // 2 each side. "explicit": `pad_left`, `pad_right`.
    "end": as much behind as gives every hop a frame (TensorFlow). "nearest": round(n / hop) frames (Kaldi, no snip)."""
    pad_mode: Literal["none", "reflect", "symmetric", "zero", "constant"] = "none"
    pad_value: float = 0.0
    pad_left: int = Field(default=0, ge=0)
    pad_right: int = Field(default=0, ge=0)
    drop_last: int = Field(default=0, ge=0)
    """Frames thrown away at the end (Whisper: 1)."""
    # spectrum
    power: Literal[1, 2]
    epsilon: float = Field(default=0.0, ge=0)
    epsilon_kind: Literal["none", "inside", "outside", "clamp"] = "none"
    """"inside": P + eps, then the root if power is 1; "outside": added after the root; "clamp": max(P, eps) before it."""
    # filterbank
    n_mels: PositiveInt
    f_min: float = Field(default=0.0, ge=0)
    f_max: float = Field(gt=0)
    mel_scale: Literal["slaney", "htk"]
    mel_norm: Literal["slaney", "none"]
    mel_triangles: Literal["hz", "mel"] = "hz"
    """Whether the triangles are straight lines over Hz or over mel (Kaldi, TensorFlow)."""
    bank_sample_rate: PositiveInt
    """The rate that the filterbank believes in; `f_min` and `f_max` are in its Hz."""
    bank_drops: Literal["none", "nyquist", "dc"] = "none"
    # compression
    log: Literal["ln", "log10", "db_amplitude", "db_power", "none"]
    """"db_amplitude" is 20 log10 and "db_power" 10 log10 of the mel value, whatever `power` is."""
    floor: float = Field(default=0.0, ge=0)
    floor_kind: Literal["none", "clamp", "add"] = "none"
    reference: float = 0.0
    """Subtracted after the log, in its unit (Tacotron: 20 dB)."""
    # scaling
    scaling: Scaling = NoScaling()

    def __init__(self, **fields: Any):
        try:
            super().__init__(**fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-")) or None
            message = str(first["msg"]).removeprefix("Value error, ")
            if first["type"] == "missing":
                message = "this field has no default: programs disagree on it"
            got = None if isinstance(first["input"], dict) else repr(first["input"])
            raise SpecError(message, where=f"MelSpec.{where}" if where else "MelSpec", got=got) from None
        self._warn_of_empty_bands()

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, fields: Any) -> Any:
        fields = {name: value.item() if isinstance(value, np.generic) else value for name, value in fields.items()}
        for name, source in (("win_length", "n_fft"), ("bank_sample_rate", "sample_rate")):
            if fields.get(name) is None and source in fields:
                fields[name] = fields[source]
        rate = fields.get("bank_sample_rate")
        if fields.get("f_max") is None and isinstance(rate, (int, float)):
            fields["f_max"] = rate / 2
        return fields

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.n_fft % 2:
            raise ValueError(f"n_fft must be even; got {self.n_fft}")
        if self.win_length > self.n_fft:
            raise ValueError(f"win_length {self.win_length} does not fit into n_fft {self.n_fft}")
        if self.hop_length > self.win_length:
            raise ValueError(
                f"hop_length {self.hop_length} exceeds win_length {self.win_length}: "
                "samples between frames would never be seen"
            )
        if self.f_max > self.bank_sample_rate / 2:
            raise ValueError(
                f"f_max {self.f_max:g} Hz lies beyond Nyquist, "
                f"{self.bank_sample_rate / 2:g} Hz at {self.bank_sample_rate} Hz"
            )
        if self.f_min >= self.f_max:
            raise ValueError(f"f_min {self.f_min:g} Hz must lie below f_max {self.f_max:g} Hz")
        if (self.padding == "none") != (self.pad_mode == "none"):
            raise ValueError(f"padding {self.padding!r} does not go with pad_mode {self.pad_mode!r}")
        if self.padding != "explicit" and (self.pad_left or self.pad_right):
            raise ValueError("pad_left and pad_right belong to padding 'explicit'")
        if self.pad_mode != "constant" and self.pad_value != 0:
            raise ValueError("pad_value belongs to pad_mode 'constant'")
        if (self.preemphasis_kind == "none") != (self.preemphasis == 0):
            raise ValueError("preemphasis and preemphasis_kind must be given together")
        if (self.epsilon_kind == "none") != (self.epsilon == 0):
            raise ValueError("epsilon and epsilon_kind must be given together")
        if self.epsilon_kind == "outside" and self.power == 2:
            raise ValueError("an epsilon outside the root needs a root: power 1")
        if (self.floor_kind == "none") != (self.floor == 0):
            raise ValueError("floor and floor_kind must be given together")
        if self.log != "none" and self.floor == 0:
            raise ValueError("a log needs a floor (clamp or add): silence would be minus infinity")
        if self.log == "none" and self.reference:
            raise ValueError("a reference level needs a log")
        bands = getattr(self.scaling, "scale", ())
        if isinstance(bands, tuple) and bands and len(bands) != self.n_mels:
            raise ValueError(f"the per-band scaling has {len(bands)} bands, the mel has {self.n_mels}")
        return self

    def _warn_of_empty_bands(self) -> None:
        for message in self.weaknesses:
            warnings.warn(SpecWarning(message), stacklevel=3)

    # identity

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name this description: the same on every machine and in every release."""
        return digest({"melspec": 1, **self.facts()})

    @property
    def analysis_fingerprint(self) -> str:
        """The same for the part between samples and log: without waveform scale, reference and scaling."""
        bare = self.replace_quietly(waveform_scale=1.0, reference=0.0, scaling=NoScaling())
        return digest({"melspec": 1, **bare.facts()})

    def replace(self, **changes: Any) -> Self:
        """This description with some fields changed, checked again."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})

    def replace_quietly(self, **changes: Any) -> Self:
        """`replace` without repeating the warnings that this description already gave."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpecWarning)
            return self.replace(**changes)

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """Known weaknesses of a valid description, one sentence each."""
        empty = self.empty_bands
        if not empty:
            return ()
        names = ", ".join(str(m) for m in empty[:12]) + (", …" if len(empty) > 12 else "")
        return (
            f"{len(empty)} of {self.n_mels} mel bands hold no FFT bin and always read the floor: band {names} "
            f"(n_fft {self.n_fft} gives bins {self.bank_sample_rate / self.n_fft:.1f} Hz apart; "
            f"use a larger n_fft or fewer bands)",
        )

    @property
    def empty_bands(self) -> tuple[int, ...]:
        """Bands (from 0) without a single FFT bin."""
        return empty_bands(
            self.n_fft,
            self.bank_sample_rate,
            self.n_mels,
            self.f_min,
            self.f_max,
            self.mel_scale,
            self.bank_drops,
        )

    # derived numbers

    @property
    def unit(self) -> str:
        """Unit of the values before scaling."""
        return _UNIT[self.log]

    @property
    def log_gain(self) -> float | None:
        """g in `g ln(x)`; None when there is no log."""
        return _LOG_GAIN.get(self.log)

    @property
    def floor_value(self) -> float:
        """Lowest value before scaling: the log of the floor minus the reference (0 for a linear mel without floor)."""
        gain = self.log_gain
        return self.floor if gain is None else gain * math.log(self.floor) - self.reference

    @property
    def n_bins(self) -> int:
        """FFT bins of the linear spectrum."""
        return self.n_fft // 2 + 1

    @property
    def frame_length(self) -> int:
        """Samples that one frame reads."""
        return self.win_length if self.window_placement == "start" else self.n_fft

    @property
    def frame_rate_hz(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def physical_f_max_hz(self) -> float:
        """`f_max` in Hz of the audio, where the bank believes in another rate."""
        return self.f_max * self.sample_rate / self.bank_sample_rate

    @property
    def left_pad(self) -> int:
        """Samples put before the audio."""
        if self.padding == "centre":
            return self.n_fft // 2
        if self.padding == "same":
            return (self.n_fft - self.hop_length) // 2
        if self.padding == "nearest":
            return (self.win_length - self.hop_length) // 2
        return self.pad_left if self.padding == "explicit" else 0

    def right_pad(self, n_samples: int) -> int:
        """Samples put behind the audio; negative where the framing rule cuts some off."""
        if self.padding in ("end", "nearest"):
            frames = self._all_frames(n_samples)
            return (frames - 1) * self.hop_length + self.frame_length - n_samples - self.left_pad
        return self.pad_right if self.padding == "explicit" else self.left_pad

    def _all_frames(self, n_samples: int) -> int:
        if self.padding == "end":
            return -(-n_samples // self.hop_length)
        if self.padding == "nearest":
            return (n_samples + self.hop_length // 2) // self.hop_length
        length = n_samples + self.left_pad + self.right_pad(n_samples)
        return 0 if length < self.frame_length else 1 + (length - self.frame_length) // self.hop_length

    def frames(self, n_samples: int) -> int:
        """Frames that `n_samples` samples at `sample_rate` give (0 where they are too few)."""
        return max(0, self._all_frames(n_samples) - self.drop_last) if n_samples > 0 else 0

    def samples(self, n_frames: int) -> int:
        """Samples that `n_frames` frames stand for; `frames(samples(t)) == t` for t > 0."""
        if n_frames <= 0:
            return 0
        frames = n_frames + self.drop_last
        if self.padding in ("end", "nearest"):
            return frames * self.hop_length
        needed = (frames - 1) * self.hop_length + self.frame_length - self.left_pad - self.right_pad(0)
        return max(needed, 1)

    def min_samples(self) -> int:
        """Fewest samples that can be analysed: one frame, and enough for the padding to mirror."""
        fewest = self.samples(1)
        if self.pad_mode == "reflect":
            fewest = max(fewest, self.left_pad + 1)
        elif self.pad_mode == "symmetric":
            fewest = max(fewest, self.left_pad)
        return fewest

    def explain(self) -> str:
        """This description in words a student understands."""
        from melpact.contract.explain import explain

        return explain(self)

    def diff(self, other: MelSpec) -> Any:
        """What would have to change to turn this mel into one of `other`, field by field; see `melpact.contract.diff`."""
        from melpact.contract.diff import diff

        return diff(self, other)
