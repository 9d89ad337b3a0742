"""The layout of HiFi-GAN's first code: a torch file with the key `generator`, and a config.json beside it.
BigVGAN and iSTFTNet kept it and added keys.

Source of the names and of what the configuration leaves unsaid (natural log, clamp at 1e-5, 1e-9 under the root, framing):
the files config_v1.json, meldataset.py and models.py of jik876/hifi-gan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.vocoders.families import Family, family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config
from melpact.vocoders.importers.layout._hifigan_keys import MEL, SIZES, TRAINING, driven_by_pitch, mel_facts
from melpact.vocoders.importers.reading import (
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

_MAY_BE = {"use_tanh_at_final", "use_bias_at_final"}
_BIGVGAN, _ISTFTNET = {"activation", "snake_logscale"}, {"gen_istft_n_fft", "gen_istft_hop_size"}
_PREFIXES = (
    "lambda_", "use_mbd", "use_cqtd", "use_multiscale", "use_spectral", "cqtd_", "mbd_", "mpd_", "discriminator_",
    "resolutions", "fft_sizes", "clip_grad", "freeze_step", "normalize_volume",
)  # fmt: skip
_PLACES = (("generator",), ("model", "generator"), ("state_dict",), ())


def _recognises(request: Request) -> bool:
    path = config_path(request, ("config.json",))
    if path is None or path.suffix.lower() != ".json":
        return False
    said = read_config(path)
    return "upsample_rates" in said and "model_type" not in said and not driven_by_pitch(said, request)


def _read(request: Request) -> Imported:
    where = config_path(request, ("config.json",))
    assert where is not None
    said = read_config(where)
    kind, own = _family(said)
    spec = description(said, request, where)
    fields = [*SIZES, *own, *(_MAY_BE & set(said) if kind.name == "bigvgan" else ())]
    config = {"n_mels": said["num_mels"], **{name: said[name] for name in fields}, "resblock": str(said["resblock"])}
    sizes = kind.sizes(config)
    path = weight_file(request, ())
    weights = generator_of(read_weights(path), path, _PLACES)
    ours = to_our_names(weights, kind, sizes, "original", path)
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported(kind.name, sizes.model_dump(mode="json"), spec, ours, "original", notes(said, request), files)


def description(said: dict[str, Any], request: Request, where: Path) -> MelSpec:
    """The mel that a configuration of this layout means, every key accounted for; needs no checkpoint.

    Raises:
        ContractError, MissingFact: keys that are unknown, missing or contradictory.
    """
    own = _family(said)[1]
    needed = SIZES | MEL | own
    account(said, needed=needed, known=needed | _MAY_BE | TRAINING, request=request, where=where, prefixes=_PREFIXES)
    check_numbers(said, MEL, where, may_be_null=("fmax",))
    check_numbers(said, ("upsample_rates", *({"fmax_for_loss"} & set(said))), where, may_be_null=("fmax_for_loss",))
    hop = check_hop(said["upsample_rates"], said["hop_size"], "hop_size", where, times=said.get("gen_istft_hop_size", 1))
    facts = mel_facts(said, hop)
    found = MelSpec(
        **facts, padding="same", pad_mode="reflect", power=1, epsilon=1e-9, epsilon_kind="inside", mel_scale="slaney",
        mel_norm="slaney", log="ln", floor=1e-5, floor_kind="clamp",
    )  # fmt: skip
    return checked_spec(found, request, facts, where)


def _family(said: dict[str, Any]) -> tuple[Family, set[str]]:
    """The family whose sizes these are, and the keys that it has beside HiFi-GAN's."""
    if said.keys() & _BIGVGAN:
        return family("bigvgan"), _BIGVGAN
    if said.keys() & _ISTFTNET:
        return family("istftnet"), _ISTFTNET
    return family("hifigan"), set()


def notes(said: dict[str, Any], request: Request) -> tuple[str, ...]:
    """What a user has to know of a configuration."""
    notes = []
    if request.spec is None:
        notes.append(
            "not in the configuration, taken from the original code: natural log, clamp at 1e-5, 1e-9 under the root, "
            "Slaney filters of unit area, frames in the middle of their hop"
        )
        notes.append(
            "where it was fine-tuned on an acoustic model's centred mels (Tacotron 2), its frames are half a hop earlier: "
            "say --dialect tacotron2_22k"
        )
    if said["fmax"] is None:
        notes.append(f"fmax is null: bands up to half the rate, {said['sampling_rate'] / 2:g} Hz")
    loss = said.get("fmax_for_loss", said["fmax"])
    if loss != said["fmax"]:
        top = "half the rate" if loss is None else f"{loss:g} Hz"
        notes.append(f"fmax_for_loss ({top}) is the training loss's; the vocoder takes bands up to fmax")
    if said.get("num_freq") not in (None, said["n_fft"] // 2 + 1):
        notes.append(
            f"num_freq {said['num_freq']} does not belong to n_fft {said['n_fft']}; the original code never reads it"
        )
    return tuple(notes)


PLUGIN = Layout("original", "a generator-keyed .pth with its config.json (HiFi-GAN, BigVGAN, iSTFTNet)", _recognises, _read)
