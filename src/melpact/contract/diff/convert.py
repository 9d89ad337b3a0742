"""From the numbers of one description to those of another, where algebra alone gets there.

Whether it does, and what is lost, is said by `diff`, which also refuses what is not algebra.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.diff.limits import gain_factor, linear_to_raw, norm_factor
from melpact.contract.mel import Mel
from melpact.contract.scaling import measure
from melpact.contract.spec import MelSpec


def convert(mel: Mel, target: MelSpec) -> Mel:
    """The numbers of `mel` as `target` means them: back to the linear mel, then forward again.

    The arithmetic runs in float64; the result is float32 [..., n_mels, frames], with the statistics that
    the target's scaling takes from the utterance, and with `converted_from` (the fingerprint it had) in its
    provenance. Values that lay on a clamped floor or a clip stay where they were.

    Raises:
        MissingUtterance: statistics of the utterance are needed and not there, or no frame is left.
    """
    source = mel.spec
    if source == target:
        return mel
    raw = source.scaling.undo(mel.values.astype(np.float64), mel.utterance)
    raw = raw[..., : raw.shape[-1] - max(0, target.drop_last - source.drop_last)]
    raw = change_compression(raw, source, target)
    needs = target.scaling.needs()
    measured = measure([raw]) if needs else {}
    values = target.scaling.apply(raw, measured).astype(np.float32)
    provenance = {**mel.provenance, "converted_from": source.fingerprint}
    return Mel(values, target, {name: measured[name] for name in needs}, provenance)


def change_compression(raw: NDArray[Any], source: MelSpec, target: MelSpec) -> NDArray[np.float64]:
    """Values before scaling of `source` → those of `target`, [..., n_mels, frames]; the analysis must
    be the same."""
    raw = np.asarray(raw, np.float64)
    factor = gain_factor(source, target) * norm_factor(source, target)[:, None]
    same_floor = (source.floor, source.floor_kind) == (target.floor, target.floor_kind)
    if same_floor and np.all(factor == 1.0):
        if source.log_gain is not None and target.log_gain is not None:
            return (raw + source.reference) * (target.log_gain / source.log_gain) - target.reference
        if source.log == target.log:
            return raw
    linear = raw if source.log_gain is None else np.exp((raw + source.reference) / source.log_gain)
    if source.floor_kind == "add":
        linear = np.maximum(linear - source.floor, 0.0)
    return linear_to_raw(target, factor * linear)
