"""`Sentence`: what is spoken at once."""

from __future__ import annotations

from pydantic import Field

from melpact.core.records import Record


class Sentence(Record):
    """A piece of text between two pauses.

    Attributes:
        text: as it is to be spoken.
        language: a tag such as "en" or "pt-br"; "" where none is known.
        pause_s: silence after it.
        rate: of speech, relative to what is asked for.
    """

    text: str
    language: str = ""
    pause_s: float = Field(default=0.0, ge=0)
    rate: float = Field(default=1.0, gt=0)
