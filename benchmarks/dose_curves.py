"""The dose-response curves that the doctor's page draws: writes `src/melpact/diagnose/report/curves.json`.

    python -m benchmarks.dose_curves CLIP.flac … [--seconds 4] [--doses 5] [--out FILE]

Fast Griffin-Lim on wrong mels of hifigan_22k, every fault in rising doses (or all its kinds). Faults that hifigan_22k cannot
have are measured on it with the power spectrum (floor 1e-10). A point is [distance of the mel, nat; PESQ; log-spectral
distance, dB; dose in words]; a point without PESQ (no sound) has null in its place.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.contract.artifact import replacing
from melpact.contract.dialect import dialect
from melpact.diagnose.dose_response import Point, Scores, curves
from melpact.diagnose.faults import fault, faults
from melpact.vocoders.griffin_lim.vocoder import invert

OUT = Path(__file__).parent.parent / "src/melpact/diagnose/report/curves.json"


def number(scores: Scores, metric: str) -> float | None:
    """A score, or None where there is none."""
    value = scores[metric]
    return None if isinstance(value, str) else round(value, 3)


def row(point: Point) -> list[Any]:
    """One point, compact."""
    distance = None if math.isnan(point.distance_nat) else round(point.distance_nat, 4)
    return [distance, number(point.scores, "pesq"), number(point.scores, "log_spectral_distance_db"), point.name]


def in_lines(found: dict[str, Any]) -> str:
    """JSON with one fault per line."""
    head = json.dumps({k: v for k, v in found.items() if k != "faults"}, ensure_ascii=False, indent=1)[:-2]
    lines = ",\n".join(
        f"  {json.dumps(code)}: {json.dumps(entry, ensure_ascii=False)}" for code, entry in found["faults"].items()
    )
    return f'{head},\n "faults": {{\n{lines}\n }}\n}}\n'


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--doses", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    clips = []
    for path in arguments.clips:
        audio = read(path).mono()
        clips.append(Audio.of(audio.samples[:, : int(arguments.seconds * audio.sample_rate)], audio.sample_rate))
    spec = dialect("hifigan_22k").spec
    power = spec.replace_quietly(power=2, floor=spec.floor**2, epsilon=0.0, epsilon_kind="none")

    def vocode(mel: Any) -> Audio:
        return invert(mel, effort="fast")

    plain = curves(clips, spec, vocode, list(faults().values()), n_doses=arguments.doses)
    missing = [f for f in faults().values() if f.code in plain.refused]
    squared = curves(clips, power, vocode, missing, n_doses=arguments.doses)
    names = [f"{path.parent.name}/{path.name}" for path in arguments.clips]
    found = {
        "command": f"python -m benchmarks.dose_curves {' '.join(names)} --seconds {arguments.seconds:g} "
        f"--doses {arguments.doses}",
        "vocoder": "Griffin-Lim, effort fast",
        "dialect": plain.dialect,
        "n_clips": len(clips),
        "ceiling": {metric: number(plain.ceiling, metric) for metric in ("pesq", "log_spectral_distance_db")},
        "nulls": {
            name: {metric: number(scores, metric) for metric in ("pesq", "log_spectral_distance_db")}
            for name, scores in plain.nulls.items()
        },
        "faults": {
            code: {"kinds": bool(fault(code).variants), "points": [row(p) for p in points]}
            for code, points in sorted({**plain.faults, **squared.faults}.items())
        },
    }
    with replacing(arguments.out) as file:
        file.write(in_lines(found).encode("utf-8"))
    print(f"{len(found['faults'])} faults, {len(clips)} clips: {arguments.out}")


if __name__ == "__main__":
    main()
