"""How exact is the engine? Its largest and mean difference from the float64 oracle, per family of dialects.

    python -m benchmarks.precision [FOLDER …] [--clips 16] [--seconds 4]

In natural-log units before scaling (without a log: relative to each band's maximum). The shipped prompts by default.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from melpact.audio import samples
from melpact.audio.files import find, read
from melpact.contract.dialect import dialect_for, dialects
from melpact.contract.scaling import NoScaling
from melpact.features.analysis import extract, to_rate
from melpact.features.oracle import oracle_raw


def main() -> None:
    """Print one line per family, the worst first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--clips", type=int, default=16, help="of all recordings, spread evenly")
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    paths = find(arguments.folders) if arguments.folders else [samples.path(name) for name in samples.names()]
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(arguments.clips, len(paths))).round().astype(int))
    clips = [read(paths[i], duration_s=arguments.seconds) for i in chosen]
    rows = []
    for found in dialects().values():
        checked = dialect_for(found.reference_id)
        if checked.asks or found.name != found.family_name:
            continue
        spec = checked.spec.replace_quietly(scaling=NoScaling())
        largest, means = 0.0, []
        for clip in clips:
            audio = to_rate(clip, spec.sample_rate)
            truth = oracle_raw(audio.samples[0], spec)
            unit = spec.log_gain or np.maximum(truth.max(axis=1, keepdims=True), 1e-30)
            error = np.abs(extract(audio, spec).values - truth) / unit
            largest, means = max(largest, float(error.max())), [*means, float(error.mean())]
        rows.append((largest, float(np.mean(means)), found.name))
    print(f"{len(clips)} clips, {len(rows)} families\n{'family':30s} {'max':>9s} {'mean':>9s}")
    for largest, mean, name in sorted(rows, reverse=True):
        print(f"{name:30s} {largest:9.1e} {mean:9.1e}")


if __name__ == "__main__":
    main()
