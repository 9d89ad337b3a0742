"""`Texts`: what is said in the utterances of a packed corpus, as tokens; made once, kept beside the samples.

How a text becomes tokens is `melpact.text`. When which of them is said is no part of this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.core.errors import ArtifactError, CorpusError, MelpactError
from melpact.core.records import digest
from melpact.corpus.packed import Packed
from melpact.text.languages import resolved
from melpact.text.tokens import SYMBOLS, spoken

KIND, FILE, VERSION = "speech texts", "texts.safetensors", 1
Tokens = NDArray[np.uint8]
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Texts:
    """Tokens of utterances.

    Attributes:
        said: fingerprint of the texts and languages that they were made of.
        tokens: utterance → uint8 [5, n], as `Tokens.stacked`.
        languages: utterance → language, as the corpus names it.
        left_out: reason → utterances that have no tokens.
    """

    said: str
    tokens: Mapping[str, Tokens] = field(repr=False)
    languages: Mapping[str, str] = field(repr=False)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the tokens."""
        facts = [[name, self.languages[name], values.tobytes().hex()] for name, values in sorted(self.tokens.items())]
        return digest({"texts": VERSION, "symbols": len(SYMBOLS), "tokens": facts})

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, a line per reason, with the names of the first."""
        return tuple(
            f"{len(names)} of {len(self.tokens) + sum(map(len, self.left_out.values()))} utterances are left out, "
            f"{reason}: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
            for reason, names in self.left_out.items()
        )

    def save(self, path: str | Path) -> Path:
        """Write it as one file; returns the path.

        Raises:
            ArtifactError: it cannot be written.
        """
        names = sorted(self.tokens)
        ends = np.cumsum([self.tokens[name].shape[1] for name in names], dtype=np.int64)
        tensors = {"tokens": np.concatenate([self.tokens[name] for name in names], axis=1), "ends": ends}
        config = {
            "version": VERSION, "said": self.said, "names": names, "languages": [self.languages[name] for name in names],
            "left_out": {reason: list(them) for reason, them in self.left_out.items()},
        }  # fmt: skip
        return artifact.write(path, artifact.Artifact(KIND, tensors, config=config))

    @classmethod
    def load(cls, path: str | Path) -> Texts:
        """What `save` wrote.

        Raises:
            ArtifactError: missing, unreadable, of another version, or something else.
        """
        found = artifact.read(path, KIND)
        said = found.config
        if said.get("version") != VERSION:
            raise ArtifactError("holds tokens of another version", where=path, got=said.get("version"), wanted=VERSION)
        parts = np.split(np.asarray(found.tensors["tokens"], np.uint8), found.tensors["ends"][:-1], axis=1)
        left_out = {reason: tuple(them) for reason, them in said["left_out"].items()}
        languages = dict(zip(said["names"], said["languages"], strict=True))
        return cls(said["said"], dict(zip(said["names"], parts, strict=True)), languages, left_out)


def texts_of(packed: Packed, language: str = "", told: Callable[[str], None] = lambda _: None) -> Texts:
    """The tokens of a packed corpus: those beside its samples where they are of its texts, else made and kept there.

    Args:
        language: of utterances for which the corpus names none.
        told: what has to be known: that they could not be kept.

    Raises:
        CorpusError: no utterance has a text in a language that espeak-ng has. MelpactError: espeak-ng is not installed.
    """
    path = packed.path.parent / FILE
    said = _said(packed, language)
    try:
        found = Texts.load(path)
    except ArtifactError:
        found = None
    if found is not None and found.said == said:
        return found
    made = tokenised(packed, language)
    try:
        made.save(path)
    except ArtifactError as error:
        told(f"the tokens are not kept: {error}")
    return made


def tokenised(packed: Packed, language: str = "") -> Texts:
    """As `texts_of`, made anew and kept nowhere."""
    resolved("en")
    tokens: dict[str, Tokens] = {}
    languages: dict[str, str] = {}
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    for entry in packed.entries:
        own = entry.language or language
        if not entry.text.strip():
            left_out["without a text"].append(entry.id)
            continue
        if not own:
            left_out["without a language"].append(entry.id)
            continue
        try:
            made = spoken(entry.text, resolved(own))
        except MelpactError:
            left_out[f"in a language that espeak-ng does not have ({own!r})"].append(entry.id)
            continue
        if len(made) < 4:
            left_out["with a text that says nothing"].append(entry.id)
            continue
        tokens[entry.id], languages[entry.id] = made.stacked().astype(np.uint8), own
    texts = Texts(_said(packed, language), tokens, languages, {reason: tuple(them) for reason, them in left_out.items()})
    if not tokens:
        raise CorpusError(
            "no utterance can be read", where=packed.path.parent, got="; ".join(texts.notes),
            wanted="a text and a language for each", next="Put them into the manifest (text, language), and pack it again",
        )  # fmt: skip
    return texts


def _said(packed: Packed, language: str) -> str:
    facts = [[entry.id, entry.language, entry.text] for entry in packed.entries]
    return digest({"texts": VERSION, "symbols": SYMBOLS, "language": language, "entries": facts})
