"""Changes to sound that make a model meet more than its corpus holds: one module per change, each ending in its `PLUGIN`.

A change keeps the length, takes all that it draws from the generator it is given, does nothing at strength 0 and never
pushes sound beyond full scale. The mel of a changed crop is that of the changed sound (`corpus.crops`).
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from melpact.core.errors import CorpusError
from melpact.core.plugins import plugins
from melpact.corpus.augment._augmentation import Augmentation


def augmentations() -> dict[str, type[Augmentation]]:
    """The changes by name."""
    found: dict[str, type[Augmentation]] = plugins("melpact.corpus.augment")
    return found


def augmentation(name: str, **settings: Any) -> Augmentation:
    """A change by its name and settings: `augmentation("gain", low_db=-6, high_db=0, chance=0.5)`.

    Raises:
        CorpusError: no change of that name, or a setting that it does not have or take.
    """
    known = augmentations()
    if name not in known:
        raise CorpusError("no such augmentation", where="augment", got=repr(name), wanted=", ".join(known))
    try:
        return known[name](**settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise CorpusError(
            f"{field}: {first['msg']}" if field else str(first["msg"]), where=f"augment {name}", got=repr(first["input"])
        ) from None
