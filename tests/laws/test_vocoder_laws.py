"""Laws that every family of neural vocoders obeys, on its small configuration with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.features.analysis import extract
from melpact.nn.running import Runtime
from melpact.vocoders.families import families, family
from melpact.vocoders.neural import NeuralVocoder
from melpact.vocoders.neural.vocoder import STREAM_TOLERANCE

torch = pytest.importorskip("torch")

NAMES = sorted(families())
LEAST_SNR_DB = {"bfloat16": 20.0, "float16": 38.0, "int8": 22.0}
MOST_MEL_ERROR_DB = {"bfloat16": 0.7, "float16": 0.1, "int8": 0.9}
"""Fewer bits against float32; measured per family in docs/vocoders.md."""
STILL = 0.005
"""RMS about the mean, of full scale."""
every = pytest.mark.parametrize("name", NAMES)


def spec_for(name: str) -> MelSpec:
    """A description that the small configuration fits: HiFi-GAN's with its bands and hop."""
    kind = family(name)
    sizes = kind.sizes(kind.small)
    hop = kind.hop(sizes)
    base = dialect("hifigan_22k").spec
    return base.replace_quietly(n_mels=sizes.n_mels, hop_length=hop, n_fft=max(1024, 2 * hop), win_length=max(1024, 2 * hop))


@cache
def vocoder(name: str) -> NeuralVocoder:
    return NeuralVocoder.fresh(name, family(name).small, spec_for(name), seed=3)


@cache
def lively(name: str) -> NeuralVocoder:
    """The same, or where its sound hardly moves, with larger matrices: what a constant loses to fewer bits says nothing."""
    plain = vocoder(name)
    mel, f0 = speechlike(plain.spec, 40), pitches(name, [40])

    def moves(maker: NeuralVocoder) -> float:
        return float(maker.batch([mel], f0)[0].samples.std())

    if moves(plain) > STILL:
        return plain
    for gain in np.arange(1.5, 4.0, 0.25):
        weights = {key: value * (gain if value.ndim > 1 else 1) for key, value in plain.weights.items()}
        louder = NeuralVocoder.build(name, plain.config, plain.spec, weights)
        if moves(louder) > 4 * STILL:
            return louder
    raise AssertionError(f"{name} stays still")


def speechlike(spec: MelSpec, frames: int, seed: int = 0) -> Mel:
    """A mel with the level and the movement of speech, so that activations are neither dead nor saturated."""
    rng = np.random.default_rng(seed)
    return Mel(rng.normal(-4.0, 2.0, (spec.n_mels, frames)).astype(np.float32), spec)


def pitch(frames: int, seed: int = 0) -> np.ndarray:
    """Hz per frame: a glide with an unvoiced stretch."""
    f0 = 120.0 + 80.0 * np.random.default_rng(seed).random(frames)
    f0[frames // 3 : frames // 2] = 0.0
    return f0.astype(np.float32)


def pitches(name: str, lengths: list[int]) -> list[np.ndarray] | None:
    return [pitch(n, n) for n in lengths] if "f0" in family(name).inputs else None


def sound(name: str, mel: Mel) -> np.ndarray:
    return vocoder(name).batch([mel], pitches(name, [mel.n_frames]))[0].samples[0]


def streamed(name: str, mel: Mel, block_frames: int) -> np.ndarray:
    f0 = pitches(name, [mel.n_frames])
    parts = vocoder(name).stream(mel, None if f0 is None else f0[0], block_frames=block_frames)
    return np.concatenate(list(parts))


@every
def test_names_itself(name: str) -> None:
    kind = family(name)
    assert kind.name == name
    assert kind.title and kind.paper and kind.layouts
    assert kind.inputs[0] == "mel"


@every
def test_published_sizes_are_possible(name: str) -> None:
    kind = family(name)
    for preset in kind.presets.values():
        sizes = kind.sizes(preset)
        left, right = kind.receptive_field(sizes)
        assert kind.hop(sizes) > 0 and left >= 0 and right >= 0


@every
def test_refuses_any_other_mel_by_the_name_of_the_field(name: str) -> None:
    own = spec_for(name)
    changes = {"log": "log10", "f_max": 7600.0, "floor": 1e-7, "power": 2, "mel_scale": "htk", "padding": "centre"}
    for field, value in changes.items():
        other = own.replace_quietly(**{field: value})
        mel = speechlike(other, 20)
        with pytest.raises(SpecMismatch) as told:
            vocoder(name).batch([mel], pitches(name, [20]))
        assert field in str(told.value), field


@every
def test_refuses_values_that_are_not_numbers(name: str) -> None:
    values = np.full((spec_for(name).n_mels, 12), -4.0, np.float32)
    values[3, 5] = np.nan
    with pytest.raises(ContractError):
        vocoder(name).batch([Mel(values, spec_for(name))], pitches(name, [12]))


@every
@pytest.mark.parametrize("frames", [1, 2, 33])
def test_frames_times_hop_samples_finite_and_within_full_scale(name: str, frames: int) -> None:
    spec = spec_for(name)
    made = sound(name, speechlike(spec, frames))
    assert made.shape == (frames * spec.hop_length,)
    assert np.isfinite(made).all()
    assert np.abs(made).max() <= 1.0
    extreme = Mel(np.full((spec.n_mels, 8), 30.0, np.float32), spec)
    assert np.abs(sound(name, extreme)).max() <= 1.0


@every
def test_as_many_samples_as_the_dialect_says(name: str) -> None:
    spec = spec_for(name)
    mel = speechlike(spec, 20)
    known = Mel(mel.values, spec, provenance={"n_samples": spec.samples(20) + spec.hop_length // 2})
    assert sound(name, known).size == spec.samples(20) + spec.hop_length // 2


class Together:
    """The runtime of another, in batches as on an accelerator."""

    in_batches = True

    def __init__(self, other: Runtime) -> None:
        self.name, self.other, self.sizes = other.name, other, list[int]()

    def run(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        self.sizes.append(len(inputs[0]))
        return self.other.run(inputs)


@every
def test_a_batch_sounds_as_each_alone_whatever_the_lengths(name: str) -> None:
    lengths = [57, 9, 50, 1, 57, 44]
    mels = [speechlike(spec_for(name), n, n) for n in lengths]
    runtime = Together(vocoder(name).runtime)
    together = replace(vocoder(name), runtime=runtime).batch(mels, pitches(name, lengths))
    assert max(runtime.sizes) == 4
    for mel, made in zip(mels, together, strict=True):
        alone = sound(name, mel)
        assert made.n_samples == mel.n_samples
        np.testing.assert_allclose(made.samples[0], alone, rtol=0, atol=STREAM_TOLERANCE)


@every
@pytest.mark.parametrize("block_frames", [1, 7, 64])
def test_streamed_equals_whole(name: str, block_frames: int) -> None:
    mel = speechlike(spec_for(name), 83, 5)
    np.testing.assert_allclose(streamed(name, mel, block_frames), sound(name, mel), rtol=0, atol=STREAM_TOLERANCE)


@every
def test_a_stream_holds_one_block_and_its_context_and_no_more(name: str) -> None:
    maker = vocoder(name)
    mel, f0 = speechlike(spec_for(name), 300, 6), pitches(name, [300])
    inputs = maker.takes.whole(mel, None if f0 is None else f0[0])
    flow = maker.open_stream(16)
    most = 0
    for at in range(0, 300, 4):
        flow.push([one[..., at : at + 4] for one in inputs])
        most = max(most, flow.held_frames)
    left, right = maker.receptive_field
    assert most <= left + 16 + right + 4


@every
def test_samples_depend_on_nothing_beyond_the_stated_field(name: str) -> None:
    """One frame changed: only samples within the field move; and the field is not stated far too wide."""
    spec, maker = spec_for(name), vocoder(name)
    left, right = maker.receptive_field
    at, frames = left + right + 2, 2 * (left + right) + 5
    f0 = pitches(name, [frames])
    inputs = maker.takes.whole(speechlike(spec, frames, 7), None if f0 is None else f0[0])
    changed = [np.array(one) for one in inputs]
    for kind, one in zip(maker.inputs, changed, strict=True):
        if kind in ("mel", "start"):
            one[..., at] += 3.0
    before, after = maker._net.batch([inputs, changed])
    moved = np.abs(after - before).reshape(frames, -1).max(axis=1)
    outside = np.ones(frames, bool)
    outside[at - right : at + left + 1] = False
    assert moved[outside].max() < 1e-6
    assert moved[at] > 1e-6


@every
def test_saved_and_loaded_is_identical(name: str, tmp_path: Path) -> None:
    maker = vocoder(name)
    back = NeuralVocoder.load(maker.save(tmp_path / "v.vocoder"))
    assert (back.spec, back.family, back.config, back.layout) == (maker.spec, maker.family, maker.config, maker.layout)
    assert back.fingerprint == maker.fingerprint
    mel, f0 = speechlike(spec_for(name), 25), pitches(name, [25])
    np.testing.assert_array_equal(back.batch([mel], f0)[0].samples, maker.batch([mel], f0)[0].samples)


@every
def test_every_parameter_gets_a_gradient(name: str) -> None:
    kind = family(name)
    torch.manual_seed(0)
    network = kind.network(kind.sizes(kind.small)).train()
    mel, f0 = speechlike(spec_for(name), 24), pitches(name, [24])
    inputs = [torch.from_numpy(one.copy()) for one in vocoder(name).takes.whole(mel, None if f0 is None else f0[0])]
    network(*inputs).square().sum().backward()
    dead = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0]
    assert not dead


@every
def test_a_few_steps_lower_the_error(name: str) -> None:
    kind = family(name)
    torch.manual_seed(0)
    network = kind.network(kind.sizes(kind.small)).train()
    mel, f0 = speechlike(spec_for(name), 8), pitches(name, [8])
    inputs = [torch.from_numpy(one.copy()) for one in vocoder(name).takes.whole(mel, None if f0 is None else f0[0])]
    with torch.no_grad():
        n = network(*inputs).shape[-1]
    target = 0.3 * torch.sin(torch.arange(n) * 0.05)[None]
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    errors = []
    for _ in range(25):
        optimiser.zero_grad()
        error = (network(*inputs) - target).square().mean()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert min(errors[-5:]) < 0.9 * errors[0]


@every
def test_exported_sounds_as_it_does_on_torch_at_any_length_and_streams(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from melpact.vocoders.neural.exporting import export
    from melpact.vocoders.opening import vocoder as opened

    maker = vocoder(name)
    graph = opened(export(maker, tmp_path / "v.onnx"))
    assert graph.runtime.name == "onnxruntime"
    assert (graph.spec, graph.hop_length, graph.receptive_field) == (maker.spec, maker.hop_length, maker.receptive_field)
    assert graph.n_weights == maker.n_weights
    lengths = [8, 37, 61]
    mels = [speechlike(spec_for(name), n, n) for n in lengths]
    wanted = maker.batch(mels, pitches(name, lengths))
    for got, truth in zip(graph.batch(mels, pitches(name, lengths)), wanted, strict=True):
        np.testing.assert_allclose(got.samples, truth.samples, rtol=0, atol=STREAM_TOLERANCE)
    f0 = pitches(name, lengths)
    parts = list(graph.stream(mels[2], None if f0 is None else f0[2], block_frames=16))
    np.testing.assert_allclose(np.concatenate(parts), wanted[2].samples[0], rtol=0, atol=STREAM_TOLERANCE)
    one = [speechlike(spec_for(name), 1)]
    truth = maker.batch(one, pitches(name, [1]))[0].samples
    np.testing.assert_allclose(graph.batch(one, pitches(name, [1]))[0].samples, truth, rtol=0, atol=STREAM_TOLERANCE)


@every
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8"])
def test_fewer_bits_lose_little_against_float32(name: str, dtype: str, tmp_path: Path) -> None:
    """On the shipped prompt: what is left of the signal over the error, and the error of the mel in dB."""
    from melpact.verbs.vocoder_loss import loss
    from melpact.vocoders.opening import vocoder as opened

    maker = lively(name)
    if dtype == "bfloat16":
        narrow = opened(maker.save(tmp_path / "v.vocoder"), dtype=dtype)
    else:
        pytest.importorskip("onnxruntime")
        from melpact.vocoders.neural.exporting import export

        narrow = opened(export(maker, tmp_path / "v.onnx", dtype))
        assert narrow.provenance["numbers"]["dtype"] == dtype
    found = loss(maker, narrow)
    snr_db, mel_error_db = LEAST_SNR_DB[dtype], MOST_MEL_ERROR_DB[dtype]
    assert found.snr_db > snr_db and found.mel_error_db < mel_error_db and not found.audible, found
    assert found.snr_db < 120


@every
def test_does_not_fall_silent_behind_the_last_frame(name: str) -> None:
    """Where the mel stands for more samples than its frames make, the sound goes on as if the last frame came once more."""
    maker, spec = lively(name), spec_for(name)
    n_samples = 30 * spec.hop_length + spec.hop_length // 2
    mel = extract(Audio.of(np.random.default_rng(5).normal(0, 0.1, n_samples).astype(np.float32), spec.sample_rate), spec)
    assert (mel.n_samples, mel.n_frames) == (n_samples, 30)
    longer = Mel(np.pad(mel.values, ((0, 0), (0, 1)), mode="edge"), spec)
    f0 = pitches(name, [30])
    made = maker.batch([mel], f0)[0].samples[0]
    held = maker.batch([longer], None if f0 is None else [np.pad(f0[0], (0, 1), mode="edge")])[0].samples[0]
    np.testing.assert_allclose(made, held[:n_samples], rtol=0, atol=STREAM_TOLERANCE)
    flowing = np.concatenate(list(maker.stream(mel, None if f0 is None else f0[0], block_frames=16)))
    np.testing.assert_allclose(flowing, made, rtol=0, atol=STREAM_TOLERANCE)
