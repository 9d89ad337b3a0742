"""A codec from its name or file, and the one that a stream was made by, where it comes with the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from melpact.core.errors import ArtifactError, ContractError, OtherCodec
from melpact.models.codec.base import Codec
from melpact.models.codec.header import Header
from melpact.models.codec.waveform.facts import SUFFIX as WAVEFORM

SHIPPED: Mapping[str, str] = MappingProxyType({"melpact_codec": f"melpact_codec{WAVEFORM}"})
"""Name → file in the folder `shipped`; the first is the one that is taken where nobody asks."""


def _waveform(path: Path) -> Codec[Any]:
    from melpact.models.codec.waveform.file import load

    return load(path)


FILES: Mapping[str, Callable[[Path], Codec[Any]]] = MappingProxyType({WAVEFORM: _waveform})
"""By the ending of a codec's file."""


def shipped_file(name: str) -> Path:
    """Where a codec that comes with the package lies."""
    return Path(str(files("melpact.models.codec").joinpath("shipped", SHIPPED[name])))


def codec(name: str | Path | None = None, sample_rate: int | None = None) -> Codec[Any]:
    """Open a codec.

    Args:
        name: of one that comes with the package, or a codec's file; by default the first of `SHIPPED`.
        sample_rate: one of those that it knows; by default the first of them.

    Raises:
        ArtifactError: no such file, or none of a codec; or none comes with this version. ContractError: no such codec, or
            no such sample rate. MelpactError: a package is missing.
    """
    asked = str(next(iter(SHIPPED)) if name is None else name)
    if asked in SHIPPED:
        path = shipped_file(asked)
        if not path.exists():
            mend = "Train one: melpact train codec; name it: --with FILE"
            raise ArtifactError("no codec comes with this version", where=path.name, next=mend)
    else:
        path = Path(asked).expanduser()
        if path.suffix.lower() not in FILES:
            known = ", ".join([*SHIPPED, *(f"a {ending} file" for ending in FILES)])
            raise ContractError("no such codec", where="--with", got=asked, wanted=known)
        if not path.exists():
            raise ArtifactError("does not exist", where=path, wanted="a codec's file")
    made = FILES[path.suffix.lower()](path)
    return made if sample_rate is None else made.at(sample_rate)


def codec_of(header: Header, name: str | Path | Codec[Any] | None = None) -> Codec[Any]:
    """The codec that a stream was made by, at the stream's sample rate.

    Args:
        name: where the stream's own does not come with the package; or a codec.

    Raises:
        OtherCodec: none of those that come with the package, or not the one that was named. ImpossibleNumber: as
            `Codec.check`. MelpactError: as `codec`.
    """
    given = [name] if name is not None else [one for one in SHIPPED if shipped_file(one).exists()]
    for one in given:
        made = one if isinstance(one, Codec) else codec(one)
        if (made.kind, made.fingerprint) == (header.kind, header.fingerprint) or name is not None:
            made = made.at(header.sample_rate) if header.sample_rate in made.sample_rates else made
            made.check(header)
            return made
    raise OtherCodec(
        "was made by a codec that does not come with this version", offset=5,
        got=f"kind {header.kind}, {header.fingerprint}", wanted=", ".join(SHIPPED), next="Name its codec: --with FILE",
    )  # fmt: skip
