"""One process of a training that `torchrun` starts: a recipe's debug twin for a few steps; process 0 leaves the checkpoint.

Usage: worker.py FOLDER RECIPE SETTINGS-AS-JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from melpact.train.recipes import recipe
from melpact.train.room import Run, go
from train.material import Tones


def trained(folder: Path, name: str, changes: dict[str, object]) -> None:
    """Run it to the end."""
    run = Run(name, recipe(name).made(changes, base=recipe(name).debug), "tones")
    go(run, folder, Tones(), device="cpu")


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    trained(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
