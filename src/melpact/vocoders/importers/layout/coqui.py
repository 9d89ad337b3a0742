"""Coqui TTS's layout of vocoders: config.json with `generator_model` and `audio`, and a .pth with `model` / `model_g.*`.

Source of the names and of what a value means: vocoder/configs, config/shared_configs.py, vocoder/models/hifigan_generator.py
and utils/audio/numpy_transforms.py of the coqui-tts package. One class of mel with many settings: every one becomes a field.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from melpact.contract.scaling import BandAffine, NoScaling, Scaling, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config, section
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
from melpact.vocoders.importers.statistics import statistics

_TRAINING = {
    "run_name", "run_description", "project_name", "output_path", "logger_uri", "batch_size", "epochs", "lr", "wd",
    "seq_len", "pad_short", "conv_pad", "data_path", "feature_path", "eval_split_size", "mixed_precision", "precision",
    "cudnn_enable", "cudnn_benchmark", "cudnn_deterministic", "allow_tf32", "training_seed", "github_branch", "restore_path",
    "target_loss", "model_param_stats", "wandb_entity", "dashboard_logger", "plot_step", "gamma_gen", "gamma_disc",
    "tb_model_param_stats", "scheduler_after_epoch", "steps_to_start_discriminator", "diff_samples_for_G_and_D",
    "reinit_layers", "schedulers_after_epoch",
}  # fmt: skip
_PREFIXES = (
    "discriminator_", "lr_", "optimizer", "print_", "save_", "run_eval", "test_", "eval_batch", "distributed",
    "num_loader", "num_eval_loader", "num_val_loader", "log_model", "use_noise", "use_cache", "use_stft", "use_subband",
    "use_mse", "use_hinge", "use_feat", "use_l1", "use_grad", "stft_loss", "subband_stft_loss", "mse_G", "hinge_G",
    "feat_match", "l1_spec", "grad_clip", "clip_grad",
)  # fmt: skip
_NEEDED = {"generator_model", "generator_model_params", "audio"}
_MEL = {
    "fft_size", "win_length", "hop_length", "sample_rate", "num_mels", "mel_fmin", "mel_fmax", "spec_gain", "signal_norm",
}  # fmt: skip
_RANGE = {"min_level_db", "ref_level_db", "symmetric_norm", "max_norm", "clip_norm"}
_MEL_DEFAULTS: dict[str, Any] = {
    "log_func": "np.log10", "stft_pad_mode": "reflect", "do_amp_to_db_mel": True, "preemphasis": 0.0, "stats_path": None,
}  # fmt: skip
_MEL_OTHER = {
    "frame_shift_ms", "frame_length_ms", "resample", "do_sound_norm", "do_trim_silence", "trim_db", "do_rms_norm",
    "db_level", "power", "griffin_lim_iters", "do_amp_to_db_linear", "pitch_fmax", "pitch_fmin",
}  # fmt: skip
_SIZES = {
    "upsample_factors", "upsample_kernel_sizes", "upsample_initial_channel", "resblock_kernel_sizes",
    "resblock_dilation_sizes", "resblock_type",
}  # fmt: skip
_LOGS = {("np.log", 1): "ln", ("np.log10", 1): "log10", ("np.log10", 20): "db_amplitude", ("np.log10", 10): "db_power"}
_FLOOR = 1e-8


def _recognises(request: Request) -> bool:
    path = config_path(request, ("config.json",))
    return path is not None and path.suffix.lower() == ".json" and {"generator_model", "audio"} <= set(read_config(path))


def _read(request: Request) -> Imported:
    where = config_path(request, ("config.json",))
    assert where is not None
    said = read_config(where)
    known = _NEEDED | {"model", "use_pqmf"} | _TRAINING
    account(said, needed=_NEEDED, known=known, request=request, where=where, prefixes=_PREFIXES)
    check_alone(said, "generator_model", "hifigan_generator", where)
    check_alone(said, "use_pqmf", False, where)
    audio, audio_at = section(said, "audio", where)
    ranged = _RANGE if audio.get("signal_norm") and not audio.get("stats_path") else set()
    known = _MEL | _RANGE | set(_MEL_DEFAULTS) | _MEL_OTHER
    account(audio, needed=_MEL | ranged, known=known, request=request, where=audio_at)
    silent = sorted(set(_MEL_DEFAULTS) - set(audio))
    audio = {**_MEL_DEFAULTS, **audio}
    params, params_at = section(said, "generator_model_params", where)
    account(params, needed=_SIZES, known=_SIZES | {"in_channels", "out_channels"}, request=request, where=params_at)
    check_numbers(params, ("upsample_factors",), params_at)
    check_alone(params, "out_channels", 1, params_at)
    check_alone(params, "in_channels", audio["num_mels"], params_at)
    check_numbers(audio, _MEL - {"signal_norm"}, audio_at, may_be_null=("mel_fmax", "mel_fmin"))
    hop = check_hop(params["upsample_factors"], audio["hop_length"], "audio.hop_length", where)
    path = weight_file(request, ("model_file.pth", "model_file.pth.tar", "best_model.pth"))
    tensors = generator_of(read_weights(path), path, (("model",), ()))
    weights = _generator(tensors)
    spec, notes = _described(audio, hop, request, audio_at)
    kind = family("hifigan")
    config = {"n_mels": audio["num_mels"], **{name: params[name] for name in _SIZES}}
    config |= {"upsample_rates": config.pop("upsample_factors"), "resblock": str(config.pop("resblock_type"))}
    sizes = kind.sizes(config)
    ours = to_our_names(weights, kind, sizes, "original", path)
    if silent:
        notes.append(f"the package's defaults stand for what audio does not say: {', '.join(silent)}")
    notes.append(
        "the package's own synthesis repeats the mel's first and last frame five times; here edges are the network's"
    )
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported("hifigan", sizes.model_dump(mode="json"), spec, ours, "coqui", tuple(notes), files)


def _generator(tensors: Weights) -> Weights:
    """Of a whole GAN's tensors the generator's."""
    inner = {name.removeprefix("model_g."): value for name, value in tensors.items() if name.startswith("model_g.")}
    return inner or tensors


def _described(audio: dict[str, Any], hop: int, request: Request, where: Path) -> tuple[MelSpec, list[str]]:
    notes = []
    for name, value in (
        ("stft_pad_mode", "reflect"),
        ("do_amp_to_db_mel", True),
        ("frame_shift_ms", None),
        ("frame_length_ms", None),
    ):
        check_alone(audio, name, value, where)
    check_numbers(audio, ("preemphasis",), where, may_be_null=("preemphasis",))
    rate, emphasis = audio["sample_rate"], float(audio["preemphasis"] or 0.0)
    log = _LOGS.get((str(audio["log_func"]), audio["spec_gain"]))
    if log is None:
        raise ContractError(
            "a log that no description here covers", where=where, got=f"{audio['log_func']}, spec_gain {audio['spec_gain']}",
            wanted=", ".join(f"{function} with spec_gain {gain}" for function, gain in _LOGS),
        )  # fmt: skip
    scaling: Scaling = NoScaling()
    reference = 0.0
    if audio["signal_norm"] and audio["stats_path"]:
        stats_at, mean, scale = statistics(request, {}, audio["num_mels"])
        scaling = BandAffine.standardise(mean, scale)
        notes.append(f"it takes standardised mels; mean and scale from {stats_at}")
    elif audio["signal_norm"]:
        check_numbers(audio, ("max_norm", "min_level_db", "ref_level_db"), where)
        top, reference = float(audio["max_norm"]), float(audio["ref_level_db"])
        if top <= 0 or audio["min_level_db"] >= 0:
            raise ContractError(
                "a range that no mel fits into", where=where,
                got=f"max_norm {top:g}, min_level_db {audio['min_level_db']:g}",
                wanted="max_norm above 0, min_level_db below 0",
            )  # fmt: skip
        ends = {
            "low": float(audio["min_level_db"]),
            "high": 0.0,
            "out_low": -top if audio["symmetric_norm"] else 0.0,
            "out_high": top,
        }
        scaling = Window.clipping(**ends) if audio["clip_norm"] else Window(**ends)
        if audio["clip_norm"]:
            notes.append(f"what lies {-ends['low']:g} below {reference:g} is cut off in its mels and cannot be brought back")
    facts: dict[str, Any] = {
        "sample_rate": rate, "n_fft": audio["fft_size"], "win_length": audio["win_length"], "hop_length": hop,
        "n_mels": audio["num_mels"], "f_min": float(audio["mel_fmin"] or 0.0), "f_max": float(audio["mel_fmax"] or rate / 2),
        "log": log, "padding": "centre", "preemphasis": emphasis, "reference": reference,
    }  # fmt: skip
    found = MelSpec(
        **facts, pad_mode="reflect", power=1, mel_scale="slaney", mel_norm="slaney", floor=_FLOOR, floor_kind="clamp",
        preemphasis_kind="filter" if emphasis else "none", scaling=scaling,
    )  # fmt: skip
    if audio["mel_fmax"] is None:
        notes.append(f"mel_fmax is null: bands up to half the rate, {rate / 2:g} Hz")
    if not audio["signal_norm"] and log == "ln":
        notes.append("natural logs down to 1e-8: deeper than HiFi-GAN's own 1e-5")
    return checked_spec(found, request, facts, where), notes


PLUGIN = Layout("coqui", "a Coqui TTS vocoder's config.json and .pth (HiFi-GAN)", _recognises, _read)
