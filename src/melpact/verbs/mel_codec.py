"""A mel codec from names: a VAE, perhaps a refiner, and what makes sound of a mel behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecMismatch
from melpact.models.codec.vae.codec import MelCodec
from melpact.models.codec.vae.opening import vae as open_vae
from melpact.models.codec.vae.shipped import NAMES
from melpact.models.refine.base import Refiner
from melpact.models.refine.opening import refiner as open_refiner
from melpact.verbs.default_vocoder import WITHOUT_MODEL
from melpact.vocoders.griffin_lim.vocoder import invert
from melpact.vocoders.opening import vocoder as open_vocoder

Speak = Callable[[Mel], Audio]
VOCODER = "melpact_small"


def speaker(name: str | Path, spec: MelSpec) -> Speak:
    """What makes sound of mels of a description.

    Args:
        name: a vocoder's file, one that comes with the package, "griffin_lim" or "griffin_lim_fast".

    Raises:
        SpecMismatch: a vocoder of another mel. MelpactError: as `melpact.vocoders.opening.vocoder`.
    """
    if str(name) in (WITHOUT_MODEL, f"{WITHOUT_MODEL}_fast"):
        effort = "fast" if str(name).endswith("fast") else "best"
        return lambda mel: invert(mel, effort=effort)  # type: ignore[arg-type]
    maker = open_vocoder(name)
    if maker.spec != spec:
        raise SpecMismatch("the vocoder takes another mel than the VAE's", where=name, next=spec.diff(maker.spec).summary())
    return lambda mel: maker(mel)


def refining(name: str | Path | None, spec: MelSpec) -> Refiner | None:
    """The refiner of that name, for mels of a description; None for None.

    Raises:
        SpecMismatch: a refiner of another mel. MelpactError: as `melpact.models.refine.opening.refiner`.
    """
    if name is None:
        return None
    found = open_refiner(name)
    if found.spec is not None and found.spec != spec:
        raise SpecMismatch("the refiner takes another mel than the VAE's", where=name, next=spec.diff(found.spec).summary())
    return found


def mel_codec(
    name: str | Path | None = None, *, vocoder: str | Path | None = None, refine: str | Path | None = None
) -> MelCodec:
    """Open a mel codec.

    Args:
        name: a VAE's file with a prior, or one that comes with the package; None: the first of these.
        vocoder: as `speaker`; by default melpact_small where that takes the VAE's mel, else the inversion.
        refine: a refiner before it, which sees the decoded mel and nothing else.

    Raises:
        MelpactError: no such VAE, vocoder or refiner; one of another mel; a VAE without a prior.
    """
    chosen = name if name is not None else next(iter(NAMES), "mel_vae")
    own = open_vae(chosen)
    if vocoder is None:
        vocoder = VOCODER if open_vocoder(VOCODER).spec == own.spec else WITHOUT_MODEL
    speak, better = speaker(vocoder, own.spec), refining(refine, own.spec)
    called = str(chosen) if str(chosen) in NAMES else Path(chosen).stem
    if better is None:
        return MelCodec(own, speak, called)
    return MelCodec(own, lambda mel: speak(better(mel)), called)
