"""How fast does a training step go? Seconds of sound per second of one CPU thread, and the room's own cost.

    python -m benchmarks.training [--data PACKED] [--steps 5] [--device cpu]

`step` is a whole step of the loop on a batch that lies ready; `bare` the losses, gradients and optimisers of the same turns
written without it; `fetch` the making of the batch, which threads do meanwhile. CPU seconds on a CPU, seconds elsewhere; the
median of the steps. The shipped prompts by default.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from melpact.audio import samples
from melpact.audio.files import probe
from melpact.corpus.manifest import Manifest, Utterance
from melpact.corpus.packing import PackWriter
from melpact.train.data import CorpusData
from melpact.train.feed import Part
from melpact.train.loop import Trainer
from melpact.train.recipes import recipe
from melpact.train.runtime import runtime

CASES = (
    ("spectral_vocoder", {"batch_size": 8, "sizes": {"dim": 256, "intermediate_dim": 768}}),
    ("hifigan", {"preset": "v3", "batch_size": 2}),
)


def prompts(folder: Path) -> Path:
    """The shipped prompts as a packed corpus."""
    entries = []
    for name in samples.names():
        path = samples.path(name)
        found = probe(path)
        entries.append(
            Utterance(id=name, audio=str(path), sample_rate=found.sample_rate, n_samples=found.n_samples,
                      channels=found.channels)
        )  # fmt: skip
    manifest = Manifest(entries, folder)
    writer = PackWriter(folder / "packed", manifest, 22050)
    for utterance in manifest:
        writer.put(utterance)
    writer.finish()
    return folder / "packed"


def main() -> None:
    """Print one line per case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.process_time if arguments.device == "cpu" else time.perf_counter
    print(f"{'recipe':34s} {'x real time':>11s} {'step ms':>9s} {'bare ms':>9s} {'fetch ms':>9s}")
    with tempfile.TemporaryDirectory() as folder:
        data = CorpusData(arguments.data or prompts(Path(folder)))
        for name, changes in CASES:
            settings = recipe(name).made(changes)
            with runtime(arguments.device) as place:
                trainer = Trainer(recipe(name).build(settings, data), settings, place)
                source = trainer.task.source
                arrays = dict(source.batch_at(0, rank=0, world=1))
                part = [Part(0, arrays, 1.0)]
                kinds = (partial(trainer.advance, part), bare(trainer, part), partial(source.batch_at, 1, rank=0, world=1))
                step, plain, fetch = (median(kind, arguments.steps, clock) for kind in kinds)
            sound = arrays["audio"].size / data.sample_rate
            case = f"{name} {changes.get('preset', '')} × {changes['batch_size']}"
            print(f"{case:34s} {sound / step:11.1f} {1000 * step:9.0f} {1000 * plain:9.0f} {1000 * fetch:9.1f}")


def bare(trainer: Trainer, part: list[Part]) -> Callable[[], None]:
    """The same arithmetic without the loop: no averages, no norms, no monitor."""
    task, place = trainer.task, trainer.runtime
    optimisers = {
        name: torch.optim.AdamW(task.players[name].parameters(), lr=1e-6, fused=True) for name in trainer.optimisers
    }

    def step() -> None:
        batch, generator = place.moved(part[0].arrays), place.generator(0)
        for turn in task.turns:
            for name, player in task.players.items():
                player.requires_grad_(name in turn.players)
            for name in turn.players:
                optimisers[name].zero_grad()
            turn.weighed(turn.losses(batch, generator)).backward()
            for name in turn.players:
                optimisers[name].step()

    return step


def median(what: Callable[[], object], times: int, clock: Callable[[], float]) -> float:
    """Seconds of one call, after one that does not count."""
    what()
    spent = []
    for _ in range(times):
        began = clock()
        what()
        spent.append(clock() - began)
    return float(np.median(spent))


if __name__ == "__main__":
    main()
