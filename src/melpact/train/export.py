"""From a checkpoint to what is used: the averaged weights as the file of what was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.models.codec.vae.facts import SUFFIX as VAE
from melpact.models.codec.waveform.facts import SUFFIX as CODEC
from melpact.models.codec.waveform.facts import Facts as CodecFacts
from melpact.models.codec.waveform.file import made as codec_made
from melpact.models.codec.waveform.file import save as save_codec
from melpact.models.convert.content import KIND as CONTENT_KIND
from melpact.models.convert.content import SUFFIX as CONTENT
from melpact.models.convert.content import Listener, listener
from melpact.models.convert.gan import GanConverter
from melpact.models.convert.gan_facts import KIND as CONVERTER_KIND
from melpact.models.convert.gan_facts import SUFFIX as CONVERTER
from melpact.models.convert.gan_facts import Facts as ConverterFacts
from melpact.models.convert.gan_facts import write as write_converter
from melpact.models.convert.shipped import CONTENT as SHIPPED_CONTENT
from melpact.models.convert.shipped import content_file
from melpact.models.refine.facts import SUFFIX as REFINER
from melpact.models.refine.facts import Facts, write
from melpact.models.refine.settings import Refining
from melpact.models.speech.facts import SUFFIX as SPEECH
from melpact.nn.weight_norm import fold
from melpact.normalise.band_statistics import Statistics
from melpact.train import checkpoint
from melpact.train.alignment import SUFFIX as ALIGNMENT
from melpact.train.recipes import Trained
from melpact.train.recipes._refining import PLAYER
from melpact.train.room import CHECKPOINTS
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import SUFFIX as VOCODER

Which = Literal["best", "last"]
Weights = dict[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Exported:
    """What was written, of which checkpoint, its score there, and what it is."""

    path: Path
    checkpoint: Path
    step: int
    best_by: str | None
    score: float | None
    trained: Trained
    n_weights: int


def chosen(where: str | Path, which: Which = "best") -> Path:
    """The checkpoint meant by a run's folder ("best": the last one where none was scored), or by its own path.

    Raises:
        TrainingError: there is none.
    """
    path = Path(where)
    if path.is_file():
        return path
    there = checkpoint.kept(path / CHECKPOINTS)
    if not there:
        raise TrainingError("holds no whole checkpoint", where=path, wanted="the folder of a run, or one of its checkpoints")
    top = checkpoint.best(there) if which == "best" else None
    return (top or there[-1]).path


def vocoder_of(path: Path) -> NeuralVocoder:
    """The vocoder in a checkpoint: averaged weights where there are some, weight normalisation folded.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no vocoder.
    """
    found, spec, about, weights = trained(path, "vocoder", "vocoder")
    provenance = origin(found.config)
    return NeuralVocoder.build(about["family"], about["sizes"], spec, fold(weights), provenance=provenance, where=path)


def refiner_of(path: Path) -> tuple[Facts, Weights]:
    """The refiner in a checkpoint: what its file says of it, and its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no refiner.
    """
    found, spec, about, weights = trained(path, PLAYER, "refiner")
    left, right = about["receptive_field"]
    facts = Facts(
        spec, about["method"], _statistics(found, spec, path), about["sizes"], (left, right), Refining(**about["settings"]),
        tuple(about["degradations"]), provenance=origin(found.config),
    )  # fmt: skip
    return facts, weights


def content_of(path: Path) -> Listener:
    """The content encoder in a checkpoint, with its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no content encoder.
    """
    found, spec, about, weights = trained(path, CONTENT_KIND, "content encoder")
    scale = np.asarray(found.tensors["statistics/scale"], np.float32)
    provenance = {**origin(found.config), "teacher": about["teacher"]}
    settings = dict(provenance["trained"]["settings"])
    provenance["trained"] |= {"settings": settings | {"teacher": Path(settings["teacher"]).name}}
    return Listener.build(spec, scale, about["sizes"], weights, provenance=provenance, where=path)


def converter_of(path: Path) -> tuple[ConverterFacts, Weights]:
    """The converter in a checkpoint: what its file says of it, and its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no converter.
    """
    found, spec, about, weights = trained(path, CONVERTER_KIND, "converter")
    left, right = about["receptive_field"]
    provenance = origin(found.config)
    settings = dict(provenance["trained"]["settings"])
    told = {"content": Path(settings["content"]).name, "base": Path(settings.get("base", "")).name}
    provenance["trained"] |= {"settings": settings | told}
    facts = ConverterFacts(
        spec, _statistics(found, spec, path), about["sizes"], (left, right), about["content"], tuple(about["voices"]),
        provenance,
    )  # fmt: skip
    return facts, weights


def converter_at(where: str | Path, which: Which = "best") -> GanConverter:
    """The converter of a run's folder, or of a checkpoint, with the content encoder that it was trained with.

    Raises:
        MelpactError: as `chosen` and `converter_of`; or its content encoder is not where it was.
    """
    path = chosen(where, which)
    facts, weights = converter_of(path)
    content = content_named(path)
    heard = listener(content_file() if content == SHIPPED_CONTENT else content)
    return GanConverter.build(facts, weights, heard, where=path)


def content_named(path: Path) -> str:
    """The content encoder of a converter's checkpoint, as its recipe names it."""
    return str(artifact.read_header(path).config["settings"]["content"])


def codec_of(path: Path, name: str) -> tuple[CodecFacts, dict[str, NDArray[Any]]]:
    """The waveform codec in a checkpoint, called `name`: what its file says of it, and its tensors.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no codec.
    """
    found = artifact.read(path, checkpoint.KIND)
    about = found.config.get("facts", {}).get("codec")
    if about is None:
        raise TrainingError("the checkpoint is not of a codec", where=path, got=f"recipe {found.config.get('recipe')}")
    provenance = origin(found.config)
    settings = dict(provenance["trained"]["settings"])
    begun = {player: Path(file).name for player, file in settings["begin"].items()}
    provenance["trained"] |= {"settings": settings | {"begin": begun}}
    network, prior = weights_in(found, "sound"), weights_in(found, "prior")
    return codec_made(name, about["sound"], about["prior"], network, prior, provenance)


def trained(path: Path, key: str, what: str) -> tuple[artifact.Artifact, MelSpec, Mapping[str, Any], Weights]:
    """A checkpoint, its description, what it says of its network below a key, and that network's weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something else than `what`.
    """
    found = artifact.read(path, checkpoint.KIND)
    about = found.config.get("facts", {}).get(key)
    if about is None or found.spec is None:
        raise TrainingError(f"the checkpoint is not of a {what}", where=path, got=f"recipe {found.config.get('recipe')}")
    return found, found.spec, about, weights_in(found, str(about["player"]))


def _statistics(found: artifact.Artifact, spec: MelSpec, path: Path) -> Statistics:
    """Of the mels that it was trained on."""
    kept = {name.removeprefix("statistics/"): value for name, value in found.tensors.items()}
    return Statistics.of(kept, spec, path)


def origin(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of the training that it is of."""
    extra = {name: Path(path).name for name, path in said.get("extra", {}).items() if path is not None}
    return {
        "trained": {
            "recipe": said["recipe"], "step": said["step"], "data": said["fingerprint"], "settings": said["settings"],
            "score": said["score"], "best_by": said.get("best_by"), **extra,
        }
    }  # fmt: skip


def export(
    where: str | Path, out: str | Path, which: Which = "best", data: str | Path | None = None, dialect: str | None = None
) -> Exported:
    """Write what a run trained as one file; or a VAE's file or folder anew: with a prior counted on `data`, or as .onnx.

    Args:
        where: the run's folder, or a checkpoint.
        out: NAME.vocoder, NAME.refiner, NAME.content, NAME.converter, NAME.codec, NAME.vae, NAME.speech or, of an aligner,
            NAME.alignment: how long every sound of its corpus lasts.
        data: packed corpus on which a VAE's prior is counted, or which an aligner aligns; that of the run by default.
        dialect: the mel of a foreign VAE's folder, where its family is not known.

    Raises:
        MelpactError: as `chosen`, `vocoder_of`, `refiner_of`, `content_of`, `converter_of` and `export_vae.vae_of`; another
            suffix; or the file cannot be written.
    """
    from melpact.train import export_speech, export_vae

    target = Path(out)
    if export_vae.is_vae(Path(where)):
        count = export_vae.write_again(Path(where), target, data, dialect)
        return Exported(target, Path(where), 0, None, None, "vae", count)
    path = chosen(where, which)
    facts_of = artifact.read_header(path).config.get("facts", {})
    suffixes: dict[Trained, str] = {
        "refiner": REFINER, "content": CONTENT, "converter": CONVERTER, "codec": CODEC, "vae": VAE, "vocoder": VOCODER,
        "aligner": ALIGNMENT, "speech": SPEECH,
    }  # fmt: skip
    kind: Trained = next((name for name in suffixes if name in facts_of), "vocoder")
    suffix = suffixes[kind]
    if target.suffix.lower() != suffix:
        raise TrainingError("has another suffix than what the run trained", where=target, wanted=f"NAME{suffix}")
    if kind == "refiner":
        facts, weights = refiner_of(path)
        write(target, facts, weights)
        n_weights, provenance = sum(value.size for value in weights.values()), facts.provenance
    elif kind == "converter":
        about, tensors = converter_of(path)
        write_converter(target, about, tensors)
        n_weights, provenance = sum(value.size for value in tensors.values()), about.provenance
    elif kind == "codec":
        codec, parts = codec_of(path, target.stem)
        save_codec(target, codec, parts)
        n_weights, provenance = sum(value.size for value in parts.values()), codec.provenance
    elif kind == "vae":
        n_weights, provenance = export_vae.write_trained(path, target, data)
    elif kind == "speech":
        n_weights, provenance = export_speech.write_speech(path, target)
    elif kind == "aligner":
        made_of = export_speech.write_aligned(path, target, data)
        n_weights, provenance = sum(map(len, made_of.durations.values())), made_of.provenance
    elif kind == "content":
        encoder = content_of(path)
        encoder.save(target)
        n_weights, provenance = sum(value.size for value in encoder.weights.values()), encoder.provenance
    else:
        made = vocoder_of(path)
        made.save(target)
        n_weights, provenance = made.n_weights, made.provenance
    said: Mapping[str, Any] = provenance["trained"]
    return Exported(target, path, int(said["step"]), said["best_by"], said["score"], kind, n_weights)


def weights_in(found: artifact.Artifact, player: str) -> Weights:
    """A player's tensors by name, the averaged ones where there are some."""
    weights: Weights = {}
    for kind in ("player", "average"):
        prefix = f"{kind}/{player}/"
        weights |= {name[len(prefix) :]: value for name, value in found.tensors.items() if name.startswith(prefix)}
    return weights
