"""Losses against their formulas in numpy, and discriminators against what their papers say they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from laws.signals import speech
from melpact.contract.dialect import dialect
from melpact.core.errors import AudioTooShort, ContractError, MelpactError, SpecError
from melpact.features.oracle import oracle

torch = pytest.importorskip("torch")

from melpact.nn.discriminators.complex_stft import ComplexStftDiscriminator, ComplexStftDiscriminatorConfig  # noqa: E402
from melpact.nn.discriminators.judgement import Judgement  # noqa: E402
from melpact.nn.discriminators.periods import MultiPeriodDiscriminator, PeriodDiscriminatorConfig, folded  # noqa: E402
from melpact.nn.discriminators.scales import MultiScaleDiscriminator, ScaleDiscriminatorConfig  # noqa: E402
from melpact.nn.discriminators.spectrograms import (  # noqa: E402
    MultiResolutionDiscriminator,
    SpectrogramDiscriminatorConfig,
)
from melpact.nn.losses.adversarial import (  # noqa: E402
    hinge_discriminator,
    hinge_generator,
    least_squares_discriminator,
    least_squares_generator,
)
from melpact.nn.losses.feature_matching import feature_matching  # noqa: E402
from melpact.nn.losses.mel import MultiResolutionMelLoss, codec_scales  # noqa: E402
from melpact.nn.losses.stft import MultiResolutionStftLoss, StftLossConfig  # noqa: E402

Floats = NDArray[np.float64]
RATE = 22050
LEVELS = (0.0, 1e-3, 1e-2, 1e-1)

KINDS: dict[str, tuple[Any, Any]] = {
    "periods": (MultiPeriodDiscriminator, PeriodDiscriminatorConfig),
    "scales": (MultiScaleDiscriminator, ScaleDiscriminatorConfig),
    "spectrograms": (MultiResolutionDiscriminator, SpectrogramDiscriminatorConfig),
    "complex": (ComplexStftDiscriminator, ComplexStftDiscriminatorConfig),
}


def sound(count: int = 2, n_samples: int = 6000) -> Any:
    x = speech(RATE)
    return torch.tensor(np.stack([x[k * 7000 + 2000 :][:n_samples] for k in range(count)]))


def noise(*shape: int, seed: int = 5) -> Any:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


def small(kind: str) -> Any:
    torch.manual_seed(1)
    network, config = KINDS[kind]
    return network(config.small())


# --- adversarial objectives


def test_least_squares_by_hand() -> None:
    real, generated = [torch.tensor([[1.0, 3.0]]), torch.tensor([0.5])], [torch.tensor([[2.0, 0.0]]), torch.tensor([-1.0])]
    assert least_squares_discriminator(real, generated).item() == pytest.approx((0 + 4) / 2 + 0.25 + (4 + 0) / 2 + 1)
    assert least_squares_generator(generated).item() == pytest.approx((1 + 1) / 2 + 4)


def test_hinge_by_hand() -> None:
    real, generated = [torch.tensor([[1.5, -1.0]]), torch.tensor([0.5])], [torch.tensor([[2.0, -3.0]]), torch.tensor([-1.0])]
    assert hinge_discriminator(real, generated).item() == pytest.approx((0 + 2) / 2 + 0.5 + (3 + 0) / 2 + 0)
    assert hinge_generator(generated).item() == pytest.approx(0.5 + 1.0)


def test_a_perfect_discriminator_and_a_perfect_generator_lose_nothing() -> None:
    ones, shape = [torch.ones(2, 7), torch.ones(2, 3)], [(2, 7), (2, 3)]
    assert least_squares_discriminator(ones, [torch.zeros(s) for s in shape]).item() == 0
    assert least_squares_generator(ones).item() == 0
    assert hinge_discriminator([1.5 * o for o in ones], [-o for o in ones]).item() == 0
    assert hinge_generator([2 * o for o in ones]).item() < hinge_generator(ones).item() == -2


@pytest.mark.parametrize("loss", [least_squares_discriminator, hinge_discriminator])
def test_logits_of_different_discriminators_are_refused(loss: Callable[..., Any]) -> None:
    with pytest.raises(ContractError):
        loss([torch.ones(2)], [torch.ones(2), torch.ones(2)])
    with pytest.raises(ContractError):
        loss([], [])


# --- feature matching


def test_feature_matching_by_hand_and_without_a_gradient_to_the_recording() -> None:
    real = [[torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([[0.0]])], [torch.tensor([4.0])]]
    generated = [[torch.tensor([0.0, 5.0], requires_grad=True), torch.tensor([[2.0]])], [torch.tensor([3.0])]]
    loss = feature_matching(real, generated)
    assert loss.item() == pytest.approx((1 + 3) / 2 + 2 + 1)
    loss.backward()
    assert real[0][0].grad is None
    assert generated[0][0].grad.tolist() == [-0.5, 0.5]


@pytest.mark.parametrize("kind", KINDS)
def test_feature_matching_is_zero_on_the_same_sound_and_grows_with_noise(kind: str) -> None:
    network, x = small(kind).eval(), sound()
    clean = network(x).maps
    losses = [feature_matching(clean, network(x + level * noise(2, 6000)).maps).item() for level in LEVELS]
    assert losses[0] == 0
    assert losses == sorted(set(losses))


def test_feature_maps_of_other_lengths_are_refused() -> None:
    network = small("periods")
    with pytest.raises(ContractError):
        feature_matching(network(sound()).maps, network(sound(n_samples=5000)).maps)
    with pytest.raises(ContractError):
        feature_matching([], [])


# --- STFT loss


def magnitudes(x: Floats, n_fft: int, hop: int, win: int) -> Floats:
    """√max(|STFT|², 1e-7) of mirrored samples, frame by frame."""
    window = np.zeros(n_fft)
    window[(n_fft - win) // 2 :][:win] = np.sin(np.pi * np.arange(win) / win) ** 2
    y = np.pad(x, n_fft // 2, mode="reflect")
    frames = [y[t : t + n_fft] * window for t in range(0, len(y) - n_fft + 1, hop)]
    return np.sqrt(np.maximum(np.abs(np.fft.fft(frames)[:, : n_fft // 2 + 1]) ** 2, 1e-7))


def test_stft_loss_equals_its_formula() -> None:
    real = sound().double()
    generated = real + 0.01 * noise(2, 6000)
    got = MultiResolutionStftLoss().double()(generated, real)
    convergence, logs = [], []
    for sizes in ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)):
        for x, y in zip(real.numpy(), generated.numpy(), strict=True):
            s, t = magnitudes(x, *sizes), magnitudes(y, *sizes)
            convergence.append(np.sqrt(((s - t) ** 2).sum() / (s**2).sum()))
            logs.append(np.abs(np.log(s) - np.log(t)).mean())
    assert got.convergence.item() == pytest.approx(np.mean(convergence), rel=1e-10)
    assert got.log_magnitude.item() == pytest.approx(np.mean(logs), rel=1e-10)
    assert got.total.item() == pytest.approx(np.mean(convergence) + np.mean(logs), rel=1e-10)


def test_stft_loss_is_zero_on_the_same_sound_and_grows_with_noise() -> None:
    loss, x = MultiResolutionStftLoss(), sound()
    steps = [loss(x + level * noise(2, 6000), x) for level in LEVELS]
    for part in ("convergence", "log_magnitude", "total"):
        values = [getattr(step, part).item() for step in steps]
        assert values[0] == 0
        assert values == sorted(set(values))


def test_stft_loss_of_a_half_as_loud_sound_is_known() -> None:
    """Half the level: half the norm, and ln 2 in every bin over the floor."""
    x = noise(1, 6000)
    got = MultiResolutionStftLoss()(0.5 * x, x)
    assert got.convergence.item() == pytest.approx(0.5, rel=1e-5)
    assert got.log_magnitude.item() == pytest.approx(np.log(2), rel=1e-5)


# --- mel loss


def test_mel_loss_equals_the_oracles_mels() -> None:
    specs = [dialect(name).spec for name in ("hifigan_22k", "vits_22k", "tacotron2_22k")]
    real = sound().double()
    generated = real + 0.01 * noise(2, 6000)
    want = np.mean(
        [
            np.mean(
                [np.abs(oracle(x, s) - oracle(y, s)).mean() for x, y in zip(real.numpy(), generated.numpy(), strict=True)]
            )
            for s in specs
        ]
    )
    assert MultiResolutionMelLoss(specs).double()(generated, real).item() == pytest.approx(want, rel=1e-9)


def test_mel_loss_is_zero_on_the_same_sound_and_grows_with_noise() -> None:
    loss, x = MultiResolutionMelLoss(codec_scales(RATE)), sound()
    values = [loss(x + level * noise(2, 6000), x).item() for level in LEVELS]
    assert values[0] == 0
    assert values == sorted(set(values))


def test_the_codecs_scales_are_the_published_record_at_its_own_rate() -> None:
    for spec in codec_scales(44100):
        assert spec == dialect(f"dac_loss_44k:{spec.n_fft}").spec
    assert {spec.f_max for spec in codec_scales(16000)} == {8000.0}


def test_mel_losses_need_one_sample_rate() -> None:
    for specs in ([], [dialect("hifigan_22k").spec, dialect("vocos_24k").spec]):
        with pytest.raises(SpecError):
            MultiResolutionMelLoss(specs)


# --- all sample losses

LOSSES: dict[str, Callable[[], Callable[[Any, Any], Any]]] = {
    "stft": lambda: lambda a, b: MultiResolutionStftLoss()(a, b).total,
    "mel": lambda: MultiResolutionMelLoss([dialect("hifigan_22k").spec, dialect("tacotron2_22k").spec]),
    "codec": lambda: MultiResolutionMelLoss(codec_scales(RATE)),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("real", ["sound", "silence"])
def test_losses_and_gradients_are_finite_on_silence(name: str, real: str) -> None:
    loss = LOSSES[name]()
    x = torch.zeros(2, 6000, requires_grad=True)
    value = loss(x, sound() if real == "sound" else torch.zeros(2, 6000))
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(x.grad).all()
    assert (value.item() == 0) == (real == "silence")


@pytest.mark.parametrize("name", LOSSES)
def test_two_lengths_are_refused_and_not_stretched(name: str) -> None:
    with pytest.raises(ContractError):
        LOSSES[name]()(sound(1), sound(2))


def test_samples_that_cannot_be_mirrored_are_refused() -> None:
    with pytest.raises(AudioTooShort):
        MultiResolutionStftLoss()(torch.zeros(1, 1024), torch.zeros(1, 1024))


# --- discriminators


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_gets_a_gradient_and_so_do_the_samples(kind: str) -> None:
    network = small(kind)
    generated = noise(2, 6000).requires_grad_()
    real, fake = network(sound()), network(generated)
    (least_squares_discriminator(real.logits, fake.logits) + feature_matching(real.maps, fake.maps)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name
    assert (generated.grad.abs() > 0).float().mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_judged_as_each_of_its_items(kind: str) -> None:
    network = small(kind).double().eval()
    x = sound(3, 6001).double()
    together = network(x)
    for k in range(3):
        alone: Judgement = network(x[k : k + 1])
        for a, b in zip(alone.logits, together.logits, strict=True):
            assert torch.allclose(a[0], b[k], atol=1e-12)
        for ours, theirs in zip(alone.maps, together.maps, strict=True):
            for a, b in zip(ours, theirs, strict=True):
                assert torch.allclose(a[0], b[k], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_judgement_holds_logits_and_maps_of_every_part(kind: str) -> None:
    network = small(kind)
    said = network(sound())
    assert len(said.logits) == len(said.maps) == len(network.parts)
    for logits, maps, part in zip(said.logits, said.maps, network.parts, strict=True):
        assert logits.ndim == 2 and logits.shape[0] == 2
        assert len(maps) == len(part.layers)
        assert torch.equal(maps[-1].flatten(1), logits)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_judged_with_finite_gradients(kind: str) -> None:
    network, x = small(kind), torch.zeros(1, 3000, requires_grad=True)
    said = network(x)
    hinge_generator(said.logits).backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_discriminator_learns_to_tell_speech_from_noise_of_its_level(kind: str) -> None:
    network, x = small(kind), sound(4, 3000)
    descent = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for step in range(40):
        fake = noise(4, 3000, seed=step) * x.std(1, keepdim=True)
        loss = least_squares_discriminator(network(x).logits, network(fake).logits) / len(network.parts)
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("kind", KINDS)
def test_samples_too_short_or_of_other_axes_are_refused(kind: str) -> None:
    network = small(kind)
    with pytest.raises(MelpactError):
        network(torch.zeros(1, 1, 3000))
    if kind != "scales":
        with pytest.raises(AudioTooShort):
            network(torch.zeros(1, 1))


@pytest.mark.parametrize(("kind", "count"), [("periods", 41_092_165), ("scales", 29_610_627)])
def test_the_published_sizes_add_up_to_the_published_count(kind: str, count: int) -> None:
    """HiFi-GAN's discriminators: kernel times channels in times channels out, plus biases, summed by hand: 70.7 million."""
    network, config = KINDS[kind]
    bare = {"norm": "none"} | ({"first_norm": "none"} if kind == "scales" else {})
    with torch.device("meta"):
        built = network(config(**bare))
    assert sum(p.numel() for p in built.parameters()) == count


@pytest.mark.parametrize("kind", KINDS)
def test_published_sizes_judge_a_second(kind: str) -> None:
    network, config = KINDS[kind]
    with torch.device("meta"):
        built = network(config()).to("meta").eval()
    said = built(torch.empty(1, 24000, device="meta"))
    assert len(said.logits) == {"periods": 5, "scales": 3, "spectrograms": 3, "complex": 5}[kind]


@pytest.mark.parametrize("period", [2, 3, 5, 7, 11])
@pytest.mark.parametrize("count", [22, 23, 31])
def test_folding_mirrors_the_end(period: int, count: int) -> None:
    x = np.arange(count, dtype=np.float64)
    missing = (period - count % period) % period
    long = np.concatenate([x, x[::-1][1 : 1 + missing]])
    got = folded(torch.from_numpy(x)[None], period)
    assert got.shape == (1, 1, len(long) // period, period)
    for column in range(period):
        assert got[0, 0, :, column].tolist() == long[column::period].tolist()


def test_a_period_sees_only_samples_a_period_apart() -> None:
    network = small("periods")
    for part, period in enumerate(network.config.periods):
        x = noise(1, 300).requires_grad_()
        rows = network(x).maps[part][-1][0, 0]
        rows[:, 1].sum().backward()
        seen = x.grad[0].nonzero()[:, 0] % period
        assert seen.numel() > 0 and (seen == 1).all()


def test_each_scale_sees_the_averages_of_the_one_before() -> None:
    network = small("scales").double().eval()
    x = sound(1, 1001).double()
    said = network(x)
    y = np.pad(x[0].numpy(), 2)
    averages = np.array([y[k : k + 4].mean() for k in range(0, len(y) - 3, 2)])
    logits, _ = network.parts[1](torch.from_numpy(averages)[None, None])
    assert torch.allclose(logits, said.logits[1], atol=1e-12)


def test_magnitudes_do_not_see_the_sign_and_complex_spectra_do() -> None:
    x = sound(1)
    blind, seeing = small("spectrograms"), small("complex")
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(blind(x).logits, blind(-x).logits, strict=True))
    assert all((a - b).abs().max() > 1e-3 for a, b in zip(seeing(x).logits, seeing(-x).logits, strict=True))


def test_the_pictures_are_the_transform_of_the_mirrored_samples() -> None:
    """First layers of both spectral discriminators set to pass their input on: what they pass is numpy's transform."""
    x = sound(1, 2000).double()
    for kind in ("spectrograms", "complex"):
        network = small(kind).double()
        seen: list[Any] = []
        network.parts[0].register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        network(x)
        n_fft, hop, win = (128, 16, 80) if kind == "spectrograms" else (256, 64, 256)
        edge = (n_fft - hop) // 2 if kind == "spectrograms" else n_fft // 2
        window = np.zeros(n_fft)
        window[(n_fft - win) // 2 :][:win] = np.sin(np.pi * np.arange(win) / win) ** 2
        y = np.pad(x[0].numpy(), edge, mode="reflect")
        frames = np.stack([y[t : t + n_fft] * window for t in range(0, len(y) - n_fft + 1, hop)])
        transform = np.fft.fft(frames)[:, : n_fft // 2 + 1]
        if kind == "spectrograms":
            np.testing.assert_allclose(seen[0][0, 0].numpy(), np.abs(transform).T, atol=1e-12)
        else:
            transform = transform / np.sqrt((window**2).sum())
            np.testing.assert_allclose(seen[0][0].numpy(), [transform.real, transform.imag], atol=1e-12)


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        (PeriodDiscriminatorConfig, {"kernel_size": 4}),
        (PeriodDiscriminatorConfig, {"periods": ()}),
        (ScaleDiscriminatorConfig, {"strides": (1,)}),
        (ScaleDiscriminatorConfig, {"groups": (1, 3, 16, 16, 16, 16, 1)}),
        (SpectrogramDiscriminatorConfig, {"win_lengths": (2000, 1200, 240)}),
        (ComplexStftDiscriminatorConfig, {"n_ffts": (130,)}),
        (StftLossConfig, {"hop_lengths": (120,)}),
        (StftLossConfig, {"power_floor": 0.0}),
    ],
)
def test_sizes_that_contradict_each_other_are_refused_by_name(config: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        config(**wrong)
