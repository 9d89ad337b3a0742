"""What a table of refiners opens, once per process: refiners, vocoders, and digests of the code that makes the mels."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from melpact.bench.cache import package_version, sources_digest
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.core.records import digest
from melpact.models.refine.base import Refiner
from melpact.models.refine.opening import refiner as open_refiner
from melpact.vocoders.base import Vocoder
from melpact.vocoders.griffin_lim.vocoder import GriffinLim

INVERSIONS = ("griffin_lim", "griffin_lim_fast")
SPOILING = ("degradations", "degradations/kinds")
REFINING = ("models/refine", "nn/refiners")


def opened(given: str | Path | Refiner) -> Refiner:
    """The refiner of an arm.

    Raises:
        MelpactError: there is none of that name or in that file.
    """
    return given if isinstance(given, Refiner) else _opened(str(given))


@lru_cache(maxsize=8)
def _opened(given: str) -> Refiner:
    return open_refiner(given)


@lru_cache(maxsize=4)
def vocoder_of(given: str) -> Vocoder:
    """What makes the sounds.

    Raises:
        MelpactError: no such vocoder.
    """
    if given in INVERSIONS:
        return GriffinLim("best" if given == INVERSIONS[0] else "fast")
    from melpact.vocoders.opening import vocoder

    return vocoder(given)


def check_vocoder(given: str, spec: MelSpec) -> None:
    """Refuse a vocoder that the refined mels cannot be given to as they are.

    Raises:
        ContractError: it takes another mel, or needs a pitch.
    """
    found = vocoder_of(given)
    if found.spec is not None and found.spec != spec:
        raise ContractError("this vocoder takes another mel", where=given, got=found.spec.diff(spec).summary())
    takes = getattr(found, "takes", None)
    if takes is not None and takes.driven_by_pitch:
        raise ContractError("this vocoder needs a pitch, which a refined mel does not bring", where=given)


@lru_cache(maxsize=4)
def vocoder_digest(given: str) -> str:
    """What the sound of a mel depends on."""
    root = Path(__file__).parents[1]
    folders = (root / "vocoders" / "griffin_lim", root / "vocoders" / "neural", root / "features")
    own = "" if given in INVERSIONS else str(getattr(vocoder_of(given), "fingerprint", ""))
    return digest([own or given, sources_digest(folders), package_version()])


@lru_cache(maxsize=2)
def code(*folders: str) -> str:
    """Of the modules in folders of the package."""
    return sources_digest(tuple(Path(__file__).parents[1] / folder for folder in folders))
