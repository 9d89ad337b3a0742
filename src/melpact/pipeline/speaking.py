"""`ModelSpeaker`: a user's own acoustic model as a speaker. Its contract, normaliser, calibration and refiner are those of a
pipeline that ends in the mel; here a sentence becomes what the model takes, and a setting one of its inputs."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges.ways import said
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.core.records import digest
from melpact.models.speech.base import Speaker
from melpact.models.speech.settings import OF_SOME, Speaking
from melpact.models.speech.spoken import Part
from melpact.models.speech.voice import SpeechVoice
from melpact.pipeline.acoustic import AcousticModel
from melpact.pipeline.chain import Pipeline
from melpact.pipeline.engine import Engine, Inputs
from melpact.pipeline.own_code import OwnCode
from melpact.pipeline.ports import Stage
from melpact.pipeline.transformers_folder import TransformersFolder
from melpact.text.sentence import Sentence
from melpact.text.symbols import Read, Symbols

Floats = NDArray[np.float32]
Term = str | float | Sequence[str | float]

WORDS = ("tokens", "length", "temperature", "top_p", "top_k", "repetition_penalty", "rate", "1/rate", "voice", "seed")
"""What an input may be made of, beside numbers: symbols [1, n], how many [1], a setting, a voice's number or numbers."""
KNOWN: Mapping[str, Term] = MappingProxyType(
    {
        **dict.fromkeys(("x", "tokens", "input_ids", "text", "ids", "phonemes", "phoneme_ids"), "tokens"),
        **dict.fromkeys(("x_lengths", "lengths", "text_lengths", "input_lengths", "x_length"), "length"),
        **dict.fromkeys(("spks", "sid", "speaker", "speaker_id", "speaker_ids", "voice"), "voice"),
        **dict.fromkeys(("temperature", "noise_scale"), "temperature"),
        **dict.fromkeys(("rate", "speed"), "rate"),
        "length_scale": "1/rate",
        "scales": ("temperature", "1/rate"),
    }
)
"""What inputs of these names are made of. x, x_lengths, scales and spks are those of Matcha-TTS's export
(matcha/onnx/export.py); its scales are temperature and length scale."""


@dataclass(frozen=True)
class Front:
    """How a sentence becomes what a model takes.

    Attributes:
        symbols: its table; None: it takes the text itself.
        inputs: name → what it is made of (`WORDS`, numbers, or several of these as one array).
        languages: tags, the first where none is given; () any.
        voices: name → number, for a model with voices by number.
        vectors: whether a voice is numbers from a file (.npy).
        usual: settings where nothing is asked for.
    """

    symbols: Symbols | None = None
    inputs: Mapping[str, Term] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    voices: Mapping[str, int] = field(default_factory=dict)
    vectors: bool = False
    usual: Speaking = field(default_factory=Speaking)

    def __post_init__(self) -> None:
        for name, term in self.inputs.items():
            for one in [term] if isinstance(term, str | int | float) else term:
                if isinstance(one, str) and one not in WORDS:
                    raise ContractError("an input cannot be made of that", where=name, got=one, wanted=", ".join(WORDS))

    @property
    def reads(self) -> tuple[str, ...]:
        """Settings that reach the model."""
        terms = [one for term in self.inputs.values() for one in ([term] if isinstance(term, str | int | float) else term)]
        found = {"rate" if one == "1/rate" else one for one in terms}
        return tuple(name for name in OF_SOME if name in found)

    def facts(self) -> dict[str, Any]:
        """Plain values."""
        table = None
        if self.symbols is not None:
            own = self.symbols
            table = [dict(own.table), own.reads, own.blank, list(own.begin), list(own.end), own.unknown, own.spaces]
        return {
            "symbols": table, "inputs": {name: term if isinstance(term, str | int | float) else list(term)
                                         for name, term in self.inputs.items()},
            "voices": dict(self.voices), "vectors": self.vectors,
        }  # fmt: skip


class ModelSpeaker(Speaker):
    """A pipeline whose first stage is an acoustic model, and which ends in a mel.

    Args:
        chain: `AcousticModel`, and after it what repairs its mels; no vocoder.
        front: what the model takes.

    Raises:
        ContractError: the chain is not of that kind, or the front asks for what the model does not have.
    """

    def __init__(self, chain: Pipeline, front: Front) -> None:
        first = chain.links[0].stage
        last = chain.gives
        if not isinstance(first, AcousticModel) or last.kind != "mel" or last.spec is None:
            raise ContractError(
                "a speaker is an acoustic model whose mel is known", where="speaker",
                got=f"{chain.takes.words()} to {last.words()}", wanted="[model], what repairs its mels, and no [vocoder]",
            )  # fmt: skip
        self._chain, self._model, self.front = chain, first, front
        self._spec = last.spec.replace_quietly(scaling=NoScaling())
        self._arguments = _settings_of(first.engine)
        if front.symbols is None and not isinstance(first.engine, OwnCode):
            raise ContractError(
                "this model reads numbers of symbols, and its table is not given", where=first.where, wanted="--tokens FILE",
                next="A .json or .txt of its symbols: docs/speech.md",
            )  # fmt: skip
        drawn = first.engine.network.drawn if isinstance(first.engine, TransformersFolder) else True
        self.drawn = drawn  # type: ignore[misc]
        self.reads = tuple(name for name in OF_SOME if name in (*front.reads, *self._arguments))  # type: ignore[misc]
        self.usual = front.usual  # type: ignore[misc]

    @property
    def spec(self) -> MelSpec:
        """Of what the pipeline ends in, without its scaling."""
        return self._spec

    @property
    def title(self) -> str:
        """In a few words, for tables."""
        return f"{self._model.where}, {said(self._spec)}"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what it does."""
        return digest(["model speaker", self._chain.fingerprint, self.front.facts()])

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags that it speaks."""
        return self.front.languages

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of its voices by number."""
        return tuple(self.front.voices)

    @property
    def encoder(self) -> str | None:
        """Its own: voices are numbers of this model."""
        takes = self.front.voices or self.front.vectors or "voice" in self._arguments
        return f"numbers for {self._model.engine.fingerprint or self._model.where}"[:40] if takes else None

    def _named(self, name: str) -> SpeechVoice:
        return SpeechVoice(name, np.array([self.front.voices[name]], np.float32), str(self.encoder))

    def _embedded(self, sound: Audio) -> Floats:
        raise ContractError(
            "this model brings nothing that hears whose voice a recording is", where="--voice", got=self.title,
            wanted=", ".join(self.voices) or "its numbers in a .npy file",
        )  # fmt: skip

    def _frames(
        self, sentence: Sentence, voice: SpeechVoice | None, settings: Speaking, rng: np.random.Generator
    ) -> Iterator[Part]:
        seed = int(rng.integers(2**31))
        read = None if self.front.symbols is None else self.front.symbols(sentence.text, sentence.language)
        engine = self._model.engine
        if read is None and isinstance(engine, OwnCode):
            bound: Engine = self._own(engine, sentence, voice, settings)
        else:
            bound = _Bound(engine, self._inputs(read, voice, settings, seed), self._model.axes.batch)
        first = copy.copy(self._model)
        first.engine, first._kind, first._takes_spec = bound, "text", None
        stages: list[Stage] = [first, *(link.stage for link in self._chain.links[1:] if not link.stage.inserted)]
        made = Pipeline(stages, allow=self._chain.allow, findings=self._chain.findings, seed=seed).run(sentence.text)
        mel = made.output
        if not isinstance(mel, Mel):
            raise AssertionError(f"a pipeline to a mel gave {type(mel).__name__}")
        facts: dict[str, Any] = {"findings": [one["code"] for one in made.record["findings"]]}
        if read is not None and read.left_out:
            facts["left_out"] = list(read.left_out)
        yield Part(mel.raw().values, () if read is None else read.names, (), facts)

    def _own(self, engine: OwnCode, sentence: Sentence, voice: SpeechVoice | None, settings: Speaking) -> OwnCode:
        """The function with those settings that it has arguments for."""
        known: dict[str, Any] = {name: getattr(settings, name) for name in OF_SOME}
        known |= {"language": sentence.language, "voice": None if voice is None else voice.embedding}
        asked = {name: value for name, value in known.items() if name in self._arguments}
        return OwnCode(partial(engine.function, **asked), engine.name, engine.folder)

    def _inputs(
        self, read: Read | None, voice: SpeechVoice | None, settings: Speaking, seed: int
    ) -> Mapping[str, NDArray[Any]] | NDArray[Any]:
        numbers = np.array([] if read is None else read.numbers, np.int64)
        values: dict[str, Any] = {name: getattr(settings, name) for name in OF_SOME}
        values |= {"1/rate": 1.0 / settings.rate, "seed": seed}
        made: dict[str, NDArray[Any]] = {}
        for name, term in self.front.inputs.items():
            if term == "tokens":
                made[name] = numbers[None]
            elif term == "length":
                made[name] = np.array([numbers.size], np.int64)
            elif term == "voice":
                if voice is not None:
                    numbered = bool(self.front.voices)
                    made[name] = voice.embedding.astype(np.int64) if numbered else voice.embedding[None]
            elif isinstance(term, str | int | float):
                value = values[term] if isinstance(term, str) else term
                made[name] = np.array([value], np.float32 if isinstance(value, float) else np.int64)
            else:
                made[name] = np.array([values[one] if isinstance(one, str) else one for one in term], np.float32)
        return made


class _Bound(Engine):
    """An engine with its inputs, whatever text it is called with."""

    def __init__(self, engine: Engine, inputs: Inputs, batch: bool) -> None:
        self._engine, self._inputs, self._batch = engine, inputs, batch
        self.parallel = engine.parallel

    def __call__(self, inputs: Inputs, *, batch: bool, seed: int) -> Any:
        return self._engine(self._inputs, batch=self._batch, seed=seed)

    @property
    def label(self) -> str:
        return self._engine.label

    @property
    def fingerprint(self) -> str | None:
        return self._engine.fingerprint

    def facts(self) -> dict[str, Any]:
        return self._engine.facts()


def _settings_of(engine: Engine) -> tuple[str, ...]:
    """Arguments of a user's function that settings, language and voice go to."""
    if not isinstance(engine, OwnCode):
        return ()
    try:
        names = inspect.signature(engine.function).parameters
    except (TypeError, ValueError):
        return ()
    return tuple(name for name in (*OF_SOME, "language", "voice") if name in names)
