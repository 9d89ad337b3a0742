"""Parallel WaveGAN's layout: a .pkl with `model` / `generator`, config.yml, and statistics in stats.h5 or stats.npy.

Its vocoders (HiFi-GAN, MelGAN, Parallel WaveGAN) take standardised mels; without their statistics they are unusable, so
these are asked for. Sizes are in `_pwg_sizes`. Source of the names: the recipes and `bin/preprocess.py` of
kan-bayashi/ParallelWaveGAN.
"""

from __future__ import annotations

from melpact.contract.scaling import BandAffine
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config, section
from melpact.vocoders.importers.layout._pwg_sizes import GENERATORS
from melpact.vocoders.importers.reading import (
    Weights,
    account,
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

_MEL = {"sampling_rate", "fft_size", "hop_size", "win_length", "window", "num_mels", "fmin", "fmax", "global_gain_scale"}
_TRAINING = {
    "version", "format", "trim_silence", "trim_threshold_in_db", "trim_frame_size", "trim_hop_size",
    "sampling_rate_for_feats", "batch_size", "batch_max_steps", "pin_memory", "num_workers", "remove_short_samples",
    "allow_cache", "distributed", "rank", "outdir", "resume", "pretrain", "config", "verbose", "use_weight_norm",
    "generator_type", "generator_params", "stft_loss_params", "mel_loss_params", "subband_stft_loss_params",
    "feat_match_loss_params", "unique_discriminator",
}  # fmt: skip
_FIRST = "ParallelWaveGANGenerator"
_PREFIXES = (
    "discriminator_", "generator_optimizer", "generator_scheduler", "generator_grad", "generator_adv", "generator_train",
    "lambda_", "use_", "train_", "dev_", "num_save", "save_", "eval_", "log_interval", "optimizer_", "early_", "average_",
    "gen_", "dis_",
)  # fmt: skip


def _recognises(request: Request) -> bool:
    path = config_path(request, ("config.yml", "config.yaml"))
    if path is None or path.suffix.lower() not in (".yml", ".yaml"):
        return False
    return {"sampling_rate", "generator_params"} <= set(read_config(path))


def _read(request: Request) -> Imported:
    where = config_path(request, ("config.yml", "config.yaml"))
    assert where is not None
    said = read_config(where)
    account(
        said, needed=(_MEL | {"generator_params"}) - {"global_gain_scale"}, known=_MEL | _TRAINING | {"log_base"},
        request=request, where=where, prefixes=_PREFIXES,
    )  # fmt: skip
    named = str(said.get("generator_type", _FIRST))
    generator = GENERATORS.get(named)
    if generator is None:
        raise ContractError("this generator is not read here", where=where, got=named, wanted=", ".join(GENERATORS))
    base = said.get("log_base", 10)
    if base not in (10, None):
        raise ContractError("log_base is set to what is not known here", where=where, got=base, wanted="10 or null (ln)")
    if said["window"] not in ("hann", "hamming", "blackman") or said.get("global_gain_scale", 1.0) != 1.0:
        raise ContractError(
            "an analysis that no description here covers", where=where,
            got=f"window {said['window']!r}, global_gain_scale {said.get('global_gain_scale', 1.0)}",
            wanted="hann, hamming or blackman; global_gain_scale 1",
        )  # fmt: skip
    params, params_at = section(said, "generator_params", where)
    config = generator.sizes(params, request, params_at)
    check_numbers(said, _MEL - {"window"} & set(said), where, may_be_null=("fmin", "fmax", "win_length"))
    hop = check_hop(config[generator.rates], said["hop_size"], "hop_size", where)
    facts = {
        "sample_rate": said["sampling_rate"], "n_fft": said["fft_size"],
        "win_length": said["win_length"] or said["fft_size"], "hop_length": hop, "n_mels": said["num_mels"],
        "f_min": float(said["fmin"] or 0.0),
        "f_max": float(said["fmax"] or said["sampling_rate"] / 2),
    }  # fmt: skip
    if config["n_mels"] != said["num_mels"]:
        raise ContractError(
            "the generator takes another number of bands",
            where=where,
            got=config["n_mels"],
            wanted=f"num_mels {said['num_mels']}",
        )
    kind = family(generator.family)
    sizes = kind.sizes(config)
    path = weight_file(request, ())
    weights = generator_of(read_weights(path), path, (("model", "generator"), ("generator",), ()))
    notes = []
    kept: Weights = {name: weights.pop(name) for name in ("mean", "scale") if name in weights}
    unused = kind.module().unused_names(sizes, "pwg") if generator.family == "pwg" else ()
    used = {name: value for name, value in weights.items() if not name.startswith(tuple(f"{stem}." for stem in unused))}
    ours = to_our_names(used, kind, sizes, "pwg", path)
    stats_at, mean, scale = statistics(request, kept, said["num_mels"])
    found = MelSpec(
        **facts, window=said["window"], padding="centre", pad_mode="reflect", power=1, mel_scale="slaney", mel_norm="slaney",
        log="ln" if base is None else "log10", floor=1e-10, floor_kind="clamp", scaling=BandAffine.standardise(mean, scale),
    )  # fmt: skip
    spec = checked_spec(found, request, facts, where)
    if said["fmax"] is None:
        notes.append(f"fmax is null: bands up to half the rate, {said['sampling_rate'] / 2:g} Hz")
    if "generator_type" not in said:
        notes.append(f"generator_type is not said: it is {_FIRST}, which came first")
    notes.append(
        f"it takes standardised mels; mean and scale from {stats_at}. A raw {found.log} mel is standardised by itself"
    )
    files = {"checkpoint": str(path), "config": str(where), "stats": str(stats_at)}
    return Imported(kind.name, sizes.model_dump(mode="json"), spec, ours, "pwg", tuple(notes), files)


PLUGIN = Layout("pwg", "a Parallel WaveGAN .pkl with config.yml and stats.h5 or stats.npy", _recognises, _read)
