"""A grid of mels, normalisers, storage, filters and vocoders: how it is written, and one sound through one of its settings.

What is done with the sounds is in `melpact.verbs.ablate`, the arithmetic of the table in `factorial`.
"""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.factorial import Setting
from melpact.bench.suites import named
from melpact.contract.dialect import as_spec
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.features.analysis import extract
from melpact.normalise.fitting import fit, kinds
from melpact.normalise.stats import Stats

_METRICS = ("pesq_wb", "stoi", "mel_mae", "log_spectral_distance", "f0_rmse", "snr")
_TABLES = ("mel", "normaliser", "store", "filter", "vocoder")
_NORMALISERS = {"z_score": "standardise", "z_score_bands": "standardise_bands"}
STORES = ("float32", "float16", "uint8")
FILTERS = ("none", "median3")
VOCODERS = ("griffin_lim_best", "griffin_lim_fast", "true_phase")


@dataclass(frozen=True)
class Grid:
    """A grid as it is read: the base description, and levels per factor as text (`values` are their meaning)."""

    audio: tuple[str, ...]
    clips: int | None
    seconds: float | None
    base: MelSpec
    factors: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[Any, ...]]
    metrics: tuple[str, ...]
    seed: int

    def meaning(self, setting: Setting) -> dict[str, Any]:
        """Factor → its value."""
        return {name: self.values[name][self.factors[name].index(level)] for name, level in zip(self.factors, setting)}


def read_grid(grid: str | Path | Mapping[str, Any]) -> Grid:
    """A grid from a TOML file or a mapping of the same shape.

    Tables: `[data]` audio (files and folders), clips, seconds; `[mel]` base (a dialect) and any field of the description as
    a value or a list; `normaliser`, `store`, `filter` and `vocoder` as a value or a list at the top; `[bench]` metrics,
    seed.

    Raises:
        MelpactError: an unknown key, factor or value; the known ones are named.
    """
    if isinstance(grid, Mapping):
        tree, where = dict(grid), "grid"
    else:
        where = str(grid)
        try:
            tree = tomllib.loads(Path(grid).read_text("utf-8"))
        except OSError as error:
            raise MelpactError("the grid cannot be read", where=where, got=error.strerror) from error
        except ValueError as error:
            raise MelpactError("is not TOML", where=where, got=str(error)) from error
    _known(tree, ("data", "bench", *_TABLES), where)
    data, bench, mel = dict(tree.get("data", {})), dict(tree.get("bench", {})), dict(tree.get("mel", {}))
    _known(data, ("audio", "clips", "seconds"), f"{where} [data]")
    _known(bench, ("metrics", "seed"), f"{where} [bench]")
    base = as_spec(mel.pop("base", "hifigan_22k"))
    _known(mel, tuple(type(base).model_fields), f"{where} [mel]")
    values: dict[str, tuple[Any, ...]] = {name: _listed(given) for name, given in mel.items()}
    allowed: dict[str, Sequence[str]] = {
        "normaliser": (*kinds(), *_NORMALISERS),
        "store": STORES,
        "filter": FILTERS,
        "vocoder": VOCODERS,
    }
    for name, choices in allowed.items():
        levels = _listed(tree.get(name, choices[0] if name != "normaliser" else "none"))
        for level in levels:
            if level not in choices:
                raise MelpactError(f"there is no such {name}", where=where, got=repr(level), wanted=", ".join(choices))
        values[name] = levels
    values = {name: levels for name, levels in values.items() if len(levels) > 1 or name in ("vocoder",) or name in mel}
    audio = tuple(str(one) for one in _listed(data.get("audio", ())))
    chosen = named(_listed(bench.get("metrics", _METRICS)))
    return Grid(
        audio,
        data.get("clips"),
        data.get("seconds"),
        base,
        {name: tuple(_level(level) for level in levels) for name, levels in values.items()},
        values,
        chosen,
        int(bench.get("seed", 0)),
    )


def _listed(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _level(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _known(table: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    surplus = [name for name in table if name not in names]
    if surplus:
        raise MelpactError(f"there is no {surplus[0]!r}", where=where, wanted=f"one of {', '.join(names)}")


def specs_of(grid: Grid) -> tuple[dict[Setting, MelSpec], dict[Setting, str]]:
    """Setting → its description before normalisation, and why some cannot exist."""
    specs: dict[Setting, MelSpec] = {}
    impossible: dict[Setting, str] = {}
    fields = set(type(grid.base).model_fields)
    for setting in product(*grid.factors.values()):
        changes = {name: value for name, value in grid.meaning(setting).items() if name in fields}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                specs[setting] = _changed(grid.base, changes)
        except (MelpactError, ValueError) as error:
            impossible[setting] = str(error).splitlines()[0]
    return specs, impossible


def _changed(base: MelSpec, changes: dict[str, Any]) -> MelSpec:
    """The description with changes; a new FFT or window size takes the other along where only one is a factor."""
    if "n_fft" in changes and "win_length" not in changes:
        changes = {**changes, "win_length": round(base.win_length * changes["n_fft"] / base.n_fft)}
    return base.replace(**changes)


def normaliser_key(setting: Setting, grid: Grid) -> tuple[str, str]:
    """What a fitted normaliser depends on: the description and its kind."""
    meaning = grid.meaning(setting)
    spec = _changed(grid.base, {k: v for k, v in meaning.items() if k in set(type(grid.base).model_fields)})
    return spec.fingerprint, str(meaning.get("normaliser", "none"))


def scalings_of(grid: Grid, files: Sequence[Path], specs: Mapping[Setting, MelSpec]) -> dict[tuple[str, str], Any]:
    """The corpus normalisers that the grid asks for, fitted to its own sounds; keys from `normaliser_key`."""
    from melpact.audio.files import read

    wanted = {normaliser_key(setting, grid): spec for setting, spec in specs.items()}
    wanted = {key: spec for key, spec in wanted.items() if key[1] != "none"}
    stats: dict[str, Stats] = {}
    for key, spec in wanted.items():
        if key[0] not in stats:
            raw = (extract(read(path, duration_s=grid.seconds), spec) for path in files)
            stats[key[0]] = Stats.of(raw)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few sounds are too little for a corpus, but all there is here
        for key in wanted:
            kind = _NORMALISERS.get(key[1], key[1])
            options: dict[str, Any] = {}
            if kind == "window":
                options = {"low": stats[key[0]].min(), "high": stats[key[0]].max()}
            found[key] = fit(stats[key[0]], kind, **options)
    return found


def sound_of(audio: Audio, spec: MelSpec, scaling: Any, meaning: Mapping[str, Any], seed: int) -> Audio:
    """One sound through one setting: mel, normaliser, storage, back, filter, vocoder."""
    from melpact.vocoders.griffin_lim.true_phase import with_true_phase
    from melpact.vocoders.griffin_lim.vocoder import invert

    mel = extract(audio, spec)
    scaled = scaling.apply(mel.values) if scaling is not None else mel.values
    scaled = _stored(np.asarray(scaled, np.float32), meaning.get("store", "float32"))
    values = scaling.undo(scaled) if scaling is not None else scaled
    if meaning.get("filter", "none") == "median3":
        from scipy.ndimage import median_filter

        values = median_filter(values, size=(3, 3), mode="nearest")
    mel = Mel(np.ascontiguousarray(values, dtype=np.float32), spec, mel.utterance)
    vocoder = meaning.get("vocoder", VOCODERS[0])
    if vocoder == "true_phase":
        return Audio(with_true_phase(audio, mel)[None], audio.sample_rate)
    return invert(mel, effort="best" if vocoder.endswith("best") else "fast", seed=seed)


def _stored(values: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """What a file format keeps of values; uint8 spreads 256 steps over the file's own range."""
    if kind == "float16":
        return values.astype(np.float16).astype(np.float32)
    if kind == "uint8":
        low, high = float(values.min()), float(values.max())
        step = (high - low) / 255 or 1.0
        return (np.round((values - low) / step) * step + low).astype(np.float32)
    return values


