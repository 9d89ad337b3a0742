"""Laws that every refiner obeys: those of the folder with small random networks, and those that ship."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import melpact.models.refine as home
from laws.refiners import RECEPTIVE_FIELD, SPEC, Together, network, refiner, speechlike
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import UtteranceStandard
from melpact.core.errors import ArtifactError, ContractError, SpecMismatch
from melpact.models.refine.base import STREAM_TOLERANCE, Refiner
from melpact.models.refine.facts import METHODS
from melpact.models.refine.graph import export
from melpact.models.refine.neural import NeuralRefiner
from melpact.models.refine.opening import refiner as opened
from melpact.models.refine.settings import Refining
from melpact.models.refine.shipped import NAMES, shipped

torch = pytest.importorskip("torch")

BOUND = [*METHODS, *NAMES]
"""Those that are for one description."""
every = pytest.mark.parametrize("name", ["identity", *BOUND])
bound = pytest.mark.parametrize("name", BOUND)
neural = pytest.mark.parametrize("name", ["cnn", "diffusion", *NAMES])


def made(name: str) -> Refiner:
    return opened(name) if name in NAMES else refiner(name)


def mel_for(name: str, frames: int, seed: int = 0) -> Mel:
    spec = made(name).spec or SPEC
    return speechlike(frames, seed, spec)


def close(a: np.ndarray, b: np.ndarray) -> None:
    """Within the tolerance, in standard deviations of about 1.5 nat."""
    np.testing.assert_allclose(a, b, rtol=0, atol=1.5 * STREAM_TOLERANCE)


def test_every_refiner_of_the_folder_is_held_to_these_laws() -> None:
    found = set()
    for module in pkgutil.iter_modules(home.__path__, f"{home.__name__}."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, Refiner) and not inspect.isabstract(kind):
                found.add(kind.method)
    assert found == {"identity", *METHODS}


@every
@pytest.mark.parametrize("frames", [1, 2, 33, 300])
def test_the_description_and_the_length_stay(name: str, frames: int) -> None:
    mel = mel_for(name, frames)
    again = made(name)(replace(mel, provenance={"n_samples": 17, "audio": "a.wav"}))
    assert again.spec == mel.spec and again.values.shape == mel.values.shape
    assert again.values.dtype == np.float32 and np.isfinite(again.values).all()
    assert dict(again.provenance) == {"n_samples": 17, "audio": "a.wav"}
    assert (name == "identity") == np.array_equal(again.values, mel.values)


@every
def test_strength_0_gives_the_input_bit_for_bit(name: str) -> None:
    mel = mel_for(name, 40)
    extreme = Mel(np.full_like(mel.values, 30.0), mel.spec)
    for one in (mel, extreme):
        assert np.array_equal(made(name)(one, Refining(strength=0.0)).values, one.values)
        parts = list(made(name).stream(one, Refining(strength=0.0), block_frames=16))
        assert np.array_equal(np.concatenate(parts, axis=1), one.values)


def test_the_null_changes_nothing_in_any_description() -> None:
    for spec in (SPEC, dialect("tacotron2_22k").spec, dialect("whisper_16k_80").spec):
        values = np.random.default_rng(0).normal(-40.0, 90.0, (spec.n_mels, 9)).astype(np.float32)
        mel = Mel(values, spec)
        assert np.array_equal(refiner("identity")(mel).values, values)


@bound
def test_no_value_lies_below_the_floor_or_above_the_ceiling(name: str) -> None:
    one = made(name)
    assert one.facts is not None and one.spec is not None
    lowest, highest = np.float32(one.spec.floor_value), one.facts.statistics.ceiling[:, None]
    rng = np.random.default_rng(4)
    for values in (
        rng.normal(-4.0, 30.0, (one.spec.n_mels, 64)), np.full((one.spec.n_mels, 20), 30.0),
        np.full((one.spec.n_mels, 20), -30.0),
    ):  # fmt: skip
        raw = one(Mel(values.astype(np.float32), one.spec)).raw().values
        assert (raw >= lowest).all() and (raw <= highest).all()
    assert (highest > lowest).all()


@every
@pytest.mark.parametrize("block_frames", [1, 16, 100, 1000])
def test_in_windows_as_in_the_whole(name: str, block_frames: int) -> None:
    frames = 30 if block_frames == 1 else 300
    mel, asked = mel_for(name, frames, 5), Refining(steps=2, seed=7)
    parts = list(made(name).stream(mel, asked, block_frames=block_frames))
    assert [part.shape[1] for part in parts[:-1]] == [block_frames] * (len(parts) - 1)
    close(np.concatenate(parts, axis=1), made(name)(mel, asked).values)


@pytest.mark.parametrize("asked", [
    Refining(steps=1, strength=1.0), Refining(steps=8, strength=0.7, guidance=2.0), Refining(steps=3, solver="heun"),
    Refining(steps=32, strength=0.2), Refining(guidance=0.0, strength=0.9),
])  # fmt: skip
def test_the_windows_of_every_way_to_draw_equal_the_whole(asked: Refining) -> None:
    mel, one = speechlike(300, 6), refiner("diffusion")
    parts = list(one.stream(mel, asked, block_frames=100))
    close(np.concatenate(parts, axis=1), one(mel, asked).values)


@neural
def test_a_frame_depends_on_what_is_stated_and_on_no_more(name: str) -> None:
    """One frame changed: what lies beyond the field keeps its bits, and the field is not stated too wide."""
    if name in NAMES:
        pytest.skip("its last layers may be too small to move the edge")
    one, asked, at = made(name), Refining(steps=2), 200
    mel = mel_for(name, 400, 8)
    values = mel.values.copy()
    values[:, at] += 3.0
    moved = np.abs(one(mel, asked).values - one(Mel(values, mel.spec), asked).values).max(axis=0)
    left, right = one.sees(asked)
    assert left == RECEPTIVE_FIELD[0] * (2 if one.method == "diffusion" else 1) and right == left
    reached = np.flatnonzero(moved)
    assert reached.min() >= at - right and reached.max() <= at + left
    assert at - reached.min() > right // 2 and reached.max() - at > left // 2


@every
def test_a_seed_fixes_the_bits_and_another_draws_another_mel(name: str) -> None:
    mel, one = mel_for(name, 50), made(name)
    first, again, other = (one(mel, Refining(seed=seed)).values for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert (one.method == "diffusion") != np.array_equal(first, other)


@bound
def test_refuses_any_other_mel_by_the_name_of_the_field(name: str) -> None:
    own = made(name).spec
    assert own is not None
    changes = {"log": "log10", "f_max": 7600.0, "floor": 1e-7, "power": 2, "mel_scale": "htk", "padding": "centre"}
    for field, value in changes.items():
        mel = speechlike(20, 0, own.replace_quietly(**{field: value}))
        for ask in (made(name), lambda mel: next(made(name).stream(mel))):
            with pytest.raises(SpecMismatch) as told:
                ask(mel)
            assert field in str(told.value), field


@every
def test_refuses_what_is_no_mel_to_refine(name: str) -> None:
    one, mel = made(name), mel_for(name, 12)
    values = mel.values.copy()
    values[3, 5] = np.nan
    with pytest.raises(ContractError, match="band 3, frame 5"):
        one(Mel(values, mel.spec))
    values[3, 5] = np.inf
    with pytest.raises(ContractError, match="1 NaN or infinite"):
        one(Mel(values, mel.spec))
    with pytest.raises(ContractError, match="no frames"):
        one(Mel(mel.values[:, :0], mel.spec))
    with pytest.raises(ContractError, match="one mel at a time"):
        one(Mel(mel.values[None], mel.spec))
    with pytest.raises(ContractError, match="block_frames"):
        next(one.stream(mel, block_frames=0))
    with pytest.raises(ContractError, match="takes no pitch"):
        one(mel, f0_hz=np.full(12, 200.0, np.float32))
    with pytest.raises(ContractError, match="takes no voice"):
        one(mel, voice=np.zeros(4, np.float32))


@pytest.mark.parametrize("name", ["affine", "cnn", "diffusion"])
def test_ten_minutes_in_pieces(name: str) -> None:
    """More frames than one computation holds: still the windows' mel, and no computation of all of them."""
    frames = 10 * 60 * SPEC.sample_rate // SPEC.hop_length
    mel, one = speechlike(frames, 9), made(name)
    asked = Refining(steps=1)
    if isinstance(one, NeuralRefiner):
        runtime = Together(one.runtime, in_batches=False)
        one = replace(one, runtime=runtime)
    whole = one(mel, asked).values
    assert whole.shape == mel.values.shape
    if isinstance(one, NeuralRefiner):
        assert max(runtime.frames) <= 2048 + sum(RECEPTIVE_FIELD)
    parts = list(islice(one.stream(mel, asked, block_frames=3000), 2))
    close(np.concatenate(parts, axis=1), whole[:, :6000])


@neural
def test_a_batch_refines_as_each_alone_whatever_the_lengths(name: str) -> None:
    lengths, asked = [57, 9, 50, 1, 57, 44], Refining(steps=2)
    one = made(name)
    assert isinstance(one, NeuralRefiner)
    mels = [mel_for(name, n, n) for n in lengths]
    runtime = Together(one.runtime)
    for mel, got in zip(mels, replace(one, runtime=runtime).batch(mels, asked), strict=True):
        close(got.values, one(mel, asked).values)
    assert max(runtime.batches) == 4


@pytest.mark.parametrize("name", ["cnn", "diffusion"])
def test_one_pass_is_what_its_formula_says(name: str) -> None:
    """In torch, from the weights and the statistics: normalised, asked, restored, held within floor and ceiling."""
    from melpact.models.refine.noise import noise
    from melpact.nn.refiners.mel_refiner import MelRefiner, MelRefinerConfig

    one, mel, strength = refiner(name), speechlike(30, 2), 0.25
    assert isinstance(one, NeuralRefiner)
    net = MelRefiner(MelRefinerConfig(**one.facts.sizes))
    net.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in one.weights.items()})
    mean, std, _, ceiling = (torch.from_numpy(np.array(x))[:, None] for x in one.facts.statistics.tensors().values())
    given = (torch.from_numpy(np.array(mel.values)) - mean) / std
    drawn = torch.from_numpy(noise(5, 0, 30, 80))
    with torch.no_grad():
        if name == "cnn":
            clean = given + strength * net(torch.zeros(1, 80, 30), given[None], torch.zeros(1))[0]
        else:
            begin = strength * drawn + (1 - strength) * given
            clean = given + net(begin[None], given[None], torch.full((1,), 1 - strength))[0]
    wanted = (clean * std + mean).clamp(min=SPEC.floor_value).minimum(ceiling).numpy()
    close(one(mel, Refining(steps=1, strength=strength, seed=5)).values, wanted)


@pytest.mark.parametrize("name", METHODS)
def test_the_file_holds_all_of_it(name: str, tmp_path: Path) -> None:
    one, mel = refiner(name), speechlike(40)
    assert one.facts is not None
    path = one.save(tmp_path / "a.refiner")  # type: ignore[attr-defined]
    again = opened(path)
    assert type(again) is type(one) and again.fingerprint == one.fingerprint and again.facts is not None
    assert again.facts.config() == one.facts.config() and again.facts.provenance == one.facts.provenance
    assert np.array_equal(again(mel).values, one(mel).values)
    assert opened(one.save(tmp_path / "b.refiner")).fingerprint == one.fingerprint  # type: ignore[attr-defined]
    assert (tmp_path / "a.refiner").read_bytes() == (tmp_path / "b.refiner").read_bytes()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 40])
    with pytest.raises(ArtifactError):
        opened(path)


@pytest.mark.parametrize("name", ["cnn", "diffusion"])
def test_the_graph_without_torch_is_the_network(name: str, tmp_path: Path) -> None:
    one = refiner(name)
    assert isinstance(one, NeuralRefiner) and one.facts is not None
    graph = opened(export(one, tmp_path / "a.onnx"))
    assert graph.fingerprint == one.fingerprint and graph.facts is not None and graph.title == one.title
    assert graph.facts.config() == one.facts.config()
    for kept, own in zip(graph.facts.statistics.tensors().values(), one.facts.statistics.tensors().values(), strict=True):
        assert np.array_equal(kept, own)
    for frames in (1, 40, 333):
        mel, asked = speechlike(frames, frames), Refining(steps=3, guidance=1.5)
        close(graph(mel, asked).values, one(mel, asked).values)
    with pytest.raises(ContractError, match="no weights"):
        graph.save(tmp_path / "b.refiner")  # type: ignore[attr-defined]


def test_half_the_room_for_the_weights_is_heard_by_nobody(tmp_path: Path) -> None:
    one, mel = network("cnn", width=96), speechlike(60)
    sizes = []
    for half in (False, True):
        graph = export(one, tmp_path / f"{half}.onnx", half=half)
        file = one.save(tmp_path / f"{half}.refiner", half=half)
        sizes.append((graph.stat().st_size, file.stat().st_size))
        for path in (graph, file):
            assert np.abs(opened(path)(mel).values - one(mel).values).max() < 0.02
    assert sizes[1][0] < 0.75 * sizes[0][0] and sizes[1][1] < 0.75 * sizes[0][1]


@pytest.mark.parametrize("name", ["cnn", "diffusion"])
def test_a_scaled_description_is_refined_before_its_scaling(name: str) -> None:
    """The same network for a dialect that scales: undone, refined, scaled again, the utterance's own statistics kept."""
    plain, mel = refiner(name), speechlike(60, 3)
    from melpact.normalise.fitting import apply

    scaled, _ = apply(mel, UtteranceStandard())
    other = network(name, spec=scaled.spec)
    made_of_it = other(scaled)
    assert made_of_it.spec == scaled.spec and made_of_it.utterance.keys() == scaled.utterance.keys()
    np.testing.assert_allclose(made_of_it.raw().values, plain(mel).values, rtol=0, atol=2e-3)
    parts = np.concatenate(list(other.stream(scaled, block_frames=16)), axis=1)
    close(parts, made_of_it.values)


def test_a_pitch_and_a_voice_are_asked_for_and_change_the_mel(tmp_path: Path) -> None:
    one, mel = network("diffusion", f0=True, voice_size=3), speechlike(40)
    graph = opened(export(one, tmp_path / "a.onnx"))
    f0 = np.where(np.arange(40) < 10, 0.0, 220.0).astype(np.float32)
    voice = np.array([1.0, -1.0, 0.5], np.float32)
    first = one(mel, f0_hz=f0, voice=voice).values
    close(graph(mel, f0_hz=f0, voice=voice).values, first)
    close(np.concatenate(list(one.stream(mel, f0_hz=f0, voice=voice, block_frames=16)), axis=1), first)
    assert np.abs(one(mel, f0_hz=2 * f0, voice=voice).values - first).max() > 1e-3
    assert np.abs(one(mel, f0_hz=f0, voice=-voice).values - first).max() > 1e-3
    with pytest.raises(ContractError, match="takes a pitch"):
        one(mel, voice=voice)
    with pytest.raises(ContractError, match="takes a voice"):
        one(mel, f0_hz=f0)
    with pytest.raises(ContractError, match="does not fit"):
        one(mel, f0_hz=f0[:-1], voice=voice)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_refiner_is_small_and_says_what_it_is(name: str) -> None:
    for suffix in (".onnx", ".refiner"):
        assert shipped(name, suffix).stat().st_size <= 8_400_000
    assert shipped(name, ".md").read_text(encoding="utf-8").strip()
    one = opened(name)
    assert one.measured.rows and one.facts is not None and one.facts.degradations
    assert one.fingerprint == opened(shipped(name, ".refiner")).fingerprint
