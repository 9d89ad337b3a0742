"""Every network against somebody else's: a package that installs, or the paper's formulas written out in float64.

Receptive fields are exact: the gradient of a frame's samples is zero outside the promised frames and not zero at their
edges.
"""

from __future__ import annotations

import importlib
import io
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from melpact.vocoders.families import Family, families

torch = pytest.importorskip("torch")

Floats = NDArray[np.float64]
MINE = ("vocos", "bigvgan", "univnet", "istftnet", "melgan", "pwg", "nsf_hifigan")


def family(name: str) -> Family:
    """A listed family, or one that waits for its inputs in a module that is not listed."""
    module = name if name in families() else f"_{name}"
    found: Family = importlib.import_module(f"melpact.vocoders.families.{module}").PLUGIN
    return found


def built(name: str, seed: int = 0, gain: float = 1.5, **changes: Any) -> tuple[Any, Any]:
    """A family's small network in float64 with weights large enough to be heard."""
    torch.manual_seed(seed)
    one = family(name)
    sizes = one.sizes({**one.small, **changes})
    with float64():
        network = one.network(sizes)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn_like(parameter) * (gain / np.sqrt(parameter[0].numel())))
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
    if "start" in one.inputs:
        made["start"] = rng.standard_normal((batch, one.module().start_channels(sizes), frames))
    if "f0" in one.inputs:
        made["f0"] = rng.uniform(100, 300, (batch, frames))
        made["phase"] = rng.uniform(0, 1, (batch, frames))
    return [torch.tensor(made[name]) for name in one.inputs]


# --- laws of every network ------------------------------------------------------------------------


_ODD: dict[str, Any] = {
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": (3,),
    "resblock_dilation_sizes": ((1,),),
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in MINE),
    ("vocos", {"padding": "same"}),
    ("vocos", {"n_fft": 320, "hop_length": 64, "padding": "same"}),
    ("bigvgan", {**_ODD, "upsample_rates": (2, 3), "upsample_kernel_sizes": (6, 3)}),
    ("univnet", {"resblock_stride_sizes": (2, 3, 2), "resblock_kernel_sizes": (5, 3, 3)}),
    ("istftnet", {**_ODD, "kernel_size": 1, "upsample_rates": (1,), "upsample_kernel_sizes": (1,)}),
    ("istftnet", {**_ODD, "kernel_size": 3, "upsample_rates": (2, 2), "upsample_kernel_sizes": (4, 2)}),
    (
        "istftnet",
        {**_ODD, "kernel_size": 3, "upsample_rates": (5,), "upsample_kernel_sizes": (10,), "upsample_padding": "stride"},
    ),
    ("melgan", {"upsample_scales": (3, 2), "stacks": 1, "kernel_size": 3}),
    ("pwg", {"upsample_scales": (5, 1), "layers": 1, "stacks": 1, "aux_context_window": 0}),
    ("pwg", {"upsample_scales": (5, 1), "layers": 1, "stacks": 1, "aux_context_window": 0, "kernel_size": 31}),
    (
        "nsf_hifigan",
        {**_ODD, "kernel_size": 1, "resblock_kernel_sizes": (1,), "upsample_rates": (2, 4), "upsample_kernel_sizes": (2, 4)},
    ),
    ("nsf_hifigan", {**_ODD, "upsample_rates": (3, 2), "upsample_kernel_sizes": (5, 2), "resblock": "2"}),
]


@pytest.mark.parametrize(("name", "changes"), VARIANTS)
def test_the_receptive_field_is_exact(name: str, changes: dict[str, Any]) -> None:
    one = family(name)
    network, sizes = built(name, gain=0.7, **changes)
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


@pytest.mark.parametrize("name", MINE)
def test_its_graph_takes_any_length_and_batch(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    one = family(name)
    network, sizes = built(name, gain=0.7)
    given, file = [x.float() for x in inputs(one, sizes, 40)], io.BytesIO()
    axes = {key: {0: "batch", x.ndim - 1: "frames"} for key, x in zip(one.inputs, given, strict=True)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.float(),
            tuple(given),
            file,
            input_names=list(one.inputs),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    graph = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for frames, batch in [(61, 2), (12, 1), (1, 1), (2, 3)]:
        given = [x.float() for x in inputs(one, sizes, frames, batch)]
        with torch.no_grad():
            wanted = network(*given).numpy()
        got = graph.run(None, {key: x.numpy() for key, x in zip(one.inputs, given, strict=True)})[0]
        assert np.abs(got - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_mirrored_edges_equal_reflection_and_hold_beyond_it() -> None:
    from melpact.nn.blocks.edges import mirrored

    x = torch.randn(2, 3, 7)
    for edge in (0, 1, 6):
        assert torch.equal(mirrored(x, edge), torch.nn.functional.pad(x, (edge, edge), mode="reflect"))
    assert mirrored(torch.tensor([[1.0, 2.0]]), 3).tolist() == [[2, 2, 2, 1, 2, 1, 1, 1]]
    assert mirrored(torch.tensor([[5.0]]), 2).tolist() == [[5] * 5]


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


# --- against the formulas, written out ------------------------------------------------------------


def conv(
    x: Floats, weights: dict[str, Floats], at: str, dilation: int = 1, stride: int = 1, padding: int | None = None
) -> Floats:
    """y[o, n] = b[o] + Σ_{c,k} w[o, c, k] · x[c, stride·n + k·dilation - padding], zeros outside; as long as x."""
    w = weights[f"{at}.weight"]
    size = w.shape[2]
    edge = dilation * (size - 1) // 2 if padding is None else padding
    padded = np.pad(x, ((0, 0), (edge, edge)))
    count = (padded.shape[1] - dilation * (size - 1) - 1) // stride + 1
    y = np.zeros((w.shape[0], count))
    for n in range(count):
        for k in range(size):
            y[:, n] += w[:, :, k] @ padded[:, n * stride + k * dilation]
    return y + weights[f"{at}.bias"][:, None] if f"{at}.bias" in weights else y


def transposed(x: Floats, weights: dict[str, Floats], at: str, stride: int) -> Floats:
    """Every input value adds its kernel at n·stride; the middle T·stride of it."""
    w = weights[f"{at}.weight"]
    size, frames = w.shape[2], x.shape[1]
    y = np.zeros((w.shape[1], (frames + 1) * stride + size))
    for n in range(frames):
        for k in range(size):
            y[:, n * stride + k] += w[:, :, k].T @ x[:, n]
    cut = (size - stride + 1) // 2
    return y[:, cut : cut + frames * stride] + weights[f"{at}.bias"][:, None]


def leaky(x: Floats, slope: float) -> Floats:
    return np.where(x > 0, x, slope * x)


def mirror(x: Floats, edge: int) -> Floats:
    return np.concatenate([x[:, edge:0:-1], x, x[:, -2 : -2 - edge : -1]], axis=1)


def published(name: str, layout: str, **changes: Any) -> tuple[Any, Any, dict[str, Floats]]:
    """Network, sizes, and its weights under a layout's names."""
    network, sizes = built(name, **changes)
    theirs = {ours: key for key, ours in family(name).published_names(sizes, layout).items()}
    weights = {}
    for key, value in network.state_dict().items():
        module, _, tail = key.rpartition(".")
        weights[f"{theirs[module]}.{tail}"] = value.numpy()
    return network, sizes, weights


def told(network: Any, given: list[Any]) -> Floats:
    with torch.no_grad():
        samples: Floats = network(*given).numpy()[0]
    return samples


def residual_blocks(x: Floats, w: dict[str, Floats], stage: int, sizes: Any) -> Floats:
    """The mean of HiFi-GAN's parallel blocks of kind 1."""
    total = np.zeros_like(x)
    count = len(sizes.resblock_kernel_sizes)
    for j in range(count):
        y = x
        for k, dilation in enumerate(sizes.resblock_dilation_sizes[j]):
            inner = conv(leaky(y, 0.1), w, f"resblocks.{stage * count + j}.convs1.{k}", dilation)
            y = y + conv(leaky(inner, 0.1), w, f"resblocks.{stage * count + j}.convs2.{k}")
        total += y
    return total / count


def test_istftnet_equals_its_formulas() -> None:
    network, sizes, w = published("istftnet", "original", upsample_rates=(4, 3), upsample_kernel_sizes=(8, 7))
    given = inputs(family("istftnet"), sizes, 5)
    x = conv(given[0].numpy()[0], w, "conv_pre")
    for i, rate in enumerate((4, 3)):
        x = residual_blocks(transposed(leaky(x, 0.1), w, f"ups.{i}", rate), w, i, sizes)
    x = leaky(x, 0.01)
    x = conv(np.concatenate([x[:, 1:2], x], axis=1), w, "conv_post")
    spectrum = np.exp(x[:9]) * np.exp(1j * np.sin(x[9:]))
    window = np.hanning(17)[:16]
    wave, squares = np.zeros(16 + 4 * 60), np.zeros(16 + 4 * 60)
    for n in range(61):
        wave[4 * n : 4 * n + 16] += window * np.fft.irfft(spectrum[:, n])
        squares[4 * n : 4 * n + 16] += window**2
    wanted = (wave[8:-8] / squares[8:-8])[: 5 * 48]
    assert wanted.shape == (240,)
    assert np.abs(told(network, given) - wanted).max() <= 1e-11 * np.abs(wanted).max()


@pytest.mark.parametrize("layout", ["original", "pwg"])
def test_melgan_equals_its_formulas(layout: str) -> None:
    network, sizes, w = published("melgan", layout, n_mels=4, upsample_scales=(8, 5, 2), channels=16, stacks=3)
    top, block, shortcut = ("model", "block", "shortcut") if layout == "original" else ("melgan", "stack", "skip_layer")
    given = inputs(family("melgan"), sizes, 6)
    x = conv(mirror(given[0].numpy()[0], 3), w, f"{top}.1", padding=0)
    at = 2  # layers are counted with activations and edges
    for scale in (8, 5, 2):
        x = transposed(leaky(x, 0.2), w, f"{top}.{at + 1}", scale)
        for j in range(3):
            here = f"{top}.{at + 2 + j}"
            inner = conv(mirror(leaky(x, 0.2), 3**j), w, f"{here}.{block}.2", 3**j, padding=0)
            x = conv(leaky(inner, 0.2), w, f"{here}.{block}.4") + conv(x, w, f"{here}.{shortcut}")
        at += 5
    wanted = np.tanh(conv(mirror(leaky(x, 0.2), 3), w, f"{top}.{at + 2}", padding=0))[0]
    assert np.abs(wanted).max() > 0.05
    assert np.abs(told(network, given) - wanted).max() <= 1e-12


def test_parallel_wavegan_equals_its_formulas() -> None:
    changes = {"n_mels": 5, "upsample_scales": (3, 4), "freq_axis_kernel_size": 3}
    network, sizes, w = published("pwg", "pwg", **changes)
    given = inputs(family("pwg"), sizes, 6)
    mel, noise = (x.numpy()[0] for x in given)
    c = conv(np.pad(mel, ((0, 0), (2, 2)), mode="edge"), w, "upsample_net.conv_in", padding=0)
    for i, scale in enumerate((3, 4)):
        kernel = w[f"upsample_net.upsample.up_layers.{2 * i + 1}.weight"][0, 0]
        held = np.pad(np.repeat(c, scale, axis=1), ((1, 1), (scale, scale)))
        c = np.array(
            [[(kernel * held[b : b + 3, n : n + 2 * scale + 1]).sum() for n in range(c.shape[1] * scale)] for b in range(5)]
        )
    x = conv(noise.T.reshape(1, -1), w, "first_conv")
    skips = np.zeros((6, x.shape[1]))
    for layer, dilation in enumerate((1, 2, 4, 1, 2, 4)):
        here = f"conv_layers.{layer}"
        both = conv(x, w, f"{here}.conv", dilation) + conv(c, w, f"{here}.conv1x1_aux")
        y = np.tanh(both[:6]) / (1 + np.exp(-both[6:]))
        skips += conv(y, w, f"{here}.conv1x1_skip")
        if layer < 5:
            x = (conv(y, w, f"{here}.conv1x1_out") + x) * np.sqrt(0.5)
    y = conv(np.maximum(skips / np.sqrt(6), 0), w, "last_conv_layers.1")
    wanted = conv(np.maximum(y, 0), w, "last_conv_layers.3")[0]
    assert np.abs(told(network, given) - wanted).max() <= 1e-12 * np.abs(wanted).max()


def test_nsf_hifigan_equals_its_formulas() -> None:
    network, sizes, w = published(
        "nsf_hifigan", "original", n_mels=4, upsample_rates=(4, 2, 2), upsample_kernel_sizes=(8, 4, 4)
    )
    hop, frames = 16, 7
    mel, _, _, noise = inputs(family("nsf_hifigan"), sizes, frames)
    f0 = np.array([220.0, 221.0, 0.0, 0.0, 330.0, 331.0, 110.0])
    total = np.concatenate([[0.0], np.cumsum(f0 * hop / 22050)])[:-1]
    starts = np.random.default_rng(0).random(3) * [0, 1, 1]
    weights = w["m_source.l_linear.weight"][0]
    # the harmonics' noises: any that the weights bring to the one that is drawn
    drawn = noise.numpy()[0].T.reshape(-1, 1) * weights / np.sqrt(weights @ weights)
    source = np.zeros((1, frames * hop))
    for n in range(frames * hop):
        frame, within = divmod(n, hop)
        cycles = total[frame] + f0[frame] * (within + 1) / 22050
        heard = f0[frame] > 0
        waves = 0.1 * heard * np.sin(2 * np.pi * (cycles * np.arange(1, 4) + starts)) + drawn[n] * (
            0.003 if heard else 0.1 / 3
        )
        source[0, n] = np.tanh(weights @ waves + w["m_source.l_linear.bias"][0])
    x = conv(mel.numpy()[0], w, "conv_pre")
    for i, (rate, stride) in enumerate(((4, 4), (2, 2), (2, 1))):
        x = transposed(leaky(x, 0.1), w, f"ups.{i}", rate)
        x = x + conv(source, w, f"noise_convs.{i}", stride=stride, padding=stride // 2 if stride > 1 else 0)
        x = residual_blocks(x, w, i, sizes)
    wanted = np.tanh(conv(leaky(x, 0.01), w, "conv_post"))[0]
    got = told(network, [mel, torch.tensor(f0)[None], torch.tensor(total % 1)[None], noise])
    assert np.abs(wanted).max() > 0.05
    assert np.abs(got - wanted).max() <= 1e-10


def test_the_harmonics_of_a_steady_pitch_are_where_they_belong() -> None:
    """440 Hz for a second: with the linear layer on one harmonic alone the source's spectrum peaks at its multiple."""
    network, sizes = built("nsf_hifigan")
    frames = 86
    f0 = torch.full((1, frames), 440.0)
    phase = torch.tensor(np.arange(frames) * 440.0 * 256 / 22050 % 1)[None]
    silent = torch.zeros(1, family("nsf_hifigan").module().noise_channels(sizes), frames)
    for harmonic in range(3):
        with torch.no_grad():
            network.m_source.l_linear.weight.zero_()[0, harmonic] = 1.0
            network.m_source.l_linear.bias.zero_()
            wave = network.m_source(f0.double(), phase, silent.double())[0, 0].numpy()
        spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size)))
        assert abs(spectrum.argmax() * 22050 / wave.size - 440 * (harmonic + 1)) < 1
        assert np.abs(wave).max() == pytest.approx(np.tanh(0.1), abs=1e-4)
