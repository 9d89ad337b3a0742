"""What an aligner in training has learnt: from what its own texts cost beside others', from how sure it is of the way that
it takes, and from the pieces that it cuts mels into, which are more of one kind than such pieces in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.diagnose.teaching import Reading, Teaching, interval

CHEAPER = 0.01
"""Share by which the own text has to be cheaper than another."""
SURE = 0.25
"""How likely a moment's token has to be, on the geometric mean, along the way that is taken."""
_ORDERS = 4
Piece = tuple[NDArray[np.floating[Any]], NDArray[np.integer[Any]]]


def aligning(
    costs: Sequence[tuple[float, float]], pieces: Sequence[Piece], fits: Sequence[float], *, seed: int = 0
) -> Teaching:
    """The verdict on an aligner; scale is no matter of it.

    Args:
        costs: of utterances, nats per slot: with their own text, and with another's.
        pieces: mels [n_mels, frames] of the same, and how many frames every token lasts; together all of them.
        fits: of the same, the mean logarithm of how likely a moment's token is along the way that is taken.
        seed: of the other orders.

    Raises:
        ContractError: fewer than two utterances, values that are no costs, or pieces that are not all of a mel.
    """
    both = np.asarray(costs, np.float64)
    if both.ndim != 2 or len(both) < 2 or both.shape[1] != 2 or not np.isfinite(both).all() or len(pieces) != len(both):
        raise ContractError("are no costs of two utterances or more", got=f"shape {both.shape}")
    own, other = both.mean(axis=0)
    gain, low, high = interval(both[:, 1] - both[:, 0])
    rng = np.random.default_rng(seed)
    parts = np.array([_explained(mel, lasts, rng) for mel, lasts in pieces])
    kind, null = parts.mean(axis=0)
    kinder, least, most = interval(parts[:, 0] - parts[:, 1])
    sure = float(np.exp(np.mean(fits)))
    longest = float(np.mean([lasts.max() / lasts.sum() for _, lasts in pieces]))
    even = float(np.mean([1 / lasts.size for _, lasts in pieces]))
    readings = (
        Reading("own text", float(own), float(other), "cost of all ways, nat per slot; null: another utterance's text"),
        Reading("gain", gain, 0.0, "what the own text costs less, nat per slot", low, high),
        Reading("pieces", float(kind), float(null), "share that the tokens' means explain; null: in another order"),
        Reading("more", kinder, 0.0, "how much more than in another order", least, most),
        Reading("sure", sure, even, "how likely a moment's token is along the way taken; null: all alike"),
        Reading("longest", longest, even, "share of an utterance that its longest token takes; null: all alike"),
    )
    said = f"the own text costs {own:.3f} nat per slot, another {other:.3f}"
    cut = f"the means of its pieces explain {100 * kind:.1f} % of the movement, in another order {100 * null:.1f} %"
    if not (low > 0 and gain > CHEAPER * other):
        return Teaching("no signal", said, "Look at the texts and their languages, or go on", readings, len(both))
    if sure < SURE:
        told = f"it is not sure: along its way a token is likely by {sure:.2f} (from {SURE:g} on; all alike {even:.2f})"
        return Teaching("not yet aligned", f"{told}; {said}", "Go on", readings, len(both))
    if not least > 0:
        return Teaching("not yet aligned", f"{cut}; {said}", "Go on, and look at the pictures", readings, len(both))
    return Teaching("learning", f"{cut}; {said}", "", readings, len(both))


def _explained(
    mel: NDArray[np.floating[Any]], lasts: NDArray[np.integer[Any]], rng: np.random.Generator
) -> tuple[float, float]:
    """Share of the movement that the means of pieces explain: in their order, and on average in others."""
    x = np.asarray(mel, np.float64)
    if x.ndim != 2 or lasts.ndim != 1 or int(lasts.sum()) != x.shape[1] or (lasts < 1).any():
        raise ContractError("are no pieces of a mel", got=f"{x.shape}, {int(lasts.sum())} frames in pieces")
    x = x - x.mean(axis=1, keepdims=True)
    whole = max(float((x * x).sum()), 1e-12)
    found = [_between(x, order) / whole for order in (lasts, *(rng.permutation(lasts) for _ in range(_ORDERS)))]
    return found[0], float(np.mean(found[1:]))


def _between(x: NDArray[np.float64], lasts: NDArray[np.integer[Any]]) -> float:
    """Squares of the pieces' means, each as often as it has frames."""
    starts = np.concatenate([[0], np.cumsum(lasts)[:-1]])
    sums = np.add.reduceat(x, starts, axis=1)
    return float((sums * sums / lasts).sum())
