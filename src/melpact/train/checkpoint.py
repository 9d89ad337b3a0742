"""Checkpoints: a trainer's whole state as one artifact of kind "training", which keeps of them, and the way back.

A file is written beside its place and renamed, so that a process that is killed leaves the last one whole. It holds no time
and no path: a resumed run writes the same bytes as an undisturbed one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from melpact.contract import artifact
from melpact.core.errors import ArtifactError, MelpactError, TrainingError
from melpact.train.loop import Trainer

KIND, SUFFIX = "training", ".checkpoint"
_NAME = re.compile(r"step_(\d{9})\.checkpoint")
_PLAYER, _AVERAGE, _OPTIMISER, _STATISTICS = "player", "average", "optimiser", "statistics"


@dataclass(frozen=True)
class Kept:
    """A checkpoint on the disk, by its header.

    Attributes:
        score: of its validation, where there was one; `higher`: whether a higher one is better.
    """

    path: Path
    step: int
    score: float | None
    higher: bool


def save(folder: Path, trainer: Trainer, about: Mapping[str, Any], *, score: float | None, higher: bool) -> Path:
    """Write the state after `trainer.step` steps, then drop what is neither among the last nor among the best.

    Args:
        folder: of the run's checkpoints.
        about: what else it has to say (recipe): plain JSON values.
        score, higher: of the validation at this step, and whether higher is better.

    Raises:
        TrainingError: it could not be written; the checkpoints before it are untouched.
    """
    task, training = trainer.task, trainer.training
    said = {
        **about, "step": trainer.step, "score": score, "higher": higher, "monitor": trainer.monitor.facts(),
        "facts": dict(task.facts), "fingerprint": task.source.fingerprint, "settings": training.model_dump(mode="json"),
    }  # fmt: skip
    path = folder / f"step_{trainer.step:09d}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        artifact.write(path, artifact.Artifact(KIND, _tensors(trainer), task.spec, said))
    except (ArtifactError, OSError) as error:
        before = kept(folder)
        stands = f"{before[-1].path} (step {before[-1].step}) is whole" if before else "there is none before it"
        raise TrainingError(
            f"the checkpoint of step {trainer.step} could not be written: {getattr(error, 'what', None) or error}",
            where=path,
            next=f"{stands}. Free some space, then: melpact train resume {folder.parent}",
        ) from error
    _tidy(folder, training.keep_last, training.keep_best)
    return path


def restore(path: str | Path, trainer: Trainer) -> Mapping[str, Any]:
    """Bring a fresh trainer of the same task into the state of a checkpoint; returns what the file says beside it.

    Raises:
        ArtifactError: no whole checkpoint. TrainingError: one of another task.
    """
    found = artifact.read(path, KIND)
    _fits(found, trainer, path)
    for name, player in trainer.task.players.items():
        player.load_state_dict(_under(found.tensors, _PLAYER, name))
    for name, values in trainer.average.values.items():
        read = _under(found.tensors, _AVERAGE, name)
        for key, value in values.items():
            value.copy_(read[key].reshape(value.shape))
    for name, optimiser in trainer.optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        read = _under(found.tensors, _OPTIMISER, name)
        for index, key in enumerate(trainer.trainable[name]):
            slots = {slot: read[f"{key}/{slot}"] for slot in ("step", "exp_avg", "exp_avg_sq") if f"{key}/{slot}" in read}
            if slots:
                state[index] = slots
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    trainer.step = int(found.config["step"])
    trainer.monitor.recall(found.config["monitor"])
    return found.config


def kept(folder: Path) -> list[Kept]:
    """The whole checkpoints of a folder by step; files that are cut short or of another kind are passed over."""
    found = []
    for path in sorted(folder.glob(f"step_*{SUFFIX}")) if folder.is_dir() else []:
        if not _NAME.fullmatch(path.name):
            continue
        try:
            header = artifact.read_header(path)
            said = header.config
            if header.kind == KIND:
                found.append(Kept(path, int(said["step"]), said["score"], bool(said["higher"])))
        except (MelpactError, KeyError, TypeError, ValueError):
            continue
    return sorted(found, key=lambda one: one.step)


def best(found: list[Kept]) -> Kept | None:
    """The best scored one; the earlier of equals."""
    scored = [one for one in found if one.score is not None]
    return max(scored, key=_worth) if scored else None


def _worth(one: Kept) -> tuple[float, int]:
    score = one.score or 0.0
    return (score if one.higher else -score), -one.step


def _tidy(folder: Path, keep_last: int, keep_best: int) -> None:
    found = kept(folder)
    scored = sorted((one for one in found if one.score is not None), key=_worth, reverse=True)
    stay = {one.path for one in (*found[-keep_last:], *scored[:keep_best])}
    for one in found:
        if one.path not in stay:
            one.path.unlink(missing_ok=True)
    for left in folder.glob(f".step_*{SUFFIX}.*.part"):
        left.unlink(missing_ok=True)


def _tensors(trainer: Trainer) -> dict[str, NDArray[Any]]:
    named: dict[str, Tensor] = {}
    for name, player in trainer.task.players.items():
        named |= {f"{_PLAYER}/{name}/{key}": value for key, value in player.state_dict().items()}
    for name, values in trainer.average.values.items():
        named |= {f"{_AVERAGE}/{name}/{key}": value for key, value in values.items()}
    for name, optimiser in trainer.optimisers.items():
        for key, parameter in trainer.trainable[name].items():
            slots = optimiser.state.get(parameter, {})
            named |= {f"{_OPTIMISER}/{name}/{key}/{slot}": torch.as_tensor(value) for slot, value in slots.items()}
    arrays: dict[str, NDArray[Any]] = {name: value.detach().cpu().numpy() for name, value in named.items()}
    return arrays | {f"{_STATISTICS}/{name}": np.asarray(value) for name, value in trainer.task.statistics.items()}


def _under(tensors: Mapping[str, NDArray[Any]], *parts: str) -> dict[str, Tensor]:
    """The tensors below a prefix, by the rest of their names."""
    prefix = "/".join(parts) + "/"
    return {
        name[len(prefix) :]: torch.from_numpy(np.array(value)) for name, value in tensors.items() if name.startswith(prefix)
    }


def _number(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape, that of one number in either way of writing it."""
    return () if shape == (1,) else shape


def _fits(found: artifact.Artifact, trainer: Trainer, path: str | Path) -> None:
    task = trainer.task
    frozen = _under(found.tensors, _STATISTICS)
    if frozen.keys() != task.statistics.keys() or any(
        not np.array_equal(frozen[name].numpy(), value) for name, value in task.statistics.items()
    ):
        raise TrainingError(
            "the statistics that the checkpoint was trained with are others than the data's now",
            where=path,
            got=", ".join(task.statistics) or "none",
            wanted=", ".join(frozen) or "none",
        )
    if found.spec != task.spec:
        change = "" if found.spec is None or task.spec is None else found.spec.diff(task.spec).summary()
        raise TrainingError("the checkpoint is of another mel", where=path, got=change or None)
    wanted = {f"{_PLAYER}/{name}/{key}": tuple(value.shape) for name, player in task.players.items()
              for key, value in player.state_dict().items()}  # fmt: skip
    there = {name: value.shape for name, value in found.tensors.items() if name.startswith(f"{_PLAYER}/")}
    if {name: _number(shape) for name, shape in wanted.items()} != {name: _number(shape) for name, shape in there.items()}:
        odd = [name for name in {**wanted, **there} if wanted.get(name) != there.get(name)]
        raise TrainingError(
            "the checkpoint is of other players than the recipe builds",
            where=path,
            got=f"{len(odd)} tensors that differ: {', '.join(odd[:3])}",
            next="Resume with the recipe and the sizes that it was begun with",
        )
