"""Cross-validation of all strategies and nulls over utterances. What follows from the numbers is in `report`.

Folds are made of whole utterances: frames of one utterance resemble each other, and a frame of a training utterance
in the test set would let a strategy look good by knowing the speaker's room. The bootstrap resamples utterances
for the same reason (Efron and Tibshirani, 1993, chapter 8: the unit that was sampled is the unit that is resampled).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.normalise.calibration.base import Strategy, Values, strategies
from melpact.normalise.calibration.pairs import Pair, checked, correlation, data_fingerprint
from melpact.normalise.calibration.report import CLOSE, LEAST_SKILL, NO_SIGNAL, STILL, TOO_FEW, Report, Row

FOLDS, RESAMPLES = 5, 2000
_FEWEST = 3
_CONSTANT, _BANDS, _ZERO, _SHUFFLED = "constant", "band_mean", "zero", "shuffled"
Array = NDArray[np.float32]
Fitted = Callable[[Array], Values]


def compare(
    pairs: Sequence[Pair],
    *,
    only: Sequence[Strategy] | None = None,
    folds: int = FOLDS,
    resamples: int = RESAMPLES,
    rng: np.random.Generator | None = None,
) -> Report:
    """Every strategy and null on utterances that it was not fitted to.

    Args:
        pairs: of one description, at least 3 utterances; every value weighs the same.
        only: these strategies; all by default.
        folds: parts that are left out in turn; never more than there are utterances.
        resamples: of the bootstrap over utterances.
        rng: draws the folds, the shuffled pairs and the bootstrap; by default a generator seeded with 0.

    Raises:
        ContractError: fewer than 3 utterances, fewer than 2 folds, no strategy. SpecMismatch: several descriptions.
    """
    pairs = checked(pairs)
    count = len(pairs)
    if count < _FEWEST:
        raise ContractError(
            "cross-validation leaves out whole utterances, and there are too few",
            where="calibration",
            got=f"{count} pair(s)",
            wanted=f"at least {_FEWEST}",
            next="Give more utterances, or cut a long recording into several",
        )
    if folds < 2 or resamples < 1:
        raise ContractError("too few folds or resamples", got=f"{folds} and {resamples}", wanted="at least 2 and 1")
    chosen = strategies() if only is None else tuple(sorted(only, key=lambda s: s.complexity))
    if not chosen:
        raise ContractError("no strategy to compare", wanted=", ".join(s.name for s in strategies()))
    rng = rng if rng is not None else np.random.default_rng(0)
    parts = [np.sort(part) for part in np.array_split(rng.permutation(count), min(folds, count))]
    partner = _derangement(rng, count)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=resamples)

    predictions, targets = [p.prediction for p in pairs], [p.target for p in pairs]
    nulls = _nulls(pairs[0].spec)
    sums = {(s.name, False): np.zeros((count, 2)) for s in chosen}
    sums |= {(name, True): np.zeros((count, 2)) for name in (*nulls, _SHUFFLED)}
    for test in parts:
        x, t = _joined(predictions, test), _joined(targets, test)
        for s in chosen:
            _score(sums[s.name, False], _applied(s, s.fit(x, t)), predictions, targets, test)
        for name, make in nulls.items():
            _score(sums[name, True], make(t), predictions, targets, test)
    best = min(chosen, key=lambda s: (sums[s.name, False][:, 1].sum(), s.complexity))
    others = [_stretched(predictions[partner[i]], targets[i].shape[1]) for i in range(count)]
    for test in parts:
        learned = best.fit(_joined(others, test), _joined(targets, test))
        _score(sums[_SHUFFLED, True], _applied(best, learned), others, targets, test)

    sizes = np.array([t.size for t in targets], np.float64)
    notes = {s.name: s.note for s in chosen}
    null_notes = {
        _ZERO: "all values 0, before scaling is undone",
        _CONSTANT: "the mean of the training targets",
        _BANDS: "each band's mean of the training targets",
        _SHUFFLED: f"{best.name} fitted to and tried on pairs of different utterances",
    }
    pooled_x, pooled_t = np.concatenate(predictions, axis=1), np.concatenate(targets, axis=1)
    spread = float(pooled_t.var(dtype=np.float64))
    best_null = min(null_notes, key=lambda name: float(sums[name, True][:, 1].sum()))
    reference = sums[best_null, True]

    def row(name: str, null: bool) -> Row:
        note = null_notes[name] if null else notes[name]
        return _row(name, note, null, sums[name, null], reference, sizes, weights, spread)

    rows = tuple(row(s.name, False) for s in chosen) + tuple(row(name, True) for name in null_notes)
    taken = _simplest(chosen, rows, best)
    finding, verdict = (taken.finding, taken.verdict) if taken else _refusal(rows[chosen.index(best)])
    return Report(
        unit=pairs[0].spec.unit,
        utterances=count,
        frames=pooled_t.shape[1],
        values=pooled_t.size,
        folds=len(parts),
        resamples=resamples,
        target_std=spread**0.5,
        prediction_std=float(pooled_x.std(dtype=np.float64)),
        correlation=correlation(pooled_x, pooled_t, bands=False),
        band_correlation=correlation(pooled_x, pooled_t),
        rows=rows,
        best=best.name,
        best_null=best_null,
        chosen=taken.name if taken else None,
        finding=finding,
        verdict=verdict,
        data=data_fingerprint(pairs),
        notes=tuple(f"{p.name}: {note}" for p in pairs for note in p.notes),
    )


def _simplest(chosen: Sequence[Strategy], rows: Sequence[Row], best: Strategy) -> Strategy | None:
    """The simplest strategy with skill within 2 % of the best; None where the best has no skill."""
    found = {row.name: row for row in rows if not row.null}
    if not found[best.name].has_skill:
        return None
    limit = CLOSE * found[best.name].rmse
    return next(s for s in chosen if found[s.name].has_skill and found[s.name].rmse <= limit)


def _refusal(best: Row) -> tuple[str | None, str]:
    """Why nothing is taken: the code of the finding, where there is one, and the verdict."""
    if best.r_squared is None:
        return None, STILL
    return (None, TOO_FEW) if best.skill >= LEAST_SKILL else ("no_signal", NO_SIGNAL)


def _joined(arrays: Sequence[Array], left_out: NDArray[np.int64]) -> Values:
    out = set(left_out.tolist())
    return np.concatenate([a for i, a in enumerate(arrays) if i not in out], axis=1, dtype=np.float64)


def _applied(s: Strategy, params: dict[str, Values] | object) -> Fitted:
    return lambda x: s.apply(params, np.asarray(x, np.float64))  # type: ignore[arg-type]


def _nulls(spec: MelSpec) -> dict[str, Callable[[Values], Fitted]]:
    """Name → what makes, from the training targets, a mel that ignores the prediction."""

    def level(values: Values) -> Fitted:
        return lambda x: np.broadcast_to(values, x.shape)

    zero = np.zeros((spec.n_mels, 1))
    if not spec.scaling.needs():
        zero = np.asarray(spec.scaling.undo(zero), np.float64)
    return {
        _ZERO: lambda t: level(zero),
        _CONSTANT: lambda t: level(t.mean(keepdims=True)),
        _BANDS: lambda t: level(t.mean(axis=1, keepdims=True)),
    }


def _score(
    sums: NDArray[np.float64], made: Fitted, predictions: Sequence[Array], targets: Sequence[Array], test: NDArray[np.int64]
) -> None:
    """Absolute and squared error of every test utterance, summed over its values."""
    for i in test:
        error = made(predictions[i]) - targets[i]
        sums[i] = np.abs(error).sum(), np.square(error).sum()


def _row(
    name: str,
    note: str,
    null: bool,
    sums: NDArray[np.float64],
    reference: NDArray[np.float64],
    sizes: NDArray[np.float64],
    weights: NDArray[np.int64],
    spread: float,
) -> Row:
    def errors(of: NDArray[np.float64], w: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean = (w @ of) / (w @ sizes)[:, None]
        return mean[:, 0], np.sqrt(mean[:, 1])

    once = np.ones((1, len(sizes)), np.int64)
    (mae, rmse), (null_mae, null_rmse) = errors(sums, once), errors(reference, once)
    many_mae, many_rmse = errors(sums, weights)
    many_skill = _skill(many_rmse, errors(reference, weights)[1])
    return Row(
        name=name,
        note=note,
        null=null,
        mae=float(mae[0]),
        rmse=float(rmse[0]),
        r_squared=float(1 - rmse[0] ** 2 / spread) if spread > 0 else None,
        skill=float(_skill(rmse, null_rmse)[0]),
        skill_mae=float(_skill(mae, null_mae)[0]),
        mae_interval=_interval(many_mae),
        rmse_interval=_interval(many_rmse),
        skill_interval=_interval(many_skill),
    )


def _skill(error: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - error / null; 0 where even the null makes no error, as nothing is better than that."""
    return 1 - np.divide(error, null, out=np.ones_like(error), where=null > 0)


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975)).tolist()
    return low, high


def _derangement(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """A partner for everyone, never oneself: a random cycle."""
    order = rng.permutation(count)
    partner = np.empty(count, np.int64)
    partner[order] = np.roll(order, -1)
    return partner


def _stretched(values: Array, frames: int) -> Array:
    """The frames of another utterance spread over this many, the nearest each."""
    return np.asarray(values[:, np.arange(frames) * values.shape[1] // frames])
