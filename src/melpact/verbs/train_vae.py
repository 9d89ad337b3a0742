"""`train vae`: a mel VAE by a recipe, afresh or from one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from melpact.verbs import train
from melpact.verbs.train import TrainReport

if TYPE_CHECKING:
    from melpact.train.room import Watch

RECIPE = "mel_vae"


def train_vae(
    recipe: str,
    data: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    finetune: str | Path | None = None,
    device: str | None = None,
    watch: Watch | None = None,
) -> TrainReport:
    """Train a mel VAE by a recipe.

    Args:
        recipe, data, out, changes, debug, device, watch: as `train_vocoder`.
        finetune: what to begin from: a `.vae` file, a run, one that comes with the package, or a folder of diffusers'
            AutoencoderKL; the setting `dialect` says which mel such a folder takes, where its family is not known.

    Raises:
        MelpactError: as `train_vocoder`.
    """
    train._torch()
    from melpact.train.room import go

    folder = train._free(out)
    train._trains(recipe, "vae")
    given = dict(changes or {})
    if finetune is not None:
        from melpact.train.beginning import put_vae

        given |= put_vae(finetune, given.get("dialect"), folder)
    run = train._run(recipe, data, given, debug, {"finetune": finetune})
    return train._report(go(run, folder, train._corpus(run, watch), device=device, watch=watch), run)
