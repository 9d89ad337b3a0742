"""A codec from its name or file, and the one that a stream was made by, where it comes with the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from melpact.core.errors import ArtifactError, ContractError, OtherCodec
from melpact.models.codec.base import Codec
from melpact.models.codec.header import Header

SHIPPED: Mapping[str, Callable[[], Codec[Any]]] = MappingProxyType({})
"""By name; the first is the one that is taken where nobody asks."""
FILES: Mapping[str, Callable[[Path], Codec[Any]]] = MappingProxyType({})
"""By the ending of a codec's file."""


def codec(name: str | Path | None = None) -> Codec[Any]:
    """Open a codec.

    Args:
        name: of one that comes with the package, or a codec's file; by default the first of `SHIPPED`.

    Raises:
        ArtifactError: no such file, or none of a codec; or none comes with this version. ContractError: no such codec.
        MelpactError: a package is missing.
    """
    if name is None:
        if not SHIPPED:
            raise ArtifactError("no codec comes with this version", next="Name one: --with FILE")
        return next(iter(SHIPPED.values()))()
    if str(name) in SHIPPED:
        return SHIPPED[str(name)]()
    path = Path(name).expanduser()
    known = ", ".join([*SHIPPED, *(f"a {ending} file" for ending in FILES)]) or "none that this version knows"
    if path.suffix.lower() not in FILES:
        raise ContractError("no such codec", where="--with", got=str(name), wanted=known)
    if not path.exists():
        raise ArtifactError("does not exist", where=path, wanted="a codec's file")
    return FILES[path.suffix.lower()](path)


def codec_of(header: Header, name: str | Path | None = None) -> Codec[Any]:
    """The codec that a stream was made by.

    Args:
        name: where the stream's own does not come with the package.

    Raises:
        OtherCodec: none of those that come with the package, or not the one that was named. MelpactError: as `codec`.
    """
    if name is not None:
        made = codec(name)
        made.check(header)
        return made
    for make in SHIPPED.values():
        made = make()
        if (made.kind, made.fingerprint) == (header.kind, header.fingerprint):
            made.check(header)
            return made
    raise OtherCodec(
        "was made by a codec that does not come with this version", offset=5,
        got=f"kind {header.kind}, {header.fingerprint}", wanted=", ".join(SHIPPED) or None,
        next="Name its codec: --with FILE",
    )  # fmt: skip
