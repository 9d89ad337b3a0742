"""Cross-validation of all strategies and nulls over utterances. What follows from the numbers is in `report`.

Folds are made of whole utterances: frames of one utterance resemble each other, and a frame of a training utterance
in the test set would let a strategy look good by knowing the speaker's room. The bootstrap resamples utterances
for the same reason (Efron and Tibshirani, 1993, chapter 8: the unit that was sampled is the unit that is resampled).
What is left out where there are only one or two utterances is decided in `parts`.

Pairs are gone through one at a time, so that memory does not grow with their number: once to count and to keep the frames
that strategies are fitted to, once to score every strategy, once for the shuffled null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.normalise.calibration.base import Strategy, Values, strategies
from melpact.normalise.calibration.pairs import AnyPair, checked, data_fingerprint
from melpact.normalise.calibration.parts import Moments, Parts, parts
from melpact.normalise.calibration.report import CLOSE, LEAST_SKILL, NO_SIGNAL, STILL, TOO_FEW, Report, Row

FOLDS, RESAMPLES = 5, 2000
_CONSTANT, _BANDS, _ZERO, _SHUFFLED = "constant", "band_mean", "zero", "shuffled"
Array = NDArray[np.float32]
Fitted = Callable[[Array], Values]


def compare(
    pairs: Sequence[AnyPair],
    *,
    only: Sequence[Strategy] | None = None,
    folds: int = FOLDS,
    resamples: int = RESAMPLES,
    rng: np.random.Generator | None = None,
) -> Report:
    """Every strategy and null on utterances that it was not fitted to.

    Args:
        pairs: of one description; every value weighs the same. Of one or two, blocks of time are left out, and the report's
            `caution` says what that leaves open.
        only: these strategies; all by default.
        folds: parts that are left out in turn; never more than there are utterances.
        resamples: of the bootstrap over utterances.
        rng: draws the folds, the shuffled pairs and the bootstrap; by default a generator seeded with 0.

    Raises:
        ContractError: too little to leave anything out, fewer than 2 folds, no strategy. SpecMismatch: several descriptions.
    """
    pairs = checked(pairs)
    if folds < 2 or resamples < 1:
        raise ContractError("too few folds or resamples", got=f"{folds} and {resamples}", wanted="at least 2 and 1")
    chosen = strategies() if only is None else tuple(sorted(only, key=lambda s: s.complexity))
    if not chosen:
        raise ContractError("no strategy to compare", wanted=", ".join(s.name for s in strategies()))
    rng = rng if rng is not None else np.random.default_rng(0)
    cut = parts(pairs, folds, rng)
    count = len(cut)
    partner = _derangement(rng, count)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=resamples)

    moments, sizes, kept = _first_look(cut)
    nulls = _nulls(pairs[0].spec)
    sums = {(s.name, False): np.zeros((count, 2)) for s in chosen}
    sums |= {(name, True): np.zeros((count, 2)) for name in (*nulls, _SHUFFLED)}
    for test in cut.folds:
        x, t = _joined([a for a, _ in kept], test), _joined([b for _, b in kept], test)
        made = {(s.name, False): _applied(s, s.fit(x, t)) for s in chosen}
        made |= {(name, True): make(t) for name, make in nulls.items()}
        del x, t
        for i in test:
            prediction, target = cut.values(i)
            for key, fitted in made.items():
                sums[key][i] = _errors(fitted, prediction, target)
    best = min(chosen, key=lambda s: (sums[s.name, False][:, 1].sum(), s.complexity))
    others = [_stretched(kept[partner[i]][0], kept[i][1].shape[1]) for i in range(count)]
    for test in cut.folds:
        learned = _applied(best, best.fit(_joined(others, test), _joined([b for _, b in kept], test)))
        for i in test:
            target = cut.values(i)[1]
            sums[_SHUFFLED, True][i] = _errors(learned, _stretched(cut.values(partner[i])[0], target.shape[1]), target)

    notes = {s.name: s.note for s in chosen}
    null_notes = {
        _ZERO: "all values 0, before scaling is undone",
        _CONSTANT: "the mean of the training targets",
        _BANDS: "each band's mean of the training targets",
        _SHUFFLED: f"{best.name} fitted to and tried on pairs of different utterances",
    }
    spread_x, spread, _ = moments.spread()
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
        utterances=len(pairs),
        frames=moments.frames,
        values=int(sizes.sum()),
        folds=len(cut.folds),
        resamples=resamples,
        target_std=spread**0.5,
        prediction_std=spread_x**0.5,
        correlation=moments.correlation(bands=False),
        band_correlation=moments.correlation(),
        rows=rows,
        best=best.name,
        best_null=best_null,
        chosen=taken.name if taken else None,
        finding=finding,
        verdict=verdict,
        data=data_fingerprint(pairs),
        notes=tuple(f"{p.name}: {note}" for p in pairs for note in p.notes),
        blocks=count if cut.blocks else 0,
        stride=cut.stride,
        caution=cut.caution,
    )


def training(pairs: Sequence[AnyPair]) -> tuple[Values, Values]:
    """All pairs side by side, or every k-th frame of each where they are many: what a calibration is fitted to."""
    whole = parts(pairs, 2, np.random.default_rng(0))
    _, _, kept = _first_look(whole)
    nobody = np.zeros(0, np.int64)
    return _joined([a for a, _ in kept], nobody), _joined([b for _, b in kept], nobody)


def _first_look(cut: Parts) -> tuple[Moments, NDArray[np.float64], list[tuple[Array, Array]]]:
    """Moments of all values, the size of every item, and the frames that are kept for fitting."""
    moments, sizes, kept = Moments(), np.zeros(len(cut)), []
    step = cut.stride
    for i in range(len(cut)):
        x, t = cut.values(i)
        moments.add(x, t)
        sizes[i] = t.size
        # a copy of the few frames, so that the many are let go
        kept.append((x, t) if step == 1 else (x[:, ::step].copy(), t[:, ::step].copy()))
    return moments, sizes, kept


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


def _errors(made: Fitted, prediction: Array, target: Array) -> tuple[float, float]:
    """Absolute and squared error, summed over the values."""
    error = made(prediction) - target
    return float(np.abs(error).sum()), float(np.square(error).sum())


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
