"""Every network against somebody else's: a package that installs, or the paper's formulas written out in float64.

Receptive fields are exact: the gradient of a frame's samples is zero outside the promised frames and not zero at their
edges.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from melpact.vocoders.families import Family, families

torch = pytest.importorskip("torch")

Floats = NDArray[np.float64]
MINE = ("vocos", "bigvgan", "univnet")


def family(name: str) -> Family:
    """A listed family, or one that waits for its inputs in a module that is not listed."""
    module = name if name in families() else f"_{name}"
    found: Family = importlib.import_module(f"melpact.vocoders.families.{module}").PLUGIN
    return found


def built(name: str, seed: int = 0, **changes: Any) -> tuple[Any, Any]:
    """A family's small network in float64 with weights large enough to be heard."""
    torch.manual_seed(seed)
    one = family(name)
    sizes = one.sizes({**one.small, **changes})
    with float64():
        network = one.network(sizes)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn_like(parameter) * (1.5 / np.sqrt(parameter[0].numel())))
            else:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval(), sizes


class float64:
    def __enter__(self) -> None:
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(torch.float32)


def inputs(one: Family, sizes: Any, frames: int, batch: int = 1, seed: int = 1) -> list[Any]:
    """Random inputs of a family, in its order, float64."""
    rng = np.random.default_rng(seed)
    made = {"mel": rng.standard_normal((batch, sizes.n_mels, frames))}
    if "noise" in one.inputs:
        made["noise"] = rng.standard_normal((batch, one.module().noise_channels(sizes), frames))
    if "f0" in one.inputs:
        made["f0"] = rng.uniform(100, 300, (batch, frames))
        made["phase"] = rng.uniform(0, 1, (batch, frames))
    return [torch.tensor(made[name]) for name in one.inputs]


# --- laws of every network ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MINE)
def test_the_receptive_field_is_exact(name: str) -> None:
    one = family(name)
    network, sizes = built(name)
    left, right = one.receptive_field(sizes)
    hop = one.hop(sizes)
    frames, asked = left + right + 9, left + 4
    given = [x.requires_grad_() for x in inputs(one, sizes, frames)]
    samples = network(*given)
    assert samples.shape == (1, frames * hop)
    weights = torch.randn(hop, generator=torch.Generator().manual_seed(3))
    (samples[0, asked * hop : (asked + 1) * hop] * weights).sum().backward()
    read = np.zeros(frames, bool)
    for x in given:
        read |= (x.grad.abs().reshape(-1, frames).sum(0) > 0).numpy()
    assert np.flatnonzero(read).tolist() == list(range(asked - left, asked + right + 1))


@pytest.mark.parametrize("name", MINE)
def test_blocks_with_their_context_equal_the_whole(name: str) -> None:
    one = family(name)
    network, sizes = built(name)
    left, right = one.receptive_field(sizes)
    hop = one.hop(sizes)
    first, last, frames = left + 3, left + 5, left + right + 10
    given = inputs(one, sizes, frames)
    with torch.no_grad():
        whole = network(*given)[0, first * hop : last * hop]
        block = network(*(x[..., first - left : last + right] for x in given))[0, left * hop : (left + last - first) * hop]
    assert np.abs((whole - block).numpy()).max() < 1e-12


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize("frames", [1, 2, 13])
def test_samples_are_frames_times_hop_finite_and_bounded(name: str, frames: int) -> None:
    one = family(name)
    network, sizes = built(name)
    with torch.no_grad():
        samples = network(*inputs(one, sizes, frames, batch=2)).numpy()
    assert samples.shape == (2, frames * one.hop(sizes))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() > 1e-3
    if name not in ("vocos", "istftnet", "pwg"):
        assert np.abs(samples).max() <= 1


@pytest.mark.parametrize("name", MINE)
def test_every_parameter_gets_a_gradient(name: str) -> None:
    one = family(name)
    network, sizes = built(name)
    given = inputs(one, sizes, 9)
    weights = torch.randn(9 * one.hop(sizes), generator=torch.Generator().manual_seed(3))
    (network(*given) * weights).sum().backward()
    idle = [
        key for key, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert idle == []


@pytest.mark.parametrize("name", MINE)
def test_every_published_name_is_a_part_and_every_part_is_published(name: str) -> None:
    one = family(name)
    network, sizes = built(name)
    parts = set(network.state_dict())
    for layout in one.layouts:
        names = one.published_names(sizes, layout)
        reached = {f"{ours}{tail}" for ours in names.values() for tail in ("", ".weight", ".bias")} & parts
        assert reached == parts
        assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("name", MINE)
def test_presets_build(name: str) -> None:
    one = family(name)
    for preset in one.presets.values():
        sizes = one.sizes(preset)
        assert one.hop(sizes) in (256, 300, 512)
        assert min(one.receptive_field(sizes)) > 3


# --- against packages -----------------------------------------------------------------------------


def renamed(state: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A foreign state dict under our names; keys that no name covers are left as they are."""
    ours = {}
    for key, value in state.items():
        module, _, tail = key.rpartition(".")
        ours[names[key] if key in names else f"{names.get(module, '?' + module)}.{tail}"] = value
    return ours


@pytest.fixture()
def vocos_package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package asks for torchaudio and encodec when imported; what is tested here uses neither."""
    functional = types.ModuleType("torchaudio.functional.functional")
    functional._hz_to_mel = functional._mel_to_hz = None  # type: ignore[attr-defined]
    encodec = types.ModuleType("encodec")
    encodec.EncodecModel = None  # type: ignore[attr-defined]
    stand_ins = {
        "torchaudio": types.ModuleType("torchaudio"),
        "torchaudio.functional": types.ModuleType("torchaudio.functional"),
        "torchaudio.functional.functional": functional,
        "encodec": encodec,
    }
    for name, module in stand_ins.items():
        monkeypatch.setitem(sys.modules, name, module)
    pytest.importorskip("vocos")
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "vocos"]:
        del sys.modules[name]


@pytest.mark.parametrize("padding", ["center", "same"])
def test_vocos_equals_the_package(vocos_package: None, padding: str) -> None:
    from vocos.heads import ISTFTHead
    from vocos.models import VocosBackbone

    network, sizes = built("vocos", padding=padding)
    with float64():
        theirs = torch.nn.ModuleDict(
            {
                "backbone": VocosBackbone(sizes.n_mels, sizes.dim, sizes.intermediate_dim, sizes.num_layers),
                "head": ISTFTHead(sizes.dim, sizes.n_fft, sizes.hop_length, padding),
            }
        )
    surplus = theirs.load_state_dict(network.state_dict(), strict=False)
    assert (surplus.missing_keys, surplus.unexpected_keys) == (["head.istft.window"], [])
    mel = inputs(family("vocos"), sizes, 23, batch=2)[0]
    with torch.no_grad():
        wanted = theirs["head"](theirs["backbone"](mel)).numpy()
        got = network(mel).numpy()[:, : wanted.shape[1]]
    assert wanted.shape == (2, (23 if padding == "same" else 22) * sizes.hop_length)
    assert np.abs(got - wanted).max() <= 1e-9 * np.abs(wanted).max()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"resblock": "2", "activation": "snake", "snake_logscale": False},
        {
            "use_tanh_at_final": False,
            "use_bias_at_final": False,
            "upsample_rates": (8, 5, 2),
            "upsample_kernel_sizes": (16, 11, 4),
        },
    ],
    ids=["v1", "kind2-snake", "v2"],
)
def test_bigvgan_equals_the_package(changes: dict[str, Any]) -> None:
    package = pytest.importorskip("bigvgan.bigvgan")
    from bigvgan.env import AttrDict

    one = family("bigvgan")
    network, sizes = built("bigvgan", **changes)
    with float64():
        theirs = package.BigVGAN(AttrDict(sizes.model_dump() | {"num_mels": sizes.n_mels})).eval()
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    mel = inputs(one, sizes, 23, batch=2)[0]
    with torch.no_grad():
        wanted = theirs(mel)[:, 0].numpy()
        theirs.remove_weight_norm()
        network.load_state_dict(renamed(theirs.state_dict(), one.published_names(sizes, "original")))
        got = network(mel).numpy()
    # the filters are those of its checkpoint
    assert np.abs(got - wanted).max() <= 1e-9 * np.abs(wanted).max()
    if not sizes.use_tanh_at_final:
        with torch.no_grad():
            network.conv_post.weight.mul_(1e4)
            assert network(mel).abs().max() == 1


def test_bigvgan_filters_equal_the_published_ones_to_float32() -> None:
    package = pytest.importorskip("bigvgan.alias_free_activation.torch.filter")
    from melpact.nn.blocks.snake import kaiser_sinc

    for cutoff, half_width, size in [(0.25, 0.3, 12), (0.125, 0.15, 24), (0.25, 0.02, 7)]:
        wanted = package.kaiser_sinc_filter1d(cutoff, half_width, size)[0, 0].numpy()
        assert np.abs(kaiser_sinc(cutoff, half_width, size) - wanted).max() < 2e-7


@pytest.mark.parametrize("changes", [{}, {"resblock_kernel_sizes": (5, 3, 3), "resblock_stride_sizes": (8, 5, 4)}])
def test_univnet_equals_transformers(changes: dict[str, Any]) -> None:
    transformers = pytest.importorskip("transformers")
    one = family("univnet")
    network, sizes = built("univnet", **changes)
    values = {key: value for key, value in sizes.model_dump().items() if key != "n_mels"}
    with float64():
        theirs = transformers.UnivNetModel(transformers.UnivNetConfig(num_mel_bins=sizes.n_mels, **values)).eval()
    theirs.load_state_dict(network.state_dict())
    mel, noise = inputs(one, sizes, 23, batch=2)
    with torch.no_grad():
        wanted = theirs(mel.transpose(1, 2), noise.transpose(1, 2)).waveforms.numpy()
        got = network(mel, noise).numpy()
    assert np.abs(wanted).max() > 0.05
    assert np.abs(got - wanted).max() <= 1e-9 * np.abs(wanted).max()
