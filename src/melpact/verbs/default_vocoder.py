"""Which vocoder makes a mel's sound where nobody names one: a shipped one whose mel it is, or the inversion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

from melpact.audio.audio import Audio
from melpact.bridges.ways import Bridge, bridge
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.pipeline.bridging import class_of
from melpact.vocoders.griffin_lim.vocoder import Effort, invert
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import vocoder
from melpact.vocoders.shipped import DEFAULTS

WITHOUT_MODEL = "griffin_lim"
"""The name by which the inversion is asked for."""


@dataclass(frozen=True)
class Chosen:
    """A shipped vocoder and how a mel comes to it (None: it is the vocoder's own)."""

    name: str
    maker: NeuralVocoder
    bridge: Bridge | None


def default_vocoder(spec: MelSpec) -> Chosen | None:
    """The first vocoder of `shipped.DEFAULTS` that takes a mel of this description, as it is or over an exact bridge.

    None: there is none, or onnxruntime is not installed.
    """
    if find_spec("onnxruntime") is None:
        return None
    for name in DEFAULTS:
        maker = _opened(name)
        if maker.spec == spec:
            return Chosen(name, maker, None)
        way = bridge(spec, maker.spec)
        if class_of(way) == "exact":
            return Chosen(name, maker, way)
    return None


@lru_cache(maxsize=4)
def _opened(name: str) -> NeuralVocoder:
    return vocoder(name)


def default_sound(mel: Mel, *, effort: Effort | None, seed: int, named: str | None = None) -> tuple[Audio, Chosen | None]:
    """The sound of a mel, and what made it (None: the inversion).

    Args:
        effort: of the inversion; where it is given, or `named` is "griffin_lim", the inversion is meant.
        seed: of the inversion.

    Raises:
        ContractError: values that are not numbers, or a per-utterance scaling without its statistics.
    """
    chosen = default_vocoder(mel.spec) if effort is None and named != WITHOUT_MODEL else None
    if chosen is None:
        return invert(mel, effort=effort or "best", seed=seed), None
    return chosen.maker(mel if chosen.bridge is None else chosen.bridge.apply(mel)), chosen
