"""A mel spectrogram that knows what it is. The public names, each imported from its layer when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from melpact.audio.audio import Audio
    from melpact.contract.dialect import Dialect, dialect, dialect_for, dialects
    from melpact.contract.diff import SpecDiff
    from melpact.contract.foreign import load
    from melpact.contract.mel import Mel
    from melpact.contract.spec import MelSpec
    from melpact.core.errors import MelpactError
    from melpact.features.analysis import extract
    from melpact.normalise.stats import Stats
    from melpact.vocoders.griffin_lim.vocoder import invert

    __version__: str

__all__ = [
    "Audio",
    "Dialect",
    "Mel",
    "MelSpec",
    "MelpactError",
    "Stats",
    "__version__",
    "dialect",
    "dialect_for",
    "dialects",
    "diff",
    "extract",
    "invert",
    "load",
    "save",
]

_HOMES = {
    "Audio": "melpact.audio.audio",
    "Dialect": "melpact.contract.dialect",
    "Mel": "melpact.contract.mel",
    "MelSpec": "melpact.contract.spec",
    "MelpactError": "melpact.core.errors",
    "Stats": "melpact.normalise.stats",
    "dialect": "melpact.contract.dialect",
    "dialect_for": "melpact.contract.dialect",
    "dialects": "melpact.contract.dialect",
    "extract": "melpact.features.analysis",
    "invert": "melpact.vocoders.griffin_lim.vocoder",
    "load": "melpact.contract.foreign",
}


def diff(a: Mel | MelSpec | Dialect | str, b: Mel | MelSpec | Dialect | str) -> SpecDiff:
    """What would have to change to turn `a` into `b`, field by field.

    Args:
        a, b: mels, descriptions, dialects or names of dialects.

    Raises:
        UnknownDialect: no dialect of that name; the nearest are suggested.
    """
    from melpact.contract.diff import diff as compare
    from melpact.contract.mel import Mel

    first, second = (x.spec if isinstance(x, Mel) else x for x in (a, b))
    return compare(first, second)


def save(thing: Mel | Stats, path: Any) -> Any:
    """Write a mel or statistics as one self-describing file, whole or not at all; returns the path.

    Raises:
        ArtifactError: the file cannot be written. ContractError: neither a mel nor statistics.
    """
    if not hasattr(thing, "save"):
        from melpact.core.errors import ContractError

        raise ContractError("cannot be saved", where="save", got=type(thing).__name__, wanted="a Mel or Stats")
    return thing.save(path)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("melpact")
    elif name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'melpact' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
