"""The layout of MelGAN's first code: args.yml, and a torch file that is the generator's state dict (best_netG.pt).

Source of the names and of all that the arguments leave unsaid (22.05 kHz, upsampling by 8, 8, 2 and 2, log10, clamp at 1e-5,
Slaney filters up to half the rate, framing): scripts/train.py, mel2wav/modules.py and interface.py of
descriptinc/melgan-neurips. Parallel WaveGAN's MelGAN is in `pwg`.
"""

from __future__ import annotations

from typing import Any

from melpact.contract.dialect import dialect
from melpact.core.errors import ContractError
from melpact.vocoders.families import family
from melpact.vocoders.importers import Imported, Layout, Request
from melpact.vocoders.importers.configuration import read_config
from melpact.vocoders.importers.reading import (
    account,
    check_numbers,
    checked_spec,
    config_path,
    generator_of,
    read_weights,
    to_our_names,
    weight_file,
)

_CONFIGS = ("args.yml", "args.yaml")
_SIZES = {"n_mel_channels", "ngf", "n_residual_layers"}
_TRAINING = {
    "save_path", "load_path", "ndf", "num_D", "n_layers_D", "downsamp_factor", "lambda_feat", "cond_disc", "data_path",
    "batch_size", "seq_len", "epochs", "log_interval", "save_interval", "n_test_samples",
}  # fmt: skip
_SCALES = (8, 8, 2, 2)


def _recognises(request: Request) -> bool:
    path = config_path(request, _CONFIGS)
    if path is None or path.suffix.lower() not in (".yml", ".yaml"):
        return False
    return {"ngf", "n_residual_layers"} <= set(read_config(path))


def _read(request: Request) -> Imported:
    where = config_path(request, _CONFIGS)
    assert where is not None
    said = read_config(where)
    account(said, needed=_SIZES, known=_SIZES | _TRAINING, request=request, where=where)
    check_numbers(said, _SIZES, where)
    base = dialect("melgan_22k").spec
    facts: dict[str, Any] = {
        "sample_rate": base.sample_rate, "n_fft": base.n_fft, "win_length": base.win_length, "hop_length": base.hop_length,
        "n_mels": said["n_mel_channels"], "f_min": base.f_min, "f_max": base.f_max,
    }  # fmt: skip
    # rate and framing are in its code and may have been changed there: only the bands are a fact of the file
    spec = checked_spec(base.replace_quietly(**facts), request, {"n_mels": said["n_mel_channels"]}, where)
    kind = family("melgan")
    config = {
        "n_mels": said["n_mel_channels"], "channels": said["ngf"] * 2 ** len(_SCALES), "upsample_scales": _SCALES,
        "stacks": said["n_residual_layers"],
    }  # fmt: skip
    sizes = kind.sizes(config)
    path = weight_file(request, ("best_netG.pt", "netG.pt"))
    tree = read_weights(path)
    if any(name.startswith("model.disc_") for name in tree):
        raise ContractError("holds the discriminator", where=path, next="Take the generator's file: best_netG.pt or netG.pt")
    ours = to_our_names(generator_of(tree, path, ((),)), kind, sizes, "original", path)
    notes = ["its mels are log10; natural-log mels are divided by ln 10, an exact bridge"]
    if request.spec is None:
        notes.append(
            "not in the arguments, taken from the original code: 22050 Hz, hop 256, log10, clamp at 1e-5, Slaney filters of "
            "unit area up to half the rate, frames in the middle of their hop"
        )
    files = {"checkpoint": str(path), "config": str(where)}
    return Imported("melgan", sizes.model_dump(mode="json"), spec, ours, "melgan", tuple(notes), files)


PLUGIN = Layout("melgan", "a MelGAN folder: args.yml and best_netG.pt", _recognises, _read)
