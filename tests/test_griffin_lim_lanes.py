"""The iteration that lays frames across lanes, held to the same iteration in float64 with numpy's transforms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from melpact.vocoders.griffin_lim import fast, griffin_lim
from melpact.vocoders.griffin_lim.fast import Framing, refine
from melpact.vocoders.griffin_lim.lane_source import LANES, Layout
from melpact.vocoders.griffin_lim.lanes import LaneIterations, supports
from melpact.vocoders.griffin_lim.targets import FixedMagnitude, MelTarget

RNG = np.random.default_rng
SIZES = ((4, 1), (28, 7), (60, 16), (60, 70), (512, 128), (512, 200))
"""Transforms and hops: one pass, an odd radix, several passes; hops that divide, that do not, and one beyond the frame."""


def window_of(n_fft: int) -> np.ndarray:
    """Lopsided, and with zeros at its end where there is room."""
    window = np.sin(np.pi * (np.arange(n_fft) + 0.5) / n_fft) ** 2 + 0.1 * RNG(5).random(n_fft)
    window[n_fft - n_fft // 10 :] = 0
    return window


def bank_of(n_bins: int, kind: str) -> np.ndarray:
    """Overlapping triangles with an empty band and bins that none reaches, or a dense matrix."""
    if kind == "dense":
        return 0.05 + RNG(6).random((7, n_bins))
    centres = np.linspace(0, n_bins, 9)[1:-1]
    bank = np.maximum(0, 1 - np.abs(np.arange(n_bins) - centres[:, None]) / (n_bins / 6))
    bank[3] = 0
    return bank


def framing_of(n_fft: int, hop: int, frames: int) -> Framing:
    return Framing.of(n_fft=n_fft, window=window_of(n_fft), hop_length=hop, left_pad=0, frames=frames)


class Written:
    """Fast Griffin-Lim in float64, from the papers' formulas."""

    def __init__(self, framing: Framing, spectrum: np.ndarray):
        self.framing, self.window = framing, framing.window.astype(np.float64)
        self.spectrum = spectrum.astype(np.complex128)
        self.previous = np.zeros_like(self.spectrum)

    def signal(self) -> np.ndarray:
        out = np.zeros(self.framing.scale.size)
        for t, row in enumerate(np.fft.irfft(self.spectrum, self.framing.n_fft)):
            out[t * self.framing.hop_length :][: self.framing.n_fft] += row * self.window
        return out * self.framing.scale

    def run(self, restored, alpha: float) -> None:
        """`restored` gives the wanted magnitudes from those that the consistent spectrum has."""
        padded, hop = self.signal(), self.framing.hop_length
        frames = np.stack([padded[t * hop :][: self.framing.n_fft] for t in range(self.framing.frames)])
        now = np.fft.rfft(frames * self.window)
        beyond = now + alpha * (now - self.previous)
        size = np.abs(beyond)
        self.spectrum = restored(np.abs(now)) * np.where(size > 0, beyond / np.where(size > 0, size, 1), 0)
        self.previous = now


def target_of(kind: str, magnitude: np.ndarray, bank: np.ndarray):
    """The target, and what it does to magnitudes, in float64."""
    if kind == "magnitude":
        return FixedMagnitude(magnitude), lambda now: magnitude.astype(np.float64)
    power = int(kind[-1])
    mel = bank @ (magnitude.T.astype(np.float64) ** power)
    column = (bank / np.where(bank.sum(axis=1) > 0, bank.sum(axis=1), 1)[:, None]).sum(axis=0)

    def restored(now: np.ndarray) -> np.ndarray:
        total = bank.sum(axis=1)
        weights = bank[total > 0] / total[total > 0, None]
        level = mel[total > 0] / total[total > 0, None]
        ratio = level / (weights @ (now.T**power) + 1e-30)
        gain = np.where(column > 0, (weights.T @ ratio).T / np.where(column > 0, column, 1), 0)
        return (now**power * gain) ** (1 / power)

    return MelTarget.of(mel, bank, power=power), restored


@pytest.mark.parametrize("kind", ["mel 1", "mel 2", "magnitude"])
@pytest.mark.parametrize("frames", [1, LANES, 2 * LANES + 9])
@pytest.mark.parametrize(("n_fft", "hop"), SIZES)
def test_iterations_are_those_of_the_papers(n_fft: int, hop: int, frames: int, kind: str) -> None:
    framing, n_bins = framing_of(n_fft, hop, frames), n_fft // 2 + 1
    rng = RNG(n_fft + hop + frames)
    magnitude = (0.2 + rng.random((frames, n_bins))).astype(np.float32)
    start = (magnitude * np.exp(2j * np.pi * rng.random((frames, n_bins)))).astype(np.complex64)
    target, restored = target_of(kind, magnitude, bank_of(n_bins, "dense" if hop == 16 else "triangles"))
    written = Written(framing, start)
    state = LaneIterations(framing, target, written.signal().astype(np.float32))
    keep_from = frames // 2
    kept = None
    for alpha in (0.0, 0.9, 0.5):
        written.run(restored, alpha)
        kept = state.run(alpha, keep_from=keep_from)
    wanted = written.signal()
    scale = np.abs(written.spectrum).max()
    # a bin that is nearly zero has hardly a phase: it may turn by its rounding
    assert np.sqrt(np.mean((state.signal - wanted) ** 2)) < 2e-6 * np.sqrt(np.mean(wanted**2)) + 1e-9
    assert kept is not None and kept.shape == (frames - keep_from, n_bins)
    np.testing.assert_allclose(kept, written.spectrum[keep_from:], rtol=0, atol=1e-4 * scale)


@pytest.mark.parametrize("kind", ["mel 1", "mel 2", "magnitude"])
def test_sizes_without_generated_code_iterate_alike(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways through `refine`, and the way of scipy for a size with the factor 11."""
    assert supports(60) and not supports(44) and not supports(45) and not supports(2)
    for n_fft, hop in ((60, 16), (44, 11)):
        framing, n_bins = framing_of(n_fft, hop, 80), n_fft // 2 + 1
        magnitude = (0.2 + RNG(1).random((80, n_bins))).astype(np.float32)
        start = (magnitude * np.exp(2j * np.pi * RNG(2).random((80, n_bins)))).astype(np.complex64)
        target, restored = target_of(kind, magnitude, bank_of(n_bins, "triangles"))
        written = Written(framing, start)
        for alpha in (0.0, 0.99, 0.99, 0.0, 0.0):
            written.run(restored, alpha)
        wanted = written.signal()
        for code in (supports, lambda n: False):
            monkeypatch.setattr(fast, "supports", code)
            spectrum = start.copy()
            got = refine(spectrum, target, framing, iterations=5, momentum=0.99, settling=2, keep_from=70)
            np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())
            np.testing.assert_allclose(spectrum[70:], written.spectrum[70:], rtol=0, atol=2e-3)


def test_a_frame_does_not_see_its_lane() -> None:
    """Frames of silence before a sound move it to other lanes and groups: sums come in another order, no more."""
    n_fft, hop, bins = 60, 16, 31
    magnitude = (0.2 + RNG(1).random((40, bins))).astype(np.float32)
    signal = RNG(2).standard_normal(39 * hop + n_fft).astype(np.float32)
    got = []
    for shift in (4, 57):
        framing = framing_of(n_fft, hop, 40 + shift + 4)
        sizes = np.zeros((44 + shift, bins), np.float32)
        sizes[shift : shift + 40] = magnitude
        state = LaneIterations(framing, FixedMagnitude(sizes), np.pad(signal, (shift * hop, 4 * hop)))
        state.run(0.0)
        got.append(state.signal[shift * hop : shift * hop + signal.size])
    np.testing.assert_allclose(got[0], got[1], rtol=0, atol=1e-6 * np.abs(got[0]).max())


def test_settling_is_iterations_without_momentum() -> None:
    magnitude = np.abs(RNG(0).standard_normal((31, 50))).astype(np.float32)
    settings = {"n_fft": 60, "window": window_of(60), "hop_length": 16, "left_pad": 0, "n_samples": 800, "start": "random"}
    plain = griffin_lim(magnitude, iterations=6, momentum=0.0, **settings)
    np.testing.assert_array_equal(griffin_lim(magnitude, iterations=6, settling=6, **settings), plain)
    np.testing.assert_array_equal(griffin_lim(magnitude, iterations=6, settling=99, **settings), plain)
    mixed = griffin_lim(magnitude, iterations=6, settling=2, **settings)
    assert (mixed != plain).any() and (mixed != griffin_lim(magnitude, iterations=6, **settings)).any()
    with pytest.raises(ValueError, match="settling"):
        griffin_lim(magnitude, iterations=6, settling=-1, **settings)


@pytest.mark.parametrize("n_points", [2, 14, 30, 256, 512, 525, 1024])
def test_layout(n_points: int) -> None:
    """Every point and frequency has its own row, and every row is inside."""
    layout = Layout(n_points)
    assert math.prod(layout.radices) == n_points
    for places in (layout.places_of_points(), layout.places_of_frequencies()):
        ends = np.sort(places)
        assert len(ends) == n_points and (np.diff(ends) >= 2 * LANES).all()
        assert ends[-1] + 2 * LANES <= layout.size
