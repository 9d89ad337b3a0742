"""What refiners are trained with: the network, batches of damaged mels, pairs of a user's own, the path of the diffusion."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.contract.dialect import dialect  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.core.errors import MelpactError, TrainingError  # noqa: E402
from melpact.nn.refiners.mel_refiner import MelRefiner, MelRefinerConfig, receptive_field  # noqa: E402
from melpact.train.degraded import Degraded, Mixture  # noqa: E402
from melpact.train.pairs import Pairs  # noqa: E402
from melpact.train.recipes import recipe  # noqa: E402
from melpact.train.recipes._refining import KINDS, unscaled  # noqa: E402
from train.material import Tones  # noqa: E402

SPEC = dialect("hifigan_22k").spec
SMALL = MelRefinerConfig(n_mels=12, width=16, blocks=2, features=3, local_blocks=1, mixed=2)


def awake(config: MelRefinerConfig) -> MelRefiner:
    """A network whose last layer is not zero."""
    torch.manual_seed(0)
    network = MelRefiner(config).eval()
    torch.nn.init.normal_(network.out.weight)
    return network


def test_the_default_network_is_small_and_begins_by_leaving_the_mel_alone() -> None:
    network = MelRefiner(MelRefinerConfig(n_mels=80))
    assert sum(p.numel() for p in network.parameters()) <= 2_000_000
    x, cond = torch.randn(2, 3, 80, 20)[:2]
    assert torch.equal(network(x, cond, torch.rand(3)), torch.zeros(3, 80, 20))


@pytest.mark.parametrize(
    "config",
    [SMALL, MelRefinerConfig(n_mels=12, width=16, blocks=1, features=3, local_blocks=0), MelRefinerConfig(n_mels=20)],
)
def test_the_receptive_field_is_exact(config: MelRefinerConfig) -> None:
    network, (left, right) = awake(config), receptive_field(config)
    given = torch.randn(1, config.n_mels, 101, requires_grad=True)
    network(given, given, torch.zeros(1))[0, :, 50].sum().backward()
    assert given.grad is not None
    seen = given.grad.abs().sum((0, 1)).nonzero()
    assert (50 - int(seen.min()), int(seen.max()) - 50) == (left, right)


def test_every_input_matters_and_no_item_minds_another() -> None:
    network = awake(MelRefinerConfig(**{**SMALL.model_dump(), "f0": True, "voice_size": 5}))
    given = {"x": torch.randn(2, 12, 9), "cond": torch.randn(2, 12, 9), "level": torch.rand(2),
             "f0": torch.randn(2, 2, 9), "voice": torch.randn(2, 5)}  # fmt: skip
    whole = network(**given)
    for name, value in given.items():
        changed = network(**{**given, name: torch.cat([value[:1], value[1:] + 0.3])})
        assert torch.allclose(changed[0], whole[0], atol=1e-5), name
        assert (changed[1] - whole[1]).abs().max() > 1e-4, name


def test_a_batch_of_damaged_mels_is_a_function_of_the_step_and_its_parts_make_it_up() -> None:
    made = source(clean=0.3)
    one = made.batch_at(3, rank=0, world=1)
    again = source(clean=0.3).batch_at(3, rank=0, world=1)
    parts = [made.batch_at(3, rank=rank, world=2) for rank in range(2)]
    for name in ("mel", "given"):
        np.testing.assert_array_equal(one[name], again[name])
        np.testing.assert_array_equal(one[name], np.concatenate([part[name] for part in parts]))
    assert one["given"].dtype == np.float32 and one["given"].shape == one["mel"].shape
    assert (one["given"] >= np.float32(SPEC.floor_value)).all()
    assert source(clean=0.2).fingerprint != made.fingerprint == source(clean=0.3).fingerprint


def test_clean_items_are_left_alone_and_as_many_as_asked_for() -> None:
    made = source(clean=0.3, batch=16)
    same = [np.array_equal(a, b) for step in range(25) for a, b in zip(*both(made, step), strict=True)]
    assert 0.3 - 0.07 < np.mean(same) < 0.3 + 0.07  # 400 items: one standard deviation is 0.023
    assert all(np.array_equal(*both(source(clean=1.0), step)) for step in range(3))


def test_kinds_come_as_often_as_their_chances_say_and_with_doses_between_their_own() -> None:
    named = [{"name": "noise", "low": 10, "high": 20, "chance": 3.0}, {"name": "time_blur"}]
    mixture, rng = Mixture.of(named, clean=0.0, twice=0.5), np.random.default_rng(0)
    drawn = [mixture.drawn(rng) for _ in range(2000)]
    assert {len(one) for one in drawn} == {1, 2} and abs(np.mean([len(one) == 2 for one in drawn]) - 0.5) < 0.05
    first = Counter(one[0][0].name for one in drawn if len(one) == 1)
    assert abs(first["noise"] / first.total() - 0.75) < 0.05
    assert all(len({kind.name for kind, _ in one}) == len(one) for one in drawn)
    doses = [dose for one in drawn for kind, dose in one if kind.name == "noise"]
    assert 10 <= min(doses) < 10.2 and 19.8 < max(doses) <= 20
    assert Mixture.of(named[1:], clean=0, twice=0.5).kinds[0].low > 0  # the degradation's own mild dose


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ([], "nothing to learn"),
        ([{"name": "no_such"}], "no such degradation"),
        ([{"name": "noise", "strength": 3}], "says no kind of damage"),
        ([{"name": "noise", "low": 20, "high": 10}], "from low to high"),
        ([{"name": "quantised", "low": 0}], "no such dose"),
    ],
)
def test_what_is_no_damage_is_refused(named: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(MelpactError, match=words):
        Mixture.of(named, clean=0, twice=0)


def test_the_recipes_damage_is_known_and_leaves_the_level_alone() -> None:
    kinds = Mixture.of(KINDS, clean=0, twice=0).kinds
    assert len(kinds) == len(KINDS) >= 9 and "wrong_gain" not in {kind.name for kind in kinds}


def test_pairs_of_a_user_are_mixed_in_frame_by_frame(tmp_path: Path) -> None:
    folders = [tmp_path / "predicted", tmp_path / "true"]
    rng = np.random.default_rng(0)
    for name in "ab":
        true = np.cumsum(rng.standard_normal((80, 60)), axis=1).astype(np.float32) * 0.3 - 5
        for folder, values in zip(folders, (true + np.float32(0.5), true), strict=True):
            folder.mkdir(exist_ok=True)
            Mel(values, SPEC).save(folder / f"{name}.mel")
    made = Pairs(source(clean=0.5, batch=16), *folders, SPEC, 16, 0.4, 0)
    found = [made.batch_at(step, rank=0, world=1) for step in range(25)]
    theirs = [np.allclose(g - m, 0.5, atol=1e-5) for one in found for g, m in zip(one["given"], one["mel"], strict=True)]
    assert abs(np.mean(theirs) - 0.4) < 0.08
    halves = [made.batch_at(2, rank=rank, world=2)["given"] for rank in range(2)]
    np.testing.assert_array_equal(np.concatenate(halves), found[2]["given"])
    assert made.fingerprint != made.source.fingerprint
    with pytest.raises(TrainingError, match="another description"):
        Pairs(source(), *folders, dialect("tacotron2_22k").spec, 16, 0.4, 0)


def test_the_noise_of_a_path_is_what_its_level_says() -> None:
    one = recipe("refiner_diffusion")
    settings = one.made({"clean_ratio": 1.0, "batch_size": 40, "untold_ratio": 0.25}, base=one.debug)
    task = one.build(settings, Tones())
    batch = {name: torch.from_numpy(value) for name, value in task.source.batch_at(0, rank=0, world=1).items()}
    asked: list[tuple[Any, Any, Any]] = []

    def answer(x: Any, cond: Any, level: Any) -> Any:
        asked.append((x, cond, level))
        return torch.zeros_like(x, requires_grad=True) + 0

    task.players["refiner"].forward = answer
    task.turns[0].losses(batch, torch.Generator().manual_seed(0))
    (x, cond, level), mean, std = asked[0], task.statistics["stats.mean"], task.statistics["stats.std"]
    clean = (batch["mel"].numpy() - mean[:, None]) / std[:, None]
    t = level.numpy()[:, None, None]
    noise = ((x.numpy() - t * clean) / (1 - t)).reshape(40, -1)  # where nothing is damaged every path is that of the paper
    assert np.abs(noise.std(axis=1) - 1).max() < 0.12 and np.abs(noise.mean(axis=1)).max() < 0.12
    untold = np.abs(cond.numpy()).max(axis=(1, 2)) == 0
    assert 3 <= untold.sum() <= 18
    np.testing.assert_allclose(cond.numpy()[~untold], clean[~untold], atol=1e-5)
    assert level.min() == 0 and level.max() < 1


def test_statistics_and_damage_look_at_the_mel_before_its_scaling() -> None:
    assert unscaled(SPEC) == SPEC
    assert unscaled(dialect("tacotron2_22k").spec).scaling.needs() == ()


def source(clean: float = 0.1, batch: int = 4) -> Degraded:
    crops = Tones().crops(SPEC, frames=16, batch=batch, seed=0)
    return Degraded(crops, SPEC, Mixture.of(({"name": "noise"}, {"name": "quantised"}), clean=clean, twice=0.2), 0)


def both(made: Degraded, step: int) -> tuple[Any, Any]:
    found = made.batch_at(step, rank=0, world=1)
    return found["mel"], found["given"]
