"""A speaker from its name or file: those that come with the package, and those that were trained by its recipe.

A user's own acoustic model is opened in `melpact.verbs.speakers`, which asks here first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from melpact.core.errors import ArtifactError, ContractError
from melpact.models.speech.base import Speaker

SHIPPED: Mapping[str, str] = MappingProxyType({})
"""Name → file in the folder `shipped`; the first is the one that is taken where nobody asks."""
FILES: Mapping[str, Callable[[Path], Speaker]] = MappingProxyType({})
"""By the ending of a speaker's file."""


def shipped_file(name: str) -> Path:
    """Where a speaker that comes with the package lies."""
    return Path(str(files("melpact.models.speech").joinpath("shipped", SHIPPED[name])))


def is_own(name: str | Path) -> bool:
    """Whether it is the name of a shipped speaker, or has the ending of one of ours."""
    return str(name) in SHIPPED or any(str(name).lower().endswith(ending) for ending in FILES)


def speaker(name: str | Path | None = None) -> Speaker:
    """Open a speaker of ours.

    Args:
        name: of one that comes with the package, or the file of a trained one; by default the first of `SHIPPED`.

    Raises:
        ArtifactError: no such file, or none of a speaker; or none comes with this version. ContractError: no such speaker.
            MelpactError: a package is missing.
    """
    if name is None and not SHIPPED:
        mend = "Train one: melpact train speech; or name yours: --with"
        raise ArtifactError("no speaker comes with this version", next=mend)
    asked = str(next(iter(SHIPPED)) if name is None else name)
    path = shipped_file(asked) if asked in SHIPPED else Path(asked).expanduser()
    for ending, load in FILES.items():
        if path.name.lower().endswith(ending):
            if not path.exists():
                what = "does not come with this version" if asked in SHIPPED else "does not exist"
                raise ArtifactError(what, where=path.name if asked in SHIPPED else path, wanted="a speaker's file")
            return load(path)
    known = ", ".join([*SHIPPED, *(f"a {ending} file" for ending in FILES)]) or "none is there yet"
    raise ContractError("no such speaker", where="--with", got=asked, wanted=known)
