"""Neural vocoders from published checkpoints: parity with references on random weights, and bad files told apart."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact as mp
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import (
    ArtifactError,
    ContractError,
    MelpactError,
    MissingFact,
    NotAnArtifact,
    SpecMismatch,
    Truncated,
)
from melpact.nn.weight_norm import fold
from melpact.vocoders.families import family
from melpact.vocoders.neural import NeuralVocoder
from melpact.vocoders.opening import understand, vocoder

torch = pytest.importorskip("torch")
F = torch.nn.functional

RESBLOCK_1 = {
    "resblock": "1", "upsample_rates": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 7], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
}  # fmt: skip
RESBLOCK_2 = {**RESBLOCK_1, "resblock": "2", "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 2], [2, 6]]}
MEL_KEYS = {
    "num_mels": 80, "n_fft": 1024, "hop_size": 256, "win_size": 1024, "sampling_rate": 22050, "fmin": 0, "fmax": 8000,
}  # fmt: skip
TRAINING = {
    "num_gpus": 0, "batch_size": 16, "learning_rate": 2e-4, "adam_b1": 0.8, "adam_b2": 0.99, "lr_decay": 0.999, "seed": 1234,
    "segment_size": 8192, "num_freq": 1025, "fmax_for_loss": None, "num_workers": 4,
    "dist_config": {"dist_backend": "nccl", "dist_url": "tcp://localhost:54321", "world_size": 1},
}  # fmt: skip


def random_mel(spec: MelSpec, frames: int = 23, seed: int = 0) -> Mel:
    mean, spread = {"ln": (-4.0, 2.0), "log10": (-2.0, 1.0)}[spec.log]
    return Mel(np.random.default_rng(seed).normal(mean, spread, (spec.n_mels, frames)).astype(np.float32), spec)


# --- the original layout, written by hand from its published names


def convolutions(config: dict[str, Any], n_mels: int = 80) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the original layout's convolutions."""
    channels = config["upsample_initial_channel"]
    shapes: dict[str, tuple[int, ...]] = {"conv_pre": (channels, n_mels, 7)}
    n = len(config["resblock_kernel_sizes"])
    for i, kernel in enumerate(config["upsample_kernel_sizes"]):
        shapes[f"ups.{i}"] = (channels, channels // 2, kernel)
        channels //= 2
        for j, (size, dilations) in enumerate(
            zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True)
        ):
            for k in range(len(dilations)):
                groups = ("convs1", "convs2") if config["resblock"] == "1" else ("convs",)
                for group in groups:
                    shapes[f"resblocks.{i * n + j}.{group}.{k}"] = (channels, channels, size)
    shapes["conv_post"] = (1, channels, 7)
    return shapes


def original_state(config: dict[str, Any], spelling: str = "old", seed: int = 0, n_mels: int = 80) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    state = {}
    for name, shape in convolutions(config, n_mels).items():
        v = rng.normal(size=shape)
        g = np.abs(rng.normal(1.0, 0.3, (shape[0], 1, 1)))
        bias = shape[1] if name.startswith("ups") else shape[0]
        state[f"{name}.bias"] = torch.tensor(rng.normal(0, 0.05, bias), dtype=torch.float32)
        if spelling == "folded":
            w = g * v / np.sqrt((v**2).sum((1, 2), keepdims=True))
            state[f"{name}.weight"] = torch.tensor(w, dtype=torch.float32)
            continue
        names = {"old": ("weight_g", "weight_v"), "new": tuple(f"parametrizations.weight.original{i}" for i in (0, 1))}
        for part, value in zip(names[spelling], (g, v), strict=True):
            state[f"{name}.{part}"] = torch.tensor(value, dtype=torch.float32)
    return state


def reference(state: dict[str, Any], config: dict[str, Any], mel: np.ndarray, pwg: bool = False) -> np.ndarray:
    """The paper's generator on folded weights, float64, from the names of the original layout; `pwg`: its padding."""
    w = {name: value.double() for name, value in state.items()}

    def conv(x: Any, name: str, dilation: int = 1) -> Any:
        kernel = w[f"{name}.weight"]
        pad = dilation * (kernel.shape[-1] - 1) // 2
        return F.conv1d(x, kernel, w[f"{name}.bias"], padding=pad, dilation=dilation)

    x = conv(torch.tensor(mel, dtype=torch.float64)[None], "conv_pre")
    n = len(config["resblock_kernel_sizes"])
    for i, (rate, kernel) in enumerate(zip(config["upsample_rates"], config["upsample_kernel_sizes"], strict=True)):
        x = F.conv_transpose1d(
            F.leaky_relu(x, 0.1), w[f"ups.{i}.weight"], w[f"ups.{i}.bias"], stride=rate,
            padding=(rate + 1) // 2 if pwg else (kernel - rate) // 2, output_padding=rate % 2 if pwg else 0,
        )  # fmt: skip
        total = 0
        for j, dilations in enumerate(config["resblock_dilation_sizes"]):
            y = x
            for k, dilation in enumerate(dilations):
                at = f"resblocks.{i * n + j}"
                if config["resblock"] == "1":
                    z = conv(F.leaky_relu(y, 0.1), f"{at}.convs1.{k}", dilation)
                    y = y + conv(F.leaky_relu(z, 0.1), f"{at}.convs2.{k}")
                else:
                    y = y + conv(F.leaky_relu(y, 0.1), f"{at}.convs.{k}", dilation)
            total = total + y
        x = total / n
    return np.asarray(torch.tanh(conv(F.leaky_relu(x, 0.01), "conv_post"))[0, 0].numpy())


def write_original(folder: Path, config: dict[str, Any], state: dict[str, Any], **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**config, **MEL_KEYS, **TRAINING, **changes}))
    torch.save({"generator": state}, folder / "g_00000005")
    return folder / "g_00000005"


@pytest.mark.parametrize("spelling", ["old", "new", "folded"])
@pytest.mark.parametrize("config", [RESBLOCK_1, RESBLOCK_2], ids=["resblock1", "resblock2"])
def test_original_checkpoint_sounds_as_the_paper_says(tmp_path: Path, config: dict[str, Any], spelling: str) -> None:
    path = write_original(tmp_path, config, original_state(config, spelling))
    made = vocoder(path)
    assert made.spec == dialect("hifigan_22k").spec
    mel = random_mel(made.spec)
    wanted = reference(original_state(config, "folded"), config, mel.values)
    assert np.abs(wanted).max() > 0.2
    np.testing.assert_allclose(made(mel).samples[0], wanted, rtol=0, atol=2e-6)


def test_published_sizes_have_the_published_number_of_weights() -> None:
    kind = family("hifigan")
    counts = {}
    for name, preset in kind.presets.items():
        network = kind.network(kind.sizes(preset))
        counts[name] = round(sum(p.numel() for p in network.parameters()) / 1e6, 2)
    assert counts == {"v1": 13.93, "v2": 0.93, "v3": 1.46}  # Kong et al. 2020, table 1: 13.92 M, 0.92 M, 1.46 M


def test_a_folder_with_one_checkpoint_is_enough(tmp_path: Path) -> None:
    path = write_original(tmp_path / "a", RESBLOCK_2, original_state(RESBLOCK_2))
    mel = random_mel(dialect("hifigan_22k").spec)
    np.testing.assert_array_equal(vocoder(tmp_path / "a")(mel).samples, vocoder(path)(mel).samples)
    torch.save({}, tmp_path / "a" / "do_00000005.pth")
    torch.save({}, tmp_path / "a" / "other.pth")
    with pytest.raises(ArtifactError, match="several checkpoints"):
        vocoder(tmp_path / "a")


def test_what_the_configuration_leaves_open_is_said(tmp_path: Path) -> None:
    found = understand(write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2), fmax=None))
    assert found.spec.f_max == 11025.0
    text = " | ".join(found.notes)
    assert "fmax is null" in text
    assert "natural log" in text and "half a hop" in text
    assert "num_freq 1025" in text
    again = understand(write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2)))
    assert "fmax_for_loss (half the rate)" in " | ".join(again.notes)


def test_a_dialect_that_the_user_vouches_for_must_agree_with_the_files(tmp_path: Path) -> None:
    path = write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2))
    assert vocoder(path, dialect="tacotron2_22k").spec == dialect("tacotron2_22k").spec
    with pytest.raises(ContractError, match="sample_rate"):
        vocoder(path, dialect="bigvgan_24k")
    assert vocoder(path, changes={"padding": "centre"}).spec.padding == "centre"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"hop_size": 300}, ContractError, "256 samples per frame"),
        ({"gin_channels": 256}, ContractError, "gin_channels=256"),
        ({"fmax": "8000"}, ContractError, "fmax is no number"),
        ({"upsample_rates": [8, 8, "4"]}, ContractError, "upsample_rates"),
        ({"fmax": 16000}, MelpactError, "Nyquist"),
        ({"resblock_kernel_sizes": [3]}, ContractError, "of one length"),
        ({"upsample_initial_channel": 32}, ContractError, "of shape"),
        ({"num_mels": 100}, ContractError, "conv_pre.weight"),
    ],
)
def test_a_configuration_that_is_not_the_checkpoints(
    tmp_path: Path, change: dict[str, Any], error: type[Exception], says: str
) -> None:
    path = write_original(tmp_path, RESBLOCK_1, original_state(RESBLOCK_1), **change)
    with pytest.raises(error, match=says):
        vocoder(path)


def test_an_unknown_key_can_be_vouched_for(tmp_path: Path) -> None:
    path = write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2), my_note="x")
    with pytest.raises(ContractError, match="--ignore my_note"):
        vocoder(path)
    assert vocoder(path, ignore=["my_note"]).family == "hifigan"


def test_a_missing_key_is_asked_for(tmp_path: Path) -> None:
    path = write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2))
    said = json.loads((tmp_path / "config.json").read_text())
    del said["fmax"]
    (tmp_path / "config.json").write_text(json.dumps(said))
    with pytest.raises(MissingFact, match="fmax"):
        vocoder(path)


def test_missing_and_surplus_tensors_and_other_architectures(tmp_path: Path) -> None:
    state = original_state(RESBLOCK_2)
    lacking = {k: v for k, v in state.items() if not k.startswith("ups.1.")}
    with pytest.raises(ContractError, match=r"1 missing \(ups.1\)"):
        vocoder(write_original(tmp_path, RESBLOCK_2, lacking))
    surplus = {**state, "cond.weight": torch.zeros(3)}
    with pytest.raises(ContractError, match=r"1 surplus \(cond.weight\)"):
        vocoder(write_original(tmp_path, RESBLOCK_2, surplus))
    half = {k: v for k, v in state.items() if k != "conv_pre.weight_g"}
    with pytest.raises(ContractError, match=r"no conv_pre\.weight_g"):
        vocoder(write_original(tmp_path, RESBLOCK_2, half))
    no_bias = {k: v for k, v in state.items() if k != "conv_pre.bias"}
    with pytest.raises(ContractError, match=r"1 missing \(conv_pre.bias\)"):
        vocoder(write_original(tmp_path, RESBLOCK_2, no_bias))
    with pytest.raises(ContractError, match="another architecture"):
        vocoder(write_original(tmp_path, RESBLOCK_2, {"mel_extractor.weight": torch.zeros(3), "head.bias": torch.zeros(2)}))
    path = write_original(tmp_path, RESBLOCK_2, state)
    torch.save({"mpd": state, "msd": state, "steps": 3}, path)
    with pytest.raises(ContractError, match="discriminators"):
        vocoder(path)
    torch.save({"generator": {**state, "conv_pre.bias": state["conv_pre.bias"] * math.nan}}, path)
    with pytest.raises(ContractError, match="not numbers"):
        vocoder(path)


class _Bomb:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("form", ["zip", "old zip", "bare pickle"])
def test_a_pickle_that_runs_code_is_refused_before_it_runs(tmp_path: Path, form: str) -> None:
    path = write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2))
    fired = tmp_path / "fired"
    bomb = {"generator": {"conv_pre.weight": _Bomb(fired)}}
    if form == "bare pickle":
        path.write_bytes(pickle.dumps(bomb, protocol=2))
    else:
        torch.save(bomb, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(ArtifactError) as told:
        vocoder(path)
    assert not fired.exists()
    assert "mkdir" in str(told.value) and "refused before anything ran" in str(told.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_checkpoint(tmp_path: Path, share: float) -> None:
    path = write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactError) as told:
        vocoder(path)
    assert str(path) in str(told.value)


def test_a_checkpoint_without_configuration_says_what_is_wanted(tmp_path: Path) -> None:
    path = write_original(tmp_path, RESBLOCK_2, original_state(RESBLOCK_2))
    (tmp_path / "config.json").unlink()
    with pytest.raises(ArtifactError, match="--config FILE"):
        vocoder(path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ArtifactError, match="is not JSON"):
        vocoder(path)
    with pytest.raises(ArtifactError, match="does not exist"):
        vocoder(tmp_path / "nothing.pth")
    with pytest.raises(ArtifactError, match="does not exist"):
        vocoder("no_such_folder/nothing.vocoder")  # the form of a hub's name, but a file's ending: nothing is looked up


def test_folding_is_torchs_own_weight_norm() -> None:
    """Against torch's two implementations, for a convolution and a transposed one."""
    torch.manual_seed(0)
    for layer in (torch.nn.Conv1d(3, 5, 4), torch.nn.ConvTranspose1d(3, 5, 4), torch.nn.Conv1d(4, 1, 7)):
        for wrap in (torch.nn.utils.weight_norm, torch.nn.utils.parametrizations.weight_norm):
            with pytest.MonkeyPatch.context():
                import copy
                import warnings

                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    wrapped = wrap(copy.deepcopy(layer))
            with torch.no_grad():
                for name, value in wrapped.named_parameters():
                    if name.endswith(("_g", "original0")):
                        value.mul_(torch.rand_like(value) + 0.5)
            x = torch.randn(2, layer.in_channels, 9)
            wanted = wrapped(x)
            plain = fold({k: v.numpy() for k, v in wrapped.state_dict().items()})
            assert set(plain) == {"weight", "bias"}
            layer.load_state_dict({k: torch.from_numpy(v) for k, v in plain.items()})
            assert torch.allclose(layer(x), wanted, atol=1e-6)


# --- transformers


def speecht5(tmp_path: Path, **changes: Any) -> tuple[Path, Any]:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    config = transformers.SpeechT5HifiGanConfig(upsample_initial_channel=32, initializer_range=0.08, **changes)
    model = transformers.SpeechT5HifiGan(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim > 1:
                p.normal_(0, 0.7 / math.sqrt(p[0].numel()))
        if config.normalize_before:
            model.mean.copy_(torch.linspace(-3, -1, config.model_in_dim))
            model.scale.copy_(torch.linspace(0.5, 1.5, config.model_in_dim))
    model.save_pretrained(tmp_path)
    return tmp_path, model


AUDIOLDM = {
    "model_in_dim": 64, "normalize_before": False, "upsample_rates": [5, 4, 2, 2, 2],
    "upsample_kernel_sizes": [16, 16, 8, 4, 4],
}  # fmt: skip


@pytest.mark.parametrize("changes", [{}, AUDIOLDM], ids=["speecht5", "audioldm"])
def test_transformers_folder_sounds_as_in_transformers(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder, model = speecht5(tmp_path, **changes)
    made = vocoder(folder)
    assert made.spec == dialect("audioldm2_16k" if changes else "speecht5_16k").spec
    mel = random_mel(made.spec)
    with torch.no_grad():
        wanted = model(torch.tensor(mel.values.T.copy())).numpy()
    assert np.abs(wanted).max() > 0.01
    got = made(mel).samples[0]
    n = min(got.size, mel.n_frames * made.hop_length, wanted.size)
    assert n >= (mel.n_frames - 1) * made.hop_length
    np.testing.assert_allclose(got[:n], wanted[:n], rtol=0, atol=1e-6)


def test_transformers_folder_of_another_shape_asks_for_the_dialect(tmp_path: Path) -> None:
    folder, _ = speecht5(tmp_path, sampling_rate=22050, normalize_before=False)
    with pytest.raises(MissingFact, match="--dialect NAME"):
        vocoder(folder)
    assert vocoder(folder, dialect="hifigan_22k").spec == dialect("hifigan_22k").spec


def test_statistics_that_were_never_filled_are_named(tmp_path: Path) -> None:
    folder, model = speecht5(tmp_path)
    with torch.no_grad():
        model.mean.zero_()
        model.scale.fill_(1.0)
    model.save_pretrained(folder)
    assert any("never filled" in note for note in understand(folder).notes)


def test_a_name_on_a_model_hub(tmp_path: Path) -> None:
    """Offline, from a folder laid out as the hub's own cache."""
    pytest.importorskip("huggingface_hub")
    home = tmp_path / "models--someone--their-vocoder"
    speecht5(home / "snapshots" / ("0" * 40))
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0" * 40)
    code = "import melpact as mp, sys; print(mp.vocoder(sys.argv[1]).family)"
    env = {**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    for name, says in (("someone/their-vocoder", "hifigan"), ("someone/nothing", "Download it by hand")):
        done = subprocess.run([sys.executable, "-c", code, name], env=env, capture_output=True, text=True, timeout=120)
        assert says in done.stdout + done.stderr, done.stderr


# --- Parallel WaveGAN


def pwg_files(
    folder: Path, rates: list[int], *, statistics: str = "npy", generator: str = "HiFiGANGenerator"
) -> dict[str, Any]:
    kernels = [2 * r for r in rates]
    yaml = pytest.importorskip("yaml")
    config = {**RESBLOCK_1, "upsample_rates": rates, "upsample_kernel_sizes": kernels}
    state = original_state(config, "old", seed=4)
    names = family("hifigan").published_names(family("hifigan").sizes({"n_mels": 80, **config}), "pwg")
    theirs = {ours: published for published, ours in names.items()}
    renamed = {}
    for name, value in state.items():
        stem, _, last = name.rpartition(".")
        renamed[f"{theirs[stem]}.{last}"] = value
    torch.save({"model": {"generator": renamed, "discriminator": {}}, "optimizer": {"generator": {"state": {}}}, "steps": 7},
               folder / "checkpoint-7steps.pkl")  # fmt: skip
    said = {
        "sampling_rate": 22050, "fft_size": 1024, "hop_size": math.prod(rates), "win_length": None, "window": "hann",
        "num_mels": 80, "fmin": 80, "fmax": 7600, "global_gain_scale": 1.0, "trim_silence": False, "format": "hdf5",
        "generator_type": generator, "discriminator_type": "HiFiGANMultiScaleMultiPeriodDiscriminator", "lambda_adv": 1.0,
        "batch_size": 16, "use_mel_loss": True,
        "generator_params": {
            "in_channels": 80, "out_channels": 1, "channels": 16, "kernel_size": 7, "upsample_scales": rates,
            "upsample_kernal_sizes": kernels, "resblock_kernel_sizes": [3, 7],
            "resblock_dilations": [[1, 3, 5], [1, 3, 5]], "use_additional_convs": True, "bias": True,
            "nonlinear_activation": "LeakyReLU", "nonlinear_activation_params": {"negative_slope": 0.1},
            "use_weight_norm": True,
        },
    }  # fmt: skip
    (folder / "config.yml").write_text(yaml.safe_dump(said))
    mean, scale = np.linspace(-3, -2, 80), np.linspace(0.4, 0.9, 80)
    if statistics == "npy":
        np.save(folder / "stats.npy", np.stack([mean, scale]).astype(np.float32))
    elif statistics == "h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(folder / "stats.h5", "w") as file:
            file["mean"], file["scale"] = mean.astype(np.float32), scale.astype(np.float32)
    return {"config": config, "state": original_state(config, "folded", seed=4), "mean": mean, "scale": scale}


def test_pwg_names_are_the_published_ones() -> None:
    """Counted by hand from the published module tree: activations are numbered, too."""
    kind = family("hifigan")
    names = kind.published_names(kind.sizes({"n_mels": 80, **RESBLOCK_1}), "pwg")
    for name in ("input_conv", "upsamples.2.1", "blocks.5.convs1.2.1", "blocks.0.convs2.0.1", "output_conv.1"):
        assert name in names


@pytest.mark.parametrize("statistics", ["npy", "h5"])
def test_pwg_checkpoint_standardises_by_its_own_statistics(tmp_path: Path, statistics: str) -> None:
    truth = pwg_files(tmp_path, [8, 8, 4], statistics=statistics)
    made = vocoder(tmp_path / "checkpoint-7steps.pkl")
    raw = random_mel(dialect("pwg_22k").spec)
    normalised = (raw.values - truth["mean"][:, None]) / truth["scale"][:, None]
    wanted = reference(truth["state"], truth["config"], normalised)
    with pytest.raises(SpecMismatch, match="scaling"):
        made(raw)
    got = made(mp.translate(raw, made.spec)).samples[0]
    n = min(got.size, wanted.size)
    assert n >= 22 * 256
    np.testing.assert_allclose(got[:n], wanted[:n], rtol=0, atol=5e-6)


def test_pwg_without_statistics_is_refused(tmp_path: Path) -> None:
    pwg_files(tmp_path, [8, 8, 4], statistics="none")
    with pytest.raises(MissingFact, match="--stats FILE"):
        vocoder(tmp_path / "checkpoint-7steps.pkl")
    np.save(tmp_path / "mine.npy", np.zeros((2, 80)))
    with pytest.raises(ContractError, match="positive"):
        vocoder(tmp_path / "checkpoint-7steps.pkl", stats=tmp_path / "mine.npy")
    np.save(tmp_path / "mine.npy", np.ones((2, 40)))
    with pytest.raises(ContractError, match="another number of bands"):
        vocoder(tmp_path / "checkpoint-7steps.pkl", stats=tmp_path / "mine.npy")


def test_pwg_odd_strides_keep_the_length(tmp_path: Path) -> None:
    """24 kHz recipes have hop 300 = 5 x 5 x 4 x 3; each odd stride needs its output padding."""
    truth = pwg_files(tmp_path, [5, 5, 3])
    made = vocoder(tmp_path)
    assert made.hop_length == 75
    values = np.random.default_rng(0).normal(size=(1, 80, 11)).astype(np.float32)
    wanted = reference(truth["state"], truth["config"], values[0], pwg=True)
    assert wanted.shape == (11 * 75,)
    np.testing.assert_allclose(made.runtime.run([values])[0], wanted, rtol=0, atol=2e-6)


def test_pwg_generators_that_are_not_read_are_named(tmp_path: Path) -> None:
    pwg_files(tmp_path, [8, 8, 4], generator="StyleMelGANGenerator")
    with pytest.raises(ContractError, match="StyleMelGANGenerator"):
        vocoder(tmp_path)


# --- our own file


def small() -> NeuralVocoder:
    return NeuralVocoder.fresh("hifigan", family("hifigan").small, dialect("hifigan_22k").spec)


def test_a_damaged_file_of_our_own(tmp_path: Path) -> None:
    path = small().save(tmp_path / "a.vocoder")
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(Truncated):
        vocoder(path)
    path.write_bytes(b"")
    with pytest.raises(NotAnArtifact):
        vocoder(path)
    mel = random_mel(dialect("hifigan_22k").spec).save(tmp_path / "a.mel")
    (tmp_path / "b.vocoder").write_bytes(mel.read_bytes())
    with pytest.raises(ArtifactError, match="vocoder"):
        vocoder(tmp_path / "b.vocoder")
    length = struct.unpack("<Q", whole[:8])[0]
    changed = whole[:8] + whole[8 : 8 + length].replace(b"upsample_rates", b"upsample_ratez") + whole[8 + length :]
    path.write_bytes(changed)
    with pytest.raises(ContractError, match="upsample_rat"):
        vocoder(path)


def test_ten_minutes_in_bounded_memory() -> None:
    """The stream of a long mel holds a block at a time; what it gives is as long as the mel says."""
    maker = small()
    frames = round(600 * 22050 / 256)
    mel = Mel(np.full((80, frames), -6.0, np.float32), maker.spec)
    sizes = []
    for number, part in enumerate(maker.stream(mel, block_frames=512)):
        sizes.append(part.size)
        if number > 6:
            break
    assert max(sizes) <= 512 * 256


def test_axes_swapped_one_frame_and_nan_are_told() -> None:
    maker = small()
    with pytest.raises(MelpactError, match="transpose"):
        Mel(np.zeros((33, 80), np.float32), maker.spec)
    assert maker(random_mel(maker.spec, 1)).n_samples == 256
    values = np.zeros((80, 4), np.float32)
    values[2, 1] = np.inf
    with pytest.raises(ContractError, match="band 2, frame 1"):
        maker(Mel(values, maker.spec))


def test_a_network_for_another_hop_is_refused() -> None:
    spec = dialect("hifigan_22k").spec.replace(hop_length=128)
    with pytest.raises(ContractError, match="samples per frame"):
        NeuralVocoder.fresh("hifigan", family("hifigan").small, spec)


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = small().save(tmp_path / "a.vocoder")
    with pytest.raises(ContractError, match="device"):
        vocoder(path, device="nonsense")
    with pytest.raises(ContractError, match="dtype"):
        vocoder(path, dtype="int3")


# --- use from the command line


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    from melpact.cli.main import main

    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def speech_mel() -> Mel:
    return mp.extract("sample:en_noservice", "hifigan_22k")


def test_import_show_and_vocode_with(tmp_path: Path, capsys: pytest.CaptureFixture[str], speech_mel: Mel) -> None:
    from melpact.audio.files import read

    write_original(tmp_path / "theirs", RESBLOCK_2, original_state(RESBLOCK_2))
    code, out, _ = command(capsys, "vocoder", "import", tmp_path / "theirs", "-o", tmp_path / "mine.vocoder")
    assert code == 0 and "hifigan_22k" in out and "natural log" in out
    code, out, _ = command(capsys, "vocoder", "show", tmp_path / "mine.vocoder", "--json")
    said = json.loads(out)
    assert said["dialect"] == "hifigan_22k" and said["layout"] == "original" and said["hop_length"] == 256
    path = speech_mel.save(tmp_path / "a.mel")
    code, out, err = command(capsys, "vocode", path, "-o", tmp_path / "a.wav", "--with", tmp_path / "mine.vocoder", "--json")
    assert code == 0, err
    (done,) = json.loads(out)["done"]
    assert done["bridge"] is None
    assert done["checked"]["looks_untrained"] is True
    assert any("untrained" in finding for finding in done["checked"]["findings"])
    sound = read(tmp_path / "a.wav")
    assert sound.n_samples == speech_mel.n_samples
    code, out, _ = command(capsys, "vocode", path, "-o", tmp_path / "b.wav", "--with", tmp_path / "theirs", "--stream")
    assert code == 0 and "ms of look-ahead" in out
    np.testing.assert_allclose(read(tmp_path / "b.wav").samples, sound.samples, rtol=0, atol=1e-4)


def test_an_exact_bridge_is_taken_and_said_a_fitted_one_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speech_mel: Mel
) -> None:
    maker = small().save(tmp_path / "v.vocoder")
    decade = dialect("hifigan_22k").spec.replace(log="log10")
    speech_mel.as_(decade).save(tmp_path / "ten.mel")
    code, out, _ = command(capsys, "vocode", tmp_path / "ten.mel", "-o", tmp_path / "a.wav", "--with", maker)
    assert code == 0
    assert "bridge:" in out and "log" in out and "exact" in out
    mp.extract("sample:en_noservice", "tacotron2_22k").save(tmp_path / "centred.mel")
    code, _, err = command(capsys, "vocode", tmp_path / "centred.mel", "-o", tmp_path / "b.wav", "--with", maker)
    assert code == 2
    assert "--allow fitted" in err and "padding" in err and not (tmp_path / "b.wav").exists()
    code, out, _ = command(
        capsys, "vocode", tmp_path / "centred.mel", "-o", tmp_path / "b.wav", "--with", maker, "--allow", "fitted"
    )
    assert code == 0 and "fitted" in out


def test_a_sound_that_is_its_mel_does_not_look_untrained(speech_mel: Mel) -> None:
    """The checks on the mel's own inversion: silent. On it 12 dB up, or clipped: they say so."""
    from melpact.audio.audio import Audio
    from melpact.verbs.vocoder_checks import check

    made = mp.invert(speech_mel, effort="fast")
    fine = check(speech_mel, made)
    assert fine.findings == () and not fine.looks_untrained
    assert fine.error_nat is not None and fine.error_nat < 0.3 * (fine.null_nat or 0)
    assert fine.level_db == pytest.approx(0.0, abs=0.5)
    quiet = check(speech_mel, Audio.of(made.samples[0] * np.float32(0.25), made.sample_rate))
    assert any("dB quieter" in finding for finding in quiet.findings)
    clipped = check(speech_mel, Audio.of(np.clip(made.samples[0] * 30, -1, 1), made.sample_rate))
    assert any("full scale" in finding for finding in clipped.findings)
    noise = np.random.default_rng(0).normal(0, 0.1, made.n_samples).astype(np.float32)
    assert check(speech_mel, Audio.of(noise, made.sample_rate)).looks_untrained
    short = check(speech_mel, Audio.of(made.samples[0][:-300], made.sample_rate))
    assert any("samples" in finding for finding in short.findings)


def test_mistakes_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maker = small().save(tmp_path / "v.vocoder")
    assert command(capsys, "vocoder", "import", maker)[0] == 2
    code, _, err = command(capsys, "vocoder", "convert", maker, "-o", tmp_path / "v.wav")
    assert code == 2 and "NAME.vocoder" in err
    code, _, err = command(capsys, "vocoder", "import", maker, "-o", maker)
    assert code == 2 and "replace the input" in err
    code, _, err = command(capsys, "vocoder", "show", tmp_path / "no.pth")
    assert code == 2 and "does not exist" in err


NO_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("no torch")
sys.meta_path.insert(0, NoTorch())
"""


def test_an_exported_vocoder_runs_without_torch(tmp_path: Path, speech_mel: Mel) -> None:
    """In a process in which torch cannot be imported, the graph gives what torch gave here."""
    pytest.importorskip("onnxruntime")
    from melpact.vocoders.neural.exporting import export

    maker = small()
    export(maker, tmp_path / "v.onnx")
    speech_mel.save(tmp_path / "a.mel")
    code = (
        NO_TORCH + "import numpy, melpact as mp\n"
        f"made = mp.vocoder({str(tmp_path / 'v.onnx')!r})(mp.load({str(tmp_path / 'a.mel')!r}))\n"
        f"numpy.save({str(tmp_path / 'y.npy')!r}, made.samples[0])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), maker(speech_mel).samples[0], rtol=0, atol=1e-5)


def test_without_torch_the_way_out_is_named(tmp_path: Path) -> None:
    path = small().save(tmp_path / "v.vocoder")
    code = NO_TORCH + f"from melpact.cli.main import main\nsys.exit(main(['vocoder', 'show', {str(path)!r}]))\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "pip install" in done.stderr and "torch" in done.stderr


def test_graphs_that_are_not_vocoders(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from melpact.vocoders.neural.exporting import export

    whole = export(small(), tmp_path / "v.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactError, match="ONNX graph that can be run"):
        vocoder(tmp_path / "cut.onnx")
    model = onnx.load_from_string(whole)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "mute.onnx")
    with pytest.raises(NotAnArtifact, match="does not say which mel"):
        vocoder(tmp_path / "mute.onnx")
    with pytest.raises(ContractError, match="no weights to save"):
        vocoder(tmp_path / "v.onnx").save(tmp_path / "w.vocoder")


@pytest.mark.parametrize("name", ["bigvgan", "istftnet"])
def test_the_families_that_kept_the_original_layout(tmp_path: Path, name: str) -> None:
    """Weights under their published names (weight norm left folded) come back as the network they were."""
    kind = family(name)
    sizes = kind.sizes(kind.small)
    base = dialect("hifigan_22k").spec
    spec = base.replace_quietly(n_mels=sizes.n_mels, hop_length=kind.hop(sizes))
    maker = NeuralVocoder.fresh(name, kind.small, spec, seed=5)
    theirs = {ours: published for published, ours in kind.published_names(sizes, "original").items()}
    state = {}
    for key, value in maker.weights.items():
        stem, _, last = key.rpartition(".")
        state[theirs[key] if key in theirs else f"{theirs[stem]}.{last}"] = torch.tensor(value)
    said = {k: v for k, v in sizes.model_dump(mode="json").items() if k in {
        "resblock", "upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock_kernel_sizes",
        "resblock_dilation_sizes", "activation", "snake_logscale", "use_tanh_at_final", "use_bias_at_final",
        "gen_istft_n_fft", "gen_istft_hop_size",
    }}  # fmt: skip
    path = write_original(tmp_path, said, state, num_mels=sizes.n_mels, hop_size=kind.hop(sizes), lambda_melloss=15)
    got = vocoder(path)
    assert got.family == name
    mel = random_mel(spec)
    np.testing.assert_array_equal(got(mel).samples, maker(mel).samples)
