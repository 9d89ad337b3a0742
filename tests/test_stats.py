"""Statistics: exact, the same in any order, within the promised errors, and bound to one description."""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melpact.contract.artifact import Artifact, read_header, write
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling, UtteranceStandard, measure
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, NotAnArtifact, SpecMismatch
from melpact.normalise import Stats
from melpact.normalise.exact import BandSums
from melpact.normalise.quantiles import Sketch, ordered_keys, values_of

BANDS = 4


def spec(**changes: object) -> MelSpec:
    fields = dict(
        sample_rate=16000, n_fft=512, hop_length=128, padding="centre", pad_mode="reflect", power=1,
        n_mels=BANDS, mel_scale="htk", mel_norm="none", log="ln", floor=1e-5, floor_kind="clamp",
    )  # fmt: skip
    return MelSpec(**{**fields, **changes})


def mel(values: object, of: MelSpec | None = None, **provenance: object) -> Mel:
    return Mel(np.asarray(values, np.float32), of or spec(), provenance=provenance)


def speechlike(rng: np.random.Generator, frames: int, bands: int = BANDS) -> np.ndarray:
    floor = math.log(1e-5)
    return np.maximum(rng.normal(-6, 3, (bands, frames)), floor).astype(np.float32)


def exact_moments(values: np.ndarray) -> tuple[Fraction, Fraction]:
    """Mean and population variance in rational arithmetic, straight from their definitions."""
    numbers = [Fraction(float(v)) for v in values.ravel()]
    mean = sum(numbers) / len(numbers)
    return mean, sum((v - mean) ** 2 for v in numbers) / len(numbers)


def chan(parts: list[np.ndarray]) -> tuple[float, float]:
    """Mean and variance by the float64 merging of Chan, Golub and LeVeque (1983), eq. 2.1."""
    n, mean, deviations = 0, 0.0, 0.0
    for part in parts:
        x = part.astype(np.float64).ravel()
        delta = x.mean() - mean
        total = n + x.size
        deviations += ((x - x.mean()) ** 2).sum() + delta**2 * n * x.size / total
        mean += delta * x.size / total
        n = total
    return mean, deviations / n


NASTY = {
    "subnormals": np.array([1e-45, 3e-45, -1e-45, 1.1754942e-38, -1e-40, 0, 2e-39, 7e-42], np.float32),
    "signed zeros": np.array([0.0, -0.0, 0.0, -0.0, 1e-30, -1e-30, 0.0, -0.0], np.float32),
    "huge": np.array([1e30, -1e30, 3e30, 1.0, -2.0, 3.4e38, -3.4e38, 1e-30], np.float32),
    "constant": np.full(8, -11.512925, np.float32),
    "offset": np.array([1e6, 1e6 + 0.0625, 1e6 - 0.0625, 1e6, 1e6, 1e6, 1e6, 1e6 + 0.125], np.float32),
}


@pytest.mark.parametrize("name", NASTY)
def test_moments_are_the_rational_ones(name: str) -> None:
    values = NASTY[name].reshape(1, 8)
    one = spec(n_mels=1)
    stats = Stats.of([mel(values, one)])
    mean, variance = exact_moments(values)
    assert stats.mean() == float(mean)
    assert stats.variance() == float(variance)
    assert stats.variance(ddof=1) == float(variance * 8 / 7)
    assert stats.std() == math.sqrt(float(variance))
    assert stats.min() == values.min() and stats.max() == values.max()
    assert math.copysign(1, stats.min()) == (1 if values.min() == 0 else math.copysign(1, values.min()))


def test_against_numpy_and_chan() -> None:
    rng = np.random.default_rng(1)
    parts = [speechlike(rng, int(n)) for n in rng.integers(1, 3000, 20)]
    stats = Stats.of(mel(p) for p in parts)
    x = np.concatenate(parts, axis=1).astype(np.float64)
    assert (stats.files, stats.frames, stats.count) == (20, x.shape[1], x.size)
    assert stats.seconds == x.shape[1] * 128 / 16000
    np.testing.assert_allclose(stats.mean(), x.mean(), rtol=1e-13)
    np.testing.assert_allclose(stats.std(), x.std(), rtol=1e-13)
    np.testing.assert_allclose(stats.std(ddof=1), x.std(ddof=1), rtol=1e-13)
    np.testing.assert_allclose(stats.band_mean(), x.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(stats.band_std(), x.std(axis=1), rtol=1e-13)
    np.testing.assert_allclose(stats.band_std(ddof=1), x.std(axis=1, ddof=1), rtol=1e-13)
    np.testing.assert_array_equal(stats.band_min(), x.min(axis=1))
    np.testing.assert_array_equal(stats.band_max(), x.max(axis=1))
    mean, variance = chan(parts)
    np.testing.assert_allclose([stats.mean(), stats.variance()], [mean, variance], rtol=1e-12)


def test_exact_where_chans_merging_is_not() -> None:
    rng = np.random.default_rng(2)
    parts = [(1e6 + rng.normal(0, 1e-1, (1, 50))).astype(np.float32) for _ in range(40)]
    one = spec(n_mels=1)
    forward, backward = (Stats.of(mel(p, one) for p in order) for order in (parts, parts[::-1]))
    assert forward == backward
    mean, variance = exact_moments(np.concatenate(parts, axis=1))
    assert forward.variance() == float(variance) and forward.mean() == float(mean)
    assert chan(parts) != chan(parts[::-1])
    assert chan(parts) != (float(mean), float(variance))


FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(FINITE, min_size=1, max_size=6), min_size=2, max_size=5), st.data())
def test_merging_in_any_order_and_grouping_is_bit_identical(
    parts: list[list[float]], data: st.DataObject
) -> None:
    one = spec(n_mels=1)
    mels = [mel(np.asarray(p, np.float32)[None], one) for p in parts]
    whole = Stats.of(mels)
    heap = [Stats.of([m]) for m in data.draw(st.permutations(mels))]
    while len(heap) > 1:
        i = data.draw(st.integers(0, len(heap) - 2))
        heap[i : i + 2] = [heap[i] + heap[i + 1]]
    assert heap[0] == whole
    values = np.concatenate([m.values for m in mels], axis=1)
    mean, variance = exact_moments(values)
    assert (whole.mean(), whole.variance()) == (float(mean), float(variance))


def test_a_thousand_workers_give_the_same_file(tmp_path) -> None:
    rng = np.random.default_rng(3)
    mels = [mel(speechlike(rng, 30)) for _ in range(40)]
    one = Stats.of(mels)
    many = Stats(spec())
    for i in rng.permutation(40):
        many.merge(pickle.loads(pickle.dumps(Stats.of([mels[i]]))))
    assert one.save(tmp_path / "a").read_bytes() == many.save(tmp_path / "b").read_bytes()
    other = Stats.of(mels[1:])
    assert other != one
    other.update(mels[0])
    assert other == one


def test_blocks_of_a_file_are_the_file() -> None:
    values = speechlike(np.random.default_rng(4), 1000)
    blocks = Stats(spec())
    for i, start in enumerate(range(0, 1000, 77)):
        blocks.update(mel(values[:, start : start + 77]), files=int(i == 0))
    assert blocks == Stats.of([mel(values)])


def test_leading_axes_are_separate_utterances() -> None:
    values = np.stack([speechlike(np.random.default_rng(i), 50) for i in range(3)])
    assert Stats.of([mel(values)]) == Stats.of(mel(v) for v in values)


def test_sums_do_not_overflow_when_folded_often() -> None:
    values = np.full((1, 300000), np.nextafter(np.float32(2), np.float32(0)), np.float32)
    stats = Stats.of([mel(values, spec(n_mels=1))] * 2)
    v = Fraction(float(values[0, 0]))
    assert stats.mean() == float(v) and stats.variance() == 0.0
    sums, squares = stats._tally.sums.totals()
    assert Fraction(sums[0], 2**149) == v * 600000 and Fraction(squares[0], 2**298) == v * v * 600000


def test_sums_beyond_the_53_bits_of_a_float() -> None:
    sums = BandSums(2)
    sums.reserve(1)
    sums.pending[:, 1, 127] = 2**60 + 1, 2**61 - 1, 2**62 - 3
    sums.pending[0, 1, 1] = -5
    values, squares = sums.totals()
    assert values == [0, (2**60 + 1) * 2**126 - 5]
    assert squares == [0, (2**61 - 1 + (2**62 - 3) * 2**24) * 2**252]


def test_keys_are_ordered_and_invertible() -> None:
    x = np.sort(np.concatenate([*NASTY.values(), np.float32([-1, 1, 0.1, -0.1])]))
    keys = ordered_keys(x)
    assert (np.diff(keys.astype(np.int64)) >= 0).all() and (
        (np.diff(x) > 0) <= (np.diff(keys.astype(np.int64)) > 0)
    ).all()
    np.testing.assert_array_equal(values_of(keys), x.astype(np.float64))


@settings(max_examples=40, deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=60), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_quantile_error_is_within_its_bound(numbers: list[float], q: list[float]) -> None:
    x = np.asarray(numbers, np.float32)
    stats = Stats.of([mel(x[None], spec(n_mels=1))])
    ranked = np.sort(x.astype(np.float64))
    place = np.asarray(q) * (x.size - 1)
    below, above = (
        ranked[np.floor(place).astype(int)],
        ranked[np.minimum(np.floor(place).astype(int) + 1, x.size - 1)],
    )
    truth = below + (place - np.floor(place)) * (above - below)
    magnitude = np.maximum(abs(below), abs(above))
    for found, bits in ((stats.quantile(q), 12), (stats.band_quantile(q)[:, 0], 7)):
        assert (abs(found - truth) <= magnitude * (2.0**-bits * (1 + 1e-9)) + 2.0 ** (-126 - bits)).all()
    assert stats.quantile(0) == x.min() and stats.quantile(1) == x.max()


def test_quantiles_on_speechlike_numbers() -> None:
    x = speechlike(np.random.default_rng(5), 20000)
    stats = Stats.of([mel(x)])
    q = np.linspace(0, 1, 33)
    truth = np.quantile(x.astype(np.float64), q)
    assert (abs(stats.quantile(q) - truth) <= 2.0**-12 * abs(truth) + 1e-9).all()
    bands = np.quantile(x.astype(np.float64), q, axis=1)
    assert stats.band_quantile(q).shape == (33, BANDS)
    assert (abs(stats.band_quantile(q) - bands) <= 2.0**-7 * abs(bands) + 1e-9).all()
    assert (np.diff(stats.quantile(q)) >= 0).all()
    assert isinstance(stats.quantile(0.5), float)
    with pytest.raises(ContractError, match="0 to 1"):
        stats.quantile(99)


def test_histogram_adds_up_and_follows_numpy() -> None:
    x = speechlike(np.random.default_rng(6), 20000)
    counts, edges = Stats.of([mel(x)]).histogram(40)
    truth, numpy_edges = np.histogram(x.astype(np.float64), 40)
    np.testing.assert_allclose(edges, numpy_edges, rtol=1e-12)
    assert counts.sum() == x.size
    assert abs(counts - truth).max() < 0.001 * x.size
    flat, _ = Stats.of([mel(np.full((BANDS, 5), -2.0))]).histogram(3)
    assert flat.tolist() == [0, 20, 0]


def test_floor_silence_and_quiet_shares() -> None:
    floor = math.log(1e-5)
    values = np.full((BANDS, 10), -3.0)
    values[:, :2] = floor  # two silent frames
    values[0, 2:5] = floor  # three more values on the floor
    values[:, 5] = -3.0 - 59.9 / 20 * math.log(10)  # not yet 60 dB down
    values[:, 6] = -3.0 - 60.1 / 20 * math.log(10)
    stats = Stats.of([mel(values)])
    assert stats.floor_share() == 11 / 40
    np.testing.assert_array_equal(stats.band_floor_share(), [0.5, 0.2, 0.2, 0.2])
    assert stats.silent_share() == 0.2
    assert stats.quiet_share() == 0.3  # the silent ones and frame 6
    assert stats.quiet_share(59.0) == 0.4
    louder = np.full((BANDS, 1), -3.0 + 0.2 / 20 * math.log(10))
    assert (stats + Stats.of([mel(louder)])).quiet_share() == pytest.approx(4 / 11)  # frame 5 now is, too


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        (dict(log="db_amplitude", reference=20.0), 60.0),
        (dict(log="db_amplitude", power=2), 120.0),
        (dict(log="db_power", power=2, floor=1e-10), 60.0),
        (dict(log="log10"), 3.0),
    ],
)
def test_sixty_decibels_in_every_unit(changes: dict[str, object], step: float) -> None:
    of = spec(**{"floor": 1e-20, **changes})
    values = np.full((BANDS, 3), 1.0)
    values[:, 1], values[:, 2] = 1.0 - 0.998 * step, 1.0 - 1.002 * step
    assert Stats.of([mel(values, of)]).quiet_share() == pytest.approx(1 / 3)


def test_quiet_share_where_the_floor_is_added() -> None:
    of = spec(floor=1.0, floor_kind="add")
    values = np.log1p([[1e4, 10.1, 9.9, 0.0]] * BANDS)
    stats = Stats.of([mel(values, of)])
    assert stats.quiet_share() == 0.5 and stats.silent_share() == 0.25


def test_clipped_shares_and_levels_of_a_scaled_mel() -> None:
    of = dialect("tacotron_20k").spec  # [-100, 0] dB to [0, 1], floor -120 dB
    values = np.full((80, 4), 0.5)
    values[:8, 0], values[8:12, 1], values[:, 3] = 0.0, 1.0, 0.0
    stats = Stats.of([mel(values, of)])
    assert stats.clipped_share() == (88 / 320, 4 / 320)
    assert stats.floor_share() == 0.0  # the clip hides the floor
    assert stats.quiet_share(60.0) == 0.25
    assert stats.quiet_share(45.0) == 0.75  # frames 0 and 2 at -50 dB, frame 1 reaches 0 dB


def test_levels_of_a_per_utterance_scaling_need_its_statistics() -> None:
    raw = mel([[-11.512925, -3.0, -2.0]] * BANDS)
    scaled_spec = spec(scaling=UtteranceStandard())
    facts = measure([raw.values])
    values = scaled_spec.scaling.apply(raw.values, facts)
    kept = Stats.of([Mel(values, scaled_spec, facts)])
    lost = Stats.of([Mel(values, scaled_spec)])
    assert kept.silent_share() == pytest.approx(1 / 3)
    assert (lost.floor_share(), lost.silent_share(), lost.quiet_share(), lost.band_floor_share()) == (
        None,
    ) * 4
    assert ("frames all at the floor", "unknown") in lost.summary()
    assert lost.mean() == kept.mean()


def test_a_second_description_is_refused_by_name() -> None:
    stats = Stats(dialect("hifigan_22k"))
    other = Mel(
        np.zeros((80, 3), np.float32), dialect("hifigan_22k_loss").spec, provenance={"audio": "b.wav"}
    )
    with pytest.raises(SpecMismatch) as caught:
        stats.update(other)
    text = str(caught.value)
    assert text.startswith("b.wav: ") and "hifigan_22k_loss (" in text and "wanted hifigan_22k (" in text
    assert "f_max 11025.0" in text and "f_max 8000.0" in text and "melpact diff" in text
    with pytest.raises(SpecMismatch, match="scaling"):
        stats.merge(Stats(stats.spec.replace(scaling=UtteranceStandard())))
    assert stats.files == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused_with_the_file(bad: float) -> None:
    good = mel(speechlike(np.random.default_rng(7), 9))
    stats, untouched = Stats.of([good]), Stats.of([good])
    values = good.values.copy()
    values[2, 5] = bad
    with pytest.raises(ContractError, match=r"bad\.wav: .*band 2, frame 5.*got -?(nan|inf)"):
        stats.update(mel(values, audio="bad.wav"))
    assert stats == untouched


def test_nothing_counted() -> None:
    for ask in (
        Stats(spec()).mean,
        Stats(spec()).describe,
        Stats(spec()).summary,
        lambda: Stats(spec()).quantile(0.5),
    ):
        with pytest.raises(ContractError, match="update"):
            ask()
    with pytest.raises(ContractError, match="no mel"):
        Stats.of([])
    assert pickle.loads(pickle.dumps(Stats(spec()))) == Stats(spec())
    single = Stats.of([mel([[1.0]], spec(n_mels=1))])
    assert single.std() == 0.0
    with pytest.raises(ContractError, match="too few"):
        single.std(ddof=1)


def test_saving_and_loading(tmp_path) -> None:
    rng = np.random.default_rng(8)
    stats = Stats.of(mel(speechlike(rng, 200) * np.float32(10.0) ** rng.integers(-20, 20)) for _ in range(3))
    path = stats.save(tmp_path / "corpus.stats")
    again = Stats.load(path)
    assert again == stats and again.describe() == stats.describe()
    again.update(mel(speechlike(rng, 5)))
    assert again != stats
    header = read_header(path)
    assert (header.kind, header.spec) == ("stats", spec())
    total = sum(int(text, 16) for text in header.config["sums"])
    assert total / (stats.count << 149) == stats.mean()


def test_files_that_are_not_statistics(tmp_path) -> None:
    path = tmp_path / "x"
    mel(np.zeros((BANDS, 2))).save(path)
    with pytest.raises(ArtifactError, match="wanted stats"):
        Stats.load(path)
    artifact = Stats.of([mel(np.ones((BANDS, 2)))])._tally.artifact(spec())
    without = {k: v for k, v in artifact.config.items() if k != "sums"}
    wrong = {**artifact.config, "frames": 7}
    for config in (
        without,
        wrong,
        {**artifact.config, "value_bits": 9},
        {**artifact.config, "sums": ["0x1"]},
    ):
        write(path, Artifact("stats", artifact.tensors, artifact.spec, config))
        with pytest.raises(NotAnArtifact, match="not a complete statistics file"):
            Stats.load(path)


def test_describe_is_json_and_summary_is_text() -> None:
    stats = Stats.of([mel(speechlike(np.random.default_rng(9), 500))])
    told = json.loads(json.dumps(stats.describe(), allow_nan=False))
    assert told["mean"] == stats.mean() and told["unit"] == "nat" and told["bounds"] == [None, None]
    assert (
        told["quantiles"]["0.5"] == stats.quantile(0.5) and len(told["bands"]["quantiles"]["0.99"]) == BANDS
    )
    rows = dict(stats.summary())
    assert rows["files"] == "1" and rows["mean ± std"] == f"{stats.mean():.6g} ± {stats.std():.6g}"
    assert all(isinstance(cell, str) for row in stats.summary() for cell in row)


def test_a_sketch_counts_few_values_as_the_kernel_counts_many() -> None:
    x = np.concatenate([*NASTY.values()])
    few = Sketch(12)
    few.add(x)
    many = Stats.of([mel(x[None], spec(n_mels=1))])._tally.values
    np.testing.assert_array_equal(few.counts, many.counts)


def test_raw_statistics_have_no_scaling() -> None:
    scaled = Mel(np.full((80, 3), 0.25, np.float32), dialect("tacotron_20k").spec)
    stats = Stats.of([scaled.raw()])
    assert stats.spec.scaling == NoScaling() and stats.mean() == -75.0
