"""Weights that a training begins from: of a vocoder, refiner, converter or VAE that melpact opens, or of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils import parametrize

from melpact.contract.artifact import read_header
from melpact.contract.dialect import name_of
from melpact.core.errors import TrainingError
from melpact.core.records import canonical_json
from melpact.models.codec.opening import SHIPPED, shipped_file
from melpact.models.codec.vae.facts import SUFFIX as VAE
from melpact.models.codec.vae.facts import read as read_vae
from melpact.models.codec.vae.facts import write as write_vae
from melpact.models.codec.vae.importing import imported
from melpact.models.codec.vae.shipped import is_shipped as is_shipped_vae
from melpact.models.codec.vae.shipped import shipped as shipped_vae
from melpact.models.codec.waveform.facts import SUFFIX as CODEC
from melpact.models.codec.waveform.facts import learnt
from melpact.models.convert.gan_facts import Facts as ConverterFacts
from melpact.models.convert.gan_facts import read as read_converter
from melpact.models.convert.gan_facts import write as write_converter
from melpact.models.convert.shipped import CONTENT, CONVERTER, converter_file
from melpact.models.refine.facts import Facts, read
from melpact.models.speech.facts import Facts as SpeakerFacts
from melpact.models.speech.facts import read as read_speaker
from melpact.models.speech.facts import write as write_speaker
from melpact.models.speech.shipped import SPEAKER, speaker_file
from melpact.train.checkpoint import SUFFIX
from melpact.train.export import chosen, codec_of, content_named, converter_of, refiner_of, vocoder_of
from melpact.train.export_speech import speech_of
from melpact.train.export_vae import vae_of
from melpact.train.loop import Trainer
from melpact.train.recipes._refining import PLAYER as REFINER
from melpact.train.recipes._vocoding import PLAYER
from melpact.train.recipes.speech import PLAYER as SPEECH_PLAYER
from melpact.train.room import RUN
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import SUFFIX as VOCODER
from melpact.vocoders.opening import vocoder as opened
from melpact.vocoders.shipped import is_shipped, shipped

Weights = Mapping[str, NDArray[np.floating[Any]]]
BASE = "base.converter"
"""What a run of a converter begins from, in its folder."""
BASE_SPEECH = "base.speech"
BASE_VAE = "base.vae"
"""And a run of a VAE."""


def vocoder_at(where: str | Path) -> NeuralVocoder:
    """The vocoder of a training (its folder or a checkpoint), of a `.vocoder` file, of a published checkpoint, or one that
    comes with the package, by its name.

    Raises:
        MelpactError: none of these, or an exported graph, which has no weights to train.
    """
    path = shipped(str(where), VOCODER) if is_shipped(str(where)) else Path(where)
    if path.suffix == SUFFIX or (path / RUN).is_file():
        return vocoder_of(chosen(path))
    found = opened(path)
    if not found.weights:
        raise TrainingError("an exported graph has no weights to train", where=path, wanted="what it was exported from")
    return found


def settings_of(found: NeuralVocoder) -> dict[str, Any]:
    """The settings that rebuild a vocoder's network."""
    text = name_of(found.spec) or canonical_json(found.spec.facts())
    return {"family": found.family, "preset": "small", "sizes": dict(found.config), "dialect": text}


def put(found: NeuralVocoder) -> Callable[[Trainer], None]:
    """What brings a fresh trainer's generator, and its average, to a vocoder's weights."""
    return _putting(PLAYER, found.weights)


def refiner_at(where: str | Path) -> tuple[Facts, Weights]:
    """Facts and weights of the refiner of a training (its folder or a checkpoint), or of a `.refiner` file.

    Raises:
        MelpactError: none of these.
    """
    path = Path(where)
    if path.suffix == SUFFIX or (path / RUN).is_file():
        return refiner_of(chosen(path))
    return read(path)


def settings_of_codec(where: str | Path) -> dict[str, Any]:
    """The settings that begin from a codec: of a training (its folder or a checkpoint), a `.codec` file, or one that ships.

    Raises:
        MelpactError: none of these.
    """
    path = shipped_file(str(where)) if str(where) in SHIPPED else Path(where)
    file = path if path.suffix == CODEC else chosen(path)
    facts = learnt(file)[0] if path.suffix == CODEC else codec_of(file, "begun")[0]
    begin = dict.fromkeys(("prior", "sound"), str(file.resolve()))
    return {"sizes": dict(facts.sizes), "prior_sizes": dict(facts.prior), "begin": begin}


def settings_of_refiner(facts: Facts) -> dict[str, Any]:
    """The settings that rebuild a refiner's network."""
    return {"sizes": dict(facts.sizes), "dialect": name_of(facts.spec) or canonical_json(facts.spec.facts())}


def put_refiner(facts: Facts, weights: Weights) -> Callable[[Trainer], None]:
    """What brings a fresh trainer's refiner, and its average, to these weights.

    A refiner of one pass never saw anything but zeros beside the mel: what reads it begins at zero.
    """
    plain = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    if facts.method == "cnn":
        stem = plain["stem.weight"].copy()
        stem[:, 0] = 0
        plain["stem.weight"] = stem
    return _putting(REFINER, plain)


def converter_at(where: str | Path) -> tuple[ConverterFacts, Weights, str]:
    """Facts and weights of the converter of a training (its folder or a checkpoint), of a `.converter` file, or of the one
    that comes with the package, by its name; and its content encoder as a recipe names it.

    Raises:
        MelpactError: none of these, or an exported graph, which has no weights to train.
    """
    path = converter_file(".converter") if str(where) == CONVERTER else Path(where)
    if path.suffix == SUFFIX or (path / RUN).is_file():
        path = chosen(path)
        return (*converter_of(path), content_named(path))
    if path.suffix.lower() == ".onnx":
        raise TrainingError("an exported graph has no weights to train", where=path, wanted="what it was exported from")
    beside = path.with_suffix(".content")
    return (*read_converter(path), str(beside.resolve()) if beside.is_file() else CONTENT)


def put_converter(facts: ConverterFacts, weights: Weights, content: str, folder: Path) -> dict[str, Any]:
    """The settings with which a training begins from a converter, which is kept in the run's folder: a training takes its
    statistics and sizes as well as its weights, and again whenever it is resumed.

    Raises:
        ArtifactError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = write_converter(folder / BASE, facts, weights)
    dialect = name_of(facts.spec) or canonical_json(facts.spec.facts())
    return {"dialect": dialect, "content": content, "base": str(kept.resolve()), "sizes": {}}


def put_vae(where: str | Path, dialect: str | None, folder: Path) -> dict[str, Any]:
    """The settings with which a training begins from a VAE, which is kept in the run's folder: a training takes its
    statistics and sizes as well as its weights, and again whenever it is resumed.

    Args:
        where: a training (its folder or a checkpoint), a `.vae` file, one that comes with the package, or a folder of
            diffusers' AutoencoderKL.
        dialect: the mel of such a folder, where its family is not known.

    Raises:
        MelpactError: none of these, or an exported graph; or it cannot be written.
    """
    path = shipped_vae(str(where), VAE) if is_shipped_vae(str(where)) else Path(where)
    if path.suffix.lower() == ".onnx":
        raise TrainingError("an exported graph has no weights to train", where=path, wanted="what it was exported from")
    if path.suffix == SUFFIX or (path / RUN).is_file():
        facts, weights = vae_of(chosen(path))
    elif path.is_dir():
        facts, weights = imported(path, dialect=dialect)
    else:
        facts, weights = read_vae(path)
    folder.mkdir(parents=True, exist_ok=True)
    kept = write_vae(folder / BASE_VAE, facts, weights)
    return {"dialect": name_of(facts.spec) or canonical_json(facts.spec.facts()), "base": str(kept.resolve()), "sizes": {}}


def speech_at(where: str | Path) -> tuple[SpeakerFacts, Weights, dict[str, str]]:
    """Facts and weights of the speech model of a training (its folder or a checkpoint), of a `.speech` file, or of the one
    that comes with the package, by its name; and of its settings those that say how its data was read.

    Raises:
        MelpactError: none of these, or an exported graph.
    """
    path = speaker_file(".speech") if str(where) == SPEAKER else Path(where)
    if path.suffix.lower() == ".onnx":
        raise TrainingError("an exported graph has no weights to train", where=path, wanted="the .speech file")
    settings = {"dialect": "", "language": "", "voice": "", "alignment": ""}
    if path.suffix == SUFFIX or (path / RUN).is_file():
        file = chosen(path)
        said = read_header(file).config["settings"]
        facts, weights = speech_of(file)
        settings |= {name: str(said.get(name, "")) for name in settings}
    else:
        facts, weights = read_speaker(path)
        said = facts.provenance.get("trained", {}).get("settings", {})
        settings |= {name: str(said.get(name, "")) for name in ("voice", "language")}
    return facts, weights, settings | {"dialect": name_of(facts.spec) or canonical_json(facts.spec.facts())}


def put_speech(where: str | Path, folder: Path) -> tuple[dict[str, Any], Callable[[Trainer], None]]:
    """The settings that begin from a speech model, which is kept in the run's folder, and what brings a fresh trainer's
    network, and its average, to its weights.

    Raises:
        MelpactError: as `speech_at`, or it cannot be written.
    """
    facts, weights, said = speech_at(where)
    folder.mkdir(parents=True, exist_ok=True)
    kept = write_speaker(folder / BASE_SPEECH, facts, dict(weights))
    plain = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    settings = {"dialect": said["dialect"], "base": str(kept.resolve()), "sizes": {}, "voice": said["voice"]}
    return settings, _putting(SPEECH_PLAYER, plain)


def _putting(name: str, weights: Mapping[str, NDArray[np.float32]]) -> Callable[[Trainer], None]:
    def prepare(trainer: Trainer) -> None:
        player = trainer.task.players[name]
        assign(player, weights)
        averaged = trainer.average.values.get(name, {})
        current = dict(player.named_parameters())
        for key, value in averaged.items():
            value.copy_(current[key].detach())

    return prepare


@torch.no_grad()
def assign(network: nn.Module, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Plain weights into a network, also where it holds them as direction and length."""
    for name, value in weights.items():
        *path, last = name.split(".")
        module = network.get_submodule(".".join(path))
        tensor = torch.from_numpy(np.array(value))
        if parametrize.is_parametrized(module, last):
            setattr(module, last, tensor.to(getattr(module, last).device))
        else:
            getattr(module, last).copy_(tensor)
