"""The journal of a run: one line of JSON per entry, always; and TensorBoard's files beside it where the package is there.

A resumed run drops what was written after the step that it goes on from, so that no step is there twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from melpact.core.atomic import replaced
from melpact.core.errors import TrainingError
from melpact.core.records import canonical_json
from melpact.train.validation import Validated

NAME, PICTURES = "journal.jsonl", "tensorboard"
_SOUNDS = 4
"""So many examples of a validation are put into TensorBoard."""


class Journal:
    """Writes entries; `read` gives them back.

    Args:
        folder: of the run.
        step: what was written of later steps is dropped.

    Raises:
        TrainingError: the folder cannot be written.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / NAME
        kept = [entry for entry in read(folder) if entry["step"] <= step] if step else []
        try:
            with replaced(self.path) as temporary:
                temporary.write_text("".join(canonical_json(entry) + "\n" for entry in kept), encoding="utf-8")
            self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise self._full(error) from error
        self._board = _board(folder / PICTURES, step)

    def write(self, step: int, kind: str, **facts: Any) -> None:
        """One entry: `kind` says what its facts are ("losses", "validation", "teaching", "checkpoint", "process").

        Raises:
            TrainingError: the disk is full.
        """
        try:
            self._file.write(canonical_json({"step": step, "kind": kind, **facts}) + "\n")
            self._file.flush()
        except OSError as error:
            raise self._full(error) from error

    def losses(self, step: int, values: Mapping[str, float], rates: Mapping[str, float], speed: float) -> None:
        """Means since the last entry, learning rates by player, steps per second."""
        self.write(step, "losses", values=dict(values), rates=dict(rates), steps_per_s=round(speed, 4))
        if self._board is not None:
            for name, value in {**values, **{f"rate/{player}": rate for player, rate in rates.items()}}.items():
                self._board.add_scalar(name.replace(" ", "_"), value, step)

    def validated(self, found: Validated) -> None:
        """Scores; with TensorBoard also the sounds and the mels of the first examples."""
        self.write(found.step, "validation", scores=found.facts())
        if found.teaching is not None:
            self.write(found.step, "teaching", **found.teaching.facts())
        if self._board is None:
            return
        for group, table in found.scores.items():
            for metric, score in table.items():
                for part in ("value", "null", "ceiling"):
                    number = getattr(score, part)
                    if number is not None:
                        self._board.add_scalar(
                            f"validation{'/' + group if group else ''}/{metric}/{part}", number, found.step
                        )
        for example in found.examples[:_SOUNDS]:
            for side, audio in (("original", example.original), ("made", example.made)):
                self._board.add_audio(f"{example.name}/{side}", audio.samples[0], found.step, audio.sample_rate)
                if example.mel is not None:
                    self._board.add_image(
                        f"{example.name}/{side} mel", _picture(audio, example), found.step, dataformats="HW"
                    )
        self._board.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()

    def _full(self, error: OSError) -> TrainingError:
        return TrainingError(
            f"cannot be written: {error.strerror or error}",
            where=self.path,
            next=f"Free some space, then: melpact train resume {self.path.parent}",
        )


def read(folder: Path) -> list[dict[str, Any]]:
    """The entries of a run, in order; a last line that was cut short is left out."""
    path = folder / NAME
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("step"), int):
            entries.append(entry)
    return entries


def _board(folder: Path, step: int) -> Any:
    """TensorBoard's writer; None where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step or None)


def _picture(audio: Any, example: Any) -> Any:
    """The mel of a sound in the description of the example's, low bands at the bottom, 0 … 1."""
    from melpact.features.analysis import extract

    shown = extract(audio, example.mel.spec).values
    low, high = float(example.mel.values.min()), float(example.mel.values.max())
    return np.clip((shown[::-1] - low) / max(high - low, 1e-9), 0, 1)
