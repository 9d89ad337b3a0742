"""Networks of the conversion, and the discriminator of mels."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from melpact.nn.converters.voice_changer import (  # noqa: E402
    Converting,
    ReferenceEncoder,
    VoiceChanger,
    VoiceChangerConfig,
    pitch_size,
    receptive_field,
)
from melpact.nn.discriminators.mels import MelDiscriminator, MelDiscriminatorConfig  # noqa: E402
from melpact.nn.losses.adversarial import hinge_discriminator  # noqa: E402

CONFIG = VoiceChangerConfig(n_mels=10, content=6, width=32, blocks=2, style=8, reference_width=16)
FRAMES = 61


def given(frames: int = FRAMES) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    sizes = (CONFIG.content, CONFIG.n_mels, CONFIG.n_mels, pitch_size(CONFIG.n_mels), 1)
    made = [torch.randn(2, size, frames, generator=generator) for size in sizes]
    return [*made, torch.randn(2, CONFIG.style, generator=generator)]


def changer() -> VoiceChanger:
    torch.manual_seed(0)
    network = VoiceChanger(CONFIG)
    torch.nn.init.normal_(network.out.weight, std=0.3)
    torch.nn.init.normal_(network.film.weight, std=0.5)
    for block in network.blocks:
        torch.nn.init.normal_(block.pwconv1.weight, std=0.2)
        torch.nn.init.normal_(block.pwconv2.weight, std=0.2)
    return network.eval().requires_grad_(False)


def test_a_fresh_network_gives_the_moved_frames() -> None:
    inputs = given()
    assert torch.equal(VoiceChanger(CONFIG)(*inputs), inputs[1])


@pytest.mark.parametrize("at", [30, 31])
def test_a_frame_reaches_as_far_as_is_said_and_no_further(at: int) -> None:
    network, inputs = changer(), given()
    before = network(*inputs)
    left, right = receptive_field(CONFIG)
    inputs[0] = inputs[0].clone()
    inputs[0][:, :, at] += 10.0
    moved = (network(*inputs) - before).abs().amax((0, 1)) > 1e-7
    reached = torch.nonzero(moved).flatten()
    assert at - right <= int(reached.min()) <= at - right + 2
    assert at + left - 2 <= int(reached.max()) <= at + left


def test_an_odd_length_ends_as_an_even_one_that_holds_its_last_frame() -> None:
    network, inputs = changer(), given(15)
    longer = [torch.cat([one, one[:, :, -1:]], 2) for one in inputs[:5]]
    assert torch.allclose(network(*inputs), network(*longer, inputs[5])[:, :, :15], atol=1e-6)


def test_style_and_scale_matter() -> None:
    network, inputs = changer(), given()
    base = network(*inputs) - inputs[1]
    other = network(*inputs[:5], -inputs[5]) - inputs[1]
    assert float((base - other).abs().mean()) > 0.05 * float(base.abs().mean())
    with torch.no_grad():
        network.scale.mul_(3.0)
    assert torch.allclose(network(*inputs) - inputs[1], 3 * base, atol=1e-5)
    assert VoiceChanger(CONFIG.model_copy(update={"output_scale": 3.0})).scale.item() == 3.0


def test_a_style_has_one_length_and_pauses_say_nothing_of_it() -> None:
    torch.manual_seed(0)
    encoder = ReferenceEncoder(CONFIG).eval()
    mels, sounds = torch.randn(3, CONFIG.n_mels, 40), torch.ones(3, 40)
    sounds[:, 25:] = 0
    made = encoder(mels, sounds)
    assert torch.allclose(made.norm(dim=1), torch.full((3,), CONFIG.style**0.5), atol=1e-4)
    other = mels.clone()
    other[:, :, 32:] = 9.0
    assert torch.allclose(encoder(other, sounds), made, atol=1e-5)
    other[:, :, 10] = 9.0
    assert not torch.allclose(encoder(other, sounds), made, atol=1e-2)


def test_a_learnt_style_has_the_same_length() -> None:
    network = Converting(CONFIG, 5)
    made = network.of(torch.tensor([4, 0]))
    assert torch.allclose(made.norm(dim=1), torch.full((2,), CONFIG.style**0.5), atol=1e-4)
    assert torch.allclose(made[0] / made[0].norm(), network.styles[4] / network.styles[4].norm(), atol=1e-6)


def test_the_discriminator_is_bounded_by_its_norm_and_not_by_a_sigmoid() -> None:
    torch.manual_seed(0)
    judge = MelDiscriminator(MelDiscriminatorConfig(channels=8, style=8))
    mels = torch.randn(2, 20, 32)
    for _ in range(30):
        judge(mels, torch.randn(2, 8))
    judge.eval()
    for part in judge.parts:
        for layer in part.layers:
            flat = layer.weight.detach().flatten(1)
            assert float(torch.linalg.matrix_norm(flat, 2)) == pytest.approx(1.0, abs=0.1)
    names = {type(module).__name__ for module in judge.modules()}
    assert not {name for name in names if "BatchNorm" in name or "Sigmoid" in name}
    said = judge(100 * mels, torch.randn(2, 8))
    assert len(said.logits) == 2
    assert max(one.abs().max().item() for one in said.logits) > 1.0


def test_it_is_asked_whose_a_mel_is_and_can_learn_it() -> None:
    """Two voices that differ in one band: right ones are to be told from exchanged ones, which no picture alone says."""
    torch.manual_seed(0)
    judge = MelDiscriminator(MelDiscriminatorConfig(channels=8, style=4, strided=2))
    styles = torch.eye(4)[:2].repeat(4, 1) * 2
    optimiser = torch.optim.Adam(judge.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(60):
        mels = torch.randn(8, 12, 16, generator=generator) * 0.3
        mels[::2, 3] += 1.5
        loss = hinge_discriminator(judge(mels, styles).logits, judge(mels, styles.flip(0)).logits)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
