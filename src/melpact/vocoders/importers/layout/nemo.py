"""NeMo's layout: a .nemo archive (tar, compressed or not) of model_config.yaml and model_weights.ckpt; HiFi-GAN and UnivNet.

The archive is read member by member in memory; nothing of it is written anywhere. Source of the names and of what a
value means: examples/tts/conf/hifigan and univnet, collections/tts/modules/hifigan_modules.py and univnet_modules.py,
collections/asr/parts/preprocessing/features.py (FilterbankFeatures) of NVIDIA/NeMo.
"""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MissingFact
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import parsed_yaml, read_config, section
from melpact.vocoders.importers.filters import check_filters
from melpact.vocoders.importers.layout.univnet import sizes_of
from melpact.vocoders.importers.reading import (
    Weights,
    account,
    check_alone,
    check_hop,
    check_numbers,
    checked_spec,
    config_path,
    generator_of,
    read_weights,
    to_our_names,
    weight_file,
)

_CONFIG, _WEIGHTS = "model_config.yaml", "model_weights.ckpt"
_TOP = {
    "preprocessor", "generator", "discriminator", "optim", "train_ds", "validation_ds", "test_ds", "max_steps",
    "max_epochs", "steps_per_epoch", "l1_loss_factor", "stft_lamb", "denoise_strength", "log_audio", "log_config",
    "target", "nemo_version", "debug", "sample_rate", "sched", "trainer", "exp_manager",
}  # fmt: skip
_MEL = {
    "nfilt", "lowfreq", "highfreq", "n_fft", "n_window_size", "n_window_stride", "sample_rate", "window", "normalize",
    "preemph", "log", "log_zero_guard_type", "log_zero_guard_value", "mag_power", "exact_pad",
}  # fmt: skip
_MEL_OTHER = {
    "_target_", "cls", "pad_to", "pad_value", "dither", "frame_splicing", "use_grads", "mel_norm", "max_duration",
    "nb_augmentation_prob", "nb_max_freq", "rng", "stft_conv", "stft_exact_pad",
}  # fmt: skip
_ALONE: dict[str, Any] = {
    "normalize": None, "preemph": None, "log": True, "frame_splicing": 1, "use_grads": False, "stft_exact_pad": False,
}  # fmt: skip
_HIFIGAN = {
    "resblock", "upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock_kernel_sizes",
    "resblock_dilation_sizes",
}  # fmt: skip
_UNIVNET = {"noise_dim", "channel_size", "dilations", "strides", "lrelu_slope", "kpnet_conv_size"}
_BANK = "audio_to_melspec_precessor.fb"
_ZERO_PADDING_SINCE = (2, 5)


def _recognises(request: Request) -> bool:
    if request.path.is_dir():
        return (request.path / _CONFIG).is_file() or len(list(request.path.glob("*.nemo"))) == 1
    return request.path.suffix.lower() == ".nemo" or request.path.name == _WEIGHTS


def _read(request: Request) -> Imported:
    said, where, tree, path = _opened(request)
    account(said, needed={"preprocessor", "generator"}, known=_TOP, request=request, where=where)
    mel, mel_at = section(said, "preprocessor", where)
    generator, generator_at = section(said, "generator", where)
    name = str(generator.get("_target_", ""))
    if name.endswith("hifigan_modules.Generator"):
        made, config, layout = _hifigan(generator, request, generator_at)
    elif name.endswith("univnet_modules.Generator"):
        made, config, layout = _univnet(generator, request, generator_at)
    else:
        raise ContractError(
            "this generator is not read here", where=generator_at, got=name or "no _target_",
            wanted="hifigan_modules.Generator or univnet_modules.Generator",
        )  # fmt: skip
    account(mel, needed=_MEL, known=_MEL | _MEL_OTHER, request=request, where=mel_at)
    numbers = {"nfilt", "lowfreq", "highfreq", "n_fft", "n_window_size", "n_window_stride", "sample_rate", "mag_power",
               "log_zero_guard_value"}  # fmt: skip
    check_numbers(mel, numbers, mel_at, may_be_null=("highfreq", "n_fft", "lowfreq"))
    hop = check_hop(
        config["upsample_rates" if made == "hifigan" else "strides"],
        mel["n_window_stride"],
        "preprocessor.n_window_stride",
        where,
    )
    spec, notes = _described(mel, hop, str(said.get("nemo_version", "")), request, mel_at)
    n_mels = spec.n_mels
    kind = family(made)
    sizes = kind.sizes({"n_mels": n_mels, **config} if made == "hifigan" else sizes_of(config, n_mels, "lrelu_slope"))
    tensors = generator_of(tree, path, (("state_dict",), ()))
    if _BANK in tensors:
        check_filters(tensors[_BANK].reshape(-1, tensors[_BANK].shape[-1]), spec, _BANK, path)
    weights: Weights = {k.removeprefix("generator."): v for k, v in tensors.items() if k.startswith("generator.")}
    if not weights:
        raise ContractError("holds no generator's weights", where=path, got=", ".join(list(tensors)[:4]) or "nothing")
    ours = to_our_names(weights, kind, sizes, layout, path)
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported(made, sizes.model_dump(mode="json"), spec, ours, "nemo", tuple(notes), files)


def _opened(request: Request) -> tuple[dict[str, Any], Path, dict[str, Any], Path]:
    """(configuration, its place, tensors, their place) of an archive, or of a folder that one was unpacked to."""
    archives = sorted(request.path.glob("*.nemo")) if request.path.is_dir() else [request.path]
    if not archives or archives[0].name == _WEIGHTS or (request.path / _CONFIG).is_file():
        where = config_path(request, (_CONFIG,))
        if where is None:
            raise MissingFact(f"{_CONFIG} is not beside it", where=request.path, next="Name it: --config FILE")
        path = weight_file(request, (_WEIGHTS,))
        return read_config(where), where, read_weights(path), path
    archive = archives[0]
    members = _members(archive)
    where = request.config or archive / _CONFIG
    if request.config is not None:
        said = read_config(request.config)
    else:
        try:
            said = parsed_yaml(members[_CONFIG].decode("utf-8"), where)
        except UnicodeDecodeError:
            raise ArtifactError("is not text", where=where, wanted="a configuration") from None
    return said, where, read_weights(archive / _WEIGHTS, members[_WEIGHTS]), archive


def _members(archive: Path) -> dict[str, bytes]:
    """The two files that matter, by their last name, out of a tar of any compression."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if member.isfile() and name in (_CONFIG, _WEIGHTS) and name not in found:
                    data = tar.extractfile(member)
                    found[name] = b"" if data is None else data.read()
                    if len(found[name]) != member.size:
                        raise ArtifactError("is cut short", where=archive, got=f"{name} of {len(found[name])} bytes")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        cut = isinstance(error, EOFError) or "end of" in str(error) or "unexpected" in str(error)
        raise ArtifactError(
            "is cut short" if cut else "is no .nemo archive", where=archive, got=" ".join(str(error).split())[:120],
            next="Copy or download it again",
        ) from None  # fmt: skip
    missing = [name for name in (_CONFIG, _WEIGHTS) if name not in found]
    if missing:
        raise ArtifactError("is a .nemo archive without its model", where=archive, got=f"no {' and no '.join(missing)}")
    return found


def _hifigan(generator: dict[str, Any], request: Request, where: Path) -> tuple[str, dict[str, Any], str]:
    other = {"_target_", "initial_input_size", "apply_weight_init_conv_pre"}
    account(generator, needed=_HIFIGAN, known=_HIFIGAN | other, request=request, where=where)
    check_numbers(generator, ("upsample_rates",), where)
    config = {name: generator[name] for name in _HIFIGAN}
    return "hifigan", {**config, "resblock": str(config["resblock"])}, "nemo"


def _univnet(generator: dict[str, Any], request: Request, where: Path) -> tuple[str, dict[str, Any], str]:
    other = {"_target_", "n_mel_channels", "hop_length"}
    account(generator, needed=_UNIVNET, known=_UNIVNET | other, request=request, where=where)
    check_numbers(generator, _UNIVNET, where)
    return "univnet", {name: generator[name] for name in _UNIVNET}, "original"


def _described(mel: dict[str, Any], hop: int, version: str, request: Request, where: Path) -> tuple[MelSpec, list[str]]:
    notes = []
    for name, value in _ALONE.items():
        check_alone(mel, name, value, where)
    if mel["window"] not in ("hann", "hamming", "blackman") or mel["log_zero_guard_type"] not in ("add", "clamp"):
        raise ContractError(
            "an analysis that no description here covers", where=where,
            got=f"window {mel['window']}, log_zero_guard_type {mel['log_zero_guard_type']}",
            wanted="hann, hamming or blackman; add or clamp",
        )  # fmt: skip
    if mel["mag_power"] not in (1, 2) or mel.get("mel_norm", "slaney") not in ("slaney", None):
        raise ContractError(
            "an analysis that no description here covers", where=where,
            got=f"mag_power {mel['mag_power']}, mel_norm {mel.get('mel_norm')}", wanted="1 or 2; slaney or null",
        )  # fmt: skip
    rate, window = mel["sample_rate"], mel["n_window_size"]
    facts: dict[str, Any] = {
        "sample_rate": rate, "n_fft": mel["n_fft"] or 1 << (window - 1).bit_length(), "win_length": window,
        "hop_length": hop, "n_mels": mel["nfilt"], "f_min": float(mel["lowfreq"] or 0.0),
        "f_max": float(mel["highfreq"] or rate / 2), "power": int(mel["mag_power"]), "log": "ln",
        "padding": "same" if mel["exact_pad"] else "centre", "floor": float(mel["log_zero_guard_value"]),
        "floor_kind": mel["log_zero_guard_type"], "window": mel["window"], "window_periodic": False,
        "mel_norm": "slaney" if mel.get("mel_norm", "slaney") else "none",
    }  # fmt: skip
    edges = _edges(version)
    if edges is None and request.spec is None and "pad_mode" not in request.changes:
        raise MissingFact(
            "the files do not say nemo_version: up to 2.4 it mirrored the sound at its ends, since 2.5 it adds zeros",
            where=where,
            next="Say it: --set pad_mode=reflect (models made before July 2025) or --set pad_mode=zero",
        )
    if edges is not None:
        notes.append(
            f"made with NeMo {version}, which {'mirrored' if edges == 'reflect' else 'put zeros at'} the sound's ends"
        )
    notes.append("its window is symmetric, unlike HiFi-GAN's first code")
    if mel["highfreq"] is None:
        notes.append(f"highfreq is null: bands up to half the rate, {rate / 2:g} Hz")
    if facts["floor_kind"] == "clamp" and facts["floor"] == 1e-5:
        notes.append(
            "NeMo's FastPitch adds 1e-5 instead of clamping and centres its frames: its mels differ by up to half a hop"
        )
    found = MelSpec(**facts, pad_mode=edges or "zero", mel_scale="slaney")
    return checked_spec(found, request, facts, where), notes


def _edges(version: str) -> str | None:
    """How the version pads; None where it is not told."""
    parts = version.split(".")
    if len(parts) < 2 or not (parts[0].isdigit() and parts[1].isdigit()):
        return None
    return "zero" if (int(parts[0]), int(parts[1])) >= _ZERO_PADDING_SINCE else "reflect"


PLUGIN = Layout("nemo", "a .nemo archive (HiFi-GAN, UnivNet)", _recognises, _read)
