"""The layout of the singing vocoders' NSF-HiFi-GAN: HiFi-GAN's config.json, and a torch file, `model`, keyed `generator`.

Its configuration reads as HiFi-GAN's; the weights tell them apart (`m_source`). Nothing in the files says whether mels are
in natural logs or in log10, nor their floor: programs that ship the same file disagree, so a dialect is asked for. Sources:
models/nsf_HiFigan/models.py and export_ckpt.py of openvpi/SingingVocoders; modules/vocoders/nsf_hifigan.py of
openvpi/DiffSinger; vdecoder/nsf_hifigan/nvSTFT.py of svc-develop-team/so-vits-svc.
"""

from __future__ import annotations

from typing import Any

from melpact.contract.dialect import dialect
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MissingFact
from melpact.vocoders.families import family
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

_OTHER = {
    "discriminator_periods", "pc_aug", "mini_nsf", "noise_sigma", "mel_base", "volume_aug", "volume_aug_prob",
}  # fmt: skip
_LOGS = {"e": "diffsinger_44k", "10": "diffsinger_44k_log10"}
_PLACES = (("generator",), ("state_dict",), ())


def _recognises(request: Request) -> bool:
    path = config_path(request, ("config.json",))
    if path is None or path.suffix.lower() != ".json":
        return False
    said = read_config(path)
    return "upsample_rates" in said and "model_type" not in said and driven_by_pitch(said, request)


def _read(request: Request) -> Imported:
    where = config_path(request, ("config.json",))
    assert where is not None
    said = read_config(where)
    account(said, needed=SIZES | MEL, known=SIZES | MEL | TRAINING | _OTHER, request=request, where=where)
    check_numbers(said, MEL, where, may_be_null=("fmax",))
    check_numbers(said, ("upsample_rates",), where)
    if said.get("mini_nsf"):
        raise ContractError(
            "its source runs at a lower rate and without overtones (mini_nsf); that network is not here", where=where,
            got="mini_nsf true", wanted="an NSF-HiFi-GAN with m_source, as published until 2024",
        )  # fmt: skip
    hop = check_hop(said["upsample_rates"], said["hop_size"], "hop_size", where)
    facts = mel_facts(said, hop)
    spec = checked_spec(_described(said, request, facts, where), request, facts, where)
    kind = family("nsf_hifigan")
    config = {"n_mels": said["num_mels"], "sampling_rate": said["sampling_rate"], **{name: said[name] for name in SIZES}}
    sizes = kind.sizes({**config, "resblock": str(said["resblock"])})
    path = weight_file(request, ("model",))
    ours = to_our_names(generator_of(read_weights(path), path, _PLACES), kind, sizes, "original", path)
    notes = [
        f"it takes mels in {'log10' if spec.log == 'log10' or spec.scaling.kind == 'affine' else 'natural logs'}, as "
        f"{'the dialect says' if request.spec is not None else 'mel_base says'}; another program may feed it the other",
        "the noise and the overtones' phases are drawn anew by its own code at each call, and here from a seed",
    ]
    if said["fmax"] is None:
        notes.append(f"fmax is null: bands up to half the rate, {said['sampling_rate'] / 2:g} Hz")
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported("nsf_hifigan", sizes.model_dump(mode="json"), spec, ours, "nsf_hifigan", tuple(notes), files)


def _described(said: dict[str, Any], request: Request, facts: dict[str, Any], where: object) -> MelSpec | None:
    if request.spec is not None:
        return None
    base = str(said.get("mel_base", ""))
    if base in _LOGS:
        return dialect(_LOGS[base]).spec.replace_quietly(**facts, bank_sample_rate=facts["sample_rate"])
    raise MissingFact(
        "the files do not say whether its mels are in natural logs or in log10, nor their floor", where=where,
        got="mel_base not given" if not base else f"mel_base {base}",
        next="Say it: --dialect diffsinger_44k (ln, clamp 1e-5), diffsinger_44k_log10 (up to DiffSinger 2.2), "
        "singingvocoders_44k (ln, clamp 1e-9) or sovits_diffusion_44k (ln, 1e-9 under the root)",
    )  # fmt: skip


PLUGIN = Layout("nsf_hifigan", "an NSF-HiFi-GAN's `model` with its config.json", _recognises, _read)
