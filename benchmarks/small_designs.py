"""Which small vocoder is best at equal cost? Designs of melpact_small, each trained for the same CPU seconds.

    python -m benchmarks.small_designs PACKED -o DIR [--seconds 600] [--designs start width …]

The steps of a design are the seconds over what one of its steps takes here (the median of a few, the making of its batch
included); the learning rate falls to nothing over them. Scores are those of the last validation: sounds of the corpus' part
for validation, which should hold no speaker of the training part. The floor is the start of the default alone.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from melpact.train.data import CorpusData
from melpact.train.feed import Part
from melpact.train.loop import Trainer
from melpact.train.recipes import recipe
from melpact.train.room import Run, Unwatched, go
from melpact.train.runtime import runtime
from melpact.train.validation import Validated

RECIPE = "melpact_small"
_VOCOS = {"n_mels": 80, "dim": 256, "intermediate_dim": 768, "num_layers": 8, "n_fft": 1024, "hop_length": 256,
          "padding": "same"}  # fmt: skip
DESIGNS: dict[str, dict[str, Any]] = {
    "default": {},
    "nothing": {"optimiser.lr": 1e-9},
    "from the mel alone": {"family": "vocos", "preset": "small", "sizes": _VOCOS},
    "8 rounds in the start": {"start_iterations": 8},
    "no rounds in the start": {"start_iterations": 0},
    "half as wide": {"sizes": {"dim": 128, "intermediate_dim": 384}},
    "half as deep": {"sizes": {"num_layers": 4}},
    "no phase seen": {"sizes": {"phase_bins": 2}},
    "without loudness": {"loudness_weight": 0.0, "added_weight": 0.0},
}
METRICS = ("pesq_wb", "stoi", "mel_mae", "periodicity_error", "voicing_f1")


class Last(Unwatched):
    """Keeps the last validation."""

    found: Validated | None = None

    def validated(self, found: Validated) -> None:
        self.found = found


def step_s(changes: dict[str, Any], data: CorpusData) -> float:
    """CPU seconds of one step and its batch."""
    settings = recipe(RECIPE).made(changes)
    with runtime("cpu", settings.precision) as place:
        return _median_step_s(Trainer(recipe(RECIPE).build(settings, data), settings, place))


def _median_step_s(trainer: Trainer) -> float:
    spent = []
    for step in range(6):
        began = time.process_time()
        arrays = dict(trainer.task.source.batch_at(step, rank=0, world=1))
        trainer.advance([Part(0, arrays, 1.0)])
        spent.append(time.process_time() - began)
    return float(np.median(spent[2:]))


def main() -> None:
    """One line per design."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--designs", nargs="*", choices=list(DESIGNS), default=list(DESIGNS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = CorpusData(given.data)
    print(f"{'design':26s}{'weights':>12s}{'steps':>8s}{'s/step':>8s}", *(f"{name:>24s}" for name in METRICS))
    for name in given.designs:
        changes = {"optimiser.schedule": "cosine", **DESIGNS[name]}
        cost = step_s(changes, data)
        steps = 1 if name == "nothing" else max(1, round(given.seconds / cost))
        timed = {"steps": steps, "validate_every": steps, "save_every": steps, "metrics": METRICS, "fetch_threads": 1}
        settings = recipe(RECIPE).made({**changes, **timed})
        last, folder = Last(), given.out / name.replace(" ", "_")
        go(Run(RECIPE, settings, str(given.data)), folder, data, device="cpu", watch=last)
        assert last.found is not None
        scores = last.found.facts()[""]
        shown = (f"{scores[m]['value']:.3f} [{scores[m]['low']:.3f}, {scores[m]['high']:.3f}]" for m in METRICS)
        players = recipe(RECIPE).build(settings, data).players
        weights = sum(p.numel() for player in players.values() for p in player.parameters())
        print(f"{name:26s}{weights:12,}{steps:8,}{cost:8.2f}", *(f"{text:>24s}" for text in shown), flush=True)
    ends = " ".join(f"{m} {scores[m]['null']:.3f} {scores[m]['ceiling']:.3f};" for m in METRICS)
    print(f"null and ceiling (n = {scores['pesq_wb']['n']}): {ends}")


if __name__ == "__main__":
    main()
