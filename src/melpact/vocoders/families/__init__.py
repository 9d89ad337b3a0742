"""Families of neural vocoders: one module each, ending in `PLUGIN = Family(...)`; the folder is the registry.

A family names its record of sizes and its network in `melpact.nn.generators` by text, so that listing them needs no torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from melpact.core.errors import ContractError
from melpact.core.plugins import plugins


@dataclass(frozen=True)
class Family:
    """What a family is and where its code lives.

    Args:
        name: the module's name here and in `melpact.nn.generators`.
        title: the name people use.
        paper: authors, year, title.
        config: class name of the record of sizes in the generator's module.
        generator: class name of the network there.
        layouts: names of the published layouts of its weights, as `published_names(config, layout)` knows them.
        small: a complete configuration that builds in milliseconds; the laws run on it. `n_mels` is one of its fields.
        presets: published configurations by name, complete.
        inputs: what `forward` takes, in order; the first is the mel [B, n_mels, T], others are [B, T] at the frame rate
            ("f0": Hz, 0 where unvoiced; "phase": cycles of f0 since the beginning, modulo 1, at each frame's start;
            "noise": standard normal numbers [B, noise_channels, T]; "start": the spectrum of the mel's inversion,
            [B, 2 * bins, T], as `melpact.vocoders.griffin_lim.estimate` gives it).
        notes: what a user should know, a sentence each.
    """

    name: str
    title: str
    paper: str
    config: str
    generator: str
    layouts: tuple[str, ...]
    small: Mapping[str, Any]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: tuple[str, ...] = ("mel",)
    notes: tuple[str, ...] = ()

    def module(self) -> Any:
        """The generator's module (imports torch)."""
        return importlib.import_module(f"melpact.nn.generators.{self.name}")

    def sizes(self, values: Mapping[str, Any]) -> Any:
        """The family's record of sizes.

        Raises:
            ContractError: a field is missing, unknown or impossible.
        """
        try:
            return getattr(self.module(), self.config)(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "config"
            message = str(first["msg"]).removeprefix("Value error, ")
            raise ContractError(f"no {self.title} has these sizes: {message}", where=where) from None

    def network(self, sizes: Any) -> Any:
        """The network, with fresh random weights (a `torch.nn.Module` in training mode)."""
        return getattr(self.module(), self.generator)(sizes)

    def hop(self, sizes: Any) -> int:
        """Samples per frame."""
        return int(self.module().hop(sizes))

    def receptive_field(self, sizes: Any) -> tuple[int, int]:
        """Frames to the left and right that the samples of a frame depend on."""
        left, right = self.module().receptive_field(sizes)
        return int(left), int(right)

    def noise_channels(self, sizes: Any) -> int:
        """Standard normal numbers per frame that the network takes; 0 where "noise" is not among its inputs."""
        return int(self.module().noise_channels(sizes)) if "noise" in self.inputs else 0

    def published_names(self, sizes: Any, layout: str) -> dict[str, str]:
        """Names of modules or tensors in a published layout → ours."""
        return dict(self.module().published_names(sizes, layout))


def families() -> Mapping[str, Family]:
    """Every family by name."""
    return plugins(__name__)


def family(name: str) -> Family:
    """The family of that name.

    Raises:
        ContractError: there is none.
    """
    known = families()
    if name not in known:
        raise ContractError(f"there is no family of vocoders {name!r}", wanted=f"one of {', '.join(known)}")
    return known[name]
