"""How often does `identify` name the right dialect? And: the fit of the tables that it ships.

    python -m benchmarks.identify DATA [--sets NAME …] [--n 500] [--lengths 0.5 1 2 5] [--without] [--with]
    python -m benchmarks.identify --fit DATA [--rounds 12]

DATA holds one folder of sound files per set. Each case is a cut of one of the lengths, its level and silence varied, and one
dialect drawn at random. "exact" counts the same description, "class" also those that the values cannot tell from it
(`melpact.diagnose.identify.alike`), "top-3" the class among the first three. ECE is the expected calibration error of the
probability of the first candidate's class, over ten bins. Of the names outside the class it is then said how many give the
same values from the very sound that the mel was made of, so that nothing could tell them apart.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from benchmarks.identify_fit import FIT_SETS, HELD_OUT_SETS, clips, every_mel, fit, natural_variation
from melpact.audio.audio import Audio
from melpact.diagnose.identify import identify
from melpact.diagnose.identify.alike import Low, why_alike
from melpact.diagnose.identify.catalogue import Hypothesis, by_bands
from melpact.features.analysis import analyse, to_rate

Row = tuple[float, str, str, str, bool, bool, bool, float, float, bool]


def cases(root: Path, sets: tuple[str, ...], lengths: tuple[float, ...], n: int, rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """(set, seconds, sound, mel values, hypothesis): n per length, the sets and the dialects in equal shares."""
    compared = [(b, i) for b, hs in by_bands().items() if len(hs) > 1 for i in range(len(hs))]
    dealt: list[tuple[int, int]] = []
    for seconds in lengths:
        per_clip = 3
        per_set = -(-n // (len(sets) * per_clip))
        made = 0
        for name, cut in clips(root, sets, per_set, (seconds,), rng):
            sound = natural_variation(cut, rng)
            for _ in range(per_clip):
                if not dealt:
                    dealt = [compared[j] for j in rng.permutation(len(compared))]
                bands, index = dealt.pop()
                found = [v for b, i, v in every_mel(sound, (bands,), only=index)]
                if found and made < n and float(found[0].max()) > float(found[0].min()):
                    made += 1
                    yield name, seconds, sound, found[0], by_bands()[bands][index]


def judge(values: np.ndarray, truth: Hypothesis, audio: Audio | None) -> tuple[str, bool, bool, bool, float, float]:
    """(first name, exact, class, class among three, probability of the first's class, seconds)."""
    start = time.perf_counter()
    found = identify(values, audio=audio, n_best=200)
    took = time.perf_counter() - start
    low = Low.of(values)
    spec_of = {h.name: h.spec for hs in by_bands().values() for h in hs}

    def alike(name: str) -> bool:
        return name == truth.name or why_alike(truth.spec, spec_of[name], low) is not None

    names = [c.dialect for c in found.candidates]
    first = spec_of[names[0]]
    p = sum(
        c.probability
        for c in found.candidates
        if c.dialect == names[0] or why_alike(first, spec_of[c.dialect], low) is not None
    )
    right = alike(names[0]) and not found.differs
    return names[0], names[0] == truth.name, right, any(alike(x) for x in names[:3]), p, took


def same_numbers(sound: Audio, values: np.ndarray, name: str) -> bool:
    """Whether the dialect of that name gives the same values, to within a millionth of their range."""
    spec = next(h.spec for hs in by_bands().values() for h in hs if h.name == name)
    made = analyse(to_rate(sound, spec.sample_rate).samples[0], spec)[0]
    return made.shape == values.shape and float(np.abs(made - values).max()) <= 1e-6 * float(np.ptp(values))


def calibration_error(p: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error over ten bins of equal width."""
    which = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs(p[which == k].mean() - right[which == k].mean()) * np.mean(which == k) for k in set(which)))


def report(rows: list[Row], title: str) -> None:
    """The table by length, by set and by number of bands, and what was confused with what."""
    print(f"\n{title}: {len(rows)} cases")
    print("  seconds     n   exact   class   top-3     ECE   median s")
    for seconds in sorted({r[0] for r in rows}):
        _line(f"{seconds:9.1f}", [r for r in rows if r[0] == seconds])
    print("  by set (2 s and more)")
    for name in sorted({r[1] for r in rows}):
        _line(f"{name:>18}", [r for r in rows if r[1] == name and r[0] >= 2])
    wrong = Counter((r[2], r[3]) for r in rows if not r[5])
    same = sum(r[9] and not r[5] and not r[4] for r in rows)
    print(f"  outside the class, but the same values from that sound: {same} of {sum(not r[5] for r in rows)}")
    print("  confused: " + "; ".join(f"{a} as {b} {k}" for (a, b), k in wrong.most_common(25)))


def _line(label: str, rows: list[Row]) -> None:
    if rows:
        exact, cls, three = (100 * np.mean([r[i] for r in rows]) for i in (4, 5, 6))
        ece = calibration_error(np.array([r[7] for r in rows]), np.array([r[5] for r in rows], float))
        slow = float(np.median([r[8] for r in rows]))
        print(f"  {label} {len(rows):5d} {exact:7.1f} {cls:7.1f} {three:7.1f} {ece:7.3f} {slow:8.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--sets", nargs="*", default=list(HELD_OUT_SETS))
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--lengths", nargs="*", type=float, default=[0.5, 1.0, 2.0, 5.0])
    parser.add_argument("--without", action="store_true", help="only without the sound")
    parser.add_argument("--with", dest="with_", action="store_true", help="only with the sound")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.fit:
        fit(given.data, FIT_SETS, given.rounds)
        return
    for with_audio in (False, True):
        if (with_audio and given.without) or (not with_audio and given.with_):
            continue
        rng = np.random.default_rng(given.seed)
        rows: list[Row] = []
        for name, seconds, sound, values, truth in cases(given.data, tuple(given.sets), tuple(given.lengths), given.n, rng):
            heard = None
            if with_audio:  # what is on disk: 16 bits, half of them at another level than the mel's
                gain = 1.0 if rng.random() < 0.5 else 10 ** (rng.uniform(-6, 0) / 20)
                heard = Audio.of(np.round(np.clip(sound.samples[0] * gain, -1, 1) * 32767) / 32768, sound.sample_rate)
            first, *rest = judge(values, truth, heard)
            rows.append((seconds, name, truth.name, first, *rest, same_numbers(sound, values, first)))  # type: ignore[arg-type]
        report(rows, "with the sound" if with_audio else "from the values alone")


if __name__ == "__main__":
    main()
