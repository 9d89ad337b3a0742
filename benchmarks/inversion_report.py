"""The bench over three ways from a mel to sound: one report with intervals, nulls, ceilings and sounds.

    python -m benchmarks.inversion_report FOLDER -o DIR [--clips 20] [--seconds 6] [--dialect hifigan_22k]

Every clip becomes a mel and comes back by melpact (best and fast effort) and by librosa (its NNLS and 32 rounds of
Griffin-Lim); `melpact evaluate` does the rest. The sounds stay in DIR/sounds, the report is DIR/report.html.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.inversion import librosa_inversion
from melpact.audio.files import find, read, write
from melpact.bench.score import Score
from melpact.contract.dialect import dialect
from melpact.features.analysis import extract, to_rate
from melpact.verbs.evaluate import evaluate
from melpact.vocoders.griffin_lim.vocoder import invert


def _shown(score: Score) -> str:
    if score.value is None:
        return f"{'–':>28s}"
    ends = "" if score.low is None or score.high is None else f"[{score.low:.3f}, {score.high:.3f}]"
    return f"{score.value:9.3f} {ends:>18s}"


def main() -> None:
    """Make the sounds, then the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--dialect", default="hifigan_22k")
    parser.add_argument("--jobs", type=int)
    given = parser.parse_args()
    spec = dialect(given.dialect).spec
    files = find([given.folder])
    files = [files[i] for i in np.unique(np.linspace(0, len(files) - 1, min(given.clips, len(files))).round().astype(int))]
    sounds = given.out / "sounds"
    for path in files:
        original = to_rate(read(path, duration_s=given.seconds), spec.sample_rate)
        mel = extract(original, spec)
        made = {
            "original": original,
            "melpact_best": invert(mel, effort="best"),
            "melpact_fast": invert(mel, effort="fast"),
            "librosa": librosa_inversion(mel),
        }
        for name, audio in made.items():
            (sounds / name).mkdir(parents=True, exist_ok=True)
            write(sounds / name / f"{path.parent.name}_{path.stem}.wav", audio, "FLOAT")
    systems = [sounds / name for name in ("melpact_best", "melpact_fast", "librosa")]
    report = evaluate(sounds / "original", *systems, suite="vocoder", dialect=given.dialect, out=given.out, jobs=given.jobs)
    for metric, facts in report.metrics.items():
        print(f"{facts.title:42s}", *(_shown(report.scores[system][metric]) for system in report.systems))
    print(f"written: {given.out}")


if __name__ == "__main__":
    main()
