"""espeak-ng, which knows how a hundred languages are pronounced: text to letters of the International Phonetic Alphabet.

The library (GPL-3) is a package of its own, `espeakng_loader`; it is loaded when it is used and is no part of this one.
What its letters become for a model is in `tokens`; what is done to a text beforehand in `normalise`.
Source: espeak-ng's `speak_lib.h` (`espeak_TextToPhonemes`).
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from functools import cache

from melpact.core.errors import MelpactError

_RETRIEVAL = 1
_NO_EXIT = 0x8000
_UTF8, _IPA = 1, 2
_LOCK = threading.Lock()
_FULL_WIDTH = str.maketrans("，。！？；：、،؛؟۔।·—–", ",.!?;:,,;?..;,,")
_ENDS = ",.!?;:…"


@dataclass(frozen=True)
class Clause:
    """What is said between two pauses.

    Attributes:
        ipa: its sounds; words apart by spaces, stress before the vowel.
        end: what it ends with: one of , . ! ? ; : … or nothing.
    """

    ipa: str
    end: str


def clauses(text: str, voice: str) -> tuple[Clause, ...]:
    """A text's sounds, clause by clause.

    Args:
        text: without NUL.
        voice: espeak-ng's name of a language, such as "en-us", "de", "ru", "cmn".

    Raises:
        MelpactError: espeak-ng is not installed, or has no such voice.
    """
    library = _library()
    raw = text.replace("\0", " ").encode("utf-8", "ignore")
    kept = ctypes.create_string_buffer(raw + b"\0")
    base = ctypes.addressof(kept)
    at = ctypes.c_void_p(base)
    found = []
    with _LOCK:
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise MelpactError("espeak-ng has no such language", got=voice, next="melpact speak --languages")
        last = 0
        while at.value:
            said = library.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, _IPA)
            end = at.value - base if at.value else len(raw)
            found.append(Clause((said or b"").decode("utf-8", "ignore").strip(), _ending(raw[last:end], ended=not at.value)))
            if at.value and end <= last:
                break
            last = end
    return tuple(clause for clause in found if clause.ipa)


def _ending(raw: bytes, *, ended: bool) -> str:
    """The mark that closed a clause; the library has read one letter of the next one, unless the text is over."""
    part = raw.decode("utf-8", "ignore").translate(_FULL_WIDTH)
    part = part if ended else part[:-1]
    for letter in reversed(part[-12:]):
        if letter in _ENDS:
            return letter
        if letter.isalnum():
            break
    return ""


@cache
def _library() -> ctypes.CDLL:
    try:
        import espeakng_loader
    except ImportError:
        raise MelpactError("espeak-ng is not installed", next="pip install 'melpact[speech]'") from None
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    if library.espeak_Initialize(_RETRIEVAL, 0, str(espeakng_loader.get_data_path()).encode(), _NO_EXIT) < 0:
        raise MelpactError("espeak-ng does not start", where=espeakng_loader.get_data_path())
    return library
