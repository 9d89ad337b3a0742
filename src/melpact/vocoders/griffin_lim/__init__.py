"""Waveform from an STFT magnitude alone: a phase start (`phase_gradient`) refined by fast Griffin-Lim (`fast`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def griffin_lim(
    magnitude: NDArray[np.float32],
    *,
    n_fft: int,
    window: NDArray[np.float64],
    hop_length: int,
    left_pad: int,
    n_samples: int,
    iterations: int,
    momentum: float = 0.99,
    rng: np.random.Generator | None = None,
    start: Literal["phase_gradient", "random"] = "phase_gradient",
    tolerance: float = 1e-5,
) -> NDArray[np.float32]:
    import numpy as np
    from melpact.vocoders.griffin_lim.fast import Framing, refine
    from melpact.vocoders.griffin_lim.phase_gradient import phase_from_magnitude
    rng = rng or np.random.default_rng(0)
    S = np.ascontiguousarray(magnitude.T, dtype=np.float32)
    if start == "phase_gradient":
        ph = phase_from_magnitude(S, n_fft=n_fft, window=window, hop_length=hop_length, rng=rng, tolerance=tolerance)
    else:
        ph = rng.random(S.shape, dtype=np.float32) * np.float32(2 * np.pi)
    sp = np.empty(S.shape, np.complex64)
    np.cos(ph, out=sp.real); np.sin(ph, out=sp.imag); sp *= S
    fr = Framing.of(n_fft=n_fft, window=window, hop_length=hop_length, left_pad=left_pad, frames=len(S))
    y = fr.synthesise(refine(sp, S, fr, iterations=iterations, momentum=momentum))
    y = y[left_pad:left_pad + n_samples]
    return np.pad(y, (0, n_samples - y.size))
