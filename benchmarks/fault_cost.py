"""What each fault costs once the mel is sound, measured: writes `src/melpact/diagnose/faults/cost.json`.

    python -m benchmarks.fault_cost CLIP.flac … [--seconds 5] [--out FILE]

Fast Griffin-Lim on wrong mels of hifigan_22k, every fault in its three doses, beside the ceiling (right mel) and nulls.
Faults that hifigan_22k cannot have are measured on it with the power spectrum (floor 1e-10). `lost` is the share of the way
from the ceiling to noise, (ceiling - pesq) / (ceiling - pesq of noise), between 0 and 1, and 1 where there is no sound to
score. `severity` is `lost` at the clear dose, or the mean over the kinds of a fault that has kinds.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.contract.artifact import replacing
from melpact.contract.dialect import dialect
from melpact.diagnose.dose_response import Curves, Point, curves
from melpact.diagnose.faults import fault, faults
from melpact.vocoders.griffin_lim.vocoder import invert

OUT = Path(__file__).parent.parent / "src/melpact/diagnose/faults/cost.json"


def lost(point: Point, found: Curves) -> float:
    """Share of what there was to lose in PESQ."""
    top, bottom = found.ceiling["pesq"], found.nulls["noise"]["pesq"]
    value = point.scores["pesq"]
    if isinstance(value, str):
        return 1.0
    assert not isinstance(top, str)
    assert not isinstance(bottom, str)
    return round(min(max((top - value) / (top - bottom), 0.0), 1.0), 4)


def severity(shares: list[float], kinds: bool) -> float:
    """One number for a fault."""
    return round(sum(shares) / len(shares), 4) if kinds else shares[1]


def entry(code: str, points: tuple[Point, ...], found: Curves, measured_in: str) -> dict[str, Any]:
    """One fault's line of the file."""
    line: dict[str, Any] = {"measured_in": measured_in, "doses": [p.dose for p in points], "names": [p.name for p in points]}
    line["n"] = [p.n for p in points]
    line["lost"] = [lost(p, found) for p in points]
    line["severity"] = severity(line["lost"], bool(fault(code).variants))
    for metric in ("pesq", "log_spectral_distance_db", "mel_error"):
        line[metric] = [v if isinstance(v := p.scores[metric], str) else round(v, 3) for p in points]
    return line


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    clips = []
    for path in arguments.clips:
        audio = read(path).mono()
        clips.append(Audio.of(audio.samples[:, : int(arguments.seconds * audio.sample_rate)], audio.sample_rate))
    spec = dialect("hifigan_22k").spec
    power = spec.replace_quietly(power=2, floor=spec.floor**2, epsilon=0.0, epsilon_kind="none")
    plain = curves(clips, spec, lambda mel: invert(mel, effort="fast"), list(faults().values()), n_doses=3)
    missing = [f for f in faults().values() if f.code in plain.refused]
    squared = curves(clips, power, lambda mel: invert(mel, effort="fast"), missing, n_doses=3)
    lines = {code: entry(code, points, plain, "hifigan_22k") for code, points in plain.faults.items()}
    lines |= {code: entry(code, points, squared, "hifigan_22k, power 2") for code, points in squared.faults.items()}
    names = [f"{path.parent.name}/{path.name}" for path in arguments.clips]
    found = {
        "command": f"python -m benchmarks.fault_cost {' '.join(names)} --seconds {arguments.seconds:g}",
        "inversion": "Griffin-Lim, effort fast",
        "n_clips": len(clips),
        "ceiling": plain.to_json()["ceiling"],
        "nulls": plain.to_json()["nulls"],
        "faults": dict(sorted(lines.items())),
    }
    with replacing(arguments.out) as file:
        file.write((json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode())
    print(f"ceiling PESQ {found['ceiling']['pesq']}, nulls {[n['pesq'] for n in found['nulls'].values()]}")
    for code, line in found["faults"].items():
        print(f"{code:26s} lost {line['lost']}  PESQ {line['pesq']}  LSD {line['log_spectral_distance_db']}")


if __name__ == "__main__":
    main()
