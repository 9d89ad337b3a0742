"""The bench over ways from a mel to sound: one report with intervals, nulls, ceilings and sounds, and PESQ folder by folder.

    python -m benchmarks.inversion_report FOLDER… -o DIR [--with melpact_small] [--clips 20] [--seconds 6]
        [--dialect hifigan_22k]

Clips of every folder become mels and come back by vocoders (--with), by melpact's inversion (best and fast effort) and by
librosa (its NNLS and 32 rounds of Griffin-Lim); `melpact evaluate` does the rest. --clips counts per folder. The sounds stay
in DIR/sounds, the report is DIR/report.html. Real time is that of the calls, one after the other, on all threads.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.inversion import librosa_inversion
from melpact.audio.audio import Audio
from melpact.audio.files import find, read, write
from melpact.bench.score import Score
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.features.analysis import extract, to_rate
from melpact.verbs.evaluate import evaluate
from melpact.vocoders.griffin_lim.vocoder import invert
from melpact.vocoders.opening import vocoder

SHORTEST_S = 2.0
"""Shorter clips are left out: PESQ cannot align them."""


def _shown(score: Score) -> str:
    if score.value is None:
        return f"{'–':>28s}"
    ends = "" if score.low is None or score.high is None else f"[{score.low:.3f}, {score.high:.3f}]"
    return f"{score.value:9.3f} {ends:>18s}"


def main() -> None:
    """Make the sounds, then the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--with", dest="vocoders", action="append", default=[], metavar="VOCODER")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--dialect", default="hifigan_22k")
    parser.add_argument("--jobs", type=int)
    given = parser.parse_args()
    spec = dialect(given.dialect).spec
    makers = {Path(name).stem: vocoder(name) for name in given.vocoders}
    ways: dict[str, Callable[[Mel], Audio]] = {
        **makers,
        "melpact_best": lambda mel: invert(mel, effort="best"),
        "melpact_fast": lambda mel: invert(mel, effort="fast"),
        "librosa": librosa_inversion,
    }
    sounds, spent, seconds = given.out / "sounds", dict.fromkeys(ways, 0.0), 0.0
    for path in chosen(given.folders, given.clips):
        original = to_rate(read(path, duration_s=given.seconds), spec.sample_rate)
        if original.duration_s < SHORTEST_S:
            continue
        mel = extract(original, spec)
        made = {"original": original}
        for name, way in ways.items():
            if not seconds:
                way(mel)  # compiled kernels and opened graphs do not count
            began = time.perf_counter()
            made[name] = way(mel)
            spent[name] += time.perf_counter() - began
        seconds += original.duration_s
        for name, audio in made.items():
            (sounds / name).mkdir(parents=True, exist_ok=True)
            write(sounds / name / f"{path.parent.name}__{path.stem}.wav", audio, "FLOAT")
    systems = [sounds / name for name in ways]
    report = evaluate(sounds / "original", *systems, suite="vocoder", dialect=given.dialect, out=given.out, jobs=given.jobs)
    print(f"{'':42s}", *(f"{system:>28s}" for system in report.systems))
    for metric, facts in report.metrics.items():
        print(f"{facts.title:42s}", *(_shown(report.scores[system][metric]) for system in report.systems))
    print(f"{'x real time':42s}", *(f"{seconds / spent[name]:9.1f}{'':19s}" for name in ways))
    _by_folder(given.out / "utterances.csv")
    print(f"written: {given.out}")


def chosen(folders: Sequence[Path], clips: int) -> list[Path]:
    """At most so many files of each folder, evenly spread over their names."""
    found = []
    for folder in folders:
        files = find([folder])
        places = np.unique(np.linspace(0, len(files) - 1, min(clips, len(files))).round().astype(int))
        found += [files[i] for i in places]
    return found


def _by_folder(table: Path) -> None:
    """Mean PESQ of every system in every folder."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with open(table, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["pesq_wb"]:
                values[row["utterance"].split("__")[0]][row["system"]].append(float(row["pesq_wb"]))
    for folder, systems in sorted(values.items()):
        parts = (f"{name} {np.mean(each):.2f}" for name, each in systems.items())
        print(f"PESQ-wb {folder:24s} n={len(next(iter(systems.values()))):3d}", *parts)


if __name__ == "__main__":
    main()
