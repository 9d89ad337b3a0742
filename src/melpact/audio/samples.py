"""Four short recordings of human speech that ship with the package, for the demo and for tests.

16 kHz, mono, 16-bit, nothing above 8 kHz: English (Allison Smith; CC-BY-SA-3.0), Italian (Carlo Flora;
CC-BY-3.0) and Russian (Maxim Topal, ivrvoice.ru; CC-BY-3.0), from Debian's asterisk-core-sounds packages,
decoded from G.722 and otherwise unchanged. They are not covered by melpact's own licence: see
`attribution()`, which is prompts/ATTRIBUTION.txt. Synthetic signals are in `synthetic`.
"""

from __future__ import annotations

from importlib.resources import files as _resources
from pathlib import Path

from melpact.audio.audio import Audio
from melpact.core.errors import AudioError

_NAMES = ("en_noservice", "en_unidentified", "it_noservice", "ru_nocallback")


def names() -> tuple[str, ...]:
    """The samples, as <language>_<prompt>."""
    return _NAMES


def path(name: str) -> Path:
    """Where the FLAC file of a sample lies.

    Raises:
        AudioError: no sample of that name.
    """
    if name not in _NAMES:
        raise AudioError("no such speech sample", where="samples", got=repr(name), wanted=", ".join(_NAMES))
    return Path(str(_resources("melpact.audio").joinpath("prompts", f"{name}.flac")))


def resolve(given: str | Path) -> Path:
    """The path meant by `given`: a shipped sample where it reads "sample:NAME", else the path itself.

    Raises:
        AudioError: no sample of that name.
    """
    text = str(given)
    return path(text.removeprefix("sample:")) if text.startswith("sample:") else Path(given)


def load(name: str) -> Audio:
    """A sample as 16 kHz mono Audio, 4 to 5 seconds long."""
    from melpact.audio import files

    return files.read(path(name))


def attribution() -> str:
    """Who recorded the samples, their licences and what was changed."""
    return _resources("melpact.audio").joinpath("prompts", "ATTRIBUTION.txt").read_text(encoding="utf-8")
