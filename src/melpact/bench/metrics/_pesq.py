"""PESQ through the package `pesq`, with its failures turned into reasons."""

from __future__ import annotations

import numpy as np

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair

LONGEST_S = 20.0
"""The reference program holds 50 utterances and writes past its arrays beyond them; 20 s cannot hold more."""


def score(pair: Pair, rate_hz: int, mode: str) -> float:
    """MOS-LQO at 16 kHz ("wb") or 8 kHz ("nb"); over LONGEST_S the mean of equal pieces.

    Raises:
        NotMeasured: no speech, too short, or silence.
    """
    from pesq import PesqError, pesq

    x, y = pair.original.at(rate_hz), pair.made.at(rate_hz)
    pieces = int(np.ceil(x.size / (LONGEST_S * rate_hz)))
    found, reason = [], ""
    for part in np.array_split(np.arange(x.size), pieces):
        a, b = x[part[0] : part[-1] + 1], y[part[0] : part[-1] + 1]
        if np.abs(a).max() < 0.01 * np.abs(x).max():
            continue
        if np.abs(b).max() < 10 ** (-90 / 20):
            raise NotMeasured("PESQ does not define the quality of silence")
        try:
            found.append(float(pesq(rate_hz, a, b, mode)))
        except (PesqError, ValueError) as error:
            text = error.args[0] if error.args else error
            reason = text.decode() if isinstance(text, bytes) else str(text)
    if not found:
        raise NotMeasured(f"PESQ: {reason or 'no speech in the original'}")
    return float(np.mean(found))
