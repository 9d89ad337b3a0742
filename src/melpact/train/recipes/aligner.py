"""The aligner: mels and tokens of whole utterances to when each token is said, by all monotone ways together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from melpact.bench.score import Score
from melpact.core.errors import TrainingError
from melpact.diagnose.aligning import aligning as judged
from melpact.nn.speech.aligner import SLOT_FRAMES, Aligner, AlignerConfig, diagonal, forward_sum
from melpact.nn.torch_runtime import seeded
from melpact.train.alignment import Aligning, Seen, way
from melpact.train.recipes import Recipe
from melpact.train.recipes._speaking import SHOWN, ReadTraining, in_frames, letters, sized, weights
from melpact.train.settings import Optimiser
from melpact.train.spoken import Readable, Spoken, heard, readable
from melpact.train.task import Batch, Data, Examined, Picture, Step, Task

PLAYER = "aligner"
METRIC = "alignment_cost"


class AlignerTraining(ReadTraining):
    """Settings.

    Args:
        sizes: of the network, where they are not its own defaults.
        optimiser: of the network.
        narrow, wide: widths of the prior along the diagonal, as a part of the whole: in the first `narrow_steps`, and then.
        fade_steps: over which its strength falls from 1 to `left`.
        shared: whether every slot is shared out among the tokens; see `forward_sum`. The alignment that the shipped speaker
            was trained with was made without.
    """

    steps: PositiveInt = 1500
    ema_decay: float = 0.98
    validate_every: PositiveInt = 500
    save_every: PositiveInt = 250
    best_by: str = METRIC
    metrics: tuple[str, ...] = (METRIC,)
    sizes: dict[str, Any] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser(
        lr=1e-3, betas=(0.9, 0.999), weight_decay=1e-3, schedule="cosine", warmup_steps=50, last=0.05
    )
    narrow: float = Field(default=0.08, gt=0)
    wide: float = Field(default=0.15, gt=0)
    narrow_steps: int = Field(default=150, ge=0)
    fade_steps: PositiveInt = 600
    left: float = Field(default=0.15, ge=0, le=1)
    shared: bool = True

    def prior(self, step: int) -> tuple[float, float]:
        """Width and strength at a step."""
        return self.narrow if step < self.narrow_steps else self.wide, max(self.left, 1 - step / self.fade_steps)


def build(settings: AlignerTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    read, spec = readable(data), settings.spec
    lines = read.lines()
    weighed = weights(lines, settings.weigh)
    batches = Spoken(
        lines, spec, batch=settings.batch_size, seed=settings.seed, most_frames=settings.segment_frames,
        fingerprint=read.read_fingerprint, weigh=lambda line: weighed[line.name],
    )  # fmt: skip
    with seeded(settings.seed):
        network = Aligner(sized(AlignerConfig, settings.sizes, {"n_mels": spec.n_mels}))
    own = Aligning(network.train(), spec, batches.statistics(), settings.wide, settings.left)

    def aligning(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        n_slots, n_tokens = batch["frames"] // SLOT_FRAMES, batch["n_tokens"]
        fits = network(own.given(batch["mel"], batch["frames"]), batch["tokens"]).float()
        width, strength = settings.prior(int(batch["step"][0]))
        prior = torch.nn.functional.pad(
            diagonal(n_slots, n_tokens, width),
            (0, fits.shape[2] - int(n_tokens.max()), 0, fits.shape[1] - int(n_slots.max())),
        )
        return {"ways": forward_sum(fits + strength * prior, n_slots, n_tokens, shared=settings.shared)}

    view = View(settings, own, read)
    about = {
        "player": PLAYER, "sizes": network.config.model_dump(mode="json"), "width": own.width, "strength": own.strength,
        "language": settings.language, "segment_frames": settings.segment_frames,
    }  # fmt: skip
    return Task(
        players={PLAYER: network},
        turns=(Step(PLAYER, (PLAYER,), aligning, {"ways": 1.0}),),
        source=batches,
        optimisers={PLAYER: settings.optimiser},
        averaged=(PLAYER,),
        measure=view.measure,
        measures={METRIC: False},
        examine=view.examine,
        spec=spec,
        statistics=own.statistics.tensors(),
        facts={PLAYER: about},
        item_frames=float(np.mean([line.n_samples for line in batches.lines])) / spec.hop_length,
    )


class View:
    """The validation list: what each line costs with its own text and with another's.

    Raises:
        TrainingError: fewer than two lines to validate on.
    """

    def __init__(self, settings: AlignerTraining, own: Aligning, read: Readable) -> None:
        self.own = own
        self.lines = list(read.validation_lines(max(2, settings.validation_lines)))
        if len(self.lines) < 2:
            raise TrainingError(
                "there is too little to validate on", got=f"{len(self.lines)} utterances with a text", wanted="two or more",
                next="Mark some in the corpus: melpact corpus split",
            )  # fmt: skip
        self._seen: list[Seen] = []
        self._costs: list[tuple[float, float]] = []

    def measure(self) -> Mapping[str, Mapping[str, Score]]:
        """The cost of all ways, beside that of another line's text."""
        self._seen, self._costs = [], []
        self.own.network.eval()
        for index, line in enumerate(self.lines):
            mine = self.own.seen(line)
            others = (self.lines[(index + step) % len(self.lines)] for step in range(1, len(self.lines)))
            other = next((found for one in others if (found := self.own.seen(line, one.tokens)) is not None), None)
            if mine is not None and other is not None:
                self._seen.append(mine)
                self._costs.append((mine.cost, other.cost))
        self.own.network.train()
        if len(self._costs) < 2:
            raise TrainingError("the held-out utterances are shorter than their texts can be", got=f"{len(self.lines)}")
        own, other = (float(np.mean([pair[side] for pair in self._costs])) for side in (0, 1))
        score = Score(
            value=own, unit="nat/slot", null=other, null_anchor="another utterance's text", skill=1 - own / other,
            n=len(self._costs),
        )  # fmt: skip
        return {"held out": {METRIC: score}}

    def examine(self) -> Examined:
        """The verdict on what was measured last, and its first pictures."""
        pictures, pieces, fits = [], [], []
        for one in self._seen:
            slots, fit = way(one.soft)
            lasts = in_frames(slots)
            fits.append(fit)
            true = heard(one.line, self.own.spec)
            pieces.append((true, lasts))
            pictures.append(Picture(one.line.name, true, letters(one.line.tokens), lasts, None, one.soft))
        return Examined(judged(self._costs, pieces, fits), tuple(pictures[:SHOWN]))


PLUGIN = Recipe(
    title="the aligner: when each sound of a text is said",
    settings=AlignerTraining,
    build=build,
    debug=AlignerTraining(
        steps=20,
        batch_size=4,
        segment_frames=160,
        sizes={"width": 32, "size": 16},
        validation_lines=4,
        log_every=5,
        save_every=10,
        validate_every=20,
        narrow_steps=0,
        fade_steps=1,
        optimiser=Optimiser(lr=1e-2, betas=(0.9, 0.98), schedule="constant"),
    ),
    source="Badlani et al. 2022, One TTS alignment to rule them all",
    trains="aligner",
)
