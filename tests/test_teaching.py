"""The diagnosis of teacher forcing: planted cases of every kind, and the borders between them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from melpact.core.errors import ContractError
from melpact.diagnose.aligning import aligning
from melpact.diagnose.attention import attention
from melpact.diagnose.teaching import Teaching, teaching
from melpact.diagnose.warping import path, thinned, warped

BANDS = 40


def mel(seed: int, frames: int | None = None) -> np.ndarray:
    """Something like a log mel: quiet ends, a slope over bands, syllables of their own, [bands, frames] in nat."""
    rng = np.random.default_rng(seed)
    frames = frames or int(rng.integers(110, 190))
    sounds = gaussian_filter(rng.normal(size=(BANDS, frames)), (3, 4))
    loud = gaussian_filter(rng.normal(size=frames), 6)
    ends = np.minimum(1, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 12)
    slope = np.linspace(0, -4, BANDS)[:, None]
    return -8 + ends * (5 + slope + 1.2 * sounds / sounds.std() + 1.0 * loud / loud.std())


TARGETS = [mel(seed) for seed in range(8)]
MEANS = np.concatenate(TARGETS, axis=1).mean(axis=1, keepdims=True)


def noise(seed: int, like: np.ndarray, smooth: float = 2.0) -> np.ndarray:
    made = gaussian_filter(np.random.default_rng([seed, 99]).normal(size=like.shape), smooth)
    return made / made.std()


def found(made: list[np.ndarray], targets: list[np.ndarray] = TARGETS, **more: object) -> Teaching:
    return teaching(list(zip(made, targets)), **more)


def with_signal(share: float, seed: int = 50) -> list[np.ndarray]:
    """Predictions that are the mean plus `share` of the movement, and as much noise as makes a line's slope 1."""
    made = []
    for i, t in enumerate(TARGETS):
        moved = t - MEANS
        made.append(MEANS + share * moved + np.sqrt(share * (1 - share)) * moved.std() * noise(seed + i, t))
    return made


def test_a_good_prediction_is_learning() -> None:
    one = found([t + 0.3 * noise(i, t) for i, t in enumerate(TARGETS)])
    assert one.verdict == "learning" and one.utterances == 8
    movement = one.reading("movement")
    moved = np.concatenate([t - MEANS for t in TARGETS], axis=1)
    assert movement.value == pytest.approx(1 - 0.09 / moved.var(), abs=0.015)
    assert movement.low < movement.value < movement.high and movement.low > movement.null
    assert one.reading("lag").value == 0
    assert json.loads(json.dumps(one.facts()))["verdict"] == "learning"


def test_a_blurred_prediction_is_learning() -> None:
    assert found([gaussian_filter(t, (2, 3)) for t in TARGETS]).verdict == "learning"


@pytest.mark.parametrize("line", [(0.5, 2.0), (3.0, 0.0), (1.0, 4.0), (0.05, -8.0), (-1.0, 0.0)])
def test_a_wrong_scale_is_scale_only(line: tuple[float, float]) -> None:
    one = found([line[0] * (t + 0.3 * noise(i, t)) + line[1] for i, t in enumerate(TARGETS)])
    assert one.verdict == "scale only" and "calibrate" in one.next
    assert one.reading("movement").value > 0.9 and one.reading("scale").value > 0.8


def test_a_scale_that_is_wrong_in_every_band_in_its_own_way_is_scale_only() -> None:
    rng = np.random.default_rng(3)
    slope, offset = rng.uniform(0.3, 3, (BANDS, 1)), rng.normal(0, 3, (BANDS, 1))
    assert found([slope * t + offset for t in TARGETS]).verdict == "scale only"


@pytest.mark.parametrize("offset", [0.0, 1.0, 30.0])
def test_what_knows_nothing_is_no_signal(offset: float) -> None:
    for made in (
        [np.broadcast_to(MEANS, t.shape) + offset for t in TARGETS],
        [np.full_like(t, -6) + offset for t in TARGETS],
        [MEANS + offset + 0.5 * noise(i + 70, t) for i, t in enumerate(TARGETS)],
        [mel(100 + i, t.shape[1]) + offset for i, t in enumerate(TARGETS)],
        [np.zeros_like(t) + offset for t in TARGETS],
    ):
        one = found(made)
        assert one.verdict == "no signal", one
        assert ("have the right means" in one.sentence) == (one.reading("bias").value < 0.05)


def test_another_utterances_target_is_no_signal() -> None:
    """Quiet ends and slope are those of all speech: more than nothing is explained, and no more than a stranger explains."""
    same = [mel(seed, 150) for seed in range(8)]
    one = found(same[1:] + same[:1], same)
    assert one.verdict == "no signal" and one.reading("movement").null > 0.02
    assert "another utterance's prediction" in one.sentence


@pytest.mark.parametrize("lag", [-7, -2, 1, 3, 10])
def test_a_moved_prediction_is_not_yet_aligned(lag: int) -> None:
    one = found([np.roll(t, lag, axis=1) + 0.2 * noise(i, t) for i, t in enumerate(TARGETS)])
    assert one.verdict == "not yet aligned" and one.reading("lag").value == lag
    assert f"{abs(lag)} frame" in one.sentence and ("late" if lag > 0 else "early") in one.sentence


def test_other_durations_are_not_yet_aligned() -> None:
    rng = np.random.default_rng(5)
    made = []
    for t in TARGETS:
        knots = np.cumsum(rng.uniform(0.2, 3.0, 9) ** 3)
        where = np.interp(np.linspace(0, 1, t.shape[1]), np.linspace(0, 1, 9), knots)
        where = (where - where[0]) / (where[-1] - where[0]) * (t.shape[1] - 1)
        made.append(t[:, where.round().astype(int)])
    one = found(made)
    assert one.verdict == "not yet aligned" and "stretched" in one.sentence
    warping = one.reading("warping")
    assert warping.low > 0 and one.reading("r warped").value > one.reading("r").value + 0.2
    assert found([np.repeat(t, 2, axis=1) for t in TARGETS]).verdict == "not yet aligned"


def test_repeating_what_was_given_is_no_knowledge() -> None:
    """A model that was given its target up to four frames before: what it repeats is late, and explains no more."""
    copied = [np.concatenate([t[:, :1].repeat(4, 1), t[:, :-4]], axis=1) for t in TARGETS]
    one = found(copied, seen_frames=4)
    assert one.verdict == "not yet aligned" and "may repeat what it was given" in one.sentence
    rough = [0.4 * (c - MEANS) + MEANS + noise(i + 20, c) for i, c in enumerate(copied)]
    assert found(rough, seen_frames=4).verdict != "learning"


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.0, "no signal"), (0.005, "no signal"), (0.06, "learning"), (0.3, "learning")]
)
def test_the_border_between_nothing_and_something(share: float, verdict: str) -> None:
    one = found(with_signal(share))
    assert one.verdict == verdict
    assert one.reading("movement").value == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize(
    ("offset", "verdict"), [(0.0, "learning"), (0.2, "learning"), (0.4, "scale only"), (3.0, "scale only")]
)
def test_the_border_between_scale_and_learning(offset: float, verdict: str) -> None:
    """Noise of .3 nat and an offset of as much: half of the error is scale."""
    one = found([t + offset + 0.3 * noise(i, t, 0.5) for i, t in enumerate(TARGETS)])
    assert one.verdict == verdict
    if offset:
        assert one.reading("scale").value == pytest.approx(offset**2 / (0.3**2 + offset**2), abs=0.1)


@pytest.mark.parametrize("size", [0.5, 0.8, 1.2])
def test_noise_is_not_a_matter_of_scale(size: float) -> None:
    """A line makes noise smaller, too."""
    one = found([t + size * noise(i, t) * t.std(axis=1, keepdims=True) for i, t in enumerate(TARGETS)])
    assert one.verdict == "learning"


@pytest.mark.parametrize(
    ("part", "verdict"), [(0.0, "learning"), (0.25, "learning"), (0.9, "not yet aligned"), (1.0, "not yet aligned")]
)
def test_the_border_between_late_and_learning(part: float, verdict: str) -> None:
    """So much of the prediction is two frames late."""
    made = [(1 - part) * t + part * np.roll(t, 2, axis=1) + 0.5 * noise(i, t, 0.5) for i, t in enumerate(TARGETS)]
    assert found(made).verdict == verdict


def test_chance_says_no_signal() -> None:
    """Of twenty runs that know nothing, next to none is taken for something."""
    said = [found([MEANS + noise(5000 + 10 * run + i, t, 3) for i, t in enumerate(TARGETS)]).verdict for run in range(20)]
    assert said.count("no signal") >= 19


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_utterances_are_cut_into_pieces(n: int) -> None:
    some = TARGETS[:n]
    assert found([t + 0.2 * noise(i, t) for i, t in enumerate(some)], some).verdict == "learning"
    assert found([0 * t + t.mean(1, keepdims=True) for t in some], some).verdict == "no signal"
    assert found([0.5 * t + 3 for t in some], some).verdict == "scale only"


def alignment(tokens: int, frames: int, sharpness: float) -> np.ndarray:
    middle = (np.arange(frames) + 0.5) / frames * tokens
    a = np.exp(-sharpness * np.abs(np.arange(tokens)[:, None] + 0.5 - middle))
    return a / a.sum(0)


def test_an_alignment_that_is_none_is_said_before_all_else() -> None:
    good = [t + 0.3 * noise(i, t) for i, t in enumerate(TARGETS)]
    rng = np.random.default_rng(1)
    assert found(good, alignments=[alignment(20, t.shape[1], 8.0) for t in TARGETS]).verdict == "learning"
    for made, word in (
        ([np.full((20, t.shape[1]), 1 / 20) for t in TARGETS], "not sharp"),
        ([alignment(20, t.shape[1], 0.3) for t in TARGETS], "not sharp"),
        ([alignment(20, t.shape[1], 9.0)[:, rng.permutation(t.shape[1])] for t in TARGETS], "goes back"),
        ([np.eye(20)[np.minimum(np.arange(t.shape[1]) // 20, 19)].T for t in TARGETS], "leaves tokens out"),
    ):
        one = found(good, alignments=made)
        assert one.verdict == "not yet aligned" and word in one.sentence, one.sentence
        assert {reading.name for reading in one.readings} >= {"sharp", "forward", "reached"}


def test_the_figures_of_an_alignment() -> None:
    one = attention([np.eye(5).repeat(3, axis=1)])
    assert (one.sharp, one.forward, one.reached) == pytest.approx((1, 1, 1)) and one.aligned
    back = attention([np.eye(4)[:, [0, 1, 0, 1, 2, 3]]])
    assert back.forward == pytest.approx(4 / 5)
    assert attention([np.full((4, 9), 0.25)]).sharp == pytest.approx(0)
    for bad in ([], [np.zeros(3)], [np.full((2, 3), -1.0)], [np.full((2, 3), np.nan)]):
        with pytest.raises(ContractError):
            attention(bad)


def test_warping_finds_the_way() -> None:
    cost = 1 - np.eye(4)[:, [0, 1, 1, 2, 3, 3]]
    rows, columns = path(cost)
    assert rows.tolist() == [0, 1, 1, 2, 3, 3] and columns.tolist() == [0, 1, 2, 3, 4, 5]
    t = mel(3, 90)
    np.testing.assert_allclose(warped(np.repeat(t, 2, axis=1), t), t, atol=1e-9)
    assert thinned(np.arange(10.0)[None], 4).tolist() == [[1.5, 6.5]]


@pytest.mark.parametrize(
    ("prediction", "target"), [((4, 9), (5, 9)), ((4, 3), (4, 3)), ((4, 9), (9,)), (None, None)]
)  # fmt: skip
def test_what_is_no_material_is_refused(prediction: tuple[int, ...] | None, target: tuple[int, ...] | None) -> None:
    with pytest.raises(ContractError):
        teaching([] if prediction is None or target is None else [(np.zeros(prediction), np.zeros(target))])
    with pytest.raises(ContractError, match="finite"):
        teaching([(np.full((4, 9), np.nan), np.zeros((4, 9)))])


def test_an_aligner_is_judged_by_its_pieces() -> None:
    rng = np.random.default_rng(0)
    lasts = [rng.choice([4, 6, 10, 20], 14) for _ in range(6)]
    mels = [np.repeat(rng.normal(size=(BANDS, 14)), n, axis=1) + 0.5 * rng.normal(size=(BANDS, n.sum())) for n in lasts]
    cheap, same = [(0.2, 0.6 + 0.01 * i) for i in range(6)], [(0.6, 0.6 + 0.01 * (-1) ** i) for i in range(6)]
    sure = [np.log(0.6)] * 6
    good = aligning(cheap, list(zip(mels, lasts)), sure)
    assert good.reading("sure").value == pytest.approx(0.6)
    assert good.verdict == "learning"
    noise_left = 0.25 / 1.25
    assert good.reading("pieces").value == pytest.approx(1 - noise_left, abs=0.06)
    assert good.reading("pieces").null < 0.6 and good.reading("own text").null == pytest.approx(0.625)
    assert good.reading("longest").null == pytest.approx(1 / 14)
    assert aligning(same, list(zip(mels, lasts)), sure).verdict == "no signal"
    unsure = aligning(cheap, list(zip(mels, lasts)), [np.log(0.2)] * 6)
    assert unsure.verdict == "not yet aligned" and "not sure" in unsure.sentence
    wrong = [rng.permutation(n) for n in lasts]
    one = aligning(cheap, list(zip(mels, wrong)), sure)
    assert one.verdict == "not yet aligned" and "in another order" in one.sentence
    swallowed = [np.array([n.sum() - 13, *np.ones(13, int)]) for n in lasts]
    assert aligning(cheap, list(zip(mels, swallowed)), sure).verdict == "not yet aligned"
    for costs, pieces in ((cheap[:1], list(zip(mels, lasts))[:1]), (cheap, list(zip(mels, lasts))[:3]),
                          (cheap, [(mels[0], lasts[0] + 1)] * 6)):  # fmt: skip
        with pytest.raises(ContractError):
            aligning(costs, pieces, sure[: len(costs)])
