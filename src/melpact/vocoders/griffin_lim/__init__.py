"""Waveform from an STFT magnitude or a mel: a first phase (`phase_gradient`), then fast Griffin-Lim (`fast`)
that restores the magnitude or the mel (`targets`). Here: the one function over all of it, which also splits
long input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from melpact.vocoders.griffin_lim.targets import MelTarget

_SEGMENT_FRAMES = 4096
"""Frames refined at once; with 513 bins about 160 MB of buffers."""

_OVERLAP_WINDOWS = 12
"""Lengths of the window by which neighbouring segments overlap."""


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
    settling: int = 0,
    rng: np.random.Generator | None = None,
    start: Literal["phase_gradient", "random"] = "phase_gradient",
    target: MelTarget | None = None,
    segment_frames: int = _SEGMENT_FRAMES,
) -> NDArray[np.float32]:
    """Find a waveform whose STFT has the given magnitude, or, with `target`, the given mel.

    Frame t covers samples `t * hop_length - left_pad ..` of the output. Samples before and after the output
    (reflected or other padding) are estimated too and dropped. Input longer than `segment_frames` is done in
    segments: each begins with the phase that the one before ended with, and they are cross-faded where they
    overlap, so memory does not grow.

    Args:
        magnitude: float32 `[bins, frames]`, non-negative; with `target` it is only the start.
        n_fft: transform length, bins = n_fft // 2 + 1.
        window: float64 `[n_fft]`, zero-padded where win_length is shorter.
        hop_length: samples between frames.
        left_pad: samples of frame 0 that lie before the output.
        n_samples: length of the output; samples that no frame reaches are zero.
        iterations: of fast Griffin-Lim; 0 gives the start's synthesis.
        momentum: 0 to 1; Perraudin et al. 2013 recommend 0.99.
        settling: iterations at the end without momentum, which calm what the momentum has stirred up.
        rng: for random phase; None is a generator seeded with 0.
        start: first phase: integrated from the magnitude, or random.
        target: restore this mel in every iteration and let the magnitude follow (better, when the magnitude
            came from it).
        segment_frames: frames refined at once.

    Returns:
        float32 `[n_samples]`.

    Raises:
        AxisError: magnitude, window, n_fft and target that do not fit each other.
        ValueError: a number out of range.
    """
    import numpy as np

    from melpact.core.errors import AxisError
    from melpact.vocoders.griffin_lim.fast import Framing, refine
    from melpact.vocoders.griffin_lim.phase_gradient import phase_from_magnitude
    from melpact.vocoders.griffin_lim.targets import FixedMagnitude

    bins = n_fft // 2 + 1
    if magnitude.ndim != 2 or len(magnitude) != bins:
        raise AxisError("the magnitude does not fit n_fft", got=f"shape {magnitude.shape}", wanted=f"[{bins}, frames]")
    if window.shape != (n_fft,):
        raise AxisError("the window must be padded to n_fft", got=f"shape {window.shape}", wanted=f"[{n_fft}]")
    frames = magnitude.shape[1]
    if target is not None and (len(target.level) != frames or target.bands.covered.size != bins):
        raise AxisError(
            "the target mel does not fit the magnitude",
            got=f"{len(target.level)} frames, {target.bands.covered.size} bins",
            wanted=f"{frames} frames, {bins} bins",
        )
    if start not in ("phase_gradient", "random"):
        raise ValueError(f"start must be 'phase_gradient' or 'random', got {start!r}")
    if min(iterations, settling, left_pad, n_samples) < 0 or hop_length < 1 or not 0 <= momentum <= 1:
        raise ValueError(
            "iterations, settling, left_pad, n_samples must be 0 or more, hop_length 1 or more, momentum 0 to 1; got "
            f"{iterations=} {settling=} {left_pad=} {n_samples=} {hop_length=} {momentum=}"
        )

    output = np.zeros(n_samples, dtype=np.float32)
    loudest = float(magnitude.max(initial=0.0))
    if loudest <= 0 or n_samples == 0:
        return output
    # all arithmetic happens near one, whatever the units; a power of two rounds nothing
    scale = float(np.exp2(-np.clip(np.round(np.log2(loudest)), -120, 120)))
    rng = np.random.default_rng(0) if rng is None else rng
    reach = -(-n_fft // hop_length)  # frames that share a sample
    overlap = _OVERLAP_WINDOWS * reach
    length = max(segment_frames, 3 * overlap)
    carried: NDArray[np.complex64] | None = None
    begin = 0
    while True:
        end = frames if frames - begin <= length + overlap else begin + length
        size = np.array(magnitude[:, begin:end].T, dtype=np.float32, order="C")  # always a copy
        size *= np.float32(scale)
        if start == "phase_gradient":
            known = None if carried is None else np.angle(carried)
            phase = phase_from_magnitude(size, n_fft=n_fft, window=window, hop_length=hop_length, rng=rng, known=known)
        else:
            phase = rng.random(size.shape, dtype=np.float32) * np.float32(2 * np.pi)
        spectrum = np.empty(size.shape, dtype=np.complex64)
        np.multiply(size, np.cos(phase), out=spectrum.real)
        np.multiply(size, np.sin(phase), out=spectrum.imag)
        del phase
        if carried is not None:
            spectrum[: len(carried)] = carried
        framing = Framing.of(n_fft=n_fft, window=window, hop_length=hop_length, left_pad=left_pad, frames=end - begin)
        goal = FixedMagnitude(size) if target is None else target.part(begin, end, scale=scale)
        following = end - overlap
        signal = refine(
            spectrum, goal, framing, iterations=iterations, momentum=momentum, settling=settling,
            keep_from=None if end == frames else following - begin,
        )  # fmt: skip
        signal /= np.float32(scale)
        # frames at an inner edge lack neighbours: fade between where both sides are sound
        fade_begin = begin + 2 * reach if begin else 0
        _join(
            output,
            signal,
            begin * hop_length - left_pad,
            fade_begin * hop_length - left_pad if begin else None,
            (overlap - 4 * reach) * hop_length,
        )
        if end == frames:
            return output
        carried = spectrum[following - begin : end - begin - reach].copy()
        begin = following


def _join(
    output: NDArray[np.float32],
    signal: NDArray[np.float32],
    offset: int,
    fade_begin: int | None,
    fade_samples: int,
) -> None:
    """Write `signal` to `output` from sample `offset` on; given `fade_begin`, fade over what is there."""
    import numpy as np

    first = max(0, -offset)
    last = min(signal.size, output.size - offset)
    if last <= first:
        return
    old = output[offset + first : offset + last]
    new = signal[first:last]
    if fade_begin is None:
        old[:] = new
        return
    position = np.arange(offset + first - fade_begin, offset + last - fade_begin, dtype=np.float32)
    share = np.clip(position / np.float32(fade_samples), 0, 1)
    old += share * (new - old)
