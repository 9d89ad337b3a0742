"""The search outwards from the dialects for a description that none of them has.

Hop and offset come from loudness contours (`contour`), the filterbank from how each band moves, by look-up. With these
every analysis of the dialects is laid beside the values on the `workbench`, and from the best few the fields before the
logarithm are changed, always the one that helps most, under fits that forgive what is not looked for. Log, floor, scaling
and padding then follow from the line (`shaping`).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.diagnose.identify import moves
from melpact.diagnose.identify.catalogue import by_bands
from melpact.diagnose.identify.compare import analysis_of
from melpact.diagnose.identify.contour import framings, free_hop
from melpact.diagnose.identify.listen import LONGEST_S, Analysed, Sound
from melpact.diagnose.identify.shaping import Unlisted, shaped
from melpact.diagnose.identify.workbench import WORST, Bench, Fit, Score

__all__ = ["Unlisted", "search"]

Float64 = NDArray[np.float64]
_DONE = -7.6
"""Cost at which only rounding is left to explain (ln of half a thousandth of a nat)."""
_GAIN = 0.03
_PER_BAND = 1.0
_HOPS_TRIED = 3
_FRAMINGS_TRIED = 10
_BEAM = 3
_WIDE = 8
_BANKS_FIRST = 2
_BANKS_LATER = 8
_ROUNDS = 4
_OF_ONE_FRAMING = 3
_WHOLE = 0.985
_AS_GOOD = 3e-3
_VARIANTS = 4
_TWINS = 3
_MOST_EVALUATED = 1700
_MOST_OF_ONE = 650
_NEAR_S = 0.009
_WELL_BEGUN = -4.0
_POWERS_TRIED = 30
_ODD_TRIED = 10
_ODD_REACH_S = 6e-3


Step = Callable[[MelSpec], Iterable[moves.Change]]


class _State(NamedTuple):
    spec: MelSpec
    score: Score


def search(sound: Sound, values: Float64, starts: list[Analysed]) -> Unlisted:
    """From the dialects outwards until nothing helps any more.

    Args:
        starts: as `listen.analyses` orders them.
    """
    bench = Bench(sound, values)
    found = _by_band(bench, _begin(bench, sound, values, starts))
    bench.most = bench.evaluated + _MOST_EVALUATED
    refined: list[_State] = []
    if found[0].score.cost >= _DONE:
        found += [_best(bench, s, moves.powers, "offsets") for s in found[:_POWERS_TRIED]]
        found = sorted(dict.fromkeys(found), key=lambda s: s.score.cost)
        banked = [_best(bench, s, _likely(bench, s), "offsets") for s in _various(found)]
        found = [_best(bench, s, moves.spans, "offsets") for s in banked]
        found.sort(key=lambda s: s.score.cost)
    for state in found[:_BEAM]:
        refined.append(_refine(bench, state))
        if refined[-1].score.cost < _DONE or bench.evaluated > bench.most:
            break
    refined.sort(key=lambda s: s.score.cost)
    for i, state in enumerate(refined[:2]):
        if refined[0].score.cost < _DONE:
            break
        refined[i] = _polish(bench, state)
    best = min(refined, key=lambda s: s.score.cost)
    known: set[tuple[str, float]] = {(h.spec.epsilon_kind, h.spec.epsilon) for h in by_bands()[values.shape[0]]}
    told = []
    for rated in (best, *_twins(bench, best)):
        for s in _variants(bench, rated, known):
            reading = bench.readings[s.score.reading][0]
            for name in dict.fromkeys((reading, "log") if reading.startswith("added:") else (reading,)):
                told.append(shaped(sound, values, s.spec, s.score.lag, name, bench.per_band, bench.evaluated))
    least = min(u.off + u.wide for u in told)
    near = [u for u in told if u.off + u.wide <= least + _AS_GOOD]
    return min(near, key=lambda u: (_unlike(u), abs(u.gain_nat)))


def _variants(bench: Bench, state: _State, known: Set[tuple[str, float]]) -> list[_State]:
    """What only the quietest values tell apart, likeliest first: epsilon, symmetry, and behind lines per band the norm."""
    change = {"mel_norm": "none" if state.spec.mel_norm == "slaney" else "slaney"}
    specs = [state.spec, *([moves.changed(state.spec, change)] if bench.per_band else [])]
    specs += [_finer(bench, state).spec]
    for kind, epsilon in sorted(known):
        specs.append(moves.changed(state.spec, {"epsilon": epsilon, "epsilon_kind": kind}))
    distinct = dict.fromkeys(s for s in specs if s is not None)
    scored = [_State(s, bench.score(s, (state.score.lag,), "line", state.score.reading, _WHOLE)) for s in distinct]
    return sorted(scored, key=lambda s: s.score.cost)[:_VARIANTS]


def _unlike(u: Unlisted) -> int:
    """How many fields a description has otherwise than the dialect that it is most like."""
    facts = u.spec.facts()
    listed = (h.spec.facts() for h in by_bands()[u.spec.n_mels])
    return min(sum(1 for k in facts.keys() | known.keys() if facts.get(k) != known.get(k)) for known in listed)


# where to begin


def _begin(bench: Bench, sound: Sound, values: Float64, starts: list[Analysed]) -> list[_State]:
    """The dialects' analyses at every likely hop and offset, best first, one for each framing and size."""
    listed: dict[MelSpec, None] = dict.fromkeys(analysis_of(h.spec) for h in by_bands()[values.shape[0]])
    found: dict[MelSpec, _State] = {}
    for a in starts[:6]:  # as they lie: the values may be a cut of the sound
        found[a.spec] = _State(a.spec, bench.score(a.spec, (a.line.lag,), "offsets"))
    if min((s.score.cost for s in found.values()), default=math.inf) < _DONE:
        return sorted(found.values(), key=lambda s: s.score.cost)
    rates = {s.sample_rate for s in listed}
    pairs = list(_pairs(sound, values, rates))
    for rate, hop, first_s in itertools.chain(pairs, _odd_pairs(sound, values, rates, pairs, found)):
        banks: list[moves.Change] | None = None
        for spec in listed:
            moved = moves.framed(spec, rate, hop) if spec.sample_rate == rate or rate not in rates else None
            if moved is None:
                continue
            for laid, lags in _laid(moved, first_s):
                banks = [{}, *_banks(bench, laid, lags[len(lags) // 2], _BANKS_FIRST)] if banks is None else banks
                for change in banks:
                    other = moves.changed(laid, change) or laid
                    score = bench.score(other, lags, "offsets")
                    if other not in found or score.cost < found[other].score.cost:
                        found[other] = _State(other, score)
    ranked = sorted(found.values(), key=lambda s: s.score.cost)
    distinct: dict[tuple[object, ...], _State] = {}
    for s in ranked:
        key = (s.spec.sample_rate, s.spec.hop_length, s.spec.padding, s.spec.n_fft, s.spec.win_length, s.spec.power)
        distinct.setdefault(key, s)
    return list(distinct.values())


def _banks(bench: Bench, spec: MelSpec, lag: int, most: int) -> list[moves.Change]:
    """The likeliest filterbanks as changes."""
    half = spec.bank_sample_rate / 2
    names = [name for name, *_ in bench.readings]
    reading = names.index("linear") if "linear" in names else 0
    found = bench.likely_banks(spec, lag, reading, tuple(dict.fromkeys((*moves.F_MAX, half))), moves.F_MIN, most)
    return [{"mel_scale": scale, "f_min": low, "f_max": top} for scale, low, top in found]


def _likely(bench: Bench, state: _State) -> Step:
    """The likeliest filterbanks as a step."""
    return lambda spec: _banks(bench, spec, state.score.lag, _BANKS_LATER)


def _by_band(bench: Bench, found: list[_State]) -> list[_State]:
    """The same states; where only a line of each band's own explains the values, scored so from here on."""
    fits: tuple[Fit, Fit] = ("offsets", "bands")
    shared, own = (
        min((bench.score(s.spec, (s.score.lag,), fit, s.score.reading).cost for s in found[:8]), default=math.inf)
        for fit in fits
    )
    if own > shared - _PER_BAND:
        return found
    bench.per_band = True
    again = [_State(s.spec, bench.score(s.spec, (s.score.lag,), "bands", s.score.reading)) for s in found[:40]]
    return sorted(again, key=lambda s: s.score.cost)


def _various(found: list[_State]) -> list[_State]:
    """The best few, no more than three of one hop and rate."""
    seen: Counter[tuple[int, int]] = Counter()
    kept = []
    for s in found:
        seen[s.spec.sample_rate, s.spec.hop_length] += 1
        if seen[s.spec.sample_rate, s.spec.hop_length] <= _OF_ONE_FRAMING:
            kept.append(s)
    return kept[:_WIDE]


def _pairs(sound: Sound, values: Float64, listed: set[int]) -> Iterator[tuple[int, int, float]]:
    """(rate, hop, where the first frame's centre lies in s), the likeliest first; rates that a dialect has come first."""
    frames, duration = values.shape[1], sound.duration_s
    pairs: dict[float, list[tuple[int, int]]] = {}
    for rate in moves.RATES:
        for hop in moves.HOPS:
            if frames - 3.0 <= duration * rate / hop and (duration - 0.19) * rate / hop <= frames + 2.0:
                pairs.setdefault(round(hop / rate, 8), []).append((rate, hop))
    ranked = framings(sound, values, sorted(pairs)) if pairs else []
    ranked = [f for f in ranked if f.explained > ranked[0].explained - 0.03]
    several = [(rate, hop, f) for f in ranked for rate, hop in pairs[f.hop_s]]
    several.sort(key=lambda e: (e[0] not in listed, -e[2].explained))
    best_listed = [e for e in several if e[0] in listed][:_FRAMINGS_TRIED]
    others = [e for e in several if e[0] not in listed][: _FRAMINGS_TRIED // 3 if best_listed else _FRAMINGS_TRIED]
    for rate, hop, f in best_listed + others:
        yield rate, hop, f.first_s


def _odd_pairs(sound: Sound, values: Float64, listed: set[int], tried: list[tuple[int, int, float]],
               found: Mapping[MelSpec, _State]) -> Iterator[tuple[int, int, float]]:  # fmt: skip
    """As `_pairs`, for hops that no program is known for: the integers near the freely fitted one, where those fail."""
    if min((s.score.cost for s in found.values()), default=math.inf) < _WELL_BEGUN:
        return
    free = free_hop(sound, values)
    if free is None:
        return
    reach = _ODD_REACH_S / min(sound.duration_s, LONGEST_S)
    known = {(rate, hop) for rate, hop, _ in tried}
    at_rates = sorted(listed) or list(moves.RATES[:5])
    pairs: dict[float, list[tuple[int, int]]] = {}
    for rate in at_rates:
        middle = free.hop_s * rate
        for hop in range(max(1, math.floor(middle * (1 - reach))), math.ceil(middle * (1 + reach)) + 1):
            if (rate, hop) not in known and abs(hop - middle) <= max(1.0, reach * middle):
                pairs.setdefault(round(hop / rate, 8), []).append((rate, hop))
    for f in framings(sound, values, sorted(pairs))[:_ODD_TRIED]:
        for rate, hop in pairs[f.hop_s]:
            yield rate, hop, f.first_s


def _laid(spec: MelSpec, first_s: float) -> Iterator[tuple[MelSpec, tuple[int, ...]]]:
    """The description under each framing whose frames can begin about there, with the lags that make them."""
    ways = [("centre", "reflect"), ("same", "reflect")]
    if spec.padding in ("none", "nearest", "end") or first_s > 0.012:
        ways = [(spec.padding, spec.pad_mode), ("none", "none"), *ways]
    for padding, mode in dict.fromkeys(ways):
        change = {"padding": padding, "pad_mode": mode, "pad_left": 0, "pad_right": 0, "drop_last": 0}
        laid = moves.changed(spec, change) or spec
        lags = _lags(laid, first_s)
        if lags:
            yield laid, lags


def _lags(spec: MelSpec, first_s: float) -> tuple[int, ...]:
    """The lags in frames with which the first frame's centre lies about there."""
    own = (spec.frame_length / 2 - spec.left_pad) / spec.sample_rate
    hop = spec.hop_length / spec.sample_rate
    middle = round((first_s - own) / hop)
    return tuple(k for k in range(middle - 2, middle + 3) if abs(own + k * hop - first_s) <= max(_NEAR_S, 0.51 * hop))[:4]


# outwards


def _refine(bench: Bench, state: _State) -> _State:
    """Sizes, window and bank under a fit that forgives an offset per band, always the one step that helps most; then what
    that forgave."""
    limit = min(bench.most, bench.evaluated + _MOST_OF_ONE)
    for _ in range(_ROUNDS):
        before = state
        steps = (_likely(bench, state), moves.windows, moves.sizes, moves.shapes, moves.emphases, moves.details, moves.edges)
        for step in steps:
            if bench.evaluated > limit:
                break
            further = _best(bench, before, step, "offsets")
            if further.score.cost < state.score.cost:
                state = further
            if state.score.cost < _DONE:
                break
        if state.score.cost > before.score.cost - 0.1 or state.score.cost < _DONE or bench.evaluated > limit:
            break
        state = _State(state.spec, bench.score(state.spec, (state.score.lag,), "offsets"))
    state = _State(state.spec, bench.score(state.spec, (state.score.lag,), "line"))
    for step in (moves.shapes, moves.emphases, moves.details, moves.edges, moves.corners):
        if state.score.cost < _DONE:
            break
        state = _best(bench, state, step, "line")
    return state


def _polish(bench: Bench, state: _State) -> _State:
    """Every step again under the one line for all, until none helps."""
    every = (moves.shapes, moves.emphases, moves.sizes, moves.windows, moves.edges, moves.corners, moves.details)
    for _ in range(2):
        before = state.score.cost
        for step in every:
            if state.score.cost < _DONE or bench.evaluated > bench.most:
                return state
            state = _best(bench, state, step, "line")
        if state.score.cost > before - _GAIN:
            break
    return state


def _finer(bench: Bench, state: _State) -> _State:
    """The small steps once more, of which only the quietest values tell."""
    for step in (moves.details, moves.symmetry):
        state = _State(state.spec, bench.score(state.spec, (state.score.lag,), "line", state.score.reading, _WHOLE))
        state = _best(bench, state, step, "line", _WHOLE)
    return state


def _best(bench: Bench, state: _State, step: Step, fit: Fit, share: float = 0.9) -> _State:
    """The best of the changes that a step names, or the state itself where none is better."""
    best = state
    for change in step(state.spec):
        spec = moves.changed(state.spec, change)
        if spec is None:
            continue
        score = bench.score(spec, (state.score.lag,), fit, state.score.reading, share)
        if score.cost < best.score.cost - _GAIN:
            best = _State(spec, score)
    return best


def _twins(bench: Bench, best: _State) -> list[_State]:
    """The same analysis at other rates where the values fit as well, as those of band-limited sound do."""
    found = []
    sizes = ("n_fft", "win_length", "hop_length")
    own = best.spec.sample_rate
    for rate in moves.RATES:
        if rate == own or best.spec.bank_sample_rate != own or any(getattr(best.spec, n) * rate % own for n in sizes):
            continue
        change: moves.Change = {n: getattr(best.spec, n) * rate // own for n in sizes}
        twin = moves.changed(best.spec, {"sample_rate": rate, "bank_sample_rate": rate, **change})
        score = WORST if twin is None else bench.score(twin, (best.score.lag,), "line", best.score.reading, _WHOLE)
        if twin is not None and (score.cost < best.score.cost + 1.0 or score.cost < _DONE):
            found.append(_State(twin, score))
    return sorted(found, key=lambda s: s.score.cost)[:_TWINS]
