"""How far our metrics lie from other packages', how far pitch trackers lie from each other, and what each metric costs.

    python -m benchmarks.metric_parity [FOLDER …] [--clips 24] [--seconds 8] [--skip-trackers]

Every clip is compared with itself in noise, muffled and clipped. The shipped prompts by default.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from pathlib import Path

import numpy as np

from benchmarks.metric_references import REFERENCES, degraded, world_f0
from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.files import find, read
from melpact.bench.align import pair
from melpact.bench.metric import Metric, metrics
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

KINDS = ("noise", "muffled", "clipped")


def parity(pairs: list[Pair]) -> None:
    """Print one line per metric: largest and median difference, and the spread of the values that it is to be held to."""
    print(f"{'metric':22s} {'reference':42s} {'pairs':>5s} {'max':>9s} {'median':>9s} {'values':>21s}")
    for name, reference in REFERENCES.items():
        metric, differences, values = metrics()[name], [], []
        for one in pairs:
            try:
                values.append(metric.value([metric.measure(one)]))
            except NotMeasured:
                continue
            differences.append(abs(values[-1] - reference.compute(one)))
        low, high = np.percentile(values, [5, 95])
        print(
            f"{name:22s} {reference.by:42s} {len(differences):5d} {max(differences):9.1e} {np.median(differences):9.1e} "
            f"{low:9.3f} … {high:9.3f}",
            flush=True,
        )


def _compare(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Median difference in cents, share of gross errors in %, agreement on voicing in %."""
    count = min(len(x), len(y))
    x, y = x[:count], y[:count]
    both = (x > 0) & (y > 0)
    cents = 1200 * np.log2(y[both] / x[both])
    gross = 100 * np.mean(np.abs(y[both] / x[both] - 1) > 0.2)
    return float(np.median(np.abs(cents))), float(gross), 100 * float(np.mean((x > 0) == (y > 0)))


def trackers(clips: list[Sound]) -> None:
    """Print how our F0 (DIO and StoneMask) lies to pYIN and Harvest, and what each costs."""
    import librosa
    import pyworld

    rows: dict[str, list[tuple[float, float, float]]] = {}
    seconds: dict[str, float] = {}
    for sound in clips:
        wave = sound.at(16000).astype(np.float64)
        found = {}
        for name, track in {
            "DIO + StoneMask": lambda w=wave: world_f0(w, 16000)[0],
            "Harvest": lambda w=wave: pyworld.harvest(w, 16000, f0_floor=71.0, f0_ceil=800.0)[0],
            "pYIN": lambda w=wave: librosa.pyin(w, sr=16000, fmin=71, fmax=800, frame_length=1024, hop_length=80)[0],
        }.items():
            start = time.process_time()
            found[name] = np.nan_to_num(track())
            seconds[name] = seconds.get(name, 0.0) + time.process_time() - start
        names = list(found)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                rows.setdefault(f"{first} / {second}", []).append(_compare(found[first], found[second]))
    total = sum(sound.seconds for sound in clips)
    print(f"\n{'pitch trackers':28s} {'median cents':>12s} {'gross %':>8s} {'voicing agrees %':>17s}   (medians over clips)")
    for name, row in rows.items():
        cents, gross, agree = np.median(np.array(row), axis=0)
        print(f"{name:28s} {cents:12.1f} {gross:8.2f} {agree:17.1f}")
    print("cost: " + ", ".join(f"{name} {1000 * spent / total:.1f} ms/s" for name, spent in seconds.items()))


def cost(clips: list[Sound]) -> None:
    """Print ms of processor time per second of sound for a new system, everything about the original known already.

    Metrics share what they derive: the first of them pays for it, so that the sum is what counts.
    """
    light = {name: metric for name, metric in metrics().items() if not metric.heavy and not metric.missing()}
    spent = dict.fromkeys(["alignment", *light], 0.0)
    for turn, original in enumerate([clips[0], *clips]):
        rng = np.random.default_rng(turn)
        _timed(light, pair(original, original.audio), {})
        noisy = original.wave + rng.standard_normal(original.wave.size).astype(np.float32) * np.float32(0.003)
        start = time.process_time()
        system = pair(original, Audio(noisy[None], original.rate))
        if turn:
            spent["alignment"] += time.process_time() - start
        _timed(light, system, spent if turn else {})
    total = sum(sound.seconds for sound in clips)
    print(f"\n{'cost, one core':28s} ms per second of sound at {clips[0].rate} Hz")
    for name, value in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{name:28s} {1000 * value / total:8.2f}")
    whole = sum(spent.values())
    print(f"{'all':28s} {1000 * whole / total:8.2f}   {total / whole:.1f} x real time")


def _timed(light: dict[str, Metric], compared: Pair, spent: dict[str, float]) -> None:
    for name, metric in light.items():
        start = time.process_time()
        with contextlib.suppress(NotMeasured):
            metric.measure(compared)
        spent[name] = spent.get(name, 0.0) + time.process_time() - start


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--clips", type=int, default=24, help="of all recordings, spread evenly")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each at most")
    parser.add_argument("--rate", type=int, default=16000, help="of the comparison, Hz")
    parser.add_argument("--skip-trackers", action="store_true")
    arguments = parser.parse_args()
    paths = find(arguments.folders) if arguments.folders else [samples.path(name) for name in samples.names()]
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(arguments.clips, len(paths))).round().astype(int))
    clips = [Sound(read(paths[i], duration_s=arguments.seconds), arguments.rate) for i in chosen]
    print(f"{len(clips)} clips, {sum(sound.seconds for sound in clips):.0f} s, at {arguments.rate} Hz")
    parity([degraded(sound, kind, seed=i) for i, sound in enumerate(clips) for kind in KINDS])
    if not arguments.skip_trackers:
        trackers(clips)
    cost(clips)


if __name__ == "__main__":
    main()
