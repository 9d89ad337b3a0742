"""A mel spectrogram that knows what it is. The public names, each imported from its layer when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from melpact.audio.audio import Audio
    from melpact.contract.dialect import Dialect, dialect, dialect_for, dialects
    from melpact.contract.diff import SpecDiff
    from melpact.contract.foreign import load
    from melpact.contract.mel import Mel
    from melpact.contract.spec import MelSpec
    from melpact.core.errors import MelpactError
    from melpact.diagnose.identify import Identification
    from melpact.features.analysis import extract
    from melpact.features.pitch import pitch
    from melpact.models.refine.opening import refiner
    from melpact.normalise.calibration import Calibration
    from melpact.normalise.stats import Stats
    from melpact.pipeline.chain import Pipeline
    from melpact.verbs.doctor import doctor
    from melpact.verbs.evaluate import evaluate
    from melpact.verbs.inject import inject
    from melpact.vocoders.griffin_lim.vocoder import invert
    from melpact.vocoders.opening import vocoder

    __version__: str

__all__ = [
    "Audio",
    "Calibration",
    "Dialect",
    "Mel",
    "MelSpec",
    "MelpactError",
    "Pipeline",
    "Stats",
    "__version__",
    "dialect",
    "dialect_for",
    "dialects",
    "diff",
    "doctor",
    "evaluate",
    "extract",
    "identify",
    "inject",
    "invert",
    "load",
    "pitch",
    "refiner",
    "save",
    "speak",
    "translate",
    "vocoder",
]

_HOMES = {
    "Audio": "melpact.audio.audio",
    "Calibration": "melpact.normalise.calibration",
    "Dialect": "melpact.contract.dialect",
    "Mel": "melpact.contract.mel",
    "MelSpec": "melpact.contract.spec",
    "MelpactError": "melpact.core.errors",
    "Pipeline": "melpact.pipeline.chain",
    "Stats": "melpact.normalise.stats",
    "dialect": "melpact.contract.dialect",
    "dialect_for": "melpact.contract.dialect",
    "dialects": "melpact.contract.dialect",
    "doctor": "melpact.verbs.doctor",
    "evaluate": "melpact.verbs.evaluate",
    "extract": "melpact.features.analysis",
    "inject": "melpact.verbs.inject",
    "invert": "melpact.vocoders.griffin_lim.vocoder",
    "load": "melpact.contract.foreign",
    "pitch": "melpact.features.pitch",
    "refiner": "melpact.models.refine.opening",
    "vocoder": "melpact.vocoders.opening",
}


def diff(a: Mel | MelSpec | Dialect | str, b: Mel | MelSpec | Dialect | str) -> SpecDiff:
    """What would have to change to turn `a` into `b`, field by field.

    Args:
        a, b: mels, descriptions, dialects or names of dialects.

    Raises:
        UnknownDialect: no dialect of that name; the nearest are suggested.
    """
    from melpact.contract.diff import diff as compare
    from melpact.contract.mel import Mel

    first, second = (x.spec if isinstance(x, Mel) else x for x in (a, b))
    return compare(first, second)


def identify(
    mel: str | Mel | NDArray[Any], *, audio: str | Audio | None = None, key: str | None = None, n_best: int = 10
) -> Identification:
    """Which dialect a mel (a file, a `Mel` or an array) is in; with the sound it was made from, surely.

    Raises:
        ContractError, AxisError: nothing that could be a mel. See `melpact.diagnose.identify`.
    """
    from melpact.verbs.identify import identify as find

    return find(mel, audio=audio, key=key, n_best=n_best).found


def translate(mel: Mel, to: MelSpec | Dialect | str, *, allow_lossy: bool = False) -> Mel:
    """The same sound's mel in another dialect: by algebra where that is exact, else estimated through sound and magnitude.

    Raises:
        SpecMismatch: the target has bands that this mel does not hold, and `allow_lossy` was not given.
    """
    from melpact.bridges import bridge

    return bridge(mel.spec, to, allow_lossy=allow_lossy).apply(mel)


def speak(
    text: str, *, voice: Any = None, language: str = "", speaker: Any = None, vocoder: Any = None, **settings: Any
) -> Audio:
    """A text as sound.

    Args:
        voice: whose: a name, a recording (a file or `Audio`), several of one voice, or a `SpeechVoice`.
        language: such as "en"; by default what the text's script says.
        speaker, vocoder: who speaks, and what makes the sound, by name or file.
        settings: temperature, top_p, top_k, repetition_penalty, rate, seed, longest_s; see `melpact.models.speech.settings`.

    Raises:
        MelpactError: nothing to speak, something that does not exist, or a sentence that came out as noise.
    """
    from melpact.verbs.speak import as_audio

    return as_audio(text, voice=voice, language=language, with_=speaker, vocoder=vocoder, settings=settings)


def save(thing: Mel | Stats, path: Any) -> Any:
    """Write a mel or statistics as one self-describing file, whole or not at all; returns the path.

    Raises:
        ArtifactError: the file cannot be written. ContractError: neither a mel nor statistics.
    """
    if not hasattr(thing, "save"):
        from melpact.core.errors import ContractError

        raise ContractError("cannot be saved", where="save", got=type(thing).__name__, wanted="a Mel or Stats")
    return thing.save(path)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("melpact")
    elif name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'melpact' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
