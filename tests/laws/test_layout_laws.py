"""Laws that every foreign layout obeys: what it holds comes back, and what is wrong with it is told before it sounds."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from laws.checkpoints import CHECKPOINTS, Foreign, generator_in
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, ContractError, MelpactError, MissingFact
from melpact.vocoders.importers import Request, layouts
from melpact.vocoders.opening import understand, vocoder

torch = pytest.importorskip("torch")

every = pytest.mark.parametrize("name", sorted(CHECKPOINTS))
TOLERANCE = 5e-5
"""Of full scale: weights are split into gain and direction and folded again, which moves their last bit; UnivNet's gates
make 2e-5 of it, the others less than 2e-6."""


def mel_for(made: Foreign, frames: int = 19) -> tuple[Mel, list[Any]]:
    spec = made.ours.spec
    rng = np.random.default_rng(2)
    f0 = np.where(np.arange(frames) % 7 < 5, 220.0, 0.0).astype(np.float32)
    level, spread = {"ln": (-4.0, 2.0), "log10": (-2.0, 1.0), "db_amplitude": (0.0, 1.0)}[spec.log]
    values = rng.normal(level if spec.scaling.kind == "none" else 0.0, spread, (spec.n_mels, frames))
    return Mel(values.astype(np.float32), spec), ([f0] if "f0" in made.ours.inputs else [])


def keys(said: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key, in sections, too."""
    for key, value in said.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from keys(value, (*at, key))


def changed(said: dict[str, Any], at: tuple[str, ...], change: Callable[[dict[str, Any], str], None]) -> dict[str, Any]:
    found = copy.deepcopy(said)
    inner = found
    for key in at[:-1]:
        inner = inner[key]
    change(inner, at[-1])
    return found


def test_every_layout_is_held_to_these_laws(tmp_path: Path) -> None:
    assert {CHECKPOINTS[name](tmp_path / name).layout for name in CHECKPOINTS} == set(layouts())


@every
def test_one_importer_takes_it_and_it_sounds_as_it_was(tmp_path: Path, name: str) -> None:
    made = CHECKPOINTS[name](tmp_path)
    takers = [key for key, one in layouts().items() if one.recognises(Request(made.opened))]
    assert takers == [made.layout]
    got = vocoder(made.opened, **made.named)
    assert (got.spec, got.family, got.config) == (made.ours.spec, made.ours.family, made.ours.config)
    mel, pitch = mel_for(made)
    heard = got.batch([mel], pitch or None)[0].samples[0]
    wanted = made.ours.batch([mel], pitch or None)[0].samples[0]
    assert np.abs(wanted).max() > 0.01
    assert np.abs(heard - wanted).max() <= TOLERANCE


@every
def test_an_unknown_key_is_named_in_every_section_that_is_read(tmp_path: Path, name: str) -> None:
    made = CHECKPOINTS[name](tmp_path)
    said = made.said()
    made.say({**said, "surprise": 1})
    with pytest.raises(ContractError, match="surprise=1"):
        understand(made.opened, **made.named)
    assert understand(made.opened, **made.named, ignore=["surprise"]).spec == made.ours.spec
    sections = {"audio", "gen", "generator_params", "generator_model_params", "preprocessor", "generator"} & set(said)
    for section in sorted(sections):
        made.say({**said, section: {**said[section], "surprise": 1}})
        with pytest.raises(ContractError, match="surprise=1"):
            understand(made.opened, **made.named)


@pytest.fixture()
def weights_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of configurations for one file of weights: it is read once."""
    from melpact.nn import checkpoint_file

    read, kept = checkpoint_file.read_tree, {}

    def read_once(path: Any, data: bytes | None = None) -> Any:
        if path not in kept:
            kept[path] = read(path, data)
        return copy.deepcopy(kept[path])

    monkeypatch.setattr(checkpoint_file, "read_tree", read_once)


@every
@pytest.mark.usefixtures("weights_read_once")
def test_without_any_of_its_keys_it_is_the_same_vocoder_or_a_question(tmp_path: Path, name: str) -> None:
    """Or a default of the program it comes from, which is said."""
    made = CHECKPOINTS[name](tmp_path)
    said = made.said()
    asked = 0
    for at in keys(said):
        made.say(changed(said, at, lambda inner, key: inner.pop(key)))
        try:
            found = understand(made.opened, **made.named)
        except (MissingFact, ContractError, ArtifactError) as error:
            asked += 1
            text = str(error)
            told = at[-1] in text or "melpact knows" in text or "meaning is not known" in text
            assert isinstance(error, MissingFact) or told, (at, text)
        else:
            same = (found.spec, dict(found.config)) == (made.ours.spec, dict(made.ours.config))
            assert same or any(at[-1] in note for note in found.notes), at
    assert asked >= 3


IMPOSSIBLE = (None, "x", -1, [], {})


@every
@pytest.mark.usefixtures("weights_read_once")
@pytest.mark.parametrize("turn", [0, *(pytest.param(n, marks=pytest.mark.heavy) for n in range(1, len(IMPOSSIBLE)))])
def test_a_value_that_cannot_be_is_told_and_nothing_else_breaks(tmp_path: Path, name: str, turn: int) -> None:
    """Whatever stands at a key: a vocoder, or an error of ours; no other error. Each turn tries another value per key."""
    made = CHECKPOINTS[name](tmp_path)
    said = made.said()
    for number, at in enumerate(keys(said)):
        value = IMPOSSIBLE[(number + turn) % len(IMPOSSIBLE)]
        made.say(changed(said, at, lambda inner, key, value=value: inner.__setitem__(key, value)))  # type: ignore[misc]
        try:
            understand(made.opened, **made.named)
        except MelpactError as error:
            assert str(error)
        except Exception as error:
            raise AssertionError(f"{'.'.join(at)} = {value!r}: {error!r}") from error


@every
def test_a_hop_that_is_not_the_networks_is_told(tmp_path: Path, name: str) -> None:
    made = CHECKPOINTS[name](tmp_path)
    said = made.said()
    hops = [at for at in keys(said) if at[-1] in ("hop_size", "hop_length", "n_window_stride")]
    for at in hops:
        made.say(changed(said, at, lambda inner, key: inner.__setitem__(key, 128)))
        with pytest.raises(ContractError, match=r"samples per frame|hop_length"):
            understand(made.opened, **made.named)


@every
def test_a_dialect_that_contradicts_its_files_is_refused_by_field(tmp_path: Path, name: str) -> None:
    made = CHECKPOINTS[name](tmp_path)
    other = "hifigan_22k" if made.ours.spec.sample_rate == 16000 else "audioldm2_16k"
    with pytest.raises(ContractError, match=r"own files say another (sample_rate|n_mels|hop_length)"):
        understand(made.opened, dialect=other)


@every
@pytest.mark.parametrize("share", [0.0, 0.002, 0.6, 0.97])
def test_cut_short_it_is_told(tmp_path: Path, name: str, share: float) -> None:
    made = CHECKPOINTS[name](tmp_path)
    whole = made.weights.read_bytes()
    made.weights.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactError) as told:
        understand(made.opened, **made.named)
    assert str(made.weights) in str(told.value)


@every
def test_missing_surplus_and_halved_tensors_and_another_architecture(tmp_path: Path, name: str) -> None:
    made = CHECKPOINTS[name](tmp_path)
    tree = made.tree()
    prefix = {"coqui": "model_g.", "nemo": "generator."}.get(made.layout, "")

    def refused(change: Callable[[dict[str, Any]], None], says: str) -> None:
        other = copy.deepcopy(tree)
        change(generator_in(other))
        made.hold(other)
        with pytest.raises(ContractError, match=says):
            vocoder(made.opened, **made.named)

    def bias(part: dict[str, Any]) -> str:
        return next(key for key in part if key.startswith(prefix) and key.endswith(".bias"))

    refused(lambda part: part.pop(bias(part)), "1 missing")
    refused(lambda part: part.update({f"{prefix}cond.weight": torch.zeros(3)}), r"1 surplus \(cond.weight\)")
    refused(lambda part: part.update({bias(part): torch.full_like(part[bias(part)], np.nan)}), "not numbers")
    refused(lambda part: part.update({bias(part): torch.zeros(1234)}), r"1234.*wanted")
    halves = [key for key in generator_in(tree) if key.endswith(("weight_g", "original0"))]
    if halves:
        refused(lambda part: part.pop(halves[0]), "one half is missing")

    def another(part: dict[str, Any]) -> None:
        part.clear()
        part.update({f"{prefix}decoder.{i}.weight": torch.zeros(3) for i in range(400)})

    refused(another, "another architecture|no generator")


class _Bomb:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@every
def test_code_in_it_is_refused_before_it_runs(tmp_path: Path, name: str) -> None:
    made = CHECKPOINTS[name](tmp_path / "there")
    fired = tmp_path / "fired"
    if made.weights.suffix != ".safetensors":
        made.hold({**made.tree(), "bomb": _Bomb(fired)})
        with pytest.raises(ArtifactError, match=r"mkdir.*refused before anything ran"):
            vocoder(made.opened, **made.named)
    if made.config.suffix in (".yml", ".yaml"):
        with made.config.open("a") as file:
            file.write(f"\nsurprise: !!python/object/apply:os.mkdir ['{fired}']\n")
        with pytest.raises(ArtifactError, match=r"not plain YAML.*os\.mkdir"):
            vocoder(made.opened, **made.named)
    assert not fired.exists()
