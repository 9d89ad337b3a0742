"""The layout of UnivNet's public implementation: a torch file with the key `model_g`, and its configuration as YAML.

Source of the names and of what the configuration leaves unsaid (natural log, clamp at 1e-5, 1e-9 under the root, framing,
three blocks of 64 channels in the kernel predictor): config/default_c32.yaml, utils/stft.py, model/generator.py of
maum-ai/univnet.
"""

from __future__ import annotations

from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config, section
from melpact.vocoders.importers.reading import (
    account,
    check_hop,
    check_numbers,
    checked_spec,
    config_path,
    folder_of,
    generator_of,
    read_weights,
    to_our_names,
    weight_file,
)

_TRAINING = {"data", "train", "mpd", "mrd", "dist_config", "log"}
_MEL = {
    "n_mel_channels", "filter_length", "hop_length", "win_length", "sampling_rate", "mel_fmin", "mel_fmax",
}  # fmt: skip
_MEL_OTHER = {"segment_length", "pad_short"}
_SIZES = {"noise_dim", "channel_size", "dilations", "strides", "lReLU_slope", "kpnet_conv_size"}


def _recognises(request: Request) -> bool:
    path = config_path(request, _candidates(request))
    return path is not None and path.suffix.lower() in (".yml", ".yaml") and {"audio", "gen"} <= set(read_config(path))


def _candidates(request: Request) -> tuple[str, ...]:
    """config.yaml, else the only YAML file beside the checkpoint (the configurations are called default_c32.yaml …)."""
    beside = sorted(one.name for one in folder_of(request).glob("*.y*ml"))
    return ("config.yaml", "config.yml", *(beside if len(beside) == 1 else ()))


def _read(request: Request) -> Imported:
    where = config_path(request, _candidates(request))
    assert where is not None
    said = read_config(where)
    account(said, needed={"audio", "gen"}, known=_TRAINING | {"audio", "gen"}, request=request, where=where)
    audio, audio_at = section(said, "audio", where)
    account(audio, needed=_MEL, known=_MEL | _MEL_OTHER, request=request, where=audio_at)
    check_numbers(audio, _MEL, audio_at, may_be_null=("mel_fmax",))
    gen, gen_at = section(said, "gen", where)
    account(gen, needed=_SIZES, known=_SIZES, request=request, where=gen_at)
    check_numbers(gen, _SIZES, gen_at)
    hop = check_hop(gen["strides"], audio["hop_length"], "audio.hop_length", where)
    rate = audio["sampling_rate"]
    facts = {
        "sample_rate": rate, "n_fft": audio["filter_length"], "win_length": audio["win_length"], "hop_length": hop,
        "n_mels": audio["n_mel_channels"], "f_min": float(audio["mel_fmin"]),
        "f_max": float(rate / 2 if audio["mel_fmax"] is None else audio["mel_fmax"]),
    }  # fmt: skip
    found = MelSpec(
        **facts, padding="same", pad_mode="reflect", power=1, epsilon=1e-9, epsilon_kind="inside", mel_scale="slaney",
        mel_norm="slaney", log="ln", floor=1e-5, floor_kind="clamp",
    )  # fmt: skip
    spec = checked_spec(found, request, facts, where)
    kind = family("univnet")
    sizes = kind.sizes(sizes_of(gen, facts["n_mels"], "lReLU_slope"))
    path = weight_file(request, ())
    weights = generator_of(read_weights(path), path, (("model_g",), ("generator",), ()))
    if not any(name.startswith("res_stack.") for name in weights):
        raise ContractError("holds no generator of UnivNet", where=path, got=", ".join(sorted(weights)[:4]))
    ours = to_our_names(weights, kind, sizes, "original", path)
    notes = []
    if request.spec is None:
        notes.append(
            "not in the configuration, taken from the original code: natural log, clamp at 1e-5, 1e-9 under the root, "
            "Slaney filters of unit area, frames in the middle of their hop"
        )
        notes.append(
            "the copy that Tortoise ships takes centred mels without that 1e-9: say --dialect tortoise_univnet_24k:plain"
        )
    if audio["mel_fmax"] is None:
        notes.append(f"mel_fmax is null: bands up to half the rate, {rate / 2:g} Hz")
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported("univnet", sizes.model_dump(mode="json"), spec, ours, "univnet", tuple(notes), files)


def sizes_of(gen: dict[str, Any], n_mels: int, slope: str) -> dict[str, Any]:
    """The family's sizes of a `gen` section; every stage has the same dilations and kernels of 3."""
    stages = len(gen["strides"])
    return {
        "n_mels": n_mels,
        "model_in_channels": gen["noise_dim"],
        "model_hidden_channels": gen["channel_size"],
        "resblock_kernel_sizes": [3] * stages,
        "resblock_stride_sizes": gen["strides"],
        "resblock_dilation_sizes": [gen["dilations"]] * stages,
        "kernel_predictor_conv_size": gen["kpnet_conv_size"],
        "leaky_relu_slope": gen[slope],
    }


PLUGIN = Layout("univnet", "a UnivNet .pth or .pt with the key model_g and its .yaml", _recognises, _read)
