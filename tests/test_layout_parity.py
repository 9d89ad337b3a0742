"""Checkpoints that other programs wrote themselves sound here as they sound there: their own classes, random weights.

Packages whose imports ask for more than their generators need (torchaudio, hydra …) get stand-ins for that; the networks are
theirs. MelGAN's first code and NSF-HiFi-GAN are in no package: their names are held in `test_generators`.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import math
import sys
import tarfile
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import melpact as mp
from laws.checkpoints import CHECKPOINTS, nemo_archive, nemo_config
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.scaling import BandAffine
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MissingFact
from melpact.vocoders.opening import understand, vocoder

torch = pytest.importorskip("torch")

PARITY = 1e-5
"""Of full scale: both compute in float32, from weights that are folded in other orders."""
FRAMES = 21


def package_part(monkeypatch: pytest.MonkeyPatch, name: str, stand_ins: Mapping[str, Mapping[str, Any]]) -> Any:
    """A module of an installed package without what its parents import; `stand_ins`: module → names in it."""
    top = name.partition(".")[0]
    for loaded in [one for one in sys.modules if one.partition(".")[0] == top]:
        monkeypatch.delitem(sys.modules, loaded)
    found = importlib.util.find_spec(top)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{top} is not installed")
    folder = Path(found.submodule_search_locations[0])
    parents = [name.split(".")[: i + 1] for i in range(name.count("."))]
    for parts in parents:
        bare = types.ModuleType(".".join(parts))
        bare.__path__ = [str(folder.joinpath(*parts[1:]))]
        monkeypatch.setitem(sys.modules, bare.__name__, bare)
    for module, names in stand_ins.items():
        made = types.ModuleType(module)
        made.__path__ = []
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, module, made)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


def loud(network: Any, seed: int = 1, gain: float = 1.0) -> Any:
    """Its weights drawn anew, large enough to be heard; gains of weight normalisation near one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith(("weight_g", "original0")):
                value.copy_(1 + 0.2 * torch.rand(value.shape, generator=generator))
            elif value.ndim > 1:
                value.copy_(torch.randn(value.shape, generator=generator) * (gain / math.sqrt(value[0].numel())))
            else:
                value.add_(0.05 * torch.randn(value.shape, generator=generator))
    return network.eval()


def random_mel(spec: MelSpec, frames: int = FRAMES) -> Mel:
    mean, spread = (-4.0, 2.0) if spec.log == "ln" and spec.scaling.kind == "none" else (-0.5, 1.0)
    values = np.random.default_rng(0).normal(mean, spread, (spec.n_mels, frames))
    return Mel(values.astype(np.float32), spec)


def assert_same(got: Any, wanted: Any, at_least: int) -> None:
    got, wanted = np.asarray(got, np.float64).reshape(-1), np.asarray(wanted, np.float64).reshape(-1)
    n = min(got.size, wanted.size)
    assert n >= at_least
    assert 0.01 < np.abs(wanted[:n]).max() <= 1
    assert np.abs(got[:n] - wanted[:n]).max() <= PARITY


# --- vocos


class _TorchaudioMel(torch.nn.Module):
    """What torchaudio's MelSpectrogram leaves in a checkpoint: its window and its filters."""

    def __init__(self, *, sample_rate: int, n_fft: int, hop_length: int, n_mels: int, **_: Any) -> None:
        super().__init__()
        spec = dialect("vocos_24k").spec.replace_quietly(
            sample_rate=sample_rate, bank_sample_rate=sample_rate, n_fft=n_fft, win_length=n_fft, hop_length=hop_length,
            n_mels=n_mels, f_max=sample_rate / 2,
        )  # fmt: skip
        self.spectrogram, self.mel_scale = torch.nn.Module(), torch.nn.Module()
        self.spectrogram.register_buffer("window", torch.hann_window(n_fft))
        self.mel_scale.register_buffer("fb", torch.tensor(filterbank(spec).T, dtype=torch.float32))


@pytest.fixture()
def vocos_package(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("huggingface_hub")
    if importlib.util.find_spec("vocos") is None:
        pytest.skip("vocos is not installed")
    audio = types.ModuleType("torchaudio")
    audio.transforms = types.SimpleNamespace(MelSpectrogram=_TorchaudioMel)  # type: ignore[attr-defined]
    functional = types.ModuleType("torchaudio.functional.functional")
    functional._hz_to_mel = functional._mel_to_hz = None  # type: ignore[attr-defined]
    encodec = types.ModuleType("encodec")
    encodec.EncodecModel = None  # type: ignore[attr-defined]
    for module in (audio, types.ModuleType("torchaudio.functional"), functional, encodec):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    yield importlib.import_module("vocos.pretrained")
    for name in [name for name in sys.modules if name.partition(".")[0] == "vocos"]:
        del sys.modules[name]


@pytest.mark.parametrize("padding", ["center", "same"])
def test_a_folder_of_the_vocos_package(tmp_path: Path, vocos_package: Any, padding: str) -> None:
    said = {
        "feature_extractor": {
            "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
            "init_args": {"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 100, "padding": padding},
        },
        "backbone": {
            "class_path": "vocos.models.VocosBackbone",
            "init_args": {"input_channels": 100, "dim": 24, "intermediate_dim": 32, "num_layers": 2},
        },
        "head": {
            "class_path": "vocos.heads.ISTFTHead",
            "init_args": {"dim": 24, "n_fft": 1024, "hop_length": 256, "padding": padding},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(said))
    theirs = loud(vocos_package.Vocos.from_hparams(str(tmp_path / "config.yaml")))
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    made = vocoder(tmp_path)
    assert made.spec == dialect("vocos_24k" if padding == "center" else "vocos_24k_same").spec
    mel = random_mel(made.spec)
    wanted = theirs.decode(torch.tensor(mel.values)[None]).numpy()
    scale = 0.5 / np.abs(wanted).max()  # its samples are not bounded, ours are held within full scale
    with torch.no_grad():
        theirs.head.out.bias[:513] += math.log(scale)
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    wanted = theirs.decode(torch.tensor(mel.values)[None]).numpy()
    assert_same(vocoder(tmp_path)(mel).samples[0], wanted, (FRAMES - 1) * 256)


def test_vocos_filters_that_are_not_the_configurations_are_told(tmp_path: Path, vocos_package: Any) -> None:
    test_a_folder_of_the_vocos_package(tmp_path, vocos_package, "center")
    state = torch.load(tmp_path / "pytorch_model.bin", weights_only=True)
    state["feature_extractor.mel_spec.mel_scale.fb"] *= 1.01
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(ContractError, match="mel filters in the checkpoint"):
        vocoder(tmp_path)


def test_vocos_for_tokens_is_no_vocoder_for_mels(tmp_path: Path) -> None:
    said = {"feature_extractor": {"class_path": "vocos.feature_extractors.EncodecFeatures"}, "backbone": {}, "head": {}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(said))
    with pytest.raises(ContractError, match="EnCodec's tokens"):
        understand(tmp_path)


# --- transformers, diffusers


@pytest.mark.parametrize("normalised", [False, True])
def test_a_folder_of_transformers_univnet_with_its_feature_extractor(tmp_path: Path, normalised: bool) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"model_in_channels": 8, "model_hidden_channels": 4, "kernel_predictor_hidden_channels": 8}
    theirs = loud(transformers.UnivNetModel(transformers.UnivNetConfig(**sizes)), gain=0.6)
    theirs.save_pretrained(tmp_path)
    extractor = transformers.UnivNetFeatureExtractor(model_in_channels=8, do_normalize=normalised)
    extractor.save_pretrained(tmp_path)
    made = vocoder(tmp_path)
    if not normalised:
        assert made.spec == dialect("univnet_24k").spec
    sound = mp.Audio.of(np.random.default_rng(1).normal(0, 0.1, 24000).astype(np.float32), 24000)
    given = extractor(sound.samples[0], sampling_rate=24000, return_noise=False, return_tensors="np")["input_features"][0]
    mel = mp.extract(sound, made.spec)
    assert np.abs(mel.values.T - given).max() < 2e-4
    mel = random_mel(made.spec)
    noise = np.random.default_rng(made.noise_seed).standard_normal((FRAMES, 8), np.float32)
    with torch.no_grad():
        wanted = theirs(torch.tensor(mel.values.T[None].copy()), torch.tensor(noise[None])).waveforms.numpy()
    assert_same(made(mel).samples[0], wanted, FRAMES * 256)


def test_univnet_without_its_preprocessor_asks_for_the_mel(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"model_in_channels": 8, "model_hidden_channels": 4, "kernel_predictor_hidden_channels": 8}
    transformers.UnivNetModel(transformers.UnivNetConfig(**sizes)).save_pretrained(tmp_path)
    with pytest.raises(mp.MelpactError, match=r"preprocessor_config\.json"):
        vocoder(tmp_path)
    assert vocoder(tmp_path, dialect="univnet_24k").family == "univnet"


def test_the_vocoder_of_a_diffusers_pipeline(tmp_path: Path) -> None:
    """AudioLDM 2's part `vocoder`, in a pipeline's folder; what its pipeline makes of a mel is what is made here."""
    transformers = pytest.importorskip("transformers")
    diffusers = pytest.importorskip("diffusers")
    config = transformers.SpeechT5HifiGanConfig(
        model_in_dim=64, sampling_rate=16000, normalize_before=False, upsample_initial_channel=32,
        upsample_rates=[5, 4, 2, 2, 2], upsample_kernel_sizes=[16, 16, 8, 4, 4],
    )  # fmt: skip
    theirs = loud(transformers.SpeechT5HifiGan(config))
    theirs.save_pretrained(tmp_path / "vocoder")
    index = {"_class_name": "AudioLDM2Pipeline", "vocoder": ["transformers", "SpeechT5HifiGan"]}
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    made = vocoder(tmp_path)
    assert made.spec == dialect("audioldm2_16k").spec
    mel = random_mel(made.spec)
    pipeline = types.SimpleNamespace(vocoder=theirs)
    latent = torch.tensor(mel.values.T[None, None].copy())
    with torch.no_grad():
        wanted = diffusers.AudioLDM2Pipeline.mel_spectrogram_to_waveform(pipeline, latent).numpy()
    assert_same(made(mel).samples[0], wanted, (FRAMES - 1) * 160)


# --- BigVGAN


def test_a_folder_of_the_bigvgan_package(tmp_path: Path) -> None:
    package = pytest.importorskip("bigvgan.bigvgan")
    from bigvgan.env import AttrDict

    said = {
        "resblock": "1", "upsample_rates": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3, 5]], "activation": "snakebeta",
        "snake_logscale": True, "use_tanh_at_final": False, "use_bias_at_final": False, "num_mels": 100, "n_fft": 1024,
        "hop_size": 256, "win_size": 1024, "sampling_rate": 24000, "fmin": 0, "fmax": None, "fmax_for_loss": None, "seed": 1,
    }  # fmt: skip
    theirs = loud(package.BigVGAN(AttrDict(said)))
    with torch.no_grad():  # snakes upon snakes: quieter weights, as training leaves them
        for name, value in theirs.named_parameters():
            if name.endswith(("weight_g", "original0")):
                value.mul_(0.4)
    (tmp_path / "config.json").write_text(json.dumps(said))
    torch.save({"generator": theirs.state_dict()}, tmp_path / "bigvgan_generator.pt")
    made = vocoder(tmp_path)
    assert made.spec == dialect("bigvgan_24k").spec
    mel = random_mel(made.spec)
    with torch.no_grad():
        wanted = theirs(torch.tensor(mel.values)[None]).numpy()
    assert_same(made(mel).samples[0], wanted, FRAMES * 256)


# --- Parallel WaveGAN


PWG = {
    "HiFiGANGenerator": {
        "in_channels": 80, "out_channels": 1, "channels": 16, "kernel_size": 7, "upsample_scales": [5, 5, 4, 3],
        "upsample_kernel_sizes": [10, 10, 8, 6], "resblock_kernel_sizes": [3, 7], "resblock_dilations": [[1, 3], [1, 3]],
        "use_additional_convs": True, "bias": True, "nonlinear_activation": "LeakyReLU",
        "nonlinear_activation_params": {"negative_slope": 0.1}, "use_weight_norm": True,
    },
    "MelGANGenerator": {
        "in_channels": 80, "out_channels": 1, "kernel_size": 7, "channels": 384, "upsample_scales": [5, 5, 4, 3],
        "stack_kernel_size": 3, "stacks": 2, "use_weight_norm": True, "use_causal_conv": False,
    },
    "ParallelWaveGANGenerator": {
        "in_channels": 1, "out_channels": 1, "kernel_size": 3, "layers": 6, "stacks": 2, "residual_channels": 8,
        "gate_channels": 16, "skip_channels": 8, "aux_channels": 80, "aux_context_window": 2, "dropout": 0.0,
        "use_weight_norm": True, "upsample_net": "ConvInUpsampleNetwork",
        "upsample_params": {"upsample_scales": [5, 5, 4, 3]},
    },
}  # fmt: skip


@pytest.mark.parametrize("generator", sorted(PWG))
@pytest.mark.parametrize("kept", ["file", "checkpoint"])
def test_a_checkpoint_of_the_parallel_wavegan_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: str, kept: str
) -> None:
    """With statistics beside it, and with those that the package registers in the network."""
    import scipy.signal

    monkeypatch.setattr(scipy.signal, "kaiser", scipy.signal.windows.kaiser, raising=False)
    package = pytest.importorskip("parallel_wavegan.models")
    theirs = loud(getattr(package, generator)(**json.loads(json.dumps(PWG[generator]))))
    said = {
        "sampling_rate": 24000, "fft_size": 2048, "hop_size": 300, "win_length": 1200, "window": "hann", "num_mels": 80,
        "fmin": 80, "fmax": 7600, "global_gain_scale": 1.0, "format": "hdf5", "generator_type": generator,
        "generator_params": PWG[generator], "batch_size": 6, "version": "0.6.1",
    }  # fmt: skip
    (tmp_path / "config.yml").write_text(yaml.dump(said, Dumper=yaml.Dumper))
    mean, scale = np.linspace(-3, -2, 80), np.linspace(0.4, 0.9, 80)
    np.save(tmp_path / "stats.npy", np.stack([mean, scale]).astype(np.float32))
    theirs.register_stats(str(tmp_path / "stats.npy"))
    state = {
        key: value for key, value in theirs.state_dict().items() if kept == "checkpoint" or key not in ("mean", "scale")
    }
    if kept == "checkpoint":
        (tmp_path / "stats.npy").unlink()
    torch.save({"model": {"generator": state, "discriminator": {}}, "steps": 1}, tmp_path / "checkpoint-1steps.pkl")
    made = vocoder(tmp_path)
    raw = Mel(np.random.default_rng(0).normal(-2, 0.7, (80, FRAMES)).astype(np.float32), dialect("pwg_24k").spec)
    mel = mp.translate(raw, made.spec)
    given: dict[str, Any] = {}
    if "noise" in made.inputs:
        noise = np.random.default_rng(made.noise_seed).standard_normal((FRAMES, made.noise_channels), np.float32)
        given["x"] = noise.reshape(-1, 1)
    with torch.no_grad():
        wanted = theirs.inference(raw.values.T.copy(), normalize_before=True, **given).numpy()
    gain = 0.5 / np.abs(wanted).max() if generator == "ParallelWaveGANGenerator" else 1.0
    if gain != 1:  # its samples are not bounded, ours are held within full scale
        for key in ("last_conv_layers.3.weight_g", "last_conv_layers.3.bias"):
            state[key] = state[key] * gain
        torch.save({"model": {"generator": state}}, tmp_path / "checkpoint-1steps.pkl")
        made = vocoder(tmp_path)
    assert_same(made(mel).samples[0], wanted * gain, (FRAMES - 1) * 300)


# --- Coqui, NeMo


@pytest.mark.parametrize("kind", ["1", "2"])
def test_a_checkpoint_of_coquis_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    stand_ins = {"trainer": {}, "trainer.io": {"load_fsspec": None}}
    package = package_part(monkeypatch, "TTS.vocoder.models.hifigan_generator", stand_ins)
    params = {
        "upsample_factors": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3, 5], "resblock_type": kind,
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]] if kind == "1" else [[1, 3], [1, 3]],
    }  # fmt: skip
    theirs = loud(package.HifiganGenerator(in_channels=80, out_channels=1, **params))
    audio = {
        "fft_size": 1024, "win_length": 1024, "hop_length": 256, "sample_rate": 22050, "num_mels": 80, "mel_fmin": 0.0,
        "mel_fmax": 8000.0, "spec_gain": 1, "log_func": "np.log", "signal_norm": False, "min_level_db": -100,
        "ref_level_db": 20, "symmetric_norm": True, "max_norm": 4.0, "clip_norm": True, "preemphasis": 0.0,
    }  # fmt: skip
    said = {"model": "hifigan", "generator_model": "hifigan_generator", "generator_model_params": params, "audio": audio}
    (tmp_path / "config.json").write_text(json.dumps(said))
    state = {f"model_g.{key}": value for key, value in theirs.state_dict().items()}
    torch.save({"config": said, "model": state, "step": 1}, tmp_path / "best_model.pth")
    made = vocoder(tmp_path)
    assert made.spec == dialect("coqui_22k_ljspeech").spec
    mel = random_mel(made.spec)
    with torch.no_grad():
        wanted = theirs(torch.tensor(mel.values)[None]).numpy()
        longer = theirs.inference(torch.tensor(mel.values)[None]).numpy()
    assert_same(made(mel).samples[0], wanted, (FRAMES - 1) * 256)
    # what its synthesis does at the edges, as the note says: the first and last frame five times more
    edged = Mel(np.pad(mel.values, ((0, 0), (5, 5)), mode="edge"), made.spec)
    assert_same(made(edged).samples[0], longer, (FRAMES + 9) * 256)


def nemo_stand_ins() -> dict[str, Mapping[str, Any]]:
    names = ("AudioSignal", "MelSpectrogramType", "VoidType", "NeuralType")
    plain = {name: lambda *_, **__: None for name in names}
    return {
        "nemo.core": {}, "nemo.core.classes": {}, "nemo.core.neural_types": {}, "nemo.utils": {"logging": None},
        "nemo.core.classes.common": {"typecheck": lambda: lambda function: function},
        "nemo.core.classes.module": {"NeuralModule": torch.nn.Module},
        "nemo.utils.decorators": {"experimental": lambda one: one},
        "nemo.core.neural_types.elements": plain, "nemo.core.neural_types.neural_type": plain,
    }  # fmt: skip


def test_an_archive_of_nemos_univnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_part(monkeypatch, "nemo.collections.tts.modules.univnet_modules", nemo_stand_ins())
    params = {
        "noise_dim": 8, "channel_size": 4, "dilations": [1, 3], "strides": [8, 8, 4], "lrelu_slope": 0.2,
        "kpnet_conv_size": 3,
    }  # fmt: skip
    theirs = loud(package.Generator(**params, n_mel_channels=80, hop_length=256))
    with torch.no_grad():
        for name, value in theirs.named_parameters():
            if name.endswith("weight_g"):
                value.mul_(0.6)
    spec = dialect("nemo_hifigan_22k").spec
    said = nemo_config(spec, {"_target_": "nemo.collections.tts.modules.univnet_modules.Generator", **params})
    state = {f"generator.{key}": value for key, value in theirs.state_dict().items()}
    made = vocoder(nemo_archive(tmp_path / "tts_univnet.nemo", said, state))
    assert (made.family, made.spec) == ("univnet", spec)
    mel = random_mel(spec)
    noise = np.random.default_rng(made.noise_seed).standard_normal((FRAMES, 8), np.float32).T[None]
    monkeypatch.setattr(torch, "randn", lambda *_, **__: torch.tensor(noise.copy()))
    with torch.no_grad():
        wanted = theirs(torch.tensor(mel.values)[None]).numpy()
    assert_same(made(mel).samples[0], wanted, FRAMES * 256)


@pytest.mark.parametrize("exact", [True, False])
def test_nemos_own_mel_is_the_one_that_its_configuration_is_read_as(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    stand_ins = {
        **nemo_stand_ins(),
        "nemo.collections.asr.parts.preprocessing.perturb": {"AudioAugmentor": None},
        "nemo.collections.asr.parts.preprocessing.segment": {"AudioSegment": None, "ChannelSelectorType": None},
        "nemo.collections.common.parts.preprocessing": {"collections": None, "parsers": None},
        "nemo.utils": {
            "logging": types.SimpleNamespace(**{level: lambda *_: None for level in ("info", "debug", "warning")})
        },
    }
    package = package_part(monkeypatch, "nemo.collections.asr.parts.preprocessing.features", stand_ins)
    base = dialect("nemo_hifigan_22k").spec
    generator = {
        "_target_": "nemo.collections.tts.modules.hifigan_modules.Generator", "resblock": 1, "upsample_rates": [8, 8, 4],
        "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 8, "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
    }  # fmt: skip
    said = {**nemo_config(base, generator), "nemo_version": "2.2.1"}
    changes = {"exact_pad": exact} if exact else {
        "exact_pad": False, "log_zero_guard_type": "add", "log_zero_guard_value": 1.0, "mel_norm": None, "highfreq": None,
    }  # fmt: skip
    said["preprocessor"] = {**said["preprocessor"], **changes}
    (tmp_path / "model_config.yaml").write_text(yaml.safe_dump(said))
    module = package_part(monkeypatch, "nemo.collections.tts.modules.hifigan_modules", nemo_stand_ins())
    params = {key: value for key, value in generator.items() if key != "_target_"}
    state = module.Generator(**params).state_dict()
    torch.save({f"generator.{key}": value for key, value in state.items()}, tmp_path / "model_weights.ckpt")
    spec = understand(tmp_path).spec
    settings = {key: value for key, value in said["preprocessor"].items() if key != "_target_"}
    theirs = package.FilterbankFeatures(**settings)
    sound = np.random.default_rng(1).normal(0, 0.1, 256 * 40 + 100).astype(np.float32)
    wanted = theirs(torch.tensor(sound)[None], torch.tensor([sound.size]))[0][0].numpy()
    got = mp.extract(mp.Audio.of(sound, 22050), spec).values
    n = min(got.shape[1], wanted.shape[1])
    assert n >= 40
    assert np.abs(got[:, :n] - wanted[:, :n]).max() < 2e-4


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_of_nemos_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int, mode: str) -> None:
    package = package_part(monkeypatch, "nemo.collections.tts.modules.hifigan_modules", nemo_stand_ins())
    params = {
        "resblock": kind, "upsample_rates": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]] if kind == 1 else [[1, 3], [1, 3]],
    }  # fmt: skip
    theirs = loud(package.Generator(**params))
    spec = dialect("nemo_hifigan_22k").spec
    said = nemo_config(spec, {"_target_": "nemo.collections.tts.modules.hifigan_modules.Generator", **params})
    state = {f"generator.{key}": value for key, value in theirs.state_dict().items()}
    path = nemo_archive(tmp_path / "tts_hifigan.nemo", said, state, mode)
    made = vocoder(path)
    assert made.spec == spec
    mel = random_mel(spec)
    with torch.no_grad():
        wanted = theirs(x=torch.tensor(mel.values)[None]).numpy()
    assert_same(made(mel).samples[0], wanted, FRAMES * 256)
    older = nemo_archive(tmp_path / "older.nemo", {**said, "nemo_version": "1.23.0"}, state, mode)
    assert vocoder(older).spec == spec.replace(pad_mode="reflect")
    del said["nemo_version"]
    mute = nemo_archive(tmp_path / "mute.nemo", said, state, mode)
    with pytest.raises(mp.MelpactError, match="pad_mode=reflect"):
        vocoder(mute)
    assert vocoder(mute, changes={"pad_mode": "zero"}).spec == spec


def test_settings_that_recipes_leave_out_or_change(tmp_path: Path) -> None:
    """A generator that is not named, another base of the log, a range that is not used, statistics."""
    made = CHECKPOINTS["pwg_pwg"](tmp_path / "pwg")
    said = made.said()
    del said["generator_type"]
    made.say(said)
    found = understand(made.opened)
    assert found.family == "pwg" and any("generator_type is not said" in note for note in found.notes)
    made.say({**said, "log_base": None})
    assert understand(made.opened).spec.log == "ln"
    made.say({**said, "log_base": 2.0})
    with pytest.raises(ContractError, match="log_base"):
        understand(made.opened)
    made = CHECKPOINTS["coqui"](tmp_path / "coqui")
    said = made.said()
    plain = {key: value for key, value in said["audio"].items() if key not in ("min_level_db", "ref_level_db", "max_norm")}
    made.say({**said, "audio": {**plain, "signal_norm": False, "log_func": "np.log", "spec_gain": 1.0, "mel_fmax": 8000.0}})
    assert understand(made.opened).spec == dialect("coqui_22k_ljspeech").spec
    made.say({**said, "audio": {**plain, "signal_norm": True}})
    with pytest.raises(MissingFact, match="max_norm, min_level_db, ref_level_db"):
        understand(made.opened)
    np.save(tmp_path / "scale.npy", np.stack([np.full(80, -1.0), np.full(80, 2.0)]).astype(np.float32))
    made.say({**said, "audio": {**plain, "stats_path": "scale_stats.npy"}})
    with pytest.raises(MissingFact, match="--stats FILE"):
        understand(made.opened)
    assert understand(made.opened, stats=tmp_path / "scale.npy").spec.scaling == BandAffine.standardise(
        [-1.0] * 80, [2.0] * 80
    )
    made.say({**said, "audio": {**said["audio"], "spec_gain": 3}})
    with pytest.raises(ContractError, match="log that no description"):
        understand(made.opened)


def test_a_nemo_archive_is_never_unpacked(tmp_path: Path) -> None:
    """Members that climb out of a folder are not written, links are not followed, an archive without its model is told."""
    made = CHECKPOINTS["nemo_hifigan"](tmp_path / "deep" / "there")
    with tarfile.open(made.opened, "a") as tar:
        evil = tarfile.TarInfo("../../evil.txt")
        evil.size = 4
        tar.addfile(evil, io.BytesIO(b"evil"))
    assert vocoder(made.opened).spec == made.ours.spec
    assert sorted(one.name for one in tmp_path.rglob("*") if one.is_file()) == ["tts_vocoder.nemo"]
    secret = tmp_path / "secret.yaml"
    secret.write_text("preprocessor: {}")
    with tarfile.open(tmp_path / "link.nemo", "w") as tar:
        link = tarfile.TarInfo("model_config.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(link)
    with pytest.raises(ArtifactError, match=r"no model_config\.yaml"):
        vocoder(tmp_path / "link.nemo")
    (tmp_path / "text.nemo").write_text("no archive")
    with pytest.raises(ArtifactError, match=r"is no \.nemo archive"):
        vocoder(tmp_path / "text.nemo")
