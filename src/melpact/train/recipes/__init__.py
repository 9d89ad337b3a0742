"""Recipes: one module each, ending in `PLUGIN = Recipe(...)`; the folder is the registry.

A recipe is a record of settings, a typed function that builds the `Task` from it and the data, and a debug twin: the same
on a small scale, which learns within seconds on a CPU.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from melpact.core.errors import TrainingError
from melpact.core.plugins import plugins
from melpact.train.settings import Training

if TYPE_CHECKING:
    from melpact.train.task import Data, Task


Trained = Literal["vocoder", "refiner", "content", "converter", "codec", "vae", "aligner", "speech"]


@dataclass(frozen=True)
class Recipe:
    """What is trained and how.

    Args:
        title: one line.
        settings: the record of everything that can be set; its defaults are the recipe.
        build: settings and data → the task. The same settings and data give the same task, weights included.
        debug: settings of the debug twin.
        source: paper, or what it was measured by.
        trains: what comes out.
    """

    title: str
    settings: type[Training]
    build: Callable[[Any, Data], Task]
    debug: Training
    source: str
    trains: Trained = "vocoder"

    def made(self, changes: Mapping[str, Any], *, base: Training | None = None) -> Training:
        """The recipe's settings, or those of `base`, with some of them changed; "optimiser.lr" is a field within a field.

        Raises:
            TrainingError: no such setting, or an impossible value.
        """
        values = (base or self.settings()).model_dump(mode="json")
        for name, value in changes.items():
            _put(values, name.split("."), value, name)
        return self.read(values)

    def read(self, values: Mapping[str, Any]) -> Training:
        """Settings from plain JSON values; the inverse of `model_dump(mode="json")`.

        Raises:
            TrainingError: no such setting, or an impossible value.
        """
        try:
            return self.settings(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "settings"
            if first["type"] == "extra_forbidden":
                near = difflib.get_close_matches(where, list(self.settings.model_fields), n=2, cutoff=0.5)
                raise TrainingError(
                    f"there is no setting {where!r}",
                    next=f"Nearest: {', '.join(near)}" if near else "melpact train recipes NAME lists them",
                ) from None
            raise TrainingError(
                str(first["msg"]).removeprefix("Value error, "),
                where=where,
                got=repr(first["input"])[:60],
                next="melpact train recipes NAME lists the settings",
            ) from None


def recipes() -> Mapping[str, Recipe]:
    """Every recipe by name."""
    return plugins(__name__)


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        TrainingError: there is none.
    """
    known = recipes()
    if name not in known:
        raise TrainingError(f"there is no recipe {name!r}", wanted=f"one of {', '.join(known)}")
    return known[name]


def _put(values: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    """Set a value deep inside."""
    *folders, last = path
    for folder in folders:
        inner = values.get(folder)
        if not isinstance(inner, dict):
            raise TrainingError("there is no such setting", where=name, next="melpact train recipes NAME lists them")
        values = inner
    values[last] = value
