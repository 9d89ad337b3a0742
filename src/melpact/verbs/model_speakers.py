"""A user's own acoustic model as a speaker: from a description, or from its file, folder or function with a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from melpact.core.errors import ContractError
from melpact.models.speech.settings import OF_SOME, Speaking
from melpact.pipeline.acoustic import AcousticModel
from melpact.pipeline.calibrated import Calibrated
from melpact.pipeline.chain import Pipeline
from melpact.pipeline.engine import Engine, engine
from melpact.pipeline.impossible import Findings
from melpact.pipeline.onnx_file import OnnxFile
from melpact.pipeline.own_code import OwnCode
from melpact.pipeline.ports import Stage
from melpact.pipeline.speaking import KNOWN, Front, ModelSpeaker, Term
from melpact.pipeline.transformers_folder import TransformersFolder
from melpact.text.languages import resolved
from melpact.text.symbols import Symbols, read_symbols
from melpact.verbs.meaning import described
from melpact.verbs.pipeline import pipeline_of, read_description

_TABLE = ("symbols", "reads", "blank", "begin", "end", "unknown", "spaces")
_FRONT = (*_TABLE, "inputs", "languages", "voices", "vectors", *OF_SOME)
MATCHA_TEMPERATURE = 0.667
"""Of Matcha-TTS's command line."""


@dataclass(frozen=True)
class Contract:
    """What is said of a model on the command line.

    Attributes:
        dialect, changes: of the mel that it was trained to give. axes: of its output.
        normaliser: what was done to its training mels after that, as `pipeline.normaliser` takes it.
        calibration: a file that `calibrate` wrote. symbols: its table.
        findings: as of `Pipeline`: "stop" where a mel cannot be what it is said to be, or only "record" it.
    """

    dialect: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    axes: str | None = None
    normaliser: str | None = None
    calibration: str | None = None
    symbols: str | None = None
    findings: Findings = "stop"

    @property
    def given(self) -> tuple[str, ...]:
        """Flags that were given."""
        return tuple(f"--{name}" for name, value in vars(self).items() if value and value != "stop")


def model_speaker(name: str | Path, contract: Contract, device: str = "cpu") -> ModelSpeaker:
    """Open a user's model.

    Args:
        name: a .toml description, which is that of `pipeline` up to the mel with a table [speech]; or a transformers folder,
            an .onnx or TorchScript file, or module:function.

    Raises:
        MelpactError: what `AcousticModel`, `Pipeline` and `ModelSpeaker` raise, and for what is missing.
    """
    if Path(str(name)).suffix.lower() == ".toml":
        if contract.given:
            raise ContractError("a description says that itself", where=name, got=", ".join(contract.given))
        return _described(Path(name).expanduser(), device)
    if contract.dialect is None:
        raise ContractError(
            "which mel this model gives is not said, and melpact does not guess", where=name, wanted="--dialect NAME",
            next="melpact dialects lists them; SpeechT5's is speecht5_16k, of Matcha-TTS hifigan_22k",
        )  # fmt: skip
    path = Path(str(name)).expanduser()
    made: Engine = TransformersFolder(path, device) if (path / "config.json").is_file() else engine(name)
    spec = described(contract.dialect, dict(contract.changes))
    output = "mel" if isinstance(made, OnnxFile) and "mel" in made.outputs else None
    model = AcousticModel(
        made, spec, axes=contract.axes or _axes(made), normaliser=contract.normaliser or "none",
        takes="text" if isinstance(made, OwnCode) else "features", output=output,
    )  # fmt: skip
    stages: list[Stage] = [model]
    if contract.calibration is not None:
        stages.append(Calibrated(contract.calibration))
    return ModelSpeaker(Pipeline(stages, findings=contract.findings), _front(made, contract.symbols, {}, None))


def _described(path: Path, device: str) -> ModelSpeaker:
    tables = read_description(path)
    said = dict(tables.pop("speech", {}))
    strange = sorted(set(said) - set(_FRONT))
    if strange or "vocoder" in tables:
        got = ", ".join(strange) or "[vocoder], which --vocoder names"
        raise ContractError("has no place in the description of a speaker", where=path, got=got, wanted=", ".join(_FRONT))
    chain = pipeline_of(tables, path)
    first = chain.links[0].stage
    if not isinstance(first, AcousticModel):
        raise ContractError("says no model", where=path, wanted="[model]")
    if isinstance(first.engine, TransformersFolder) and device != "cpu":
        first.engine = TransformersFolder(first.engine.path, device)
    table = {key: said.pop(key) for key in _TABLE if key in said}
    symbols: Any = table if set(table) - {"symbols"} else table.get("symbols")
    return ModelSpeaker(chain, _front(first.engine, symbols, said, path.parent))


def _front(made: Engine, symbols: Any, said: Mapping[str, Any], folder: Path | None) -> Front:
    if isinstance(made, OwnCode) and symbols is None:
        return Front(
            languages=_languages(said, None), voices=_voices(said), vectors=_vectors(said, False), usual=_usual(said)
        )
    table = _symbols(made, symbols, folder)
    inputs = dict(said.get("inputs", {})) or _inputs(made)
    voices, vectors, temperature = _voices(said), False, None
    if isinstance(made, TransformersFolder):
        network = made.network
        voices = voices or {str(n): n for n in range(network.n_voices)} if network.n_voices > 1 else voices
        vectors = network.voice_size > 0
    elif "scales" in inputs:
        temperature = MATCHA_TEMPERATURE
        table = replace(table, blank=0) if table is not None and table.blank is None else table
    named = [name for name, term in inputs.items() if term == "voice" and name != "voice"]
    if named and not voices and not vectors:
        voices = {str(n): n for n in range(1000)}
    usual = _usual({"temperature": temperature, **said} if temperature is not None else said)
    front = Front(table, inputs, _languages(said, table), voices, _vectors(said, vectors), usual)
    return front


def _symbols(made: Engine, given: Any, folder: Path | None) -> Symbols | None:
    if given is not None:
        return read_symbols(given, folder)
    if not isinstance(made, TransformersFolder):
        return None
    vocabulary, pieces = made.path / "vocab.json", made.path / "spm_char.model"
    found = next((file for file in (pieces, vocabulary) if file.is_file()), None)
    if found is None:
        return None
    table = read_symbols(found)
    end = next((table.table[name] for name in ("</s>", "<sos/eos>") if name in table.table), None)
    spaced = " " in table.table or "▁" in table.table
    return replace(
        table, end=() if end is None else (end,), unknown=table.table.get("<unk>"), spaces=spaced,
        reads="letters" if found == pieces else table.reads,
    )  # fmt: skip


def _inputs(made: Engine) -> dict[str, Term]:
    if isinstance(made, TransformersFolder):
        takes: dict[str, Term] = {"tokens": "tokens"}
        if made.network.kind != "speecht5":
            takes["rate"] = "rate"
        if made.network.voice_size or made.network.n_voices > 1:
            takes["voice"] = "voice"
        return takes
    strange = [name for name in made.inputs if name not in KNOWN]
    if strange:
        raise ContractError(
            "what this input takes is not known", where=made.label, got=", ".join(strange),
            wanted="a description (.toml) with [speech] inputs", next="docs/speech.md says how",
        )  # fmt: skip
    return {name: KNOWN[name] for name in made.inputs}


def _axes(made: Engine) -> str:
    """Of a folder of transformers, of Matcha-TTS's export, of a function."""
    if isinstance(made, TransformersFolder):
        return "frames, bands"
    return "bands, frames" if isinstance(made, OwnCode) else "batch, bands, frames"


def _languages(said: Mapping[str, Any], table: Symbols | None) -> tuple[str, ...]:
    given = said.get("languages", ["en-us"] if table is not None and table.reads == "arpabet" else [])
    listed: Sequence[str] = [given] if isinstance(given, str) else given
    return tuple(dict.fromkeys(resolved(one) for one in listed))


def _voices(said: Mapping[str, Any]) -> dict[str, int]:
    given = said.get("voices", {})
    if isinstance(given, Mapping):
        return {str(name): int(number) for name, number in given.items()}
    return {str(name): number for number, name in enumerate(given)}


def _vectors(said: Mapping[str, Any], usual: bool) -> bool:
    return bool(said.get("vectors", usual))


def _usual(said: Mapping[str, Any]) -> Speaking:
    try:
        return Speaking(**{name: said[name] for name in OF_SOME if name in said})
    except ValidationError as error:
        first = error.errors()[0]
        raise ContractError(str(first["msg"]), where=f"[speech] {first['loc'][0]}", got=first["input"]) from None
