"""The codecs of a table of codecs: by name, or from a file. What they make: `codec_suite_making`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from melpact.bench.codec.codec2 import Codec2
from melpact.bench.codec.coder import Coder
from melpact.bench.codec.opus import Opus
from melpact.core.errors import MelpactError

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
USUAL = ("opus-cbr", "opus-vbr", "codec2")
LOWEST_KBPS, HIGHEST_KBPS = 0.1, 1000.0
RATES_KBPS = (1.5, 3.0, 6.0, 8.0, 12.0, 16.0, 24.0)

Given = str | Coder


def coders(asked: Sequence[Given]) -> tuple[list[Coder], list[str]]:
    """The codecs that are asked for and can be run here, and why the others cannot.

    Raises:
        MelpactError: no such codec, one named twice, none that can be run.
    """
    every = [coder for one in asked for coder in ([one] if not isinstance(one, str) else named(one))]
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
    return found, [f"{', '.join(own)}: {why}" for why, own in reasons.items()]


def named(name: str) -> tuple[Coder, ...]:
    """The codecs that a name means.

    Raises:
        MelpactError: none of that name.
    """
    if name not in PEERS:
        raise MelpactError("there is no such codec", where="--codecs", got=repr(name), wanted=", ".join(PEERS))
    return PEERS[name]()


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
