"""The lane engine against a float64 reference written here; a frame's value never depends on its place.

How exact it is on sound with bands far below the others: `test_precision`.
"""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melpact.core.errors import AxisError, SpecError
from melpact.features import butterflies, codelets
from melpact.features.fallback import FallbackEngine
from melpact.features.lanes import LaneEngine, LanePlan, engine_for

RATE = 22050


def triangles(n_fft: int, n_mels: int, low_bin: float, high_bin: float) -> np.ndarray:
    """Overlapping triangles, evenly spaced in log frequency, area 1; narrow ones may hold no bin at all."""
    edges = np.geomspace(max(low_bin, 0.3), high_bin, n_mels + 2)
    bins = np.arange(n_fft // 2 + 1)
    up = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(up, down)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def hann(length: int, n_fft: int | None = None) -> np.ndarray:
    """Periodic Hann window, centred in n_fft."""
    n_fft = n_fft or length
    window = np.zeros(n_fft)
    start = (n_fft - length) // 2
    window[start : start + length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


def plan_of(n_fft: int, hop: int, *, win: int | None = None, n_mels: int = 40, **others) -> LanePlan:
    settings = {
        "frame_length": n_fft,
        "window": hann(win or n_fft, n_fft),
        "bank": triangles(n_fft, n_mels, 0.5, 0.36 * n_fft),
        "epsilon_kind": "inside",
        "epsilon": 1e-9,
        "floor_kind": "clamp",
        "floor": 1e-5,
    }
    return LanePlan(n_fft=n_fft, hop_length=hop, **{**settings, **others})


def speech(seconds: float = 1.5, seed: int = 3) -> np.ndarray:
    """Harmonics of a gliding pitch in syllables with near silence between them, plus breath noise."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * t)) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 40))
    syllables = np.maximum(0, np.sin(2 * np.pi * 2.3 * t)) ** 2
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return (0.1 * voice * syllables + (3e-3 * syllables + 1e-5) * noise).astype(np.float32)


def reference(plan: LanePlan, padded: np.ndarray, n_frames: int) -> np.ndarray:
    """The same definition in float64, frame by frame."""
    x = padded.astype(np.float64)
    frames = np.stack([x[t * plan.hop_length :][: plan.frame_length] for t in range(n_frames)])
    if plan.remove_dc:
        frames = frames - frames.mean(axis=1, keepdims=True)
    if plan.frame_preemphasis:
        frames = frames - plan.frame_preemphasis * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    p = np.abs(np.fft.rfft(frames * plan.window, n=plan.n_fft).T) ** 2
    if plan.epsilon_kind == "inside":
        p = p + plan.epsilon
    if plan.epsilon_kind == "clamp":
        p = np.maximum(p, plan.epsilon)
    s = np.sqrt(p) if plan.power == 1 else p
    if plan.epsilon_kind == "outside":
        s = s + plan.epsilon
    y = plan.bank @ s
    if plan.floor_kind == "clamp":
        y = np.maximum(y, plan.floor)
    if plan.floor_kind == "add":
        y = y + plan.floor
    if plan.log_gain is not None:
        with np.errstate(divide="ignore"):
            y = plan.log_gain * np.log(y) - plan.shift
    return y * plan.scale + plan.offset


def frames_in(plan: LanePlan, samples: np.ndarray) -> int:
    return (len(samples) - plan.frame_length) // plan.hop_length + 1


def analyse(plan: LanePlan, samples: np.ndarray, threads: int = 1) -> np.ndarray:
    n_frames = frames_in(plan, samples)
    out = np.full((plan.n_mels, n_frames), np.nan, np.float32)
    engine_for(plan).run(samples, n_frames, out, threads)
    return out


HIFIGAN = plan_of(1024, 256, n_mels=80, bank=triangles(1024, 80, 2.0, 8000 / RATE * 1024))

CASES = {
    "hifigan": (HIFIGAN, 2e-4),
    "hop_1024_300": (plan_of(1024, 300), 2e-4),
    "hop_longer_than_frame": (plan_of(400, 1001), 2e-4),
    "hop_17": (plan_of(400, 17), 2e-4),
    "hop_1": (replace(plan_of(400, 160), hop_length=1), 2e-4),
    "log10_power": (
        plan_of(400, 160, power=2, log_gain=1 / math.log(10), epsilon_kind="none", floor=1e-10), 2e-4,
    ),
    "db_1920": (
        plan_of(1920, 480, epsilon_kind="none", log_gain=20 / math.log(10), shift=20, scale=0.01, offset=1),
        2e-5,
    ),
    "kaldi": (
        plan_of(512, 160, frame_length=400, window=np.hanning(400) ** 0.85, power=2, frame_preemphasis=0.97,
                remove_dc=True, epsilon_kind="none", floor=1.2e-7), 2e-4,
    ),
    "kaldi_without_dc": (
        plan_of(512, 160, frame_length=400, window=np.ones(400), remove_dc=True), 2e-4,
    ),
    "short_window": (plan_of(2048, 300, win=1200), 2e-4),
    "fives": (plan_of(1000, 250), 2e-4),
    "seven": (plan_of(448, 112), 2e-4),
    "all_bins_to_nyquist": (plan_of(448, 112, bank=triangles(448, 30, 0.1, 300.0)), 2e-4),
    "upper_half_only": (plan_of(448, 112, bank=triangles(448, 10, 150.0, 220.0)), 2e-4),
    "identity_bank": (plan_of(448, 112, bank=np.eye(225)), 5e-4),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_engine_is_the_float64_definition(name):
    plan, tolerance = CASES[name]
    samples = speech(0.5 if plan.hop_length > 1 else 0.05)
    want = reference(plan, samples, frames_in(plan, samples))
    got = analyse(plan, samples)
    assert np.ptp(want) > 1
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("epsilon_kind", ["none", "inside", "outside", "clamp"])
@pytest.mark.parametrize("floor_kind", ["none", "clamp", "add"])
@pytest.mark.parametrize("log_gain", [None, 1 / math.log(10)])
def test_every_kind_of_epsilon_and_floor(power, epsilon_kind, floor_kind, log_gain):
    # Large enough to matter beside the quiet half of the signal, so that a kind taken for another is seen.
    plan = plan_of(
        400, 160, power=power, epsilon_kind=epsilon_kind, epsilon=0.02, floor_kind=floor_kind, floor=0.01,
        log_gain=log_gain,
    )  # fmt: skip
    samples = speech(0.4)
    want = reference(plan, samples, frames_in(plan, samples))
    np.testing.assert_allclose(analyse(plan, samples), want, rtol=2e-5, atol=2e-5)
    if (epsilon_kind, floor_kind) != ("none", "none"):
        full = plan.bank.any(axis=1)  # without a floor, a band without a bin is ln(0)
        neutral = reference(replace(plan, epsilon_kind="none", floor_kind="none"), samples, want.shape[1])
        assert np.abs(want[full] - neutral[full]).max() > 1e-3


def test_one_sine_has_the_amplitude_of_the_textbook():
    n, k = 1024, 100
    samples = (0.5 * np.cos(2 * np.pi * k * np.arange(4 * n) / n)).astype(np.float32)
    plan = plan_of(n, 256, bank=np.eye(n // 2 + 1), epsilon_kind="none", floor_kind="none", log_gain=None)
    spectrum = analyse(plan, samples)
    assert spectrum[k] == pytest.approx(0.5 * n / 4, rel=1e-5)  # amplitude * sum of the Hann window / 2
    assert spectrum[k - 1] == pytest.approx(0.5 * n / 8, rel=1e-5)
    assert np.delete(spectrum, [k - 1, k, k + 1], axis=0).max() < 1e-3


def test_silence_hits_the_floor_exactly_and_no_floor_gives_minus_infinity():
    samples = np.zeros(4000, np.float32)
    floored = analyse(replace(HIFIGAN, epsilon_kind="none"), samples)
    assert np.all(floored == floored[0, 0])
    assert floored[0, 0] == pytest.approx(math.log(1e-5), abs=1e-6)
    bare = analyse(replace(HIFIGAN, epsilon_kind="none", floor_kind="none"), samples)
    assert np.all(np.isneginf(bare))


def test_an_empty_band_gives_the_floor_beside_full_ones():
    bank = triangles(400, 12, 20.0, 150.0)
    bank[5] = 0
    mel = analyse(plan_of(400, 160, bank=bank), speech(0.4))
    np.testing.assert_allclose(mel[5], math.log(1e-5), atol=1e-6)
    assert mel[4].max() > -4


def test_a_bank_of_nothing_gives_the_floor_everywhere():
    mel = analyse(plan_of(400, 160, bank=np.zeros((3, 201))), speech(0.1))
    np.testing.assert_allclose(mel, math.log(1e-5), atol=1e-6)


def test_not_a_number_spoils_only_the_frames_that_contain_it():
    samples = speech(0.6)
    samples[5000] = np.nan
    mel = analyse(HIFIGAN, samples)
    clean = analyse(HIFIGAN, speech(0.6))
    starts = np.arange(mel.shape[1]) * 256
    touched = (starts <= 5000) & (starts + 1024 > 5000)
    full = HIFIGAN.bank.any(axis=1)
    assert np.all(np.isnan(mel[full][:, touched]))
    np.testing.assert_array_equal(mel[:, ~touched], clean[:, ~touched])


@pytest.mark.parametrize("name", ["hifigan", "short_window", "kaldi", "log10_power"])
def test_a_frame_is_the_same_bits_wherever_it_stands(name):
    plan, _ = CASES[name]
    samples = speech(1.5)
    whole = analyse(plan, samples)
    n_frames = whole.shape[1]
    hop, length = plan.hop_length, plan.frame_length
    for first, last in ((0, 1), (1, 2), (63, 66), (7, 7 + 64), (n_frames - 1, n_frames), (5, n_frames)):
        block = samples[first * hop : (last - 1) * hop + length].copy()
        np.testing.assert_array_equal(analyse(plan, block), whole[:, first:last])


@pytest.fixture(scope="module")
def half_hard():
    """A plan, sound that single precision does for in half its frames only, and which frames those are not."""
    plan = plan_of(1024, 256, bank=triangles(1024, 80, 2.0, 512.0), epsilon_kind="none", floor=1e-7)
    t = np.arange(12 * RATE) / RATE
    hum = 0.5 * np.sin(2 * np.pi * 300 * t) + 1e-6 * np.random.default_rng(1).standard_normal(len(t))
    samples = np.where(t % 0.3 < 0.15, hum, speech(12.0)).astype(np.float32)
    whole = analyse(plan, samples)
    plain = analyse(replace(plan, refine=False), samples)
    refined = np.flatnonzero((whole != plain).any(axis=0))
    assert 200 < len(refined) < whole.shape[1] - 200
    assert np.count_nonzero(np.diff(refined) > 1) > 30  # they stand in many places, not in one block
    return plan, samples, whole, plain


def test_only_double_precision_does_for_some_frames(half_hard):
    plan, samples, whole, plain = half_hard
    want = reference(plan, samples, whole.shape[1])
    assert np.abs(whole - want).max() < 1e-4
    assert np.abs(plain - want).max() > 1e-2


def test_mixed_frames_are_the_same_bits_in_any_cut_and_any_number_of_threads(half_hard):
    plan, samples, whole, _ = half_hard
    n_frames = whole.shape[1]
    hop, length = plan.hop_length, plan.frame_length
    rng = np.random.default_rng(2)
    cuts = [0, *sorted(rng.choice(np.arange(1, n_frames), 40, replace=False)), n_frames]
    for first, last in itertools.pairwise(cuts):
        block = samples[first * hop : (last - 1) * hop + length].copy()
        np.testing.assert_array_equal(analyse(plan, block), whole[:, first:last])
    for threads in (2, 3, 7):
        np.testing.assert_array_equal(analyse(plan, samples, threads), whole)
    with ThreadPoolExecutor(3) as pool:  # one engine, three callers
        for got in pool.map(lambda _: analyse(plan, samples), range(3)):
            np.testing.assert_array_equal(got, whole)


@pytest.mark.parametrize("name", ["hop_17", "hop_longer_than_frame", "kaldi", "seven", "short_window", "hop_1"])
def test_double_precision_is_the_same_definition_for_every_framing(name):
    """Behind one tone, every frame is refined; nothing but rounding may be left of the difference."""
    plan = replace(CASES[name][0], epsilon_kind="none", floor=1e-9, frame_preemphasis=0.0)
    t = np.arange(round((0.1 if plan.hop_length == 1 else 0.6) * RATE)) / RATE
    samples = (0.9 * np.sin(2 * np.pi * 0.4 * RATE * t)).astype(np.float32)
    want = reference(plan, samples, frames_in(plan, samples))
    np.testing.assert_allclose(analyse(plan, samples), want, rtol=3e-7, atol=3e-6)
    if name != "hop_1":
        assert np.abs(analyse(replace(plan, refine=False), samples) - want).max() > 1e-4


def test_what_rounding_left_counts_in_double_precision():
    plan = plan_of(1024, 256, bank=triangles(1024, 80, 2.0, 512.0), epsilon_kind="none", floor=1e-7)
    exact = 0.3 + 1e-9 * np.random.default_rng(0).standard_normal(RATE // 2)  # lost in float32
    rounded = exact.astype(np.float32)
    rest = (exact - rounded).astype(np.float32)
    n_frames = frames_in(plan, rounded)
    want, out = reference(plan, exact, n_frames), np.empty((plan.n_mels, n_frames), np.float32)
    engine_for(plan).run(rounded, n_frames, out, rest=rest)
    np.testing.assert_allclose(out, want, atol=1e-5)
    assert np.abs(analyse(plan, rounded) - want).max() > 1e-2
    with pytest.raises(AxisError, match="samples"):
        engine_for(plan).run(rounded, n_frames, out, rest=rest[1:])


@pytest.mark.parametrize("floor_kind", ["clamp", "add", "none"])
def test_silence_and_sound_with_full_bands_stay_in_single_precision(floor_kind, monkeypatch):
    plan = plan_of(400, 160, epsilon_kind="none", floor_kind=floor_kind, floor=1e-5)
    engine = LaneEngine(plan)
    monkeypatch.setattr(engine, "_in_double", None)  # calling it would raise
    noise = 0.1 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    for samples in (np.zeros(8000, np.float32), noise, noise * np.float32(1e-6)):
        n_frames = frames_in(plan, samples)
        engine.run(samples, n_frames, np.empty((plan.n_mels, n_frames), np.float32))
    with pytest.raises(TypeError):
        engine.run(np.ones(400, np.float32), 1, np.empty((plan.n_mels, 1), np.float32))


def test_bands_far_under_a_clamping_floor_need_no_double_precision(monkeypatch):
    plan = plan_of(400, 160, epsilon_kind="none", floor=0.2)
    samples = (100 * np.cos(2 * np.pi * 36 / 400 * np.arange(4000))).astype(np.float32)  # three bins, nothing else
    n_frames = frames_in(plan, samples)
    want = reference(plan, samples, n_frames)
    assert 0.5 < np.mean(want == np.log(0.2)) < 0.95
    engine, out = LaneEngine(plan), np.empty((plan.n_mels, n_frames), np.float32)
    monkeypatch.setattr(engine, "_in_double", None)
    engine.run(samples, n_frames, out)
    np.testing.assert_allclose(out, want, atol=1e-5)
    with pytest.raises(TypeError):  # the same bands without the floor
        bare = LaneEngine(replace(plan, floor=1e-3))
        monkeypatch.setattr(bare, "_in_double", None)
        bare.run(samples, n_frames, out)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("epsilon_kind", ["none", "inside", "outside", "clamp"])
@pytest.mark.parametrize("floor_kind", ["none", "clamp", "add"])
@pytest.mark.parametrize("log_gain", [None, 1 / math.log(10)])
def test_sizes_without_a_fast_transform_follow_the_same_definition(power, epsilon_kind, floor_kind, log_gain):
    plan = plan_of(
        2 * 13 * 17, 160, power=power, epsilon_kind=epsilon_kind, epsilon=0.02, floor_kind=floor_kind, floor=0.01,
        log_gain=log_gain, shift=0.7, scale=1.5, offset=0.25, remove_dc=True, frame_preemphasis=0.9,
    )  # fmt: skip
    samples = speech(0.3)
    n_frames = frames_in(plan, samples)
    got, parts = np.empty((2, plan.n_mels, n_frames), np.float32)
    engine = FallbackEngine(plan)
    engine.run(samples, n_frames, got)
    want = reference(plan, samples, n_frames)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    for t in range(n_frames):
        engine.run(samples[t * 160 :], 1, parts[:, t : t + 1])
    np.testing.assert_array_equal(parts, got)
    with pytest.raises(AxisError):
        engine.run(samples, n_frames + 1, got)


def test_threads_do_not_change_a_bit_and_leave_the_rest_of_out_alone():
    plan, _ = CASES["log10_power"]
    samples = speech(12.0)
    alone = analyse(plan, samples)
    assert alone.shape[1] > 2 * 8 * 64
    np.testing.assert_array_equal(analyse(plan, samples, threads=2), alone)
    np.testing.assert_array_equal(analyse(plan, samples, threads=5), alone)
    n_frames = alone.shape[1]
    wide = np.full((plan.n_mels, n_frames + 9), 7, np.float32)
    engine_for(plan).run(samples, n_frames, wide)
    np.testing.assert_array_equal(wide[:, :n_frames], alone)
    assert np.all(wide[:, n_frames:] == 7)
    view = np.full((n_frames, plan.n_mels), 7, np.float32).T
    engine_for(plan).run(samples, n_frames, view)
    np.testing.assert_array_equal(view, alone)


def test_samples_may_be_read_only():
    samples = speech(0.2)
    want = analyse(HIFIGAN, samples)
    samples.flags.writeable = False
    np.testing.assert_array_equal(analyse(HIFIGAN, samples), want)


def test_which_lengths_are_supported():
    assert all(LaneEngine.supports(n) for n in (4, 6, 14, 400, 448, 1000, 1024, 1920, 2048, 4096))
    assert not any(LaneEngine.supports(n) for n in (0, 2, 401, 22, 1023, 2 * 11 * 64, 2 * 509))
    with pytest.raises(SpecError, match="n_fft"):
        LaneEngine(plan_of(22, 11, n_mels=3))


@pytest.mark.parametrize("n_points", [2, 3, 5, 7, 32, 49, 150, 200, 224, 480, 500, 512, 960, 1024, 1920])
def test_radices_multiply_to_the_length_and_every_frequency_has_its_own_row(n_points):
    assert math.prod(codelets.radices_of(n_points)) == n_points
    for precision in (codelets.SINGLE, codelets.DOUBLE):
        offsets = codelets.row_offsets(n_points, precision)
        assert np.diff(np.sort(offsets)).min(initial=precision.row) >= precision.row
        assert offsets.max() + precision.row <= codelets.buffer_size(n_points, precision)
    np.testing.assert_array_equal(np.sort(codelets.input_order(n_points)), np.arange(2 * n_points))


@pytest.mark.parametrize("radix", codelets.RADICES)
def test_each_butterfly_is_the_discrete_fourier_transform(radix):
    constants: dict[str, str] = {}
    tape = butterflies.Tape(constants, "", codelets.DOUBLE.real)
    symbols = [tuple(butterflies.Symbol(f"{part}{k}", tape) for part in "ab") for k in range(radix)]
    y = butterflies.butterfly(symbols)
    x = np.random.default_rng(radix).standard_normal((2, radix))
    scope = {"np": np, **{f"a{k}": x[0, k] for k in range(radix)}, **{f"b{k}": x[1, k] for k in range(radix)}}
    scope |= {name: float(text.removeprefix("np.float64(")[:-1]) for name, text in constants.items()}
    exec("\n".join(tape.lines), scope)
    got = np.array([scope[re.name] + 1j * scope[im.name] for re, im in y])
    np.testing.assert_allclose(got, np.fft.fft(x[0] + 1j * x[1]), atol=1e-12)


def test_plans_are_values():
    assert plan_of(400, 160) == plan_of(400, 160)
    assert hash(plan_of(400, 160)) == hash(plan_of(400, 160))
    assert engine_for(plan_of(400, 160)) is engine_for(plan_of(400, 160))
    assert plan_of(400, 160) != plan_of(400, 160, window=hann(398, 400))
    np.testing.assert_array_equal(HIFIGAN.bank, triangles(1024, 80, 2.0, 8000 / RATE * 1024))


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame_length": 401}, {"hop_length": 0}, {"window": np.ones(399)}, {"bank": np.ones((3, 200))},
        {"bank": -np.ones((3, 201))}, {"power": 3}, {"epsilon_kind": "in"}, {"floor_kind": "inside"},
        {"floor": -1.0},
    ],
)  # fmt: skip
def test_plans_that_contradict_themselves_are_refused(wrong):
    with pytest.raises(SpecError):
        replace(plan_of(400, 160), **wrong)


def test_wrong_arrays_are_refused():
    plan = plan_of(400, 160)
    samples, out = np.zeros(1000, np.float32), np.zeros((40, 4), np.float32)
    engine = engine_for(plan)
    for bad in (
        (samples.astype(np.float64), 1, out),
        (samples[::2], 1, out),
        (samples, 5, np.zeros((40, 5), np.float32)),
        (samples, 2, out[:, :1]),
        (samples, 2, out[:39]),
        (samples, -1, out),
    ):
        with pytest.raises(AxisError):
            engine.run(*bad)
    engine.run(samples[:100], 0, out)


LOAD = """
import sys
from melpact.features.codelets import DOUBLE, SINGLE
from melpact.features.lane_cache import compiled
stats = [compiled(16, precision).stats for precision in (SINGLE, DOUBLE)]
hits, misses = (sum(sum(getattr(s, name).values()) for s in stats) for name in ("cache_hits", "cache_misses"))
print(hits, misses, "numba" in sys.modules)
"""


def load_in_a_new_process(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LOAD], env={**os.environ, "MELPACT_CACHE_DIR": str(folder)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_second_process_does_not_compile(tmp_path):
    assert load_in_a_new_process(tmp_path) == "0 2 True"
    files = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    assert any(p.suffix == ".nbc" for p in files)
    assert load_in_a_new_process(tmp_path) == "2 0 True"
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == files


def test_without_a_place_to_write_it_still_runs(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert load_in_a_new_process(tmp_path / "file").endswith("True")
    assert (tmp_path / "file").read_text() == "not a folder"


def test_importing_the_plan_does_not_import_numba():
    code = "import sys, melpact.features.lanes; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
