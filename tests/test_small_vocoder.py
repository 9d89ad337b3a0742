"""The small vocoder's parts: the inversion it starts from, block by block; its network; the losses it is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.features.analysis import extract, to_rate
from melpact.vocoders.griffin_lim import blocks
from melpact.vocoders.griffin_lim.estimate import Estimate, estimate
from melpact.vocoders.neural.inputs import Inputs

torch = pytest.importorskip("torch")

from melpact.nn.blocks.inverse_stft import InverseSTFT  # noqa: E402
from melpact.nn.generators.melpact_small import MelpactSmall, MelpactSmallConfig  # noqa: E402
from melpact.nn.losses.loudness import LoudnessLoss  # noqa: E402
from melpact.nn.losses.spectral import SpectralLoss  # noqa: E402
from melpact.vocoders.families import family  # noqa: E402
from melpact.vocoders.neural import NeuralVocoder  # noqa: E402
from melpact.vocoders.neural.exporting import export  # noqa: E402
from melpact.vocoders.opening import vocoder as opened  # noqa: E402

SPEC = dialect("hifigan_22k").spec
RATE = SPEC.sample_rate


@pytest.fixture(scope="module")
def prompt() -> Audio:
    return to_rate(read(samples.path("en_noservice")), RATE)


@pytest.fixture(scope="module")
def mel(prompt: Audio) -> Mel:
    return extract(prompt, SPEC)


def sounding(start: np.ndarray) -> np.ndarray:
    """The least-squares sound of a spectrum [2 * bins, frames] whose frames lie half a window less half a hop before."""
    bins = SPEC.n_fft // 2 + 1
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SPEC.n_fft) / SPEC.n_fft)
    frames = np.fft.irfft((start[:bins] + 1j * start[bins:]).T, SPEC.n_fft) * window
    total = np.zeros((len(frames) - 1) * SPEC.hop_length + SPEC.n_fft)
    weight = np.zeros_like(total)
    for t, frame in enumerate(frames):
        total[t * SPEC.hop_length :][: SPEC.n_fft] += frame
        weight[t * SPEC.hop_length :][: SPEC.n_fft] += window**2
    left = SPEC.left_pad
    return (total / np.maximum(weight, 0.1))[left : left + len(frames) * SPEC.hop_length].astype(np.float32)


# the inversion, block by block


@pytest.mark.parametrize("step", [1, 50, 129, 1000])
def test_frames_that_come_piece_by_piece_give_the_bits_of_the_whole(mel: Mel, step: int) -> None:
    flow = Estimate(SPEC, iterations=32)
    parts = [flow.push(mel.values[:, at : at + step]) for at in range(0, mel.n_frames, step)]
    np.testing.assert_array_equal(np.concatenate([*parts, flow.finish()], axis=1), estimate(mel, iterations=32))


def test_a_frame_waits_for_no_more_than_is_said(mel: Mel) -> None:
    flow = Estimate(SPEC, iterations=32)
    made = longest = 0
    for at in range(mel.n_frames):
        made += flow.push(mel.values[:, at : at + 1]).shape[1]
        longest = max(longest, at + 1 - made)
    assert longest == blocks.LOOK_AHEAD == blocks.BLOCK_FRAMES - 1 + blocks.AHEAD
    assert flow._mel.shape[1] <= blocks.BEFORE + blocks.BLOCK_FRAMES + blocks.AHEAD


def test_the_start_sounds_as_its_mel_says(mel: Mel) -> None:
    made = extract(Audio.of(sounding(estimate(mel, iterations=32)), RATE), SPEC).values
    constant = mel.values.mean(axis=1, keepdims=True)
    assert np.abs(made - mel.values).mean() < 0.1 * np.abs(constant - mel.values).mean()
    early = extract(Audio.of(sounding(estimate(mel, iterations=0)), RATE), SPEC).values
    assert np.abs(made - mel.values).mean() < 0.6 * np.abs(early - mel.values).mean()


def test_silence_starts_from_silence_and_no_frames_from_none() -> None:
    floor = np.full((SPEC.n_mels, 20), np.log(SPEC.floor), np.float32)
    assert np.abs(estimate(Mel(floor, SPEC), iterations=32)).max() < 1e-6
    assert Estimate(SPEC, iterations=32).finish().shape == (SPEC.n_fft + 2, 0)


@pytest.mark.parametrize("frames", [1, 13, 128, 500])
def test_inputs_in_blocks_hold_the_start_of_the_whole(mel: Mel, frames: int) -> None:
    takes = Inputs(("mel", "start"), SPEC.hop_length, RATE, start_iterations=32)
    whole = takes.whole(mel)
    parts = list(takes.blocks(mel, None, frames))
    assert {part[1].shape[2] for part in parts[:-1]} <= {frames}
    np.testing.assert_array_equal(np.concatenate([part[1] for part in parts], axis=2), whole[1])
    np.testing.assert_array_equal(whole[1][0], estimate(mel, iterations=32))


# the network


def fresh(scale: float = 0.0) -> tuple[NeuralVocoder, MelpactSmall]:
    """The small configuration with HiFi-GAN's bank, its last layer's weights times `scale`."""
    maker = NeuralVocoder.fresh("melpact_small", family("melpact_small").small, SPEC, seed=1)
    network = maker.runtime.network
    network.bank.copy_(torch.tensor(filterbank(SPEC)))
    with torch.no_grad():
        network.out.weight.mul_(scale)
    return maker, network


def test_a_network_that_changes_nothing_gives_the_sound_of_the_start(mel: Mel) -> None:
    maker, _ = fresh()
    mel = Mel(mel.values, SPEC)
    wanted = sounding(estimate(mel, iterations=32))
    inner = slice(SPEC.n_fft, wanted.size - SPEC.n_fft)
    np.testing.assert_allclose(maker(mel).samples[0][inner], wanted[inner], atol=2e-5)


def test_the_start_has_the_iterations_that_the_sizes_say(mel: Mel, tmp_path: Path) -> None:
    """Also after saving, as an exported graph, and in blocks."""
    pytest.importorskip("onnx")
    sizes = {**family("melpact_small").small, "start_iterations": 3}
    maker = NeuralVocoder.fresh("melpact_small", sizes, SPEC, seed=1)
    graph = export(maker, tmp_path / "v.onnx")
    for one in (maker, NeuralVocoder.load(maker.save(tmp_path / "v.vocoder")), opened(graph)):
        parts = [part[1][0] for part in one.takes.blocks(Mel(mel.values, SPEC), None, 100)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), estimate(mel, iterations=3))


@pytest.mark.parametrize("streamed", [False, True])
def test_the_sound_goes_on_behind_the_last_frame(streamed: bool) -> None:
    """A tone of 40 frames and 200 samples ends as loud as it was, not in silence."""
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(40 * SPEC.hop_length + 200) / RATE).astype(np.float32)
    mel = extract(Audio.of(tone, RATE), SPEC)
    assert (mel.n_frames, mel.n_samples) == (40, tone.size)
    maker, _ = fresh()
    made = np.concatenate(list(maker.stream(mel, block_frames=16))) if streamed else maker(mel).samples[0]
    assert made.size == tone.size
    assert np.std(made[-200:]) > 0.5 * np.std(made[-1200:-200])


def test_the_start_s_own_mel_and_phase_steps_are_what_they_should_be(mel: Mel) -> None:
    """A tone on a bin's centre has no phase step beyond its advance, and its own mel is the bank's."""
    _, network = fresh()
    k, frames = 40, 6
    turn = 2 * np.pi * k * SPEC.hop_length / SPEC.n_fft * np.arange(frames)
    spectrum = np.zeros((SPEC.n_fft // 2 + 1, frames), np.complex64)
    spectrum[k] = 3.0 * np.exp(1j * turn)
    start = torch.tensor(np.concatenate([spectrum.real, spectrum.imag])[None])
    values = torch.zeros(1, SPEC.n_mels, frames)
    seen = network._seen(values, *start.chunk(2, dim=1))[0].numpy()
    bank = filterbank(SPEC)
    wanted = np.log(np.maximum(bank[:, k] * 3.0, 1e-5))
    covered = bank[:, k] > 0.01 * bank.max()
    np.testing.assert_allclose(seen[SPEC.n_mels : 2 * SPEC.n_mels, 2][covered], wanted[covered], rtol=1e-3)
    steps = 2 * SPEC.n_mels + SPEC.n_fft // 2 + 1
    in_time = seen[steps + k, 1:], seen[steps + 256 + k, 1:]
    np.testing.assert_allclose(in_time[0], 1.0, atol=1e-5)
    np.testing.assert_allclose(in_time[1], 0.0, atol=1e-5)


@pytest.mark.parametrize(("n_fft", "hop"), [(256, 64), (400, 100), (1024, 256), (1280, 320)])
def test_the_inverse_transform_in_two_rounds_is_the_library_s(n_fft: int, hop: int) -> None:
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(n_fft * 6)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    at = np.arange(0, signal.size - n_fft + 1, hop)
    spectrum = np.fft.rfft(signal[at[:, None] + np.arange(n_fft)] * window).T[None]
    layer = InverseSTFT(n_fft, hop, "same").double()
    made = layer(torch.tensor(spectrum.real.copy()), torch.tensor(spectrum.imag.copy()))[0].numpy()
    left = (n_fft - hop) // 2
    inner = slice(n_fft, made.size - n_fft)
    np.testing.assert_allclose(made[inner], signal[left : left + made.size][inner], atol=2e-6)


def test_sizes_that_cannot_be_are_refused() -> None:
    sizes = dict(family("melpact_small").small)
    for change in ({"n_fft": 1000}, {"phase_bins": 600}, {"hop_length": 512}, {"n_mels": 600}):
        with pytest.raises(ValueError):
            MelpactSmallConfig(**{**sizes, **change})


# the losses


def batch(prompt: Audio) -> np.ndarray:
    x = prompt.samples[0]
    return np.stack([x[20000:40000], x[50000:70000]])


def test_losses_are_zero_on_themselves_and_grow_with_noise(prompt: Audio) -> None:
    real = torch.tensor(batch(prompt))
    noise = torch.tensor(np.random.default_rng(0).standard_normal(real.shape).astype(np.float32))
    for loss in (SpectralLoss(RATE), LoudnessLoss(RATE)):
        same = [float(one) for one in loss(real, real)]
        np.testing.assert_allclose(same, 0.0, atol=2e-3)
        levels = [[float(one) for one in loss(real + level * noise, real)] for level in (1e-3, 1e-2, 1e-1)]
        assert all(a < b < c for a, b, c in zip(*levels, strict=True)), levels


def test_loudness_counts_what_was_added_and_not_what_is_missing(prompt: Audio) -> None:
    real = torch.tensor(batch(prompt))
    loss = LoudnessLoss(RATE)
    silence = loss(torch.zeros_like(real), real)
    assert float(silence.added) < 1e-3 < 1 < float(silence.both)
    buzz = torch.tensor(0.05 * np.sin(2 * np.pi * 3000 * np.arange(real.shape[1]) / RATE), dtype=torch.float32)
    assert float(loss(real + buzz, real).added) > 0.1


def test_loudness_of_a_tone_follows_zwicker_s_law() -> None:
    """10 dB more is about twice as loud far above the threshold: 10 ** 0.23 = 1.70 in power."""
    ear = LoudnessLoss(RATE)
    tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    pair = torch.tensor(np.stack([tone, tone * 10**0.5]), dtype=torch.float32)
    gain = torch.full((2, 1, 1), 10**7.9 / float((pair[0] ** 2).mean()))
    power, loudness = ear._heard(pair, gain)
    total = power.sum(1).mean(1)
    np.testing.assert_allclose(10 * np.log10(float(total[0])), 79.0, atol=0.6)
    peak = loudness.max(1).values.mean(1)
    np.testing.assert_allclose(float(peak[1] / peak[0]), 10**0.23, rtol=0.01)


def test_one_bad_frame_counts_more_than_its_share(prompt: Audio) -> None:
    real = torch.tensor(batch(prompt))
    rng = np.random.default_rng(1)
    spread = 0.02 * rng.standard_normal(real.shape[1]).astype(np.float32)
    burst = np.zeros_like(spread)
    burst[9000:9700] = spread[9000:9700] * np.sqrt(real.shape[1] / 700)
    loss = LoudnessLoss(RATE)
    mean = {name: float(loss(real + torch.tensor(noise), real).both) for name, noise in {"s": spread, "b": burst}.items()}
    share = 700 / real.shape[1]
    assert mean["b"] > 5 * share * mean["s"]


def test_spectral_loss_is_the_formula(prompt: Audio) -> None:
    """Against numpy, at one resolution: convergence, and the mel's mean difference of logarithms from -80 dB on."""
    a, b = batch(prompt)
    loss = SpectralLoss(RATE)
    one = loss.resolutions[2]

    def magnitude(x: np.ndarray) -> np.ndarray:
        edge = 512
        padded = np.pad(x.astype(np.float64), edge, mode="reflect")
        at = np.arange(0, padded.size - 1024 + 1, 256)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
        return np.sqrt(np.abs(np.fft.rfft(padded[at[:, None] + np.arange(1024)] * window).T) ** 2 + 1e-9)

    np.testing.assert_allclose(one(torch.tensor(a[None]))[0].numpy(), magnitude(a), rtol=1e-3, atol=1e-4)
    bank = one.tables.bank.numpy()
    loss.resolutions = torch.nn.ModuleList([one])
    found = loss(torch.tensor(a[None]), torch.tensor(b[None]))
    made, true = magnitude(a), magnitude(b)
    wanted = np.sqrt(((made - true) ** 2).sum() / ((true**2).sum() + 1e-3))
    np.testing.assert_allclose(float(found.convergence), wanted, rtol=1e-4)
    logs = np.abs(np.log(bank @ made + 1e-4) - np.log(bank @ true + 1e-4)).mean()
    np.testing.assert_allclose(float(found.mel), logs, rtol=1e-3)


# files


def test_weights_in_half_are_half_the_size_and_sound_the_same(mel: Mel, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from melpact.vocoders.neural.exporting import export
    from melpact.vocoders.opening import vocoder

    sizes = {**family("melpact_small").small, "dim": 96, "intermediate_dim": 192}
    maker = NeuralVocoder.fresh("melpact_small", sizes, SPEC, seed=1)
    weights = {**maker.weights, "out.weight": 30 * maker.weights["out.weight"]}
    maker = NeuralVocoder.build("melpact_small", sizes, SPEC, weights)
    short = Mel(mel.values[:, 100:160], SPEC)
    wanted = maker(short).samples[0]
    wide, half = maker.save(tmp_path / "wide.vocoder"), maker.save(tmp_path / "half.vocoder", half=True)
    assert half.stat().st_size < 0.55 * wide.stat().st_size
    rounded = vocoder(half)
    wide_graph, half_graph = export(rounded, tmp_path / "wide.onnx"), export(rounded, tmp_path / "half.onnx", half=True)
    assert half_graph.stat().st_size < 0.65 * wide_graph.stat().st_size
    made = rounded(short).samples[0]
    assert 0 < np.sqrt(np.mean((made - wanted) ** 2) / np.mean(wanted**2)) < 2e-3
    np.testing.assert_allclose(vocoder(half_graph)(short).samples[0], made, rtol=0, atol=5e-6)
