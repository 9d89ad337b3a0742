"""A converter from the name of its method or the file of a trained one, and a content encoder from its file or folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from melpact.core.errors import ArtifactError, ContractError, MelpactError
from melpact.models.convert.base import Converter
from melpact.models.convert.content import SUFFIX as CONTENT
from melpact.models.convert.content import Listener, listener
from melpact.models.convert.envelope import EnvelopeConverter
from melpact.models.convert.gan import GanConverter
from melpact.models.convert.gan_facts import SUFFIX, read
from melpact.models.convert.hearing import Encoder, sound_listener
from melpact.models.convert.retrieval import RetrievalConverter
from melpact.models.convert.shipped import CONVERTER, content_file, converter_file
from melpact.models.convert.statistics import StatisticsConverter
from melpact.models.convert.voice import Target


def encoder(name: str | Path) -> Encoder:
    """Open a content encoder: a .content or .onnx file, or a folder of HuBERT, ContentVec, WavLM or wav2vec 2.0.

    Args:
        name: of a folder also FOLDER:LAYER; the last layer by default.

    Raises:
        ArtifactError, ContractError: no encoder. MelpactError: a package is missing.
    """
    folder, colon, layer = str(name).rpartition(":")
    if colon and layer.isdigit() and Path(folder).expanduser().is_dir():
        return sound_listener(folder, int(layer))
    return sound_listener(name) if Path(name).expanduser().is_dir() else listener(name)


def retrieval() -> RetrievalConverter:
    """Retrieval with the content encoder that comes with the package.

    Raises:
        MelpactError: neither onnxruntime nor torch is installed.
    """
    return RetrievalConverter(listener(content_file()))


def gan() -> GanConverter:
    """The trained converter that comes with the package.

    Raises:
        ArtifactError: none comes with this version. MelpactError: neither onnxruntime nor torch is installed.
    """
    return gan_of(converter_file())


def gan_of(path: str | Path) -> GanConverter:
    """A trained converter's file: NAME.converter (torch) or NAME.onnx (onnxruntime).

    Its content encoder is the one that comes with the package, or NAME.content or NAME.content.onnx beside it.

    Raises:
        ArtifactError: missing, unreadable, truncated, or no converter. ContractError: it contradicts itself, or its content
            encoder is not there. MelpactError: a package is missing.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise ArtifactError("does not exist", where=path, wanted=f"a trained converter ({SUFFIX} or .onnx)")
    if path.suffix.lower() == ".onnx":
        from melpact.models.convert.gan_graph import load

        return load(path, _listener_of(path))
    facts, weights = read(path)
    return GanConverter.build(facts, weights, _listener_of(path), where=path)


def _listener_of(path: Path) -> Listener:
    beside = (path.with_suffix(CONTENT), path.with_suffix(f"{CONTENT}.onnx"))
    return listener(next((one for one in beside if one.exists()), content_file()))


METHODS: Mapping[str, Callable[[], Converter]] = MappingProxyType(
    {"envelope": EnvelopeConverter, "statistics": StatisticsConverter, "retrieval": retrieval, "gan": gan}
)
"""By name; the first is what `converter` opens without a name. `usual` says what is taken where nobody asks."""

ENOUGH_S = 30.0
"""Seconds that have to sound of a voice before its frames are picked from where nobody asks for it."""


def usual(target: Target) -> tuple[Converter, str]:
    """What is taken for a target where nobody asks for a method, and why it is not retrieval; "" where it is.

    Retrieval where enough sounds of every voice, and what it needs is there; otherwise `METHODS`' first.
    """
    least = min(voice.stats.seconds for voice, weight in target.parts if weight > 0)
    if least < ENOUGH_S:
        return converter(), f"{least:.0f} s of the voice sound; with {ENOUGH_S:.0f} s retrieval is taken"
    try:
        made = retrieval()
    except MelpactError as error:
        return converter(), str(error)
    if made.spec != target.spec:
        return converter(), "the voice was learnt in a mel that no content encoder hears"
    return made, ""


def converter(name: str | Path | None = None, content: Encoder | None = None) -> Converter:
    """Open a converter.

    Args:
        name: of a method, a trained converter's file (.converter or .onnx), or the name of the one that comes with the
            package; by default the first of `METHODS`, or retrieval where a content encoder is given.
        content: of retrieval, in place of the encoder that comes with the package.

    Raises:
        ContractError: no method of that name, one that asks no content encoder, or a file that contradicts itself.
        ArtifactError: no such file, or none of a converter. MelpactError: a package is missing.
    """
    wanted = str(name) if name else (next(iter(METHODS)) if content is None else RetrievalConverter.method)
    if content is not None:
        if wanted != RetrievalConverter.method:
            raise ContractError("only retrieval takes another content encoder", where="--content", got=f"--method {wanted}")
        return RetrievalConverter(content)
    if wanted in METHODS:
        return METHODS[wanted]()
    if wanted == CONVERTER:
        return gan()
    if Path(wanted).suffix.lower() in (SUFFIX, ".onnx"):
        return gan_of(wanted)
    known = f"{', '.join(METHODS)}, or a trained converter's file ({SUFFIX} or .onnx)"
    raise ContractError("no such method of conversion", where="--method", got=wanted, wanted=known)
