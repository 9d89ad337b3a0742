"""How fast neural vocoders run: seconds of sound per second, whole and streamed, on torch and on onnxruntime.

    python -m benchmarks.vocoders [--families hifigan/v2 vocos …] [--threads 1 2] [--seconds 2] [--repeats 3]

Published sizes with random weights: speed does not depend on what was learnt. Every combination of network, runtime and
number of threads is a process of its own, because runtimes in one process take each other's threads. Medians of wall-clock
time; the load of the machine is printed, because on a shared one the figures are lower bounds. First samples: of a stream of
32 frames a block, from the call to the first array.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

BLOCK_FRAMES = 32
RUNTIMES = ("torch", "onnxruntime")
REFERENCE = {
    "hifigan/v1": {"torch": 1.8, "onnxruntime": 1.8},
    "hifigan/v2": {"torch": 20.6, "onnxruntime": 19.9},
    "hifigan/v3": {"torch": 12.3, "onnxruntime": 18.3},
    "vocos": {"torch": 35.6, "onnxruntime": 41.5},
}
"""x real time of plain implementations: one thread of a quiet reference machine (Zen 4, AVX-512), the whole mel at once."""
SLOW = ("hifigan/v1", "bigvgan", "nsf_hifigan", "univnet", "pwg")
"""Run on a third of the sound."""


def networks() -> list[str]:
    """FAMILY/PRESET of every published size; one of each family but HiFi-GAN, whose three stand for its range."""
    from melpact.vocoders.families import families

    names = []
    for name, kind in families().items():
        presets = list(kind.presets)
        names += [f"{name}/{preset}" for preset in (presets if name == "hifigan" else presets[:1])]
    return names


def build(network: str, folder: Path) -> tuple[Path, Path]:
    """The network as both of its files."""
    from melpact.contract.dialect import dialect
    from melpact.vocoders.families import family
    from melpact.vocoders.neural import NeuralVocoder
    from melpact.vocoders.neural.exporting import export

    name, _, preset = network.partition("/")
    kind = family(name)
    sizes = kind.sizes(kind.presets[preset])
    hop = kind.hop(sizes)
    rate = int(getattr(sizes, "sampling_rate", 22050))
    wide = max(1024, 2 * hop)
    spec = dialect("hifigan_22k").spec.replace_quietly(
        n_mels=sizes.n_mels, hop_length=hop, n_fft=wide, win_length=wide, sample_rate=rate, bank_sample_rate=rate
    )
    maker = NeuralVocoder.fresh(name, kind.presets[preset], spec)
    return maker.save(folder / "v.vocoder"), export(maker, folder / "v.onnx")


def measure(path: str, threads: int, seconds: float, repeats: int) -> dict[str, float]:
    """In this process: medians of × real time, whole and streamed, and of the time to the first samples in ms."""
    import numpy as np

    from melpact.contract.mel import Mel

    if path.endswith(".onnx"):
        from melpact.vocoders.neural.graph import load

        maker = load(path, threads)
    else:
        import torch

        torch.set_num_threads(threads)
        from melpact.vocoders.opening import vocoder

        maker = vocoder(path)
    frames = max(BLOCK_FRAMES, round(seconds * maker.spec.frame_rate_hz))
    rng = np.random.default_rng(0)
    mel = Mel(rng.normal(-4, 2, (maker.spec.n_mels, frames)).astype(np.float32), maker.spec)
    f0 = np.full(frames, 150.0, np.float32) if maker.takes.driven_by_pitch else None
    maker(mel, f0)
    whole, streamed, first = [], [], []
    for _ in range(repeats):
        began = time.perf_counter()
        maker(mel, f0)
        whole.append(mel.duration_s / (time.perf_counter() - began))
        began, early = time.perf_counter(), 0.0
        for _ in maker.stream(mel, f0, block_frames=BLOCK_FRAMES):
            early = early or time.perf_counter() - began
        streamed.append(mel.duration_s / (time.perf_counter() - began))
        first.append(1000 * early)
    medians = {"whole": median(whole), "streamed": median(streamed), "first_ms": median(first)}
    return {**medians, "look_ahead_ms": 1000 * maker.look_ahead_s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="*", default=[], help="hifigan, hifigan/v2, vocos …; all by default")
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=2.0, help="of sound; a third for the slow ones")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        path, threads, seconds, repeats = given.measure
        print(json.dumps(measure(path, int(threads), float(seconds), int(repeats))))
        return
    chosen = [n for n in networks() if not given.families or any(n == f or n.split("/")[0] == f for f in given.families)]
    columns = [f"{runtime} {n}t" for n in given.threads for runtime in RUNTIMES]
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the start\n")
    heads = ["network", *(f"{c}: x, streamed, first ms" for c in columns), "look-ahead ms", "reference: torch, onnxruntime"]
    print("| " + " | ".join(heads) + " |")
    print("|---" * (len(columns) + 3) + "|")
    for network in chosen:
        slow = network in SLOW or network.split("/")[0] in SLOW
        seconds = given.seconds / 3 if slow else given.seconds
        cells, ahead = [], 0.0
        with tempfile.TemporaryDirectory() as folder:
            files = build(network, Path(folder))
            for threads in given.threads:
                for path in files:
                    found = _apart(path, threads, seconds, given.repeats)
                    ahead = found["look_ahead_ms"]
                    cells.append(f"{found['whole']:.1f}, {found['streamed']:.1f}, {found['first_ms']:.0f}")
        known = REFERENCE.get(network) or REFERENCE.get(network.split("/")[0], {})
        told = ", ".join(f"{known[runtime]}" for runtime in RUNTIMES) if known else ""
        print(f"| {network} | " + " | ".join(cells) + f" | {ahead:.0f} | {told} |", flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def _apart(path: Path, threads: int, seconds: float, repeats: int) -> dict[str, float]:
    """`measure` in a process that has only so many threads."""
    limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    words = [sys.executable, "-m", "benchmarks.vocoders", "--measure", str(path), str(threads), str(seconds), str(repeats)]
    done = subprocess.run(words, env={**os.environ, **limits}, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
