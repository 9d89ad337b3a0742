"""Which refiner, strength and number of steps: the error on held-out mels per kind of damage, and how lively they stay.

    python -m benchmarks.refiner_choice REFINER … --data PACKED [--steps 1 4 16] [--strengths 0.3 0.6 1.0] [--mels 24]
        [--train 60] [--out FILE.json]

Damage and doses are those that the refiners were trained on. Beside them: doing nothing, and a line per band, fitted to the
very same kind of damage on mels of the training part. What a vocoder makes of the mels is `melpact refine-report`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.models.refine.affine import Affine
from melpact.models.refine.base import Refiner
from melpact.models.refine.opening import refiner
from melpact.models.refine.settings import Refining
from melpact.normalise.calibration import pair
from melpact.train.data import CorpusData
from melpact.train.degraded import Kind, Mixture

FRAMES = 256
CLEAN = "clean"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("refiners", nargs="+")
    parser.add_argument("--data", required=True)
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.3, 0.6, 1.0])
    parser.add_argument("--mels", type=int, default=24)
    parser.add_argument("--train", type=int, default=60)
    parser.add_argument("--out")
    args = parser.parse_args()
    found = [refiner(one) for one in args.refiners]
    facts = found[0].facts
    if facts is None:
        raise SystemExit("a refiner's file is wanted")
    arms: list[tuple[str, Refiner, Refining]] = []
    for one in found:
        if one.method == "diffusion":
            for strength in args.strengths:
                for steps in args.steps:
                    asked = Refining(strength=strength, steps=steps)
                    arms.append((f"diffusion {strength:g} × {steps}", one, asked))
        else:
            arms.append((one.method, one, Refining(strength=1.0)))
    data = CorpusData(args.data)
    spec = facts.spec
    clean = [_cut(extract(audio, spec)) for _, audio in data.validation(args.mels)]
    crops = data.crops(spec, frames=FRAMES // 2, batch=args.train, seed=7)
    learned = [Mel(values, spec) for values in crops.batch_at(0)["mel"]]
    kinds = Mixture.of(facts.degradations, clean=0, twice=0).kinds
    table: dict[str, dict[str, dict[str, float]]] = {}
    for kind in (None, *kinds):
        given = clean if kind is None else _damaged(kind, clean, 1)
        rows = {"bypass": _figures(given, clean)}
        if kind is not None:
            spoilt = zip(_damaged(kind, learned, 2), learned, strict=True)
            line = Affine.fit([pair(str(i), a, b) for i, (a, b) in enumerate(spoilt)])
            rows["affine"] = _figures(line.batch(given), clean)
        for name, one, asked in arms:
            rows[name] = _figures(one.batch(given, asked), clean)
        table[CLEAN if kind is None else kind.name] = rows
        print(CLEAN if kind is None else kind.name, {name: round(row["mae"], 4) for name, row in rows.items()}, flush=True)
    names = list(dict.fromkeys(name for rows in table.values() for name in rows))
    for figure in ("mae", "variance"):
        print(f"\n{figure}\n| | " + " | ".join(names) + " |")
        print("|---" * (len(names) + 1) + "|")
        for label, rows in [*table.items(), ("mean", _mean(table, figure, names))]:
            print(f"| {label} | " + " | ".join(_said(rows.get(name, {}).get(figure)) for name in names) + " |")
    speeds = {name: _speed(one, asked, clean) for name, one, asked in arms}
    print("\ntimes faster than real time, one thread: " + ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items()))
    if args.out:
        Path(args.out).write_text(json.dumps({"table": table, "speed": speeds}, indent=1) + "\n", encoding="utf-8")


def _cut(mel: Mel) -> Mel:
    return Mel(np.ascontiguousarray(mel.values[:, :FRAMES]), mel.spec)


def _damaged(kind: Kind, mels: Sequence[Mel], seed: int) -> list[Mel]:
    return [kind(mel, np.random.default_rng([seed, index, *kind.name.encode()])) for index, mel in enumerate(mels)]


def _figures(made: Sequence[Mel], clean: Sequence[Mel]) -> dict[str, float]:
    """Mean absolute error in the mel's unit; variance over time beside that of the clean mel (1: as lively)."""
    pairs = [(a.raw().values, b.raw().values) for a, b in zip(made, clean, strict=True)]
    mae = np.mean([np.abs(a - b).mean() for a, b in pairs])
    lively = np.mean([np.exp(np.mean(np.log((a.var(1) + 1e-3) / (b.var(1) + 1e-3)))) for a, b in pairs])
    return {"mae": float(mae), "variance": float(lively)}


def _mean(table: dict[str, dict[str, dict[str, float]]], figure: str, names: Sequence[str]) -> dict[str, Any]:
    rows = [row for label, row in table.items() if label != CLEAN]
    return {name: {figure: float(np.mean([row[name][figure] for row in rows]))} for name in names}


def _speed(one: Refiner, asked: Refining, mels: Sequence[Mel]) -> float:
    """Seconds of sound per second of processor, one mel after the other."""
    one(mels[0], asked)
    began = time.process_time()
    for mel in mels[:6]:
        one(mel, asked)
    spent = time.process_time() - began
    return sum(mel.n_frames for mel in mels[:6]) / mels[0].spec.frame_rate_hz / spent


def _said(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
