"""Are planted faults found? Faults × doses × dialects × clips × what the examiner is shown, and the confusion table.

    python -m benchmarks.confusion [--folder DIR] [--clips 4] [--dialects NAME …] [--modes values audio target both]
        [--cases 2400] [--keep rows.jsonl] [--out table.json] [--jobs 1] [--failures 40]

Clips come from the folder (the shipped prompts by default). Of all cases, `--cases` are drawn evenly over faults and
modes, with a fixed seed. A clean mel in every dialect and mode has to stay without a finding.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.dialect import dialects
from melpact.diagnose.confusion_table import CLEAN, Row, table, text
from melpact.diagnose.faults import faults
from melpact.diagnose.laboratory import MODES, Laboratory, Trial, confusion


def published() -> list[str]:
    """One dialect per description that is used as it stands, without numbers to be given."""
    return [name for name, found in dialects().items() if not found.alias_of and not found.asks]


def loaded(folder: Path | None, limit: int, seconds: float) -> dict[str, Audio]:
    """Clips by name, cut to that many seconds."""
    from melpact.audio import samples
    from melpact.audio.files import find, read

    if folder is None:
        found = {name: samples.load(name) for name in samples.names()}
    else:
        paths = find([folder])
        picks = np.unique(np.linspace(0, len(paths) - 1, min(limit, len(paths))).round().astype(int))
        found = {f"{paths[i].parent.name}/{paths[i].name}": read(paths[i]).mono() for i in picks}
    return {
        name: Audio.of(audio.samples[:, : int(seconds * audio.sample_rate)], audio.sample_rate)
        for name, audio in list(found.items())[:limit]
    }


def drawn(trials: list[Trial], n: int, seed: int) -> list[Trial]:
    """About `n` of the trials: as many per fault and mode as that gives, every clean one up to a tenth of `n`; in order."""
    rng = np.random.default_rng(seed)
    groups: dict[tuple[str, str], list[int]] = {}
    for i, trial in enumerate(trials):
        groups.setdefault((trial.code, trial.mode), []).append(i)
    planted = [key for key in groups if key[0] != CLEAN]
    each = -(-n // max(1, len(planted)))
    chosen: list[int] = []
    for (code, _), members in groups.items():
        share = max(1, n // 40) if code == CLEAN else each
        chosen += rng.permutation(members)[:share].tolist()
    return [trials[i] for i in sorted(chosen)]


def main() -> None:
    """Run, print, write."""
    from melpact.diagnose.examine import examine

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--dialects", nargs="+", default=published())
    parser.add_argument("--faults", nargs="+", default=list(faults()))
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--cases", type=int, default=2400)
    parser.add_argument("--threshold", type=float, default=0.05)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=int, default=40)
    arguments = parser.parse_args()
    clips = loaded(arguments.folder, arguments.clips, arguments.seconds)
    laboratory = Laboratory(clips, arguments.dialects)
    which = [faults()[code] for code in arguments.faults]
    everything = list(laboratory.trials(which, modes=arguments.modes, seed=arguments.seed))
    trials = drawn(everything, arguments.cases, arguments.seed)
    of = f"{len(clips)} clips, {len(arguments.dialects)} dialects, {len(which)} faults"
    print(f"{len(trials)} of {len(everything)} cases: {of}")
    count = 0

    def advance(n: int) -> None:
        nonlocal count
        count += n
        if n and count % 200 < n:
            print(f"  {count} done", flush=True)

    rows = confusion(examine, laboratory, trials, jobs=arguments.jobs, keep=arguments.keep, advance=advance)
    found = table(rows, arguments.threshold)
    print(text(found))
    print(f"seconds per examination: {found['seconds']}")
    failures = [row for row in rows if _failed(row, arguments.threshold)]
    print(f"{len(failures)} failures:")
    for row in failures[: arguments.failures]:
        said = row.error or ", ".join(f"{code} {weight:g}" for code, weight in row.findings[:4]) or "nothing"
        print(f"  {row.id}: {said}")
    if arguments.out:
        found["command"] = {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()}
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _failed(row: Row, threshold: float) -> bool:
    if row.skipped:
        return False
    return bool(row.alarms(threshold)) if row.code == CLEAN else (row.rank(strict=False) or 99) > 2


if __name__ == "__main__":
    main()
