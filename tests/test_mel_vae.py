"""The mel VAE: its network against diffusers' own, its file and graph, its prior, and the codec of its latents."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("constriction")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.contract.dialect import dialect  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.core.errors import ArtifactError, BrokenPacket, ContractError, MissingFact, NotAnArtifact  # noqa: E402
from melpact.features.analysis import extract  # noqa: E402
from melpact.models.codec.rate import Rate  # noqa: E402
from melpact.models.codec.vae import graph  # noqa: E402
from melpact.models.codec.vae.codec import MelCodec  # noqa: E402
from melpact.models.codec.vae.facts import Facts, read  # noqa: E402
from melpact.models.codec.vae.fitting import fitted  # noqa: E402
from melpact.models.codec.vae.importing import imported, is_folder, untouched  # noqa: E402
from melpact.models.codec.vae.opening import vae  # noqa: E402
from melpact.models.codec.vae.prior import NEAREST, Prior, neighbours  # noqa: E402
from melpact.models.codec.vae.vae import WINDOW, Autoencoder  # noqa: E402
from melpact.nn.autoencoders.mel_vae import (  # noqa: E402
    MelVae,
    MelVaeConfig,
    folded,
    kl_nats,
    receptive_fields,
    unfolded,
)
from melpact.nn.torch_runtime import seeded, weights_of  # noqa: E402
from melpact.normalise.band_statistics import Statistics  # noqa: E402
from train.material import tone  # noqa: E402

SPEC = dialect("hifigan_22k").spec
SIZES: dict[str, Any] = {"n_mels": 80, "channels": (8, 12), "latent_channels": 3, "patch": (2, 4), "strides": ((2, 1),)}
THEIRS: dict[str, Any] = {
    "in_channels": 1, "out_channels": 1, "block_out_channels": (8, 16, 16), "layers_per_block": 1, "latent_channels": 3,
    "norm_num_groups": 4, "down_block_types": ("DownEncoderBlock2D",) * 3, "up_block_types": ("UpDecoderBlock2D",) * 3,
}  # fmt: skip


def network(config: MelVaeConfig, seed: int = 0) -> MelVae:
    with seeded(seed):
        made = MelVae(config)
    made.eval()
    return made


@cache
def mels() -> list[np.ndarray]:
    return [extract(Audio.of(tone(i, 2.0), 22050), SPEC).values for i in range(4)]


@cache
def small() -> Autoencoder:
    """With random weights and a prior of its own latents."""
    config = MelVaeConfig(**SIZES)
    made = network(config)
    statistics = Statistics.measure(mels(), SPEC)
    facts = Facts(SPEC, statistics, config.model_dump(mode="json"), receptive_fields(config))
    plain = Autoencoder.build(facts, weights_of(made))
    latents = [plain.latent(mel) for mel in mels()]
    spread = np.full(facts.shape, 0.3 * float(np.std(latents)), np.float32)
    return plain.with_prior(fitted(latents, spread, 21.5))


def speak(mel: Mel) -> Audio:
    """A stand-in for a vocoder: every frame's hop is filled with one number of its mel."""
    return Audio.of(np.repeat(0.05 * np.tanh(mel.values[7]), mel.spec.hop_length).astype(np.float32), mel.spec.sample_rate)


# --- the network ---


@pytest.mark.parametrize("attention", ["bands", "none"])
@pytest.mark.parametrize("strides", [((2, 1),), ((1, 2),), ((2, 2), (2, 1))])
def test_what_a_frame_depends_on_is_said_exactly(attention: str, strides: Any) -> None:
    channels = (8,) * (len(strides) + 1)
    config = MelVaeConfig(
        n_mels=16, channels=channels, strides=strides, patch=(2, 1), attention=attention, latent_channels=2
    )
    made, fields = network(config).double(), receptive_fields(config)
    assert fields is not None
    stride, middle, length = config.stride[0], 30, 64
    x = torch.randn(1, 1, length * stride, 16, dtype=torch.float64, requires_grad=True)
    made.encode(x)[0][0, :, middle].square().sum().backward()
    touched = x.grad[0, 0].abs().sum(1).reshape(length, stride).sum(1).nonzero()[:, 0]
    assert (middle - int(touched[0]), int(touched[-1]) - middle) == fields[0]
    z = torch.randn(1, 2, length, config.positions, dtype=torch.float64, requires_grad=True)
    made.decode(z)[0, 0, middle * stride : (middle + 1) * stride].square().sum().backward()
    touched = z.grad[0].abs().sum((0, 2)).nonzero()[:, 0]
    assert (middle - int(touched[0]), int(touched[-1]) - middle) == fields[1]


def test_sizes_are_checked_and_patches_come_back() -> None:
    x = torch.randn(2, 1, 12, 8)
    assert torch.equal(unfolded(folded(x, (3, 4)), (3, 4)), x) and folded(x, (3, 4)).shape == (2, 12, 4, 2)
    assert MelVaeConfig(n_mels=80).stride == (4, 4) and MelVaeConfig(**SIZES).positions == 20
    for wrong in ({"strides": ()}, {"strides": ((3, 1),)}, {"n_mels": 81}, {"norm": "groups", "groups": 7}):
        with pytest.raises(ValueError):
            MelVaeConfig(**{"n_mels": 80, **wrong})


def test_the_divergence_is_that_of_two_normals() -> None:
    mean, variance = torch.tensor([0.7]), torch.tensor([0.3])
    x = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    p, q = (
        torch.distributions.Normal(a.double(), b.double().sqrt()) for a, b in ((mean, variance), (mean * 0, mean / mean))
    )
    integral = torch.trapezoid(p.log_prob(x).exp() * (p.log_prob(x) - q.log_prob(x)), x)
    assert float(kl_nats(mean, variance.log())) == pytest.approx(float(integral), rel=1e-5)


# --- other people's folders ---


@pytest.mark.heavy
def test_it_computes_what_diffusers_computes(tmp_path: Path) -> None:
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(1)
    theirs = diffusers.AutoencoderKL(**THEIRS).eval()
    for parameter in theirs.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    theirs.save_pretrained(tmp_path)
    assert is_folder(tmp_path) and not is_folder(tmp_path.parent)
    with pytest.raises(MissingFact, match="which mel"):
        vae(tmp_path)
    ours = vae(tmp_path, dialect="audioldm2_16k")
    values = np.random.default_rng(0).normal(-5, 2, (64, 48)).astype(np.float32)
    with torch.no_grad():
        mean = theirs.encode(torch.from_numpy(values.T[None, None].copy())).latent_dist.mean
        made = theirs.decode(mean).sample[0, 0].T.numpy()
    latent = ours.encode(Mel(values, ours.spec))
    assert np.abs(latent - mean[0].permute(0, 2, 1).numpy()).max() < 1e-4
    lowest, highest = ours.facts.limits()
    np.testing.assert_allclose(ours.decode(latent).values, np.clip(made, lowest[:, None], highest[:, None]), atol=1e-4)
    again = ours.save(tmp_path / "x.vae")
    assert vae(again).fingerprint == ours.fingerprint


def folder(where: Path, **changes: Any) -> Path:
    """A folder as diffusers writes one, without diffusers."""
    from safetensors.numpy import save_file

    where.mkdir(parents=True)
    levels: dict[str, Any] = {"channels": (8, 16, 16), "strides": ((2, 2),) * 2, "patch": (1, 1)}
    config = MelVaeConfig(n_mels=64, latent_channels=3, norm="groups", groups=4, attention="all", **levels)
    save_file(weights_of(network(config)), where / "diffusion_pytorch_model.safetensors")
    said = {"_class_name": "AutoencoderKL", "scaling_factor": 0.3, "act_fn": "silu", **THEIRS, **changes}
    (where / "config.json").write_text(json.dumps({name: value for name, value in said.items() if value is not None}))
    return where


def test_a_folder_is_accounted_for_to_the_last_key(tmp_path: Path) -> None:
    facts, weights = imported(folder(tmp_path / "good"), dialect="audioldm2_16k")
    assert facts.stride == (4, 4) and facts.shape == (3, 16) and facts.fields is None
    assert facts.spec.n_mels == 64 and (facts.statistics.mean == 0).all() and (facts.statistics.std == 1).all()
    assert set(weights) == set(network(MelVaeConfig(**facts.sizes)).state_dict())
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"warp": 3}, ContractError, "warp=3"),
        ({"act_fn": "relu"}, ContractError, "act_fn"),
        ({"norm_num_groups": None}, MissingFact, "norm_num_groups"),
        ({"in_channels": 3, "out_channels": 3}, ContractError, "pictures"),
        ({"_class_name": "VQModel"}, NotAnArtifact, "VQModel"),
        (
            {"up_block_types": ("UpDecoderBlock2D", "AttnUpDecoderBlock2D", "UpDecoderBlock2D")},
            ContractError,
            "up_block_types",
        ),
        ({"layers_per_block": 2}, ContractError, "missing"),
        ({"latent_channels": 4}, ContractError, r"shape \[6, 16, 3, 3\]"),
        ({"norm_num_groups": 3}, ContractError, "groups"),
    ]
    for index, (changes, error, match) in enumerate(cases):
        with pytest.raises(error, match=match):
            imported(folder(tmp_path / str(index), **changes), dialect="audioldm2_16k")
    bare = folder(tmp_path / "bare")
    (bare / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ArtifactError, match="no weights"):
        imported(bare, dialect="audioldm2_16k")


def test_the_known_family_says_its_mel_and_full_scale_is_below_the_ceiling() -> None:
    from melpact.models.codec.vae import importing

    said = {"in_channels": 1, "latent_channels": 8, "layers_per_block": 2}
    assert importing._spec(said, {"channels": [128, 256, 512]}, None, Path("x")) == dialect("audioldm2_16k").spec
    spec = dialect("audioldm2_16k").spec
    t = np.arange(16000) / 16000
    for y in (np.sin(2 * np.pi * 1000 * t), np.sign(np.sin(2 * np.pi * 200 * t)), np.ones(16000)):
        loud = extract(Audio.of(y.astype(np.float32), 16000), spec).values
        assert (loud.max(1) < untouched(spec).ceiling).all()


# --- file, graph, lengths ---


def test_file_and_graph_are_the_same_vae(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    one = small()
    kept = vae(one.save(tmp_path / "x.vae"))
    assert kept.fingerprint == one.fingerprint and read(tmp_path / "x.vae")[0].fields == one.facts.fields
    other = graph.load(graph.export(one, tmp_path / "x.onnx"), 1)
    assert other.fingerprint == one.fingerprint and other.n_weights == one.n_weights
    for frames in (8, 41, 160):
        mel = Mel(mels()[0][:, :frames].copy(), SPEC)
        latent = one.encode(mel)
        assert latent.shape == (3, 20, -(-frames // 4))
        assert np.abs(other.encode(mel) - latent).max() < 1e-5
        assert np.abs(other.decode(latent, frames).values - one.decode(latent, frames).values).max() < 1e-4
    half = vae(graph.export(one, tmp_path / "h.onnx", half=True))
    assert half.fingerprint == one.fingerprint
    with pytest.raises(ContractError, match="latent"):
        one.values(np.zeros((4, 20, 3), np.float32))
    with pytest.raises(ArtifactError, match="wanted vae"):
        read(Mel(mels()[0], SPEC).save(tmp_path / "m.mel"))


def test_pieces_of_a_long_mel_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from melpact.nn import running

    one, mel = small(), np.concatenate(mels(), 1)
    whole = one.latent(mel)
    values = one.values(whole)
    monkeypatch.setattr(running, "BATCH_FRAMES", 20)
    monkeypatch.setattr(running, "_PIECE_FRAMES", 16)
    assert np.abs(one.latent(mel) - whole).max() < 1e-5 and np.abs(one.values(whole) - values).max() < 1e-4


def test_a_network_that_sees_all_is_computed_in_windows() -> None:
    config = MelVaeConfig(n_mels=16, channels=(4,), strides=(), patch=(1, 1), norm="groups", groups=2, attention="all")
    spec = SPEC.replace_quietly(n_mels=16)
    one = Autoencoder.build(
        Facts(spec, untouched(spec), config.model_dump(mode="json"), receptive_fields(config)), weights_of(network(config))
    )
    values = np.random.default_rng(0).normal(-5, 2, (16, WINDOW + 40)).astype(np.float32)
    latent = one.latent(values)
    assert latent.shape == (8, 16, WINDOW + 40) and one.values(latent).shape == values.shape
    other = values.copy()
    other[:, -1] += 1
    changed = np.abs(one.latent(other) - latent).max((0, 1)) > 0
    assert not changed[:WINDOW].any() and changed[WINDOW:].all()


# --- the prior ---


def test_neighbours_are_known_already() -> None:
    numbers = np.arange(2 * 3 * 4).reshape(2, 3, 4) + 1
    near = neighbours(numbers)
    assert near.shape == (6, 2, 3, 4)
    assert near[:, 1, 1, 2].tolist() == [
        numbers[1, 1, 1], numbers[1, 1, 0], numbers[1, 0, 2], numbers[1, 2, 1], numbers[1, 0, 1], numbers[0, 1, 2],
    ]  # fmt: skip
    assert near[:, 0, 0, 0].tolist() == [0] * 6


def test_numbers_come_back_and_cost_what_is_said() -> None:
    prior = small().facts.prior
    assert prior is not None
    rng = np.random.default_rng(0)
    bits = 0.0
    for quality in range(prior.steps):
        numbers = prior.quantised(small().latent(mels()[1]), quality)
        data = prior.written(numbers, quality)
        assert np.array_equal(prior.read(data, numbers.shape[2], quality), numbers)
        said = prior.bits(numbers, quality)
        assert said - 1 < 8 * len(data) < said + 40 and said > bits
        bits = said
        away = np.abs(prior.restored(numbers, quality) - small().latent(mels()[1]))
        assert (away <= 0.5001 * prior.ratios[quality] * prior.spread[..., None] + 1e-6).all()
    wild = rng.integers(-(1 << 14), 1 << 14, (3, 20, 5))
    wild[:, ::2] //= 4096
    assert np.array_equal(prior.read(prior.written(wild, 3), 5, 3), wild)
    assert np.abs(wild).max() > 100 * NEAREST


def test_it_knows_what_it_was_fitted_to() -> None:
    """A latent whose frames go on is cheaper than one of the same values without order, by about what theory says."""
    rng = np.random.default_rng(0)
    walk = np.zeros((2, 4, 2000))
    for t in range(1, 2000):
        walk[..., t] = 0.95 * walk[..., t - 1] + rng.normal(0, (1 - 0.95**2) ** 0.5, (2, 4))
    ordered: np.ndarray = walk.astype(np.float32)
    mixed = rng.permuted(ordered, axis=2)
    spread = np.full((2, 4), 0.05, np.float32)
    costs = []
    for latent in (ordered, mixed):
        prior = fitted([latent], spread, 21.5)
        costs.append(prior.bits(prior.quantised(latent, 6), 6) / latent.size)
    assert costs[1] - costs[0] == pytest.approx(-0.5 * np.log2(1 - 0.95**2), abs=0.12)
    step = 12**0.5 / 2 * 0.05
    assert costs[1] == pytest.approx(0.5 * np.log2(2 * np.pi * np.e) - np.log2(step), abs=0.12)


def test_tables_are_whole_numbers_that_any_machine_has(tmp_path: Path) -> None:
    prior = small().facts.prior
    assert prior is not None and prior.tables.sum(1).tolist() == [1 << 16] * len(prior.tables)
    tensors = prior.tensors()
    for name, value in (
        ("tables", prior.tables + 1),
        ("ratios", -prior.ratios),
        ("mean_weights", prior.mean_weights[:, :, 1:]),
    ):
        with pytest.raises(ContractError):
            Prior.of({**tensors, f"prior.{name}": value}, (3, 20), "x")
    again = Prior.of(tensors, (3, 20), "x")
    numbers = prior.quantised(small().latent(mels()[2]), 5)
    assert again.written(numbers, 5) == prior.written(numbers, 5)


def test_bits_that_were_changed_are_no_crash() -> None:
    prior, rng = small().facts.prior, np.random.default_rng(0)
    assert prior is not None
    data, refused = prior.written(prior.quantised(small().latent(mels()[1]), 4), 4), 0
    for _ in range(200):
        broken = bytearray(data)
        broken[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        try:
            assert prior.read(bytes(broken[: int(rng.integers(len(data) + 1))]), 43, 4).shape == (3, 20, 43)
        except BrokenPacket:
            refused += 1
    assert refused > 50


# --- the codec ---


def test_a_stream_is_decoded_from_its_bytes_alone_in_another_process(tmp_path: Path) -> None:
    codec = MelCodec(small(), speak)
    sound = Audio.of(tone(9, 2.6), 22050)
    stream = codec.encode(sound, rate=Rate.quality(6))
    made = codec.decode(stream)
    assert made.n_samples == sound.n_samples
    small().save(tmp_path / "x.vae")
    (tmp_path / "stream").write_bytes(stream)
    program = (
        "import sys, numpy as np, torch; torch.set_num_threads(1)\n"
        "from test_mel_vae import MelCodec, speak, vae\n"
        "made = MelCodec(vae(sys.argv[1]), speak).decode(open(sys.argv[2], 'rb').read())\n"
        "np.save(sys.argv[3], made.samples)\n"
    )
    files = [str(tmp_path / name) for name in ("x.vae", "stream", "y.npy")]
    place = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", program, *files], capture_output=True, text=True, check=False, cwd=place)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load(files[2]), made.samples)


def test_packets_say_what_the_whole_says() -> None:
    """Latents of a packet are those of the whole sound: it is shown all that they depend on."""
    codec = MelCodec(small(), speak)
    sound = tone(5, 3.0)
    whole = codec.vae.latent(extract(Audio.of(sound, 22050), SPEC).values)
    parts: list[np.ndarray] = []

    class Watching(MelCodec):
        def _written(self, latent: np.ndarray, quality: int) -> bytes:
            parts.append(latent)
            return super()._written(latent, quality)

    Watching(small(), speak).encode(Audio.of(sound, 22050), packet_ms=500)
    joined = np.concatenate(parts, axis=2)
    left, right = codec._seen
    inner = slice(left, whole.shape[2] - right)
    assert len(parts) > 5 and np.abs(joined[..., inner] - whole[..., inner]).max() < 1e-4


def test_rates() -> None:
    codec = MelCodec(small(), speak)
    sound = Audio.of(tone(3, 2.0), 22050)
    sizes = [len(codec.encode(sound, rate=Rate.quality(step))) for step in range(codec.steps)]
    assert sizes == sorted(sizes) and sizes[-1] > 2 * sizes[0]
    from melpact.models.codec.container import scan

    for kbit_s in (0.3, 1.0, 4.0):
        packets = scan(codec.encode(sound, rate=Rate.constant(kbit_s))).packets
        seconds = codec.packet_frames(1000) * codec.frame_samples / 22050
        assert all(len(one.payload) <= kbit_s * 125 * seconds for one in packets if one.payload is not None)
    with pytest.raises(ContractError, match="prior"):
        MelCodec(
            Autoencoder(Facts(SPEC, small().facts.statistics, small().facts.sizes), small().encoding, small().decoding),
            speak,
        )


def test_what_is_lost_is_made_up_of_its_neighbours() -> None:
    codec = MelCodec(small(), speak)
    stream = codec.encode(Audio.of(tone(4, 3.0), 22050), packet_ms=500)
    whole, found = codec.decode(stream), codec.decoded(stream, lost=[2])
    assert found.lost == (2,) and found.audio.n_samples == whole.n_samples
    same = whole.samples == found.audio.samples
    size = codec.packet_frames(500) * codec.frame_samples
    reach = codec.vae.facts.fields[1][0] * codec.frame_samples  # type: ignore[index]
    assert same[0, : 2 * size - reach].all() and same[0, 3 * size + reach :].all() and not same[0, 2 * size : 3 * size].all()
    assert codec.decoded(stream, lost=range(20)).audio.n_samples == whole.n_samples
    broken = bytearray(stream)
    broken[len(stream) // 2] ^= 1
    with pytest.raises(BrokenPacket):
        codec.decode(bytes(broken))
    assert len(codec.decoded(bytes(broken), conceal=True).lost) == 1
