"""How fast is an iteration of Griffin-Lim, and a whole inversion? The lanes against scipy's transforms against librosa.

    python -m benchmarks.griffin_lim [--seconds 20] [--rounds 7]

One process, one thread; every system once per round, so that a drifting machine touches all of them alike. Times are the
processor's, in milliseconds per second of sound, medians over the rounds; ratios are medians of the rounds' ratios. Spectral
convergence (dB, lower is nearer) is that of the magnitude that all three start from, at the same number of iterations.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from unittest import mock

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from collections.abc import Callable
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.samples import load, names
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.features.analysis import extract, to_rate
from melpact.features.harmonic_track import track_harmonics
from melpact.features.inversion import mel_to_magnitude
from melpact.vocoders.griffin_lim import fast, griffin_lim
from melpact.vocoders.griffin_lim.phase_gradient import phase_from_magnitude
from melpact.vocoders.griffin_lim.targets import MelTarget
from melpact.vocoders.griffin_lim.vocoder import invert, linear_mel, synthesis_window

ITERATIONS = 32


def main() -> None:
    """Print the tables."""
    import librosa

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    spec = dialect("hifigan_22k").spec
    clips = [to_rate(load(name), spec.sample_rate).samples[0] for name in names()]
    count = int(arguments.seconds * spec.sample_rate)
    sound = np.resize(np.concatenate(clips), count)
    mel = extract(Audio.of(sound, spec.sample_rate), spec)
    bank, window, linear = filterbank(spec), synthesis_window(spec), linear_mel(mel)
    framing: dict[str, Any] = {"n_fft": spec.n_fft, "window": window, "hop_length": spec.hop_length}
    settings: dict[str, Any] = {**framing, "left_pad": 0, "n_samples": (mel.n_frames - 1) * spec.hop_length + spec.n_fft}

    def transform(signal: np.ndarray) -> np.ndarray:
        rows = np.lib.stride_tricks.sliding_window_view(signal, spec.n_fft)[:: spec.hop_length]
        return np.abs(np.fft.rfft(rows * window)).T.astype(np.float32)

    magnitude = transform(np.pad(sound, spec.left_pad)[: settings["n_samples"]])

    def by_scipy(run: Callable[[], object]) -> Callable[[], object]:
        def with_scipy() -> object:
            with mock.patch.object(fast, "supports", return_value=False):
                return run()

        return with_scipy

    def ours(iterations: int, target: MelTarget | None) -> Callable[[], np.ndarray]:
        return lambda: griffin_lim(magnitude, iterations=iterations, target=target, start="random", **settings)

    def librosas(iterations: int) -> Callable[[], np.ndarray]:
        return lambda: librosa.griffinlim(
            magnitude,
            n_iter=iterations,
            hop_length=spec.hop_length,
            n_fft=spec.n_fft,
            center=False,
            momentum=0.99,
            random_state=0,
        )

    target = MelTarget.of(linear, bank, power=spec.power)
    systems: dict[str, tuple[Callable[[int], Callable[[], object]], bool]] = {
        "mel, lanes": (lambda n: ours(n, target), False),
        "mel, scipy": (lambda n: by_scipy(ours(n, target)), False),
        "magnitude, lanes": (lambda n: ours(n, None), True),
        "magnitude, scipy": (lambda n: by_scipy(ours(n, None)), True),
        "magnitude, librosa": (librosas, True),
    }
    many, few = ITERATIONS, 8
    runs = {name: (make(many), make(few)) for name, (make, _) in systems.items()}
    costs: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(arguments.rounds + 1):
        for name, (long, short) in runs.items():
            seconds = (_seconds(long) - _seconds(short)) / (many - few)
            if turn:
                costs[name].append(1e3 * seconds / arguments.seconds)
    shape = f"{spec.sample_rate} Hz, {spec.n_fft}/{spec.hop_length}, {spec.n_mels} bands"
    print(f"one iteration, {arguments.seconds:.0f} s at {shape}")
    for name, (_, converges) in systems.items():
        told = ""
        if converges:
            got = transform(np.resize(np.asarray(runs[name][0]()), settings["n_samples"]))
            inner = slice(8, -8)  # the ends are treated differently
            error = np.linalg.norm((got - magnitude)[:, inner]) / np.linalg.norm(magnitude[:, inner])
            told = f"  spectral convergence after {many}: {20 * np.log10(error):.2f} dB"
        print(f"  {name:20s} {statistics.median(costs[name]):7.3f} ms per s{told}")
    for name, base in (("mel, lanes", "mel, scipy"), ("magnitude, lanes", "magnitude, scipy"),
                       ("magnitude, lanes", "magnitude, librosa")):  # fmt: skip
        ratios = [b / a for a, b in zip(costs[name], costs[base], strict=True)]
        print(f"  {name} is {statistics.median(ratios):.1f} x as fast as {base}")

    tracking: dict[str, Any] = {"power": spec.power, "sample_rate": spec.sample_rate}
    harmonics = track_harmonics(linear, bank, **tracking, **framing)
    size = mel_to_magnitude(linear, bank, power=spec.power, harmonics=harmonics)
    columns = np.ascontiguousarray(size.T)
    stages: dict[str, Callable[[], object]] = {
        "harmonics": lambda: track_harmonics(linear, bank, **tracking, **framing),
        "magnitude": lambda: mel_to_magnitude(linear, bank, power=spec.power, harmonics=harmonics),
        "first phase": lambda: phase_from_magnitude(columns, rng=np.random.default_rng(0), **framing),
        "whole, fast": lambda: invert(mel, effort="fast"),
        "whole, best": lambda: invert(mel),
        "whole, best, scipy": by_scipy(lambda: invert(mel)),
    }
    times: dict[str, list[float]] = {name: [] for name in stages}
    for turn in range(arguments.rounds + 1):
        for name, run in stages.items():
            seconds = _seconds(run)
            if turn:
                times[name].append(1e3 * seconds / arguments.seconds)
    print("an inversion and its stages")
    for name, values in times.items():
        print(f"  {name:20s} {statistics.median(values):7.2f} ms per s")


def _seconds(run: Callable[[], object]) -> float:
    """Of this thread's processor time."""
    start = time.thread_time()
    run()
    return time.thread_time() - start


if __name__ == "__main__":
    main()
