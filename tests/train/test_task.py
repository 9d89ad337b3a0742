"""A task is names that fit together; the loop's arithmetic against what is written out by hand in float64."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from melpact.contract import artifact  # noqa: E402
from melpact.core.errors import ContractError, TrainingError  # noqa: E402
from melpact.train import checkpoint  # noqa: E402
from melpact.train.ema import Average  # noqa: E402
from melpact.train.feed import Feed  # noqa: E402
from melpact.train.loop import Trainer, train  # noqa: E402
from melpact.train.monitor import Collapse  # noqa: E402
from melpact.train.runtime import Runtime  # noqa: E402
from melpact.train.schedule import learning_rate  # noqa: E402
from melpact.train.settings import Optimiser, Training  # noqa: E402
from melpact.train.task import Limit, Step, Task  # noqa: E402

CPU = Runtime(torch.device("cpu"))
PLAIN = Optimiser(lr=0.1, betas=(0.9, 0.99), weight_decay=0.02, schedule="constant", eps=1e-6)


class Points:
    """Items x = f(seed, step, item), y = 3 x - 1."""

    def __init__(self, batch: int = 8, seed: int = 0) -> None:
        self.batch, self.seed, self.fingerprint = batch, seed, f"points-{batch}-{seed}"

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, Any]:
        x = np.random.default_rng([self.seed, step]).standard_normal((self.batch, 1), np.float32)
        each = self.batch // world
        mine = x[rank * each : (rank + 1) * each]
        return {"x": mine, "y": 3 * mine - 1}


def fitting(batch: Mapping[str, Tensor], player: nn.Module) -> dict[str, Tensor]:
    return {"square": (player(batch["x"]) - batch["y"]).square().mean()}


def task(batch: int = 8, **changes: Any) -> Task:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        line = nn.Linear(1, 1)
    turn = Step("fit", ("line",), lambda b, g: fitting(b, line), {"square": 2.0})
    facts = {"players": {"line": line}, "turns": (turn,), "source": Points(batch), "optimisers": {"line": PLAIN},
             "averaged": ("line",)}  # fmt: skip
    return Task(**{**facts, **changes})


def run(made: Task, **settings: Any) -> Trainer:
    training = Training(**{"steps": 5, "batch_size": made.source.batch, "best_by": "mel_mae", **settings})
    trainer = Trainer(made, training, CPU)
    with Feed(made.source, 0, 1, training.accumulate, 0, training.steps) as feed:
        train(trainer, feed)
    return trainer


def by_hand(steps: int, clip: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """AdamW on 2 · mean (w x + b - y)² in float64, and the running average of the weights."""
    line = task().players["line"]
    p = np.array([line.weight.item(), line.bias.item()])
    m, v, average = np.zeros(2), np.zeros(2), p.copy()
    for step in range(steps):
        batch = Points().batch_at(step, rank=0, world=1)
        x, y = batch["x"].astype(float).ravel(), batch["y"].astype(float).ravel()
        away = p[0] * x + p[1] - y
        g = 2 * np.array([np.mean(2 * away * x), np.mean(2 * away)])
        if clip is not None:
            g *= min(1.0, clip / np.linalg.norm(g))
        p = p * (1 - 0.1 * 0.02)
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        p = p - 0.1 * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.99 ** (step + 1))) + 1e-6)
        keep = min(0.999, (1 + step) / (10 + step))
        average = keep * average + (1 - keep) * p
    return p, average


def weights(player: nn.Module) -> np.ndarray:
    return np.array([float(p.detach()) for p in player.parameters()])


@pytest.mark.parametrize("clip", [None, 0.5])
def test_steps_clipping_and_average_are_those_written_by_hand(clip: float | None) -> None:
    trainer = run(task(), clip_norm=clip)
    p, average = by_hand(5, clip)
    np.testing.assert_allclose(weights(trainer.task.players["line"]), p, rtol=2e-5)
    got = [float(value) for value in trainer.average.values["line"].values()]
    np.testing.assert_allclose(got, average, rtol=2e-5)


def test_parts_of_a_batch_are_the_batch() -> None:
    told: list[list[dict[str, float]]] = []
    for accumulate in (1, 4):
        made = task(8)
        trainer = Trainer(made, Training(steps=3, batch_size=8, accumulate=accumulate), CPU)
        with Feed(made.source, 0, 1, accumulate, 0, 3) as feed:
            told.append([trainer.advance(feed.take()) for _ in range(3)])
    for whole, parts in zip(*told):
        assert whole.keys() == parts.keys() == {"fit/square", "fit/total", "fit/norm line"}
        for name, value in whole.items():
            assert parts[name] == pytest.approx(value, rel=1e-5), name


def test_average_is_put_in_and_taken_out_to_the_bit() -> None:
    trainer = run(task())
    player = trainer.task.players["line"]
    before, averaged = weights(player), [float(v) for v in trainer.average.values["line"].values()]
    assert player.training
    with trainer.average.applied():
        assert weights(player).tolist() == averaged and not player.training
    assert weights(player).tolist() == before.tolist() and player.training
    assert [float(v) for v in trainer.average.values["line"].values()] == averaged


def test_average_starts_with_a_short_memory() -> None:
    line = nn.Linear(1, 1, bias=False)
    average = Average({"line": line}, 0.5)
    with torch.no_grad():
        line.weight.fill_(7.0)
    average.update(0)
    start = average.values["line"]["weight"].item()
    average.update(1000)
    assert average.values["line"]["weight"].item() == pytest.approx((start + 7) / 2)


def test_turns_begin_and_end() -> None:
    seen: list[tuple[str, int]] = []
    line = nn.Linear(1, 1)
    made: list[Trainer] = []

    def losses(name: str) -> Any:
        def of(batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
            seen.append((name, made[0].step))
            return fitting(batch, line)

        return of

    turns = (
        Step("early", ("line",), losses("early"), {"square": 1.0}, ends=2),
        Step("late", ("line",), losses("late"), {"square": 1.0}, begins=1),
    )
    trainer = Trainer(task(players={"line": line}, turns=turns), Training(steps=3, batch_size=8), CPU)
    made.append(trainer)
    with Feed(trainer.task.source, 0, 1, 1, 0, 3) as feed:
        train(trainer, feed)
    assert seen == [("early", 0), ("early", 1), ("late", 1), ("late", 2)]


def test_only_the_players_of_a_turn_move_and_only_they_get_gradients() -> None:
    one, two = nn.Linear(1, 1), nn.Linear(1, 1)
    frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    one.register_parameter("frozen", frozen)
    before = weights(two)
    turn = Step("one", ("one",), lambda b, g: {"square": (two(one(b["x"])) - b["y"]).square().mean()}, {"square": 1.0})
    trainer = run(task(players={"one": one, "two": two}, turns=(turn,), optimisers={"one": PLAIN}, averaged=("one",)))
    assert weights(two).tolist() == before.tolist()
    assert all(p.grad is None for p in two.parameters())
    assert frozen.item() == 1.0 and not frozen.requires_grad
    assert set(trainer.optimisers) == {"one"}


def test_randomness_follows_from_step_turn_and_part() -> None:
    drawn: list[list[float]] = []

    def losses(batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        drawn.append([torch.rand(1, generator=generator).item(), torch.rand(1).item()])
        return fitting(batch, line)

    line = nn.Linear(1, 1)
    turn = Step("fit", ("line",), losses, {"square": 1.0})
    run(task(players={"line": line}, turns=(turn,)), steps=3, accumulate=2)
    first = [list(pair) for pair in drawn]
    drawn.clear()
    torch.manual_seed(99)
    run(task(players={"line": line}, turns=(turn,)), steps=3, accumulate=2)
    assert drawn == first
    assert len({tuple(pair) for pair in drawn}) == 6


@pytest.mark.parametrize(
    ("weights", "words"),
    [({}, "no weight for square"), ({"square": 1.0, "other": 1.0}, "no loss other")],
)
def test_losses_and_weights_have_the_same_names(weights: dict[str, float], words: str) -> None:
    turn = Step("fit", ("line",), lambda b, g: {}, weights)
    with pytest.raises(ContractError, match=words):
        turn.weighed({"square": torch.zeros(())})


def test_a_loss_of_weight_zero_is_watched_and_does_not_count() -> None:
    turn = Step("fit", ("line",), lambda b, g: {}, {"a": 2.0, "b": 0.0})
    assert turn.weighed({"a": torch.tensor(3.0), "b": torch.tensor(float("nan"))}).item() == 6.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"turns": ()}, "has turns"),
        ({"optimisers": {}}, "without an optimiser"),
        ({"averaged": ("nobody",)}, "averages players that it does not have; got nobody"),
        ({"limits": (Limit("fit/other", "x"),)}, "a limit of a value that no turn has"),
        ({"turns": (Step("fit", ("line",), lambda b, g: {}, {"square": 0.0}),)}, "updates nobody"),
        ({"turns": (Step("fit", ("line",), lambda b, g: {}, {"total": 1.0}),)}, "would hide their sum"),
    ],
)
def test_names_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        task(**changes)


def test_a_player_that_no_loss_reaches_is_named() -> None:
    other = nn.Linear(1, 1)
    turn = Step("fit", ("line",), lambda b, g: fitting(b, other), {"square": 1.0})
    with pytest.raises(ContractError, match="'fit' do not depend on its players"):
        run(task(turns=(turn,), players={"line": nn.Linear(1, 1), "other": other}))


def test_schedules_by_step() -> None:
    warm = Optimiser(lr=1.0, warmup_steps=4, schedule="cosine", last=0.1)
    assert [learning_rate(warm, step, 14) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert learning_rate(warm, 4, 14) == 1.0
    assert learning_rate(warm, 13, 14) == pytest.approx(0.1)
    assert learning_rate(warm, 4 + 9 // 3, 14) == pytest.approx(0.1 + 0.9 * 0.75)  # a third of the way: (1 + cos 60°) / 2
    fall = Optimiser(lr=1.0, schedule="exponential", decay=0.5, decay_every=10)
    assert [learning_rate(fall, step, 100) for step in (0, 9, 10, 35)] == [1.0, 1.0, 0.5, 0.125]


def test_a_feed_gives_every_step_in_order_and_names_a_bad_batch() -> None:
    with Feed(Points(), 1, 2, 2, 3, 6, threads=3, ahead=5) as feed:
        for step in (3, 4, 5):
            parts = feed.take()
            assert [part.number for part in parts] == [2, 3] and [part.share for part in parts] == [1.0, 1.0]
            want = Points().batch_at(step, rank=1, world=2)["x"]
            np.testing.assert_array_equal(np.concatenate([part.arrays["x"] for part in parts]), want)
    with pytest.raises(TrainingError, match="fewer items than the parts"):
        Feed(Points(2), 0, 1, 3, 0, 1)

    class Uneven(Points):
        def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, Any]:
            return {"x": np.zeros((2, 1)), "y": np.zeros((3, 1))}

    with Feed(Uneven(), 0, 1, 1, 0, 1) as feed, pytest.raises(TrainingError, match="empty or uneven"):
        feed.take()


def test_bfloat16_learns_the_same_line() -> None:
    place = Runtime(torch.device("cpu"), precision="bfloat16")
    made = task()
    trainer = Trainer(made, Training(steps=60, batch_size=8, best_by="mel_mae"), place)
    kinds: set[torch.dtype] = set()
    made.players["line"].register_forward_hook(lambda module, given, out: kinds.add(out.dtype))
    with Feed(made.source, 0, 1, 1, 0, 60) as feed:
        train(trainer, feed)
    assert kinds == {torch.bfloat16}
    assert next(made.players["line"].parameters()).dtype == torch.float32
    np.testing.assert_allclose(weights(made.players["line"]), [3, -1], atol=0.3)


def test_frozen_statistics_lie_in_the_checkpoint_and_bind_it(tmp_path: Path) -> None:
    mean = np.array([0.1, -2.5])
    trainer = run(task(statistics={"mean": mean}))
    path = checkpoint.save(tmp_path, trainer, {}, score=None, higher=True)
    np.testing.assert_array_equal(artifact.read(path).tensors["statistics/mean"], mean)
    again = Trainer(task(statistics={"mean": mean}), trainer.training, CPU)
    checkpoint.restore(path, again)
    assert again.step == 5 and weights(again.task.players["line"]).tolist() == weights(trainer.task.players["line"]).tolist()
    for other in ({"mean": mean + 1}, {}, {"mean": mean, "std": mean}):
        with pytest.raises(TrainingError, match="statistics"):
            checkpoint.restore(path, Trainer(task(statistics=other), trainer.training, CPU))


# the collapse monitor


def test_nan_ends_the_run_before_the_players_move() -> None:
    line = nn.Linear(1, 1)
    before = weights(line)
    turn = Step("fit", ("line",), lambda b, g: {"square": fitting(b, line)["square"] * float("nan")}, {"square": 1.0})
    with pytest.raises(Collapse, match=r"step 0: fit/square is not a number any more"):
        run(task(players={"line": line}, turns=(turn,)))
    assert weights(line).tolist() == before.tolist()


def test_an_explosion_ends_the_run_and_a_single_outlier_does_not() -> None:
    line, at = nn.Linear(1, 1), iter(range(100))

    def losses(bad: range) -> Any:
        def of(batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
            return {"square": fitting(batch, line)["square"] * (1e6 if next(at) in bad else 1.0)}

        return of

    run(task(players={"line": line}, turns=(Step("fit", ("line",), losses(range(8, 10)), {"square": 1.0}),)), steps=12)
    at = iter(range(100))
    with pytest.raises(Collapse, match=r"step 10: fit/total has exploded"):
        run(task(players={"line": line}, turns=(Step("fit", ("line",), losses(range(8, 20)), {"square": 1.0}),)), steps=12)


def test_a_value_outside_its_limit_for_too_long_ends_the_run() -> None:
    limit = Limit("fit/square", "nothing is left to learn", high=1e-9, patience=3)
    with pytest.raises(Collapse, match=r"step 2: .*for 3 steps: nothing is left to learn.*at most 1e-09"):
        run(task(limits=(limit,)))


def test_nothing_is_saved_while_the_monitor_is_alarmed() -> None:
    limit = Limit("fit/square", "x", high=1e-9, patience=100)
    made = task(limits=(limit,))
    trainer = Trainer(made, Training(steps=4, batch_size=8, save_every=1, best_by="mel_mae"), CPU)
    saved: list[int] = []
    with Feed(made.source, 0, 1, 1, 0, 4) as feed:
        train(trainer, feed, save=lambda score: saved.append(trainer.step))
    assert saved == []
