"""How often does `identify MEL --audio X` find a combination of fields that no dialect has?

    python -m benchmarks.identify_unlisted DATA [--sets NAME …] [--n 200] [--seconds 2] [--seed 1] [--changes 1 2 3]

A listed dialect, drawn at random, has 1, 2 or 3 fields changed to other values that programs use; the mel is made from the
16-bit samples that `identify` is then given. "exact": 99.5 % of the values of the description that was found, computed from
the same sound, lie within 1e-3 nat of the mel, and it has as many frames. "fields": every changed field has its value, too.
Where it is not exact, the fields that are wrong are counted, and the median distance in nat is given.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from benchmarks.identify_fit import HELD_OUT_SETS, clips
from melpact.audio.audio import Audio
from melpact.contract.scaling import Affine, NoScaling, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.identify import Identification, identify
from melpact.diagnose.identify.catalogue import hypotheses
from melpact.features.analysis import analyse, to_rate

SPEECH = tuple(s for s in HELD_OUT_SETS if s not in ("vocobox_notes",))
FIELDS = (
    "log", "power", "mel_scale", "mel_norm", "f_min", "f_max", "hop_length", "window", "win_length", "n_fft",
    "padding", "floor", "preemphasis", "scaling",
)  # fmt: skip
_F_MIN = (0.0, 20.0, 30.0, 40.0, 50.0, 55.0, 60.0, 65.0, 70.0, 80.0, 90.0, 95.0, 100.0, 125.0)
_F_MAX = (
    4000.0, 5500.0, 6000.0, 7000.0, 7600.0, 8000.0, 9000.0, 10000.0, 11000.0, 11025.0, 12000.0, 14000.0, 15000.0,
    16000.0, 18000.0, 20000.0, 22050.0, 24000.0,
)  # fmt: skip
_HOPS = (
    80, 100, 110, 120, 128, 160, 192, 200, 220, 240, 250, 256, 275, 276, 300, 320, 360, 384, 400, 441, 480, 512, 600,
    640, 800, 882, 1024,
)  # fmt: skip
_WINS = (320, 400, 480, 512, 551, 600, 640, 800, 882, 1000, 1024, 1100, 1102, 1200, 1280, 1536, 1764, 1920, 2048, 2400, 4096)
_SIZES = (400, 512, 800, 1024, 1200, 1280, 1536, 1920, 2048, 2400, 4096)
_FLOORS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)


def _change(s: MelSpec, field: str, rng: np.random.Generator) -> dict[str, Any]:
    """Another value of that field."""
    half = s.bank_sample_rate / 2
    if field == "log":
        return {"log": rng.choice([k for k in ("ln", "log10", "db_amplitude", "db_power") if k != s.log])}
    if field == "power":
        return {"power": 3 - s.power, **({"epsilon": 0.0, "epsilon_kind": "none"} if s.epsilon_kind == "outside" else {})}
    if field == "mel_scale":
        return {"mel_scale": "htk" if s.mel_scale == "slaney" else "slaney"}
    if field == "mel_norm":
        return {"mel_norm": "none" if s.mel_norm == "slaney" else "slaney"}
    if field == "f_min":
        return {"f_min": float(rng.choice([f for f in _F_MIN if f != s.f_min]))}
    if field == "f_max":
        tops = {f for f in (*_F_MAX, half) if f != s.f_max and 0.3 * half < f <= half}
        return {"f_max": float(rng.choice(sorted(tops)))}
    if field == "hop_length":
        near = [h for h in _HOPS if h != s.hop_length and s.hop_length / 2.1 <= h <= min(2.1 * s.hop_length, s.win_length)]
        return {"hop_length": int(rng.choice(near))}
    if field == "window":
        kind = rng.choice([w for w in ("hann", "hamming", "blackman", "povey", "ones") if w != s.window])
        return {"window": str(kind)}
    if field == "win_length":
        lengths = [w for w in _WINS if w != s.win_length and max(s.hop_length, s.n_fft / 4) <= w <= s.n_fft]
        return {"win_length": int(rng.choice(lengths))}
    if field == "n_fft":
        sizes = [n for n in _SIZES if n != s.n_fft and s.n_fft / 2.1 <= n <= 2.1 * s.n_fft and n >= s.hop_length]
        n = int(rng.choice(sizes))
        return {"n_fft": n, "win_length": n if s.win_length == s.n_fft else min(s.win_length, n)}
    if field == "padding":
        ways = [("centre", "reflect"), ("centre", "zero"), ("same", "reflect"), ("same", "zero"), ("none", "none")]
        padding, mode = ways[rng.choice([i for i, w in enumerate(ways) if w != (s.padding, s.pad_mode)])]
        return {"padding": padding, "pad_mode": mode, "pad_left": 0, "pad_right": 0, "pad_value": 0.0, "drop_last": 0}
    if field == "floor":
        kind = "clamp" if rng.random() < 0.7 else "add"
        return {"floor": float(rng.choice([f for f in _FLOORS if f != s.floor])), "floor_kind": kind}
    if field == "preemphasis":
        c = float(rng.choice([c for c in (0.0, 0.85, 0.9, 0.95, 0.97, 0.98) if c != s.preemphasis]))
        return {"preemphasis": c, "preemphasis_kind": "filter" if c else "none"}
    return {"scaling": _scaling(s, rng)}


def _scaling(s: MelSpec, rng: np.random.Generator) -> NoScaling | Affine | Window:
    unit = s.log_gain or 1.0
    kind = int(rng.integers(0, 4))
    if kind == 0 and not isinstance(s.scaling, NoScaling):
        return NoScaling()
    if kind <= 1:  # standardised with the mean and the spread of some data set
        return Affine.standardise(mean=float(rng.uniform(-7, -4) * unit), std=float(rng.uniform(1.5, 2.5) * unit))
    low = -float(rng.choice([4.0, 5.0, 6.0])) * np.log(10) * unit
    ends = (0.0, 1.0) if kind == 2 else (-4.0, 4.0)
    return Window.clipping(float(low), float(4.0 * unit), *ends)


def draw(count: int, rng: np.random.Generator) -> tuple[str, MelSpec, MelSpec, tuple[str, ...]]:
    """(dialect, its description, that with `count` fields changed, their names); never one that a dialect has."""
    known = {h.spec.fingerprint for h in hypotheses()}
    usable = [h for h in hypotheses() if h.spec.log != "none" and h.spec.n_mels >= 23]
    while True:
        h = usable[int(rng.integers(len(usable)))]
        spec, fields = h.spec, tuple(str(f) for f in rng.choice(FIELDS, count, replace=False))
        try:
            for field in fields:
                spec = spec.replace_quietly(**_change(spec, field, rng))
        except (MelpactError, ValueError):
            continue
        if spec.fingerprint not in known and len(spec.empty_bands) <= len(h.spec.empty_bands):
            return h.name, h.spec, spec, fields


class Case(NamedTuple):
    """One answer beside the truth."""

    name: str
    fields: tuple[str, ...]
    exact: bool
    named: bool
    wrong: tuple[str, ...]
    typical: float
    seconds: float


def distances(found: Identification, sound: Audio, values: np.ndarray, unit: float) -> np.ndarray:
    """|values of the description found - values| in nat, all frames; infinite where the number of frames differs."""
    again = to_rate(sound, found.spec.sample_rate).samples[0]
    gain = 10 ** ((found.gain_db or 0.0) / 20)
    made = analyse((again * gain).astype(np.float32), found.spec)[0]
    if made.shape != values.shape:
        return np.full(values.shape, np.inf)
    return np.abs(made.astype(np.float64) - values) / unit


def judge(sound: Audio, values: np.ndarray, truth: MelSpec, name: str, fields: tuple[str, ...]) -> Case:
    """Ask `identify`, compare with the truth."""
    start = time.perf_counter()
    found = identify(values, audio=sound)
    took = time.perf_counter() - start
    slope = getattr(truth.scaling, "scale", None) or getattr(truth.scaling, "slope", 1.0)
    unit = float(np.median(np.abs(np.asarray(slope)))) * (truth.log_gain or 1.0)
    apart = distances(found, sound, values, unit)
    exact = bool(np.mean(apart < 1e-3) >= 0.995)
    wrong = tuple(f for f in MelSpec.model_fields if getattr(truth, f) != getattr(found.spec, f))
    named = exact and not set(wrong) & {*fields, *(["floor_kind"] if "floor" in fields else [])}
    return Case(name, fields, exact, named, wrong, float(np.median(apart)), took)


def measure(root: Path, sets: tuple[str, ...], seconds: float, n: int, counts: tuple[int, ...], seed: int) -> list[Case]:
    """n cases for each number of changed fields."""
    cases: list[Case] = []
    for count in counts:
        rng = np.random.default_rng([seed, count])
        for _, cut in clips(root, sets, -(-n // len(sets)), (seconds,), rng):
            if sum(len(c.fields) == count for c in cases) >= n:
                break
            x = np.round(np.clip(cut.samples[0], -1, 1) * 32767) / 32768
            sound = Audio.of(x.astype(np.float32), cut.sample_rate)
            name, _, spec, fields = draw(count, rng)
            try:
                values = np.asarray(analyse(to_rate(sound, spec.sample_rate).samples[0], spec)[0], np.float64)
            except MelpactError:
                continue
            if max(np.mean(values == values.min()), np.mean(values == values.max())) < 0.3:  # else nobody could use it
                cases.append(judge(sound, values, spec, name, fields))
                if not cases[-1].exact:
                    c = cases[-1]
                    changed = {f: getattr(spec, f) for f in fields}
                    told = f"wrong {', '.join(c.wrong)}; {c.typical:.2g} nat, {c.seconds:.1f} s"
                    print(f"  {c.name} {changed}: {told}", flush=True)
    return cases


def report(cases: list[Case]) -> None:
    """By number of changed fields, and by field."""
    print("  changed    n   exact  fields   median nat of the rest   median s  longest s")
    for count in sorted({len(c.fields) for c in cases}):
        rows = [c for c in cases if len(c.fields) == count]
        rest = [c.typical for c in rows if not c.exact]
        exact, named = (100 * float(np.mean(found)) for found in ([c.exact for c in rows], [c.named for c in rows]))
        far, took = np.median(rest) if rest else 0.0, [c.seconds for c in rows]
        print(
            f"  {count:7d} {len(rows):4d} {exact:6.1f}% {named:6.1f}% {far:18.3g} {np.median(took):15.2f} {max(took):9.1f}"
        )
    right, drawn = (Counter(f for c in cases if c.exact or not only for f in c.fields) for only in (True, False))
    print("  by changed field: " + "; ".join(f"{f} {right[f]}/{drawn[f]}" for f in FIELDS))
    wrong = Counter(f for c in cases if not c.exact for f in c.wrong).most_common(12)
    print("  wrong where not exact: " + ", ".join(f"{f} {k}" for f, k in wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="*", default=list(SPEECH))
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--changes", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    report(measure(given.data, tuple(given.sets), given.seconds, given.n, tuple(given.changes), given.seed))


if __name__ == "__main__":
    main()
