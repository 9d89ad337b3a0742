"""From a checkpoint to what is used: the averaged weights as the file of what was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.core.errors import TrainingError
from melpact.models.codec.vae.facts import KIND as VAE_KIND
from melpact.models.codec.vae.facts import SUFFIX as VAE
from melpact.models.codec.vae.facts import Facts as VaeFacts
from melpact.models.codec.vae.facts import read as read_vae
from melpact.models.codec.vae.facts import write as write_vae
from melpact.models.codec.vae.graph import export as export_vae
from melpact.models.codec.vae.importing import imported, is_folder
from melpact.models.codec.vae.vae import Autoencoder
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
from melpact.nn.weight_norm import fold
from melpact.normalise.band_statistics import Statistics
from melpact.train import checkpoint
from melpact.train.recipes import Trained
from melpact.train.recipes._refining import PLAYER
from melpact.train.room import CHECKPOINTS
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import SUFFIX as VOCODER

Which = Literal["best", "last"]


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
    found = artifact.read(path, checkpoint.KIND)
    said = found.config
    about = said.get("facts", {}).get("vocoder")
    if about is None or found.spec is None:
        raise TrainingError("the checkpoint is not of a vocoder", where=path, got=f"recipe {said.get('recipe')}")
    provenance = _origin(said)
    weights = fold(weights_in(found, str(about["player"])))
    return NeuralVocoder.build(about["family"], about["sizes"], found.spec, weights, provenance=provenance, where=path)


def refiner_of(path: Path) -> tuple[Facts, dict[str, NDArray[np.floating[Any]]]]:
    """The refiner in a checkpoint: what its file says of it, and its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no refiner.
    """
    found = artifact.read(path, checkpoint.KIND)
    said = found.config
    about = said.get("facts", {}).get(PLAYER)
    if about is None or found.spec is None:
        raise TrainingError("the checkpoint is not of a refiner", where=path, got=f"recipe {said.get('recipe')}")
    kept = {name.removeprefix("statistics/"): value for name, value in found.tensors.items()}
    statistics = Statistics.of(kept, found.spec, path)
    left, right = about["receptive_field"]
    facts = Facts(
        found.spec, about["method"], statistics, about["sizes"], (left, right), Refining(**about["settings"]),
        tuple(about["degradations"]), provenance=_origin(said),
    )  # fmt: skip
    return facts, weights_in(found, str(about["player"]))


def content_of(path: Path) -> Listener:
    """The content encoder in a checkpoint, with its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no content encoder.
    """
    found = artifact.read(path, checkpoint.KIND)
    said = found.config
    about = said.get("facts", {}).get(CONTENT_KIND)
    if about is None or found.spec is None:
        raise TrainingError("the checkpoint is not of a content encoder", where=path, got=f"recipe {said.get('recipe')}")
    scale = np.asarray(found.tensors["statistics/scale"], np.float32)
    weights = weights_in(found, str(about["player"]))
    provenance = {**_origin(said), "teacher": about["teacher"]}
    settings = dict(provenance["trained"]["settings"])
    provenance["trained"] |= {"settings": settings | {"teacher": Path(settings["teacher"]).name}}
    return Listener.build(found.spec, scale, about["sizes"], weights, provenance=provenance, where=path)


def converter_of(path: Path) -> tuple[ConverterFacts, dict[str, NDArray[np.floating[Any]]]]:
    """The converter in a checkpoint: what its file says of it, and its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no converter.
    """
    found = artifact.read(path, checkpoint.KIND)
    said = found.config
    about = said.get("facts", {}).get(CONVERTER_KIND)
    if about is None or found.spec is None:
        raise TrainingError("the checkpoint is not of a converter", where=path, got=f"recipe {said.get('recipe')}")
    kept = {name.removeprefix("statistics/"): value for name, value in found.tensors.items()}
    left, right = about["receptive_field"]
    provenance = _origin(said)
    settings = dict(provenance["trained"]["settings"])
    told = {"content": Path(settings["content"]).name, "base": Path(settings.get("base", "")).name}
    provenance["trained"] |= {"settings": settings | told}
    facts = ConverterFacts(
        found.spec, Statistics.of(kept, found.spec, path), about["sizes"], (left, right), about["content"],
        tuple(about["voices"]), provenance,
    )  # fmt: skip
    return facts, weights_in(found, str(about["player"]))


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


def vae_of(path: Path) -> tuple[VaeFacts, dict[str, NDArray[np.float32]]]:
    """The mel VAE in a checkpoint: what its file says of it but for the prior, and its averaged weights, rounded to float16.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no VAE.
    """
    found = artifact.read(path, checkpoint.KIND)
    said = found.config
    about = said.get("facts", {}).get(VAE_KIND)
    if about is None or found.spec is None:
        raise TrainingError("the checkpoint is not of a VAE", where=path, got=f"recipe {said.get('recipe')}")
    kept = {name.removeprefix("statistics/"): value for name, value in found.tensors.items()}
    provenance = _origin(said)
    settings = dict(provenance["trained"]["settings"])
    provenance["trained"] |= {"settings": settings | {"base": Path(settings["base"]).name}}
    facts = VaeFacts.of(found.spec, about, kept, provenance, path)
    inner = "network."
    weights = {
        name.removeprefix(inner): value.astype(np.float16).astype(np.float32)
        for name, value in weights_in(found, str(about["player"])).items()
        if name.startswith(inner)
    }
    return facts, weights


def _vae_file(path: Path, target: Path, data: str | Path | None, dialect: str | None) -> Exported:
    """A VAE that is there already, written anew."""
    from melpact.train.data import CorpusData
    from melpact.train.latents import prior_of

    facts, weights = imported(path, dialect=dialect) if path.is_dir() else read_vae(path)
    if data is not None:
        facts = replace(facts, prior=prior_of(facts, weights, CorpusData(data)))
    if target.suffix.lower() == ".onnx":
        export_vae(Autoencoder.build(facts, weights, where=path), target, half=True)
    elif target.suffix.lower() == VAE:
        write_vae(target, facts, weights)
    else:
        raise TrainingError(
            "has another suffix than what a VAE is written as", where=target, wanted=f"NAME{VAE} or NAME.onnx"
        )
    return Exported(target, path, 0, None, None, "vae", sum(value.size for value in weights.values()))


def _counted(facts: VaeFacts, weights: dict[str, NDArray[np.float32]], path: Path, data: str | Path | None) -> VaeFacts:
    """With a prior, counted on the data of the run that a checkpoint lies in, or on that which is named."""
    from melpact.train.data import CorpusData
    from melpact.train.latents import prior_of
    from melpact.train.room import Run

    corpus = CorpusData(Run.load(path.parent.parent).data if data is None else data)
    return replace(facts, prior=prior_of(facts, weights, corpus))


def _origin(said: Mapping[str, Any]) -> dict[str, Any]:
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
        out: NAME.vocoder, NAME.refiner, NAME.content, NAME.converter or NAME.vae, by what it trained.
        data: packed corpus on which a VAE's prior is counted; that of the run by default.
        dialect: the mel of a foreign VAE's folder, where its family is not known.

    Raises:
        MelpactError: as `chosen`, `vocoder_of`, `refiner_of`, `content_of`, `converter_of` and `vae_of`; another suffix; or
            the file cannot be written.
    """
    target = Path(out)
    if Path(where).suffix.lower() == VAE or is_folder(Path(where)):
        return _vae_file(Path(where), target, data, dialect)
    path = chosen(where, which)
    facts_of = artifact.read_header(path).config.get("facts", {})
    suffixes: dict[Trained, str] = {
        "refiner": REFINER, "content": CONTENT, "converter": CONVERTER, "vae": VAE, "vocoder": VOCODER,
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
    elif kind == "vae":
        plain, parts = vae_of(path)
        made_of = _counted(plain, parts, path, data)
        write_vae(target, made_of, parts, half=True)
        n_weights, provenance = sum(value.size for value in parts.values()), made_of.provenance
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


def weights_in(found: artifact.Artifact, player: str) -> dict[str, NDArray[np.floating[Any]]]:
    """A player's tensors by name, the averaged ones where there are some."""
    weights: dict[str, NDArray[np.floating[Any]]] = {}
    for kind in ("player", "average"):
        prefix = f"{kind}/{player}/"
        weights |= {name[len(prefix) :]: value for name, value in found.tensors.items() if name.startswith(prefix)}
    return weights
