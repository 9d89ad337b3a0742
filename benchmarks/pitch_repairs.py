"""What the repairs of a pitch track are worth: ours alone, put right by itself, and joined with a second tracker.

    python -m benchmarks.pitch_repairs [--sounds DATA] [--corpora pjs_singing_ja …] [--files 8]

Synthetic singing has a known pitch: vibrato, glides over ten semitones, three resonances, pauses, and a subharmonic (every
other period louder) of a depth that wanders between 0 and the figure in the name. Recordings have none; there the reference
is the median of three trackers (ours, DIO with StoneMask, Harvest) where two at least are voiced, and moments in which two
say different things are left out. It favours what two of them say together. Octave: within 100 cents of one or two octaves.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.features.analysis import to_rate
from melpact.features.octaves import Repairs, joined, repaired
from melpact.features.pitch import HIGHEST_HZ, LOWEST_HZ, STEP_S, track_pitch
from melpact.features.second_pitch import second_track

RATE = 22050
KINDS = {"plain": (0.0, False), "subharmonic 0.2": (0.2, False), "subharmonic 0.4": (0.4, False),
         "subharmonic 0.7": (0.7, False), "subharmonic 0.4, noise": (0.4, True)}  # fmt: skip
Floats = NDArray[np.floating]


def singing(seed: int, depth: float, noisy: bool) -> tuple[NDArray[np.float32], Floats]:
    """4 s and their pitch every `STEP_S`, 0 in pauses."""
    rng = np.random.default_rng(seed)
    n = 4 * RATE
    t, knots = np.arange(n) / RATE, np.arange(0, 4.5, 0.5)
    semitones = np.interp(t, knots, rng.uniform(-5, 5, 9)) + 0.4 * np.sin(2 * np.pi * 5.5 * t)
    f0_hz = rng.uniform(90, 500) * 2 ** (semitones / 12)
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    centres = rng.uniform((300, 900, 2400), (800, 2200, 3200))
    x = np.zeros(n)
    for k in range(1, int(7000 / f0_hz.min())):
        level = 0.3 / k
        for i, centre in enumerate(centres):
            level = level + 0.5**i * np.exp(-(((k * f0_hz - centre) / (250 + 50 * i)) ** 2)) / k**0.5
        x += level * (k * f0_hz < 10000) * np.cos(k * phase + rng.uniform(0, 6))
    x *= 1 + np.interp(t, knots, rng.uniform(0, max(depth, 1e-9), 9)) * np.cos(phase / 2 + 1)
    on = np.ones(n)
    for begin in (0.9, 1.9, 2.9):
        on[int(begin * RATE) : int((begin + 0.25) * RATE)] = 0
    fade = np.hanning(400) / np.hanning(400).sum()
    level = 0.1 * 10 ** (-rng.uniform(15, 35) / 20) if noisy else 1e-4
    x = 0.3 * x / np.abs(x).max() * np.convolve(on, fade, "same") + level * rng.normal(size=n)
    at = np.minimum((np.arange(int(n / RATE / STEP_S) + 1) * STEP_S * RATE).astype(int), n - 1)
    return x.astype(np.float32), np.where(on > 0, f0_hz, 0.0)[at]


def tracks(x: NDArray[np.float32]) -> tuple[dict[str, Floats], Repairs]:
    """By each way, and what joining moved."""
    own, other = track_pitch(x, RATE), second_track(x, RATE)
    if other is None:
        raise SystemExit("pip install pyworld")
    both, moved = joined(own, other, STEP_S)
    return {"ours": own, "second": other, "by itself": repaired(own, STEP_S)[0], "joined": both}, moved


def harvest(x: NDArray[np.float32], frames: int) -> Floats:
    """The third."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    made = pyworld.harvest(x.astype(float), RATE, f0_floor=LOWEST_HZ, f0_ceil=HIGHEST_HZ, frame_period=1000 * STEP_S)[0]
    return np.asarray(np.pad(made[:frames], (0, max(0, frames - made.size))))


def median(three: Floats) -> Floats:
    """Of three tracks [3, T]; 0 where one or none is voiced, -1 where two are and differ by more than a semitone."""
    voiced = (three > 0).sum(axis=0)
    order = np.sort(np.where(three > 0, three, np.inf), axis=0)
    low, high = np.where(voiced >= 2, order[:2], 1.0)
    two = np.where(high / low < 2 ** (1 / 12), np.sqrt(low * high), -1.0)
    return np.asarray(np.where(voiced == 3, high, np.where(voiced == 2, two, 0.0)))


def scored(found: Floats, wanted: Floats) -> NDArray[np.int64]:
    """Both voiced, octaves, more than 100 cents off, voicing wrong, moments."""
    both = (found > 0) & (wanted > 0)
    cents = np.abs(1200 * np.log2(found[both] / wanted[both]))
    octaves = (np.abs(cents - 1200) < 100) | (np.abs(cents - 2400) < 100)
    wrong = ((found > 0) != (wanted > 0)).sum()
    return np.array([both.sum(), octaves.sum(), (cents > 100).sum(), wrong, found.size], np.int64)


def show(name: str, totals: dict[str, NDArray[np.int64]]) -> None:
    """A line for each way."""
    for way, (both, octaves, far, wrong, moments) in totals.items():
        print(
            f"{name:24s} {way:10s} octave {100 * octaves / both:6.2f} %  more than 100 cents {100 * far / both:6.2f} %  "
            f"voicing wrong {100 * wrong / moments:6.2f} %",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", type=Path)
    parser.add_argument(
        "--corpora", nargs="+", default=["pjs_singing_ja", "nitsong_singing_ja", "vctk_en_48k", "festvox_ru"]
    )
    parser.add_argument("--files", type=int, default=8, help="of each corpus, at most 20 s of each")
    asked = parser.parse_args()
    for name, (depth, noisy) in KINDS.items():
        totals: dict[str, NDArray[np.int64]] = {}
        for seed in range(12):
            x, wanted = singing(seed, depth, noisy)
            for way, found in tracks(x)[0].items():
                totals[way] = totals.get(way, np.zeros(5, np.int64)) + scored(found, wanted)
        show(name, totals)
    for corpus in asked.corpora if asked.sounds else ():
        totals, moved = {}, Repairs()
        for path in sorted((asked.sounds / corpus).rglob("*.flac"))[: asked.files]:
            audio = read(path)
            x = to_rate(Audio.of(audio.samples[:, : 20 * audio.sample_rate], audio.sample_rate), RATE).samples[0]
            ways, repairs = tracks(x)
            moved = moved + repairs
            wanted = median(np.stack([ways["ours"], ways["second"], harvest(x, ways["ours"].size)]))
            for way, found in ways.items():
                totals[way] = totals.get(way, np.zeros(5, np.int64)) + scored(found[wanted >= 0], wanted[wanted >= 0])
        show(corpus, totals)
        print(f"{corpus:24s} {moved}", flush=True)


if __name__ == "__main__":
    main()
