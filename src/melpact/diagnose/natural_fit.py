"""Makes natural.json again: `python -m melpact.diagnose.natural_fit FOLDER … [--files N]`, folders of clean recordings.

Every recording is analysed in many dialects, as it is, 20 dB quieter, cut to a second, and between half seconds of digital
silence.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.contract.dialect import dialects
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.natural import measure, named
from melpact.features.analysis import extract

_SECONDS = 8


def distinct_specs() -> list[MelSpec]:
    """Every description of a dialect that takes a log, once."""
    found = {d.spec.fingerprint: d.spec for d in dialects().values() if not d.asks}
    return [spec for spec in found.values() if spec.log != "none"]


def shapes(audio: Audio, rng: random.Random) -> list[Audio]:
    """A recording as it is, quiet, one second long, and padded with silence."""
    rate = audio.sample_rate
    x = audio.mono().samples[0][: _SECONDS * rate]
    start = rng.randrange(max(1, x.size - round(1.1 * rate)))
    rest = np.zeros(rate // 2, np.float32)
    made = [x, 0.1 * x, x[start : start + round(1.1 * rate)], np.concatenate([rest, x, rest])]
    return [Audio.of(np.ascontiguousarray(y, np.float32), rate) for y in made if np.abs(y).max() > 1e-3]


def fit(folders: list[Path], files: int, each: int = 8) -> dict[str, list[float]]:
    """Ranges over recordings: the least, 5 %, median, 95 %, the largest, with outliers beyond 0.1 % left out."""
    rng = random.Random(0)
    specs = distinct_specs()
    seen: dict[str, list[float]] = defaultdict(list)
    for folder in folders:
        found = sorted(p for p in folder.rglob("*") if p.suffix in (".wav", ".flac"))
        for path in rng.sample(found, min(files, len(found))):
            for audio in shapes(read(path), rng):
                for spec in rng.sample(specs, each):
                    try:
                        numbers = measure(Evidence(extract(audio, spec)))
                    except MelpactError:
                        continue
                    for name, value in (numbers or {}).items():
                        seen[named(name, spec)].append(value)
    return {
        n: [round(float(q), 4) for q in np.quantile(v, [0.001, 0.05, 0.5, 0.95, 0.999])] for n, v in sorted(seen.items())
    }


def main() -> None:
    """Write natural.json beside this module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", type=int, default=20)
    arguments = parser.parse_args()
    found = fit(arguments.folders, arguments.files)
    text = json.dumps({"command": "python -m melpact.diagnose.natural_fit", "ranges": found}, indent=1)
    Path(__file__).with_name("natural.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
