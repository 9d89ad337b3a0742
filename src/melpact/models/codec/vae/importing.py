"""Folders of diffusers' `AutoencoderKL` (config.json, weights beside it) as mel VAEs: every key and shape accounted for.

The network's own names are theirs (`nn.autoencoders.mel_vae`); only the attention of older folders is called otherwise. Such
a VAE takes the values of its mel as they are: it has statistics of mean 0 and deviation 1.
Source: diffusers, src/diffusers/models/autoencoders/autoencoder_kl.py and vae.py (keys and shapes), and
scripts/convert_original_audioldm2_to_diffusers.py (what AudioLDM's folders hold).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import dialect as named
from melpact.contract.filterbank import filterbank
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError, MissingFact, NotAnArtifact
from melpact.features.window import window
from melpact.models.codec.vae.facts import Facts
from melpact.models.codec.vae.vae import network_of
from melpact.normalise.band_statistics import Statistics

Floats = NDArray[np.float32]
CONFIG = "config.json"
CLASS = "AutoencoderKL"
FILES = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
_NEEDED = ("block_out_channels", "layers_per_block", "latent_channels", "norm_num_groups", "in_channels", "out_channels")
_BLOCKS = MappingProxyType({"down_block_types": "DownEncoderBlock2D", "up_block_types": "UpDecoderBlock2D"})
_USUAL = MappingProxyType(
    {"act_fn": "silu", "mid_block_add_attention": True, "use_quant_conv": True, "use_post_quant_conv": True}
)
_OF_DIFFUSION = (
    "scaling_factor", "shift_factor", "latents_mean", "latents_std", "sample_size", "force_upcast", "_class_name",
    "_diffusers_version", "_name_or_path",
)  # fmt: skip
"""Keys that no mel and no latent depends on: the diffusion beside the VAE reads them."""
_OLD = MappingProxyType({"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"})
_FAMILIES = MappingProxyType({(1, 8, (128, 256, 512), 2): "audioldm2_16k"})
"""(channels of the mel, of the latent, of the levels, layers) → whose they are: AudioLDM and AudioLDM 2 at 16 kHz."""


def is_folder(path: Path) -> bool:
    """Whether a folder says that it is one of these; reads no weights."""
    try:
        return path.is_dir() and _said(path / CONFIG).get("_class_name") == CLASS
    except ArtifactError:
        return False


def imported(path: str | Path, *, dialect: str | MelSpec | None = None) -> tuple[Facts, dict[str, Floats]]:
    """Facts and weights of a folder.

    Args:
        dialect: the mel that it was trained on; None: that of its family, where its sizes are a known family's.

    Raises:
        ArtifactError: no such folder, or unreadable. ContractError: keys that are unknown or contradictory, tensors that are
            missing, surplus or of another shape. MissingFact: nobody says which mel it takes. MelpactError: no torch.
    """
    folder = Path(path)
    said = _said(folder / CONFIG)
    sizes = _sizes(said, folder / CONFIG)
    spec = _spec(said, sizes, dialect, folder / CONFIG)
    sizes["n_mels"] = spec.n_mels
    bands = 2 ** len(sizes["strides"])
    if spec.n_mels % bands:
        raise ContractError("the mel's bands cannot be halved so often", where=folder, got=f"{spec.n_mels} bands",
                            wanted=f"a multiple of {bands}, as it has {len(sizes['channels'])} levels")  # fmt: skip
    facts = Facts(spec, untouched(spec), sizes, None, None, {"imported": {"layout": CLASS, "folder": folder.name}})
    network, fields = network_of(facts, folder)
    weights = _weights(folder, network)
    return Facts(spec, facts.statistics, network.config.model_dump(mode="json"), fields, None, facts.provenance), weights


def untouched(spec: MelSpec) -> Statistics:
    """Statistics of a network that takes a mel's values as they are; nothing within full scale lies above the ceiling."""
    bank, gain = filterbank(spec), spec.log_gain
    loudest = bank.sum(1) * float(np.abs(window(spec)).sum()) ** spec.power
    ceiling = loudest if gain is None else gain * np.log(np.maximum(loudest, 1e-12)) - spec.reference
    floor, ones = np.full(spec.n_mels, spec.floor_value, np.float32), np.ones(spec.n_mels, np.float32)
    return Statistics(0 * ones, ones, floor, np.maximum(ceiling, floor + 1e-3).astype(np.float32))


def _said(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtifactError("cannot be read", where=path, got=error.strerror, wanted=f"a folder of {CLASS}") from None
    except ValueError as error:
        raise ArtifactError("is not JSON", where=path, got=str(error)[:120]) from None
    if not isinstance(found, dict):
        raise NotAnArtifact("is no configuration", where=path, got=type(found).__name__, wanted="names and values")
    return found


def _sizes(said: Mapping[str, Any], where: Path) -> dict[str, Any]:
    if said.get("_class_name", CLASS) != CLASS:
        raise NotAnArtifact("is the configuration of something else", where=where, got=said["_class_name"], wanted=CLASS)
    known = {*_NEEDED, *_BLOCKS, *_USUAL, *_OF_DIFFUSION}
    unknown = sorted(set(said) - known)
    if unknown:
        raise ContractError("the configuration has keys whose meaning is not known; they may change the mel", where=where,
                            got=", ".join(f"{name}={said[name]}" for name in unknown[:6]))  # fmt: skip
    missing = sorted(set(_NEEDED) - set(said))
    if missing:
        raise MissingFact(f"the configuration does not say {', '.join(missing)}", where=where)
    widths = tuple(said["block_out_channels"])
    for name, usual in _BLOCKS.items():
        if any(one != usual for one in said.get(name, ())) or len(said.get(name, widths)) != len(widths):
            raise ContractError(f"{name} holds blocks that are not known here", where=where, got=said[name],
                                wanted=f"{len(widths)} of {usual}")  # fmt: skip
    if said.get("act_fn", "silu") != "silu":
        raise ContractError("act_fn is set to what is not known here", where=where, got=said["act_fn"], wanted="silu")
    if (said["in_channels"], said["out_channels"]) != (1, 1):
        got = f"{said['in_channels']} in, {said['out_channels']} out"
        raise ContractError("it is a VAE of pictures, not of mels", where=where, got=got, wanted="one channel")
    return {
        "latent_channels": said["latent_channels"], "channels": list(widths), "strides": [[2, 2]] * (len(widths) - 1),
        "patch": [1, 1], "layers": said["layers_per_block"], "middle": True, "norm": "groups",
        "attention": "all" if said.get("mid_block_add_attention", True) else "none", "groups": said["norm_num_groups"],
        "latent_convs": [said.get("use_quant_conv", True), said.get("use_post_quant_conv", True)],
    }  # fmt: skip


def _spec(said: Mapping[str, Any], sizes: Mapping[str, Any], given: str | MelSpec | None, where: Path) -> MelSpec:
    if isinstance(given, MelSpec):
        return given
    name = given or _FAMILIES.get(
        (said["in_channels"], said["latent_channels"], tuple(sizes["channels"]), said["layers_per_block"])
    )
    if name is None:
        raise MissingFact(
            "the folder does not say which mel this VAE takes", where=where,
            got=f"channels {sizes['channels']}, latent {said['latent_channels']}",
            next="Say it: --set dialect=NAME (melpact dialects lists them)",
        )  # fmt: skip
    return named(name).spec


def _weights(folder: Path, network: Any) -> dict[str, Floats]:
    try:
        from melpact.nn.checkpoint_file import read_tree
    except ImportError:
        raise MelpactError("torch is not installed", where=folder, next="pip install 'melpact[torch]'") from None
    from melpact.nn.weights import check_weights

    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise ArtifactError("holds no weights", where=folder, wanted=" or ".join(FILES))
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found: dict[str, Floats] = {}
    for name, value in read_tree(path).items():
        ours = re.sub(r"(attentions\.\d+)\.(query|key|value|proj_attn)\.", lambda one: f"{one[1]}.{_OLD[one[2]]}.", name)
        plain = np.asarray(value, np.float32)
        if ours in wanted and plain.ndim == 4 and plain.shape[2:] == (1, 1) and wanted[ours] == plain.shape[:2]:
            plain = plain[..., 0, 0]
        found[ours] = plain
    check_weights(CLASS, found, network, path)
    return found
