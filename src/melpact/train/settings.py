"""What every training is told, whatever it trains: steps, optimisers, schedules, precision, when to save and to look.

Records only; what they do is in `loop`, `schedule`, `ema`, `checkpoint` and `monitor`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from melpact.core.records import Record

Precision = Literal["float32", "bfloat16"]


class Optimiser(Record):
    """AdamW (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization") with a learning rate by step.

    Args:
        lr: the highest learning rate.
        betas: decay of the two moments.
        schedule: after the warm-up "constant"; "cosine" falls to `last` × lr at the last step; "exponential" is multiplied
            by `decay` every `decay_every` steps.
        warmup_steps: over which it rises linearly from 0.
        last: the part of lr that a cosine ends at.
    """

    lr: float = Field(default=2e-4, gt=0)
    betas: tuple[float, float] = (0.8, 0.99)
    eps: float = Field(default=1e-8, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Literal["constant", "cosine", "exponential"] = "exponential"
    warmup_steps: NonNegativeInt = 0
    decay: float = Field(default=0.999, gt=0, le=1)
    decay_every: PositiveInt = 1000
    last: float = Field(default=0.01, ge=0, le=1)

    @model_validator(mode="after")
    def _check(self) -> Optimiser:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError("betas lie in [0, 1)")
        return self


class Training(Record):
    """What every recipe's record begins with.

    Args:
        steps: of the whole run, from the first; one step is one turn of every player over one global batch.
        batch_size: items of a step, over all processes and parts together. It does not change with their number.
        segment_frames: mel frames of an item.
        accumulate: parts that a process takes its share of a batch in; gradients are summed.
        seed: of the data's order, of the fresh weights and of everything random within a step.
        precision: numbers of the arithmetic; weights and optimisers are float32 in any case.
        clip_norm: the longest gradient of a player (Euclidean norm); None: no limit.
        ema_decay: of the averaged weights; the decay rises from 0.1 with the first steps.
        log_every, validate_every, save_every: in steps; the last step does all three.
        keep_last, keep_best: how many checkpoints stay, by step and by score.
        best_by: what they are scored by: a metric of the bench, or "loss" (the sum of the last turn).
        metrics: of the bench, at validation.
        explosion: a turn's weighted sum that exceeds the worst of the first steps by this factor ends the run.
        fetch_threads, fetch_ahead: threads that prepare batches, and steps that lie ready.
        deterministic: the same bits at every run on an accelerator, too (slower); on a CPU that is always so.
    """

    steps: PositiveInt = 1_000_000
    batch_size: PositiveInt = 16
    segment_frames: PositiveInt = 32
    accumulate: PositiveInt = 1
    seed: NonNegativeInt = 0
    precision: Precision = "float32"
    clip_norm: float | None = Field(default=None, gt=0)
    ema_decay: float = Field(default=0.999, ge=0, lt=1)
    log_every: PositiveInt = 50
    validate_every: PositiveInt = 5000
    save_every: PositiveInt = 1000
    keep_last: PositiveInt = 3
    keep_best: NonNegativeInt = 1
    best_by: str = "pesq_wb"
    metrics: tuple[str, ...] = ("pesq_wb", "stoi", "mel_mae", "periodicity_error", "voicing_f1")
    explosion: float = Field(default=10.0, gt=1)
    fetch_threads: PositiveInt = 2
    fetch_ahead: PositiveInt = 4
    deterministic: bool = False
