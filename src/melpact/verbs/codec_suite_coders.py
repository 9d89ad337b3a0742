"""The codecs of a table of codecs: by name, or from a file. What they make: `codec_suite_making`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from melpact.bench.codec.codec2 import Codec2
from melpact.bench.codec.coder import Coder
from melpact.bench.codec.opus import Opus
from melpact.bench.codec.own import Kind, Own, kinds_of
from melpact.core.errors import MelpactError
from melpact.models.codec.opening import FILES, SHIPPED
from melpact.models.codec.opening import codec as opened

PEERS: Mapping[str, Callable[[], tuple[Coder, ...]]] = MappingProxyType(
    {
        "opus": lambda: tuple(Opus(constant, rate) for rate in (16000, 24000) for constant in (True, False)),
        "opus-cbr": lambda: (Opus(True),),
        "opus-vbr": lambda: (Opus(False),),
        "opus-cbr-24k": lambda: (Opus(True, 24000),),
        "opus-vbr-24k": lambda: (Opus(False, 24000),),
        "codec2": lambda: (Codec2(),),
    }
)
"""Name → the rows that it means."""
KINDS: tuple[Kind, ...] = ("constant", "adaptive", "quality")
USUAL = ("opus-cbr", "opus-vbr", "codec2")
"""Beside what comes with the package."""
LOWEST_KBPS, HIGHEST_KBPS = 0.1, 1000.0
RATES_KBPS = (1.5, 3.0, 6.0, 8.0, 12.0, 16.0, 24.0)

Given = str | Coder


def coders(asked: Sequence[Given] | None) -> tuple[list[Coder], list[str]]:
    """The codecs that are asked for and can be run here, and why the others cannot.

    Args:
        asked: names, files or codecs; None: what comes with the package, Opus at 16 kHz and Codec 2.

    Raises:
        MelpactError: no such codec, one named twice, none that can be run.
    """
    every, closed = list[Coder](), list[str]()
    for one in (*SHIPPED, *USUAL) if asked is None else asked:
        try:
            every += named(one) if isinstance(one, str) else (one,)
        except MelpactError as error:
            if asked is not None:
                raise
            closed.append(f"{one}: {error}")
    names = [one.name for one in every]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise MelpactError("every codec is named once", where="--codecs", got=twice[0])
    absent = {one.name: why for one in every if (why := one.missing())}
    found = [one for one in every if one.name not in absent]
    if not found:
        said = "; ".join(f"{name}: {why}" for name, why in absent.items())
        raise MelpactError("none of the codecs can be run here", where="--codecs", got=said or "none")
    reasons = dict[str, list[str]]()
    for name, why in absent.items():
        reasons.setdefault(why, []).append(name)
    return found, [*closed, *(f"{', '.join(own)}: {why}" for why, own in reasons.items())]


def named(text: str) -> tuple[Coder, ...]:
    """The codecs that a name means: a peer's, or "NAME_OR_FILE[@HZ][:KIND]" of a codec of melpact.

    HZ: where a codec works at several sample rates. KIND: constant, adaptive or quality; by default both of the first, as
    far as the codec knows them.

    Raises:
        MelpactError: none of that name, or of that kind. ContractError, ArtifactError: as `models.codec.opening.codec`.
    """
    if text in PEERS:
        return PEERS[text]()
    name, _, kind = text.rpartition(":") if text.rpartition(":")[2] in KINDS else (text, "", "")
    name, _, hertz = name.rpartition("@") if name.rpartition("@")[2].isdecimal() else (name, "", "")
    if name not in SHIPPED and Path(name).suffix.lower() not in FILES:
        wanted = ", ".join([*PEERS, *SHIPPED, *(f"a {ending} file" for ending in FILES)])
        raise MelpactError("there is no such codec", where="--codecs", got=repr(text), wanted=wanted)
    codec = opened(name, int(hertz) if hertz else None)
    if kind and kind not in codec.rates:
        raise MelpactError("this codec knows no such rate", where=text, got=kind, wanted=", ".join(codec.rates))
    label = (codec.name if name in SHIPPED else Path(name).stem) + (f"-{int(hertz) // 1000}k" if hertz else "")
    kinds = [one for one in KINDS if one == kind] or kinds_of(codec)
    return tuple(Own(codec, one, label=label) for one in kinds)


def rows_of(found: Sequence[Coder], rates_kbps: Sequence[float]) -> tuple[list[tuple[Coder, float]], list[str]]:
    """(codec, rate) of every row, and which rates a codec does not have.

    Raises:
        MelpactError: a rate that no codec could have, none at all, or no row.
    """
    asked = sorted(dict.fromkeys(float(rate) for rate in rates_kbps))
    if not asked or not all(LOWEST_KBPS <= rate <= HIGHEST_KBPS for rate in asked):
        raise MelpactError(
            "these are no bit rates", where="--rates", got=", ".join(f"{rate:g}" for rate in asked) or "none",
            wanted=f"kbit/s between {LOWEST_KBPS:g} and {HIGHEST_KBPS:g}",
        )  # fmt: skip
    rows, without = list[tuple[Coder, float]](), dict[str, list[str]]()
    for coder in found:
        own = coder.rates(asked)
        rows += [(coder, rate) for rate in own]
        lacks = [f"{rate:g}" for rate in asked if rate not in own]
        if coder.unit == "step":
            without.setdefault(f"has {len(own)} steps of quality in place of rates", []).append(coder.name)
        elif not set(own) <= set(asked):
            without.setdefault(f"has rates of its own: {', '.join(f'{rate:g}' for rate in own)} kbit/s", []).append(
                coder.name
            )
        elif lacks:
            without.setdefault(f"does not go to {', '.join(lacks)} kbit/s", []).append(coder.name)
    if not rows:
        raise MelpactError("no codec has any of these rates", where="--rates", got=", ".join(f"{rate:g}" for rate in asked))
    return rows, [f"{', '.join(names)}: {why}" for why, names in without.items()]
