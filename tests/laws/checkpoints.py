"""Checkpoints in every foreign layout, with random weights: what the laws of importers and the walk-through open.

Each is written from a vocoder of ours, under the layout's published names, with weight normalisation as its program writes
it and a configuration as that program ships. No tests live here.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import yaml

from melpact.contract.dialect import dialect
from melpact.contract.scaling import BandAffine
from melpact.contract.spec import MelSpec
from melpact.vocoders.families import family
from melpact.vocoders.importers.configuration import read_config
from melpact.vocoders.neural import NeuralVocoder

torch = pytest.importorskip("torch")


Tree = dict[str, Any]


@dataclass(frozen=True)
class Foreign:
    """A written checkpoint.

    Attributes:
        layout: name of the importer that must take it.
        opened: what a user names. weights, config: its files (of an archive: the archive for both).
        ours: the vocoder whose weights it holds.
        named: what its files do not say and a user must (`dialect=…`).
    """

    layout: str
    opened: Path
    weights: Path
    config: Path
    ours: NeuralVocoder
    named: Mapping[str, Any] = field(default_factory=dict)

    def said(self) -> Tree:
        """Its configuration."""
        if self.config.suffix == ".nemo":
            with tarfile.open(self.config) as tar:
                return dict(yaml.safe_load(_member(tar, "model_config.yaml")))
        return read_config(self.config)

    def say(self, said: Tree) -> None:
        """Write another configuration."""
        if self.config.suffix == ".nemo":
            with tarfile.open(self.config) as tar:
                kept = _member(tar, "model_weights.ckpt")
            nemo_archive(self.config, said, kept)
        else:
            self.config.write_text(json.dumps(said) if self.config.suffix == ".json" else yaml.safe_dump(said))

    def tree(self) -> Tree:
        """What its weights' file holds."""
        if self.weights.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(str(self.weights)))
        source: Any = self.weights
        if self.weights.suffix == ".nemo":
            with tarfile.open(self.weights) as tar:
                source = io.BytesIO(_member(tar, "model_weights.ckpt"))
        return dict(torch.load(source, weights_only=True))

    def hold(self, tree: Tree) -> None:
        """Write another weights' file."""
        if self.weights.suffix == ".safetensors":
            safetensors.torch.save_file(tree, str(self.weights))
        elif self.weights.suffix == ".nemo":
            nemo_archive(self.weights, self.said(), tree)
        else:
            torch.save(tree, self.weights)


def generator_in(tree: Tree) -> Tree:
    """The part of a tree with most tensors."""
    parts = [generator_in(value) for value in tree.values() if isinstance(value, dict)]
    return max([tree, *parts], key=lambda part: sum(torch.is_tensor(value) for value in part.values()))


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    data = tar.extractfile(f"./{name}")
    assert data is not None
    return data.read()


def _ours(name: str, spec: MelSpec, seed: int = 7, **changes: Any) -> NeuralVocoder:
    """A small vocoder of that family for this mel, with weights large enough to be heard."""
    kind = family(name)
    sizes = kind.sizes({**kind.small, "n_mels": spec.n_mels, **changes}).model_dump(mode="json")
    fresh = NeuralVocoder.fresh(name, sizes, spec, seed=seed)
    rng = np.random.default_rng(seed)
    weights = {}
    for key, value in fresh.weights.items():
        fan_in = max(1, value[0].size if value.ndim > 1 else 1)
        scale = 1.0 / math.sqrt(fan_in) if value.ndim > 1 else 0.05
        weights[key] = rng.normal(0, scale, value.shape).astype(np.float32) if value.ndim > 1 else value
    if "scale" in weights:
        weights["mean"] = rng.normal(-2, 0.3, spec.n_mels).astype(np.float32)
        weights["scale"] = rng.uniform(0.5, 1.5, spec.n_mels).astype(np.float32)
    return NeuralVocoder.build(name, sizes, spec, weights)


def _theirs(ours: NeuralVocoder, layout: str, norm: str = "old") -> dict[str, Any]:
    """Its tensors under the layout's names; weights split into gain and direction ("old", "new") or whole ("none")."""
    kind = family(ours.family)
    names = {mine: theirs for theirs, mine in kind.published_names(kind.sizes(ours.config), layout).items()}
    parts = {"old": ("weight_g", "weight_v"), "new": [f"parametrizations.weight.original{i}" for i in (0, 1)]}
    state: dict[str, Any] = {}
    for key, value in ours.weights.items():
        module, _, tail = key.rpartition(".")
        if key in names or module not in names:
            state[names.get(key, key)] = torch.tensor(value)
        elif tail == "weight" and norm != "none" and value.ndim > 2:
            length = np.sqrt((value.astype(np.float64) ** 2).sum(tuple(range(1, value.ndim)), keepdims=True))
            gain, direction = parts[norm]
            state[f"{names[module]}.{gain}"] = torch.tensor(length, dtype=torch.float32)
            state[f"{names[module]}.{direction}"] = torch.tensor(value * 3.0)
        else:
            state[f"{names[module]}.{tail}"] = torch.tensor(value)
    return state


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _saved(folder: Path, name: str, value: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(value, folder / name)
    return folder / name


_TRUNK = (
    "resblock", "upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock_kernel_sizes",
    "resblock_dilation_sizes",
)  # fmt: skip
_HIFIGAN_TRAINING = {
    "num_gpus": 0, "batch_size": 16, "learning_rate": 2e-4, "adam_b1": 0.8, "adam_b2": 0.99, "lr_decay": 0.999,
    "seed": 1234,
    "segment_size": 8192, "num_freq": 1025, "fmax_for_loss": None, "num_workers": 4, "dist_config": {"world_size": 1},
}  # fmt: skip


def _hifigan_config(ours: NeuralVocoder, *more: str) -> dict[str, Any]:
    spec = ours.spec
    mel = {
        "num_mels": spec.n_mels, "n_fft": spec.n_fft, "hop_size": spec.hop_length, "win_size": spec.win_length,
        "sampling_rate": spec.sample_rate, "fmin": spec.f_min, "fmax": spec.f_max,
    }  # fmt: skip
    return {**{name: ours.config[name] for name in (*_TRUNK, *more)}, **mel, **_HIFIGAN_TRAINING}


def original_hifigan(folder: Path) -> Foreign:
    ours = _ours("hifigan", dialect("hifigan_22k").spec)
    config = _written(folder, "config.json", json.dumps(_hifigan_config(ours)))
    weights = _saved(folder, "generator_v1", {"generator": _theirs(ours, "original")})
    return Foreign("original", weights, weights, config, ours)


def original_bigvgan(folder: Path) -> Foreign:
    ours = _ours("bigvgan", dialect("bigvgan_24k").spec)
    more = ("activation", "snake_logscale", "use_tanh_at_final", "use_bias_at_final")
    said = {**_hifigan_config(ours, *more), "use_mbd_instead_of_mrd": False, "lambda_melloss": 15}
    config = _written(folder, "config.json", json.dumps(said))
    weights = _saved(folder, "bigvgan_generator.pt", {"generator": _theirs(ours, "original", "none")})
    return Foreign("original", folder, weights, config, ours)


def original_istftnet(folder: Path) -> Foreign:
    ours = _ours("istftnet", dialect("hifigan_22k").spec)
    config = _written(folder, "config.json", json.dumps(_hifigan_config(ours, "gen_istft_n_fft", "gen_istft_hop_size")))
    weights = _saved(folder, "g_00000005", {"generator": _theirs(ours, "original")})
    return Foreign("original", weights, weights, config, ours)


def _speecht5(folder: Path, name: str, **changes: Any) -> Foreign:
    from safetensors.numpy import save_file

    ours = _ours("hifigan", dialect(name).spec, **changes)
    said = {
        "model_type": "speecht5_hifigan", "architectures": ["SpeechT5HifiGan"], "model_in_dim": ours.spec.n_mels,
        "sampling_rate": ours.spec.sample_rate, "initializer_range": 0.01, "transformers_version": "4.46.3",
        **{key: ours.config[key] for key in (*_TRUNK[1:], "leaky_relu_slope", "normalize_before")},
    }  # fmt: skip
    config = _written(folder, "config.json", json.dumps(said))
    state = {key: value.numpy() for key, value in _theirs(ours, "transformers", "new").items()}
    if not ours.config["normalize_before"]:
        state |= {"mean": np.zeros(ours.spec.n_mels, np.float32), "scale": np.ones(ours.spec.n_mels, np.float32)}
    save_file(state, str(folder / "model.safetensors"))
    return Foreign("transformers", folder, folder / "model.safetensors", config, ours)


def transformers_speecht5(folder: Path) -> Foreign:
    return _speecht5(folder, "speecht5_16k", normalize_before=True)


def transformers_audioldm(folder: Path) -> Foreign:
    rates = {"upsample_rates": [5, 4, 2, 2, 2], "upsample_kernel_sizes": [16, 16, 8, 4, 4], "upsample_initial_channel": 32}
    found = _speecht5(folder / "vocoder", "audioldm2_16k", **rates)
    _written(
        folder,
        "model_index.json",
        json.dumps({"_class_name": "AudioLDM2Pipeline", "vocoder": ["transformers", "SpeechT5HifiGan"]}),
    )
    return Foreign(found.layout, folder, found.weights, found.config, found.ours)


def _univnet_ours(base: str, **changes: Any) -> NeuralVocoder:
    sizes = {"kernel_predictor_num_blocks": 3, "kernel_predictor_hidden_channels": 64, **changes}
    return _ours("univnet", dialect(base).spec, **sizes)


def transformers_univnet(folder: Path) -> Foreign:
    ours = _univnet_ours("univnet_24k", kernel_predictor_num_blocks=1, kernel_predictor_hidden_channels=8)
    sizes = {key: value for key, value in ours.config.items() if key != "n_mels"}
    said = {"model_type": "univnet", "architectures": ["UnivNetModel"], "num_mel_bins": ours.spec.n_mels, **sizes}
    config = _written(
        folder, "config.json", json.dumps({**said, "kernel_predictor_dropout": 0.0, "initializer_range": 0.01})
    )
    mel = {
        "feature_extractor_type": "UnivNetFeatureExtractor", "sampling_rate": 24000, "num_mel_bins": 100,
        "hop_length": 256,
        "win_length": 1024, "win_function": "hann_window", "filter_length": 1024, "fmin": 0.0, "fmax": 12000.0,
        "mel_floor": 1e-9,
        "center": False, "compression_factor": 1.0, "compression_clip_val": 1e-5, "do_normalize": False,
        "pad_end_length": 10,
        "normalize_min": -11.512925148010254, "normalize_max": 2.3143386840820312, "model_in_channels": 8,
        "feature_size": 1,
    }  # fmt: skip
    _written(folder, "preprocessor_config.json", json.dumps(mel))
    weights = _saved(folder, "pytorch_model.bin", _theirs(ours, "transformers", "none"))
    return Foreign("transformers_univnet", folder, weights, config, ours)


def univnet(folder: Path) -> Foreign:
    ours = _univnet_ours("univnet_24k")
    said = {
        "data": {"train_dir": "train"}, "train": {"seed": 1234, "adam": {"lr": 0.0001}}, "mpd": {"periods": [2, 3]},
        "audio": {
            "n_mel_channels": 100, "segment_length": 16384, "pad_short": 2000, "filter_length": 1024, "hop_length": 256,
            "win_length": 1024, "sampling_rate": 24000, "mel_fmin": 0.0, "mel_fmax": 12000.0,
        },
        "gen": {
            "noise_dim": 8, "channel_size": 4, "dilations": [1, 3], "strides": [8, 8, 4], "lReLU_slope": 0.2,
            "kpnet_conv_size": 3,
        },
        "mrd": {"lReLU_slope": 0.2}, "dist_config": {"world_size": 1}, "log": {"num_audio": 5},
    }  # fmt: skip
    config = _written(folder, "default_c32.yaml", yaml.safe_dump(said))
    tree = {
        "model_g": _theirs(ours, "original"),
        "model_d": {},
        "step": 3,
        "epoch": 1,
        "hp_str": "audio: …",
        "githash": "9bb2b54838",
    }
    weights = _saved(folder, "univ_c32_0288.pt", tree)
    return Foreign("univnet", folder, weights, config, ours)


def vocos(folder: Path) -> Foreign:
    from melpact.contract.filterbank import filterbank

    spec = dialect("vocos_24k").spec
    ours = _ours("vocos", spec)
    sizes = ours.config
    parts = {
        "feature_extractor": ("feature_extractors.MelSpectrogramFeatures", {
            "sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 100, "padding": "center"}),
        "backbone": ("models.VocosBackbone", {
            "input_channels": 100, **{key: sizes[key] for key in ("dim", "intermediate_dim", "num_layers")}}),
        "head": ("heads.ISTFTHead", {"dim": sizes["dim"], "n_fft": 1024, "hop_length": 256, "padding": "center"}),
    }  # fmt: skip
    said = {part: {"class_path": f"vocos.{path}", "init_args": args} for part, (path, args) in parts.items()}
    config = _written(folder, "config.yaml", yaml.safe_dump(said))
    state = _theirs(ours, "original", "none")
    window = torch.hann_window(1024)
    state |= {"head.istft.window": window, "feature_extractor.mel_spec.spectrogram.window": window}
    state["feature_extractor.mel_spec.mel_scale.fb"] = torch.tensor(filterbank(spec).T, dtype=torch.float32)
    return Foreign("vocos", folder, _saved(folder, "pytorch_model.bin", state), config, ours)


def melgan(folder: Path) -> Foreign:
    ours = _ours("melgan", dialect("melgan_22k").spec)
    # as yaml.dump writes the arguments of the command line
    text = (
        "!!python/object:argparse.Namespace\nbatch_size: 16\ncond_disc: false\n"
        "data_path: !!python/object/apply:pathlib.PosixPath\n- data\ndownsamp_factor: 4\nepochs: 3000\nlambda_feat: 10\n"
        "load_path: null\nlog_interval: 100\nn_layers_D: 4\nn_mel_channels: 80\nn_residual_layers: 2\nn_test_samples: 8\n"
        "ndf: 16\nngf: 2\nnum_D: 3\nsave_interval: 1000\nsave_path: logs\nseq_len: 8192\n"
    )
    config = _written(folder, "args.yml", text)
    _saved(folder, "netG.pt", {})
    _saved(folder, "optG.pt", {})
    return Foreign("melgan", folder, _saved(folder, "best_netG.pt", _theirs(ours, "original")), config, ours)


def _pwg(folder: Path, name: str, generator: str, params: dict[str, Any], **changes: Any) -> Foreign:
    mean, scale = np.linspace(-3, -2, 80).astype(np.float32), np.linspace(0.4, 0.9, 80).astype(np.float32)
    spec = dialect("pwg_22k").spec.replace_quietly(scaling=BandAffine.standardise(mean, scale))
    ours = _ours(name, spec, **changes)
    said = {
        "sampling_rate": 22050, "fft_size": 1024, "hop_size": 256, "win_length": None, "window": "hann", "num_mels": 80,
        "fmin": 80, "fmax": 7600, "global_gain_scale": 1.0, "trim_silence": True, "trim_threshold_in_db": 60,
        "format": "hdf5",
        "generator_type": generator, "generator_params": params, "discriminator_type": "X",
        "stft_loss_params": {"n": [1]},
        "lambda_adv": 4.0, "batch_size": 6, "remove_short_samples": True, "allow_cache": True, "outdir": "exp",
        "rank": 0,
        "generator_optimizer_params": {"lr": 0.0001}, "discriminator_grad_norm": 1, "train_max_steps": 400000,
        "version": "0.5.1",
    }  # fmt: skip
    config = _written(folder, "config.yml", yaml.safe_dump(said))
    np.save(folder / "stats.npy", np.stack([mean, scale]))
    state = _theirs(ours, "pwg")
    if name == "pwg":
        rng = np.random.default_rng(0)
        last = ours.config["layers"] - 1
        half, residual = ours.config["gate_channels"] // 2, ours.config["residual_channels"]
        state[f"conv_layers.{last}.conv1x1_out.weight_g"] = torch.ones(residual, 1, 1)
        state[f"conv_layers.{last}.conv1x1_out.weight_v"] = torch.tensor(
            rng.normal(size=(residual, half, 1)), dtype=torch.float32
        )
        state[f"conv_layers.{last}.conv1x1_out.bias"] = torch.zeros(residual)
    tree = {
        "model": {"generator": state, "discriminator": {}},
        "optimizer": {"generator": {"state": {}}},
        "steps": 7,
        "epochs": 1,
    }
    weights = _saved(folder, "checkpoint-400000steps.pkl", tree)
    return Foreign("pwg", weights, weights, config, ours)


def pwg_hifigan(folder: Path) -> Foreign:
    params = {
        "in_channels": 80, "out_channels": 1, "channels": 16, "kernel_size": 7, "upsample_scales": [16, 8, 2],
        "upsample_kernel_sizes": [32, 16, 4], "resblock_kernel_sizes": [3, 5], "resblock_dilations": [[1, 3], [1, 3]],
        "use_additional_convs": True, "bias": True, "nonlinear_activation": "LeakyReLU",
        "nonlinear_activation_params": {"negative_slope": 0.1}, "use_weight_norm": True,
    }  # fmt: skip
    return _pwg(folder, "hifigan", "HiFiGANGenerator", params, upsample_padding="stride")


def pwg_melgan(folder: Path) -> Foreign:
    params = {
        "in_channels": 80, "out_channels": 1, "kernel_size": 7, "channels": 32, "upsample_scales": [8, 8, 2, 2],
        "stack_kernel_size": 3, "stacks": 2, "use_weight_norm": True, "use_causal_conv": False,
    }  # fmt: skip
    return _pwg(folder, "melgan", "MelGANGenerator", params)


def pwg_pwg(folder: Path) -> Foreign:
    params = {
        "in_channels": 1, "out_channels": 1, "kernel_size": 3, "layers": 6, "stacks": 2, "residual_channels": 8,
        "gate_channels": 12, "skip_channels": 6, "aux_channels": 80, "aux_context_window": 2, "dropout": 0.0,
        "use_weight_norm": True, "upsample_net": "ConvInUpsampleNetwork",
        "upsample_params": {"upsample_scales": [4, 4, 4, 4]},
    }  # fmt: skip
    return _pwg(folder, "pwg", "ParallelWaveGANGenerator", params)


def nsf_hifigan(folder: Path) -> Foreign:
    changes = {
        "sampling_rate": 44100, "upsample_rates": [16, 8, 4], "upsample_kernel_sizes": [32, 16, 8], "harmonic_num": 8,
    }  # fmt: skip
    ours = _ours("nsf_hifigan", dialect("diffsinger_44k").spec, **changes)
    said = {**_hifigan_config(ours), "discriminator_periods": [3, 5, 7], "pc_aug": False, "mini_nsf": False}
    config = _written(folder, "config.json", json.dumps(said))
    weights = _saved(folder, "model", {"generator": _theirs(ours, "original")})
    return Foreign("nsf_hifigan", folder, weights, config, ours, {"dialect": "diffsinger_44k"})


def coqui(folder: Path) -> Foreign:
    ours = _ours("hifigan", dialect("coqui_22k").spec)
    sizes = ours.config
    said = {
        "model": "hifigan", "run_name": "hifigan_ljspeech", "epochs": 1000, "batch_size": 32, "lr_gen": 0.0001,
        "use_pqmf": False,
        "generator_model": "hifigan_generator", "discriminator_model": "hifigan_discriminator", "use_stft_loss": False,
        "generator_model_params": {
            "upsample_factors": sizes["upsample_rates"],
            "resblock_type": "1", **{key: sizes[key] for key in _TRUNK[2:]}},
        "audio": {
            "fft_size": 1024, "win_length": 1024, "hop_length": 256, "frame_shift_ms": None, "frame_length_ms": None,
            "stft_pad_mode": "reflect", "sample_rate": 22050, "resample": False, "preemphasis": 0.0, "ref_level_db": 20,
            "do_sound_norm": False, "log_func": "np.log10", "do_trim_silence": True, "trim_db": 45,
            "do_rms_norm": False,
            "db_level": None, "power": 1.5, "griffin_lim_iters": 60, "num_mels": 80, "mel_fmin": 0.0, "mel_fmax": None,
            "spec_gain": 20, "do_amp_to_db_linear": True, "do_amp_to_db_mel": True, "pitch_fmax": 640.0,
            "pitch_fmin": 1.0,
            "signal_norm": True, "min_level_db": -100, "symmetric_norm": True, "max_norm": 4.0, "clip_norm": True,
            "stats_path": None,
        },
    }  # fmt: skip
    config = _written(folder, "config.json", json.dumps(said, indent=1).replace('"epochs"', '// of training\n "epochs"'))
    state = {f"model_g.{key}": value for key, value in _theirs(ours, "original", "new").items()}
    state["model_d.msd.0.weight"] = torch.zeros(3)
    tree = {"config": said, "model": state, "optimizer": [{}, {}], "step": 3, "epoch": 1, "date": "June 1, 2024"}
    weights = _saved(folder, "model_file.pth", tree)
    return Foreign("coqui", folder, weights, config, ours)


def nemo_archive(path: Path, said: Mapping[str, Any], state: Mapping[str, Any] | bytes, mode: str = "w") -> Path:
    """A .nemo file of that configuration and those tensors (or the bytes that hold them)."""
    data = io.BytesIO(state if isinstance(state, bytes) else b"")
    if not isinstance(state, bytes):
        torch.save(dict(state), data)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        members = {"model_config.yaml": yaml.safe_dump(dict(said)).encode(), "model_weights.ckpt": data.getvalue()}
        for name, content in members.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def nemo_config(spec: MelSpec, generator: dict[str, Any]) -> dict[str, Any]:
    mel = {
        "_target_": "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures", "nfilt": spec.n_mels,
        "lowfreq": int(spec.f_min), "highfreq": int(spec.f_max), "n_fft": spec.n_fft, "n_window_size": spec.win_length,
        "n_window_stride": spec.hop_length, "pad_to": 0, "pad_value": -11.52, "sample_rate": spec.sample_rate,
        "window": "hann",
        "normalize": None, "preemph": None, "dither": 0.0, "frame_splicing": 1, "log": True,
        "log_zero_guard_type": "clamp",
        "log_zero_guard_value": 1e-05, "mag_power": 1.0, "use_grads": False, "exact_pad": True,
    }  # fmt: skip
    return {
        "preprocessor": mel, "generator": generator, "optim": {"lr": 0.0002}, "max_steps": 2500000,
        "l1_loss_factor": 45,
        "denoise_strength": 0.0025, "train_ds": {"dataset": {"n_segments": 8192}}, "nemo_version": "2.5.0",
        "target": "nemo.collections.tts.models.hifigan.HifiGanModel",
    }  # fmt: skip


def _nemo(folder: Path, ours: NeuralVocoder, generator: dict[str, Any], layout: str) -> Foreign:
    from melpact.contract.filterbank import filterbank

    state = {f"generator.{key}": value for key, value in _theirs(ours, layout).items()}
    state["mpd.discriminators.0.convs.0.bias"] = torch.zeros(3)
    state["audio_to_melspec_precessor.fb"] = torch.tensor(filterbank(ours.spec)[None], dtype=torch.float32)
    state["audio_to_melspec_precessor.window"] = torch.hann_window(ours.spec.win_length, periodic=False)
    path = nemo_archive(folder / "tts_vocoder.nemo", nemo_config(ours.spec, generator), state)
    return Foreign("nemo", path, path, path, ours)


def nemo_hifigan(folder: Path) -> Foreign:
    ours = _ours("hifigan", dialect("nemo_hifigan_22k").spec)
    generator = {
        "_target_": "nemo.collections.tts.modules.hifigan_modules.Generator",
        **{key: ours.config[key] for key in _TRUNK},
    }
    return _nemo(folder, ours, {**generator, "resblock": 1}, "nemo")


def nemo_univnet(folder: Path) -> Foreign:
    ours = _univnet_ours("nemo_hifigan_22k")
    generator = {
        "_target_": "nemo.collections.tts.modules.univnet_modules.Generator", "noise_dim": 8, "channel_size": 4,
        "dilations": [1, 3], "strides": [8, 8, 4], "lrelu_slope": 0.2, "kpnet_conv_size": 3,
    }  # fmt: skip
    return _nemo(folder, ours, generator, "original")


CHECKPOINTS: Mapping[str, Callable[[Path], Foreign]] = {
    one.__name__: one
    for one in (
        original_hifigan, original_bigvgan, original_istftnet, transformers_speecht5, transformers_audioldm,
        transformers_univnet, univnet, vocos, melgan, pwg_hifigan, pwg_melgan, pwg_pwg, nsf_hifigan, coqui, nemo_hifigan,
        nemo_univnet,
    )
}  # fmt: skip
"""Name → writes it into a folder."""
