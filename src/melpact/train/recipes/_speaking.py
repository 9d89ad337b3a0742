"""What the recipes of speech share: settings, batches of lines, statistics, what of a validation is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError

from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import Record
from melpact.nn.speech.aligner import SLOT_FRAMES
from melpact.text.tokens import MARKS, SYMBOLS
from melpact.train.recipes._refining import unscaled
from melpact.train.recipes._vocoding import described
from melpact.train.settings import Training
from melpact.train.spoken import Line

SHOWN = 2
"""Utterances of a validation that are drawn."""


class ReadTraining(Training):
    """Settings of every recipe that learns from sounds and their texts. Items are whole utterances: `segment_frames` is how
    long the longest may be.

    Args:
        dialect: the mel: a name, or a description as JSON. Its scaling is not looked at.
        language: of utterances for which the corpus names none.
        weigh: what all have the same chance of being drawn: every utterance, or every speaker or language and in it every
            utterance.
        validation_lines: held-out utterances that are measured; pictures show the first.
    """

    segment_frames: PositiveInt = 1376
    batch_size: PositiveInt = 16
    clip_norm: float | None = 1.0
    dialect: str = "hifigan_22k"
    language: str = ""
    weigh: str = Field(default="utterance", pattern="^(utterance|speaker|language)$")
    validation_lines: NonNegativeInt = 16

    @property
    def spec(self) -> MelSpec:
        """The mel, without scaling."""
        return unscaled(described(self.dialect))


def weights(lines: Sequence[Line], weigh: str) -> Mapping[str, float]:
    """Line → its weight."""
    groups = [line.name if weigh == "utterance" else getattr(line, weigh) for line in lines]
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return {line.name: 1.0 / float(counts[index]) for line, index in zip(lines, which, strict=True)}


def letters(tokens: NDArray[np.int64]) -> tuple[str, ...]:
    """What tokens look like in a picture."""
    marked = ["ː", "ʲ", "\u0303", "\u0329", "ʰ", "'"]
    return tuple(
        SYMBOLS[int(symbol)] + "".join(marked[bit] for bit in range(len(MARKS)) if int(marks) >> bit & 1)
        for symbol, marks in zip(tokens[0], tokens[2], strict=True)
    )


def sized(kind: type[Record], sizes: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    """A network's sizes.

    Raises:
        TrainingError: sizes that are none.
    """
    try:
        return kind(**{**sizes, **fixed})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(str(first["msg"]), where=f"sizes.{'.'.join(map(str, first['loc']))}") from None


def on(device: torch.device, array: NDArray[Any]) -> torch.Tensor:
    """One item as a batch of one."""
    return torch.from_numpy(np.array(array))[None].to(device)


def in_frames(slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Durations in slots as frames."""
    return slots * SLOT_FRAMES
