"""A run in its folder: resumed bit for bit, killed at any moment, on a full disk, with other data, with another world."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.contract import artifact  # noqa: E402
from melpact.contract.dialect import dialect  # noqa: E402
from melpact.core import atomic  # noqa: E402
from melpact.core.errors import TrainingError  # noqa: E402
from melpact.train import checkpoint, journal  # noqa: E402
from melpact.train.loop import Trainer  # noqa: E402
from melpact.train.monitor import Collapse  # noqa: E402
from melpact.train.recipes import recipe  # noqa: E402
from melpact.train.room import CHECKPOINTS, RUN, Run, Unwatched, go  # noqa: E402
from train.material import Tones  # noqa: E402

STEPS = 8


def run_of(name: str = "spectral_vocoder", **changes: Any) -> Run:
    settings = {"steps": STEPS, "save_every": 1, "validate_every": 1000, "keep_last": 2, "log_every": 2, **changes}
    return Run(name, recipe(name).made(settings, base=recipe(name).debug), "tones")


class Heard(Unwatched):
    """Keeps what was said; `at` is called after every step."""

    def __init__(self, at: Callable[[Trainer], None] = lambda trainer: None) -> None:
        self.texts: list[str] = []
        self.at = at

    def said(self, text: str) -> None:
        self.texts.append(text)

    def stepped(self, trainer: Trainer, values: dict[str, float], steps_per_s: float) -> None:
        self.at(trainer)


class Stop(Exception):
    """Ends a run from outside."""


def stop_after(step: int) -> Heard:
    def at(trainer: Trainer) -> None:
        if trainer.step > step:
            raise Stop

    return Heard(at)


def last_bytes(folder: Path) -> bytes:
    found = checkpoint.kept(folder / CHECKPOINTS)[-1]
    assert found.step == STEPS
    return found.path.read_bytes()


@pytest.fixture(scope="module")
def data() -> Tones:
    return Tones()


@pytest.fixture(scope="module")
def undisturbed(data: Tones, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    torch.set_num_threads(1)
    go(run_of(), folder, data, device="cpu")
    return folder


def test_a_resumed_run_is_the_undisturbed_one_bit_for_bit(data: Tones, undisturbed: Path, tmp_path: Path) -> None:
    for step in (3, 5):
        with pytest.raises(Stop):
            go(run_of(), tmp_path, data, device="cpu", watch=stop_after(step))
    ended = go(run_of(), tmp_path, data, device="cpu")
    assert ended.step == STEPS and ended.last is not None
    assert last_bytes(tmp_path) == last_bytes(undisturbed)
    told = [(entry["step"], entry["kind"]) for entry in journal.read(tmp_path) if entry["kind"] == "losses"]
    assert told == [(2, "losses"), (4, "losses"), (6, "losses"), (8, "losses")]


def test_a_checkpoint_says_what_it_is(undisturbed: Path) -> None:
    found = checkpoint.kept(undisturbed / CHECKPOINTS)
    assert [one.step for one in found] == [STEPS - 1, STEPS]
    read = artifact.read(found[-1].path, "training")
    assert read.spec == dialect("hifigan_22k").spec
    assert read.config["recipe"] == "spectral_vocoder" and read.config["fingerprint"].startswith("tones")
    assert recipe("spectral_vocoder").read(read.config["settings"]) == run_of().settings
    assert read.config["facts"]["vocoder"]["family"] == "vocos"
    assert {name.split("/")[0] for name in read.tensors} == {"player", "average", "optimiser"}
    text = json.dumps(read.config)
    assert str(undisturbed) not in text and "time" not in text


def test_resuming_a_finished_run_changes_nothing(data: Tones, undisturbed: Path) -> None:
    before = last_bytes(undisturbed)
    assert go(run_of(), undisturbed, data, device="cpu").step == STEPS
    assert last_bytes(undisturbed) == before


def test_other_data_is_refused_with_the_reason(undisturbed: Path) -> None:
    with pytest.raises(TrainingError, match=r"not that of the checkpoint.*got fingerprint tones-1.*wanted tones-0"):
        go(run_of(), undisturbed, Tones(version=1), device="cpu")


def test_another_network_is_refused(data: Tones, undisturbed: Path) -> None:
    with pytest.raises(TrainingError, match="other players"):
        go(run_of(**{"sizes.dim": 16}), undisturbed, data, device="cpu")


def test_what_decides_the_data_cannot_be_changed_midway(undisturbed: Path) -> None:
    run = Run.load(undisturbed)
    assert run == run_of()
    assert run.changed({"steps": 99, "optimiser.lr": 1e-5}).settings.steps == 99
    with pytest.raises(TrainingError, match="batch_size: decides which data a step sees"):
        run.changed({"batch_size": 3})
    with pytest.raises(TrainingError, match=r"no setting 'step'.*Nearest: steps"):
        run.changed({"step": 3})


def test_a_torn_checkpoint_is_passed_over(data: Tones, undisturbed: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        go(run_of(), tmp_path, data, device="cpu", watch=stop_after(5))
    newest = checkpoint.kept(tmp_path / CHECKPOINTS)[-1].path
    newest.write_bytes(newest.read_bytes()[:-100])
    go(run_of(), tmp_path, data, device="cpu")
    assert last_bytes(tmp_path) == last_bytes(undisturbed)


def test_a_full_disk_leaves_the_last_checkpoint_and_says_so(
    data: Tones, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Stop):
        go(run_of(), tmp_path, data, device="cpu", watch=stop_after(4))
    good = checkpoint.kept(tmp_path / CHECKPOINTS)[-1]
    whole = good.path.read_bytes()
    flush = atomic._flush

    def full(path: Path) -> None:
        if checkpoint.SUFFIX in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(path)

    monkeypatch.setattr(atomic, "_flush", full)
    with pytest.raises(
        TrainingError, match=r"step 5 could not be written.*No space left.*step_000000004.checkpoint .* whole"
    ):
        go(run_of(), tmp_path, data, device="cpu")
    monkeypatch.undo()
    assert good.path.read_bytes() == whole
    assert not list((tmp_path / CHECKPOINTS).glob(".*"))
    go(run_of(), tmp_path, data, device="cpu")
    assert last_bytes(tmp_path) == last_bytes(undisturbed)


def test_another_world_is_said(data: Tones, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        go(run_of(), tmp_path, data, device="cpu", watch=stop_after(3))
    path = tmp_path / journal.NAME
    path.write_text(path.read_text().replace('"world":1', '"world":4'))
    heard = Heard()
    go(run_of(), tmp_path, data, device="cpu", watch=heard)
    assert "begun by 4 process(es), goes on with 1: a step is still 4 items" in " ".join(heard.texts)


def test_a_collapse_names_the_last_good_state(data: Tones, tmp_path: Path) -> None:
    with pytest.raises(Collapse, match=r"has exploded|not a number|silent") as caught:
        go(run_of(steps=60, **{"optimiser.lr": 50.0, "clip_norm": None}), tmp_path, data, device="cpu")
    good = checkpoint.kept(tmp_path / CHECKPOINTS)
    assert str(good[-1].path) in str(caught.value) if good else "nothing was saved" in str(caught.value)
    for one in good:
        read = artifact.read(one.path)
        assert all(np.isfinite(value).all() for name, value in read.tensors.items() if name.startswith("player"))


def test_the_best_checkpoint_stays(data: Tones, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    from melpact.train.runtime import runtime

    with runtime("cpu") as place:
        settings = run_of(keep_last=2, keep_best=1).settings
        trainer = Trainer(recipe("spectral_vocoder").build(settings, data), settings, place)
        for step, score in ((1, 0.5), (2, 0.1), (3, 0.7), (4, None), (5, 0.3), (6, None)):
            trainer.step = step
            checkpoint.save(folder, trainer, {}, score=score, higher=False)
    there = checkpoint.kept(folder)
    assert [one.step for one in there] == [2, 5, 6]
    best = checkpoint.best(there)
    assert best is not None and (best.step, best.score) == (2, 0.1)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not the folder of a training run"):
        Run.load(tmp_path)
    (tmp_path / RUN).write_text("{")
    with pytest.raises(TrainingError, match="not the folder of a training run"):
        Run.load(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_end_saves_the_step_it_is_in(
    data: Tones, undisturbed: Path, tmp_path: Path, number: int
) -> None:
    before = signal.getsignal(number)

    def ask(trainer: Trainer) -> None:
        if trainer.step == 3:
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        go(run_of(save_every=1000), tmp_path, data, device="cpu", watch=Heard(ask))
    assert [one.step for one in checkpoint.kept(tmp_path / CHECKPOINTS)] == [3]
    assert signal.getsignal(number) is before
    go(run_of(), tmp_path, data, device="cpu")
    assert last_bytes(tmp_path) == last_bytes(undisturbed)


# kill -9


def _child(folder: Path, data: Tones, dies_in_save: int) -> None:
    """Runs to the end, or kills itself between writing a checkpoint and renaming it."""
    torch.set_num_threads(1)
    if dies_in_save:
        rename, left = os.replace, [dies_in_save]

        def replace(a: Any, b: Any) -> None:
            if checkpoint.SUFFIX in str(b):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
            rename(a, b)

        os.replace = replace  # type: ignore[assignment]
    go(run_of(), folder, data, device="cpu")


def _start(folder: Path, data: Tones, dies_in_save: int = 0) -> Any:
    child = multiprocessing.get_context("fork").Process(target=_child, args=(folder, data, dies_in_save))
    child.start()
    return child


def _killed(folder: Path, data: Tones, times: int, seed: int) -> int:
    """Kill a run at `times` random moments, then let it finish; returns how many kills met it alive."""
    rng, met = random.Random(seed), 0
    began = time.monotonic()
    child = _start(folder.with_name(f"{folder.name}_timed"), data)
    child.join()
    takes_s = time.monotonic() - began
    child = _start(folder, data, dies_in_save=2)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert list((folder / CHECKPOINTS).glob(".*.part"))
    for _ in range(times):
        child = _start(folder, data)
        time.sleep(rng.uniform(0.05, 0.4) * takes_s)
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        met += child.exitcode == -signal.SIGKILL
    child = _start(folder, data)
    child.join()
    assert child.exitcode == 0
    return met


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.heavy)])
def test_a_run_that_is_killed_again_and_again_is_the_undisturbed_one(
    data: Tones, undisturbed: Path, tmp_path: Path, times: int
) -> None:
    assert _killed(tmp_path, data, times, seed=times)
    assert last_bytes(tmp_path) == last_bytes(undisturbed)
    assert not list((tmp_path / CHECKPOINTS).glob(".*.part"))
