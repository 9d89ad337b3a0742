"""`ExponentialStats`: moments per band in which the latest frames weigh most. Exact ones over all frames are in `stats`.

A running mean m ← β·m + (1 - β)·x that starts at 0 is not a mean: after n frames its weights add up to 1 - β^n, so that it
is too small by the share β^n. Dividing by 1 - β^n makes it the weighted mean with weights in proportion to β^(n-1-t), which
is unbiased whatever n is (the correction of Kingma and Ba, "Adam" (2015), section 3). Both can be had, so that the bias
can be looked at. The order of the frames matters, and two of these cannot be merged: that is what `stats` is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch

Float64 = NDArray[np.float64]


class ExponentialStats:
    """Running moments of mels of one description, in the mel's own unit.

    Args:
        spec: the description; a mel of another is refused.
        half_life_s: after so many seconds of mel a frame weighs half as much; β = 2^(-hop / half-life).

    Raises:
        ContractError: a half-life that is not above zero.
    """

    def __init__(self, spec: MelSpec | Dialect | str, half_life_s: float = 30.0) -> None:
        self.spec = as_spec(spec)
        if not (np.isfinite(half_life_s) and half_life_s > 0):
            raise ContractError("a half-life lies above zero", where="half_life_s", got=half_life_s, wanted="seconds")
        self.half_life_s = float(half_life_s)
        self.frames = 0
        self._mean = np.zeros(self.spec.n_mels)
        self._square = np.zeros(self.spec.n_mels)

    @property
    def decay(self) -> float:
        """β: by what a frame's weight falls with every frame that follows."""
        return float(2.0 ** (-self.spec.hop_length / self.spec.sample_rate / self.half_life_s))

    @property
    def missing_share(self) -> float:
        """β^n: the share by which the running mean is too small, because it started at 0."""
        return float(self.decay**self.frames)

    @property
    def effective_frames(self) -> float:
        """(Σw)² / Σw²: as many frames of equal weight know the mean as well; at most (1 + β) / (1 - β)."""
        beta, gone = self.decay, self.missing_share
        return (1 - gone) * (1 + beta) / ((1 - beta) * (1 + gone))

    def update(self, mel: Mel) -> None:
        """Count the frames of a mel [n_mels, frames], the last one as the latest; in blocks as in the whole.

        Raises:
            SpecMismatch: it is of another description. ContractError: a batch, or NaN or infinity.
        """
        if mel.spec.fingerprint != self.spec.fingerprint:
            raise SpecMismatch("statistics belong to one description", next=mel.spec.diff(self.spec).summary())
        x = mel.values.astype(np.float64)
        if x.ndim != 2 or not np.isfinite(x).all():
            raise ContractError("one mel of finite numbers at a time", got=f"shape {list(x.shape)}")
        n = x.shape[1]
        weight = (1 - self.decay) * self.decay ** np.arange(n - 1, -1, -1, dtype=np.float64)
        self._mean = self.decay**n * self._mean + x @ weight
        self._square = self.decay**n * self._square + (x * x) @ weight
        self.frames += n

    def band_mean(self, *, debiased: bool = True) -> Float64:
        """Mean per band, float64 [n_mels]; as it runs, too small by `missing_share`, where not `debiased`."""
        self._need_frames()
        return self._mean / (1 - self.missing_share) if debiased else self._mean.copy()

    def band_std(self, *, debiased: bool = True) -> Float64:
        """Standard deviation per band, float64 [n_mels], of the weighted frames.

        Where not `debiased`, of the running moments as they are: a constant then seems to spread.
        """
        self._need_frames()
        whole = 1 - self.missing_share if debiased else 1.0
        mean = self._mean / whole
        return np.sqrt(np.maximum(self._square / whole - mean * mean, 0.0))

    def state(self) -> tuple[dict[str, Float64], dict[str, Any]]:
        """(tensors, plain values) that `of` takes back."""
        tensors = {"mean": self._mean.copy(), "square": self._square.copy()}
        return tensors, {"frames": self.frames, "half_life_s": self.half_life_s}

    @classmethod
    def of(cls, spec: MelSpec, tensors: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> ExponentialStats:
        """What `state` gave.

        Raises:
            KeyError, TypeError, ValueError, ContractError: something is missing or impossible.
        """
        made = cls(spec, float(facts["half_life_s"]))
        made.frames = int(facts["frames"])
        made._mean, made._square = (np.array(tensors[name], np.float64) for name in ("mean", "square"))
        shapes = {made._mean.shape, made._square.shape}
        if shapes != {(spec.n_mels,)} or made.frames < 0 or not np.isfinite(made._mean + made._square).all():
            raise ValueError(f"running moments of shapes {shapes} after {made.frames} frames")
        return made

    def _need_frames(self) -> None:
        if self.frames == 0:
            raise ContractError("no frames have been counted", next="Call update(mel) first")
