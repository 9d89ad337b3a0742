"""`train converter`: a converter from a corpus, or one adapted to a single voice from some minutes of it.

A voice to adapt to is learnt, cut into pieces and packed into the run's folder (`voice_corpus`), which is then all that the
training needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from melpact.core.errors import TrainingError
from melpact.verbs.train import VOICE, TrainReport, _corpus, _free, _report, _run, _torch, _trains

if TYPE_CHECKING:
    from melpact.train.room import Watch
    from melpact.verbs.progress import Progress

RECIPE = "converter"
ADAPTING: Mapping[str, Any] = MappingProxyType(
    {
        "steps": 800, "adversarial_from": 200, "still_reference": True, "optimiser.lr": 3e-4, "optimiser.warmup_steps": 50,
        "ema_decay": 0.99, "validate_every": 1_000_000, "save_every": 100, "validation_mels": 8, "learnt_styles": 0.8,
        "unmoved": 0.8, "variants": 6, "most_s": 900.0, "fetch_threads": 1,
    }
)  # fmt: skip
"""What differs from the recipe where the data is one voice: fewer steps at a lower rate, more variants of its
speaker. Some held-out pieces of one voice cannot choose among checkpoints: the last is validated, and taken."""


def train_converter(
    recipe: str = RECIPE,
    data: str | Path | None = None,
    out: str | Path = "run",
    *,
    voice: Sequence[str | Path] = (),
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    finetune: str | Path | None = None,
    device: str | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> TrainReport:
    """Train a converter by a recipe, or adapt one to a voice.

    Args:
        recipe, out, changes, debug, device, watch: as `train_vocoder`.
        data: folder of a packed corpus of many speakers; or
        voice: sounds and folders of one voice, two minutes or more; the run's folder keeps it as target.voice.
        finetune: what to begin from: a `.converter` file, a run, or the one that comes with the package, by its name
            (the default with `voice`). Its statistics and the styles of its voices are kept.
        progress: told in files, while the voice is learnt.

    Raises:
        MelpactError: as `train_vocoder`; both or neither of data and voice; no usable sound, or too little of the voice.
    """
    _torch()
    from melpact.models.convert.shipped import CONVERTER
    from melpact.train.beginning import converter_at, put_converter
    from melpact.train.room import go

    if (data is None) == (not voice):
        raise TrainingError(
            "a converter learns from a corpus or adapts to a voice", where="--data, --voice", wanted="one of them"
        )
    folder = _free(out)
    _trains(recipe, "converter")
    asked: dict[str, Any] = {}
    if voice and finetune is None:
        finetune = CONVERTER
    spec = None
    if finetune is not None:
        facts, weights, content = converter_at(finetune)
        asked, spec = put_converter(facts, weights, content, folder), facts.spec
    if voice:
        from melpact.verbs.voice_corpus import packed_voice

        if not debug:
            asked |= ADAPTING
        data, notes = packed_voice(voice, folder, spec, folder / VOICE, progress)
        if watch is not None:
            for note in notes:
                watch.said(note)
    run = _run(recipe, str(data), {**asked, **(changes or {})}, debug, {"finetune": finetune})
    return _report(go(run, folder, _corpus(run, watch), device=device, watch=watch), run)
