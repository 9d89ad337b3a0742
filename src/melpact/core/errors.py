"""Every exception and warning that melpact raises on purpose.

An error says what happened, where, what was got, what was wanted and which command or call comes next::

    MelpactError
    ├── AudioError          a file or array that is not usable sound
    │   ├── AudioFileError      unreadable, truncated, empty, not audio
    │   ├── AudioTooShort       fewer samples than one frame needs
    │   └── AudioNotFinite      NaN or infinity in the samples
    ├── SpecError           a mel description that cannot exist
    ├── DialectError        a dialect that does not exist, or asks for a fact that nobody published
    │   ├── UnknownDialect
    │   └── MissingFact
    ├── ContractError       numbers that do not fit the description they came with
    │   ├── AxisError           the axes are not [n_mels, frames]
    │   ├── SpecMismatch        two mels of different descriptions where one was needed
    │   └── MissingUtterance    a per-utterance scaling whose statistics were thrown away
    ├── NoSkill             a mel that no calibration, or not this refiner, makes better than its null
    ├── ArtifactError       a file that is not a whole melpact artifact
    │   ├── NotAnArtifact       other magic: not safetensors, or no melpact metadata
    │   ├── WrongSchema         written by an incompatible version
    │   └── Truncated           the header promises more bytes than the file has
    ├── StreamError         bytes that are not a whole stream of a codec; says the byte, and the packet where it is in one
    │   ├── NotAStream          other magic
    │   ├── StreamVersion       a version of the container that this release does not read
    │   ├── OtherCodec          made by another codec, or by other weights
    │   ├── StreamTruncated     ends before it should
    │   ├── BrokenHeader        the header's check does not fit
    │   ├── BrokenPacket        a packet's check does not fit, or its content says nothing the codec could have said
    │   ├── TrailingBytes       more bytes after the end
    │   └── ImpossibleNumber    a whole header that states what cannot be
    ├── SpeechFault         a sentence that came out as noise, a loop, silence, too short or endless
    ├── TextError           text that cannot be spoken
    │   ├── NothingToSay        empty, or without a letter or a digit
    │   ├── UnknownLanguage     a language that espeak-ng does not have
    │   └── MarkupError         SSML that is not well formed, or that states what cannot be
    ├── TrainingError       a training that cannot begin, go on or be resumed
    ├── CorpusError         a manifest, a packed corpus or a draw from one that cannot be used
    └── BatchError          some items of a batch failed; the rest is done
"""

from __future__ import annotations


class MelpactError(Exception):
    """Base of every error a user can cause and mend.

    Args:
        what: the fact, in one sentence.
        where: file, field or argument it was found in.
        got: the offending value, as text.
        wanted: what would have been right, as text.
        next: the command or call that comes next.
    """

    def __init__(
        self, what: str, *, where: object = None, got: object = None, wanted: object = None, next: str | None = None
    ):
        self.what, self.where, self.got, self.wanted, self.next = what, where, got, wanted, next
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where is not None else self.what
        if self.got is not None:
            text += f"; got {self.got}"
        if self.wanted is not None:
            text += f"; wanted {self.wanted}"
        text = text.rstrip(".")
        return f"{text}. {self.next}" if self.next else f"{text}."


class AudioError(MelpactError):
    """Something that is not usable sound."""


class AudioFileError(AudioError):
    """A sound file that cannot be read: missing, empty, truncated, or not audio."""


class AudioTooShort(AudioError):
    """Fewer samples than the framing needs for a single frame."""


class AudioNotFinite(AudioError):
    """NaN or infinity among the samples."""


class SpecError(MelpactError):
    """A mel description that contradicts itself."""


class DialectError(MelpactError):
    """A dialect that cannot be used as asked."""


class UnknownDialect(DialectError):
    """No dialect of that name."""


class MissingFact(DialectError):
    """The dialect depends on a number that its authors did not publish; it must be given."""


class ContractError(MelpactError):
    """Numbers that do not fit the description they travel with."""


class AxisError(ContractError):
    """The axes are not [..., n_mels, frames]."""


class SpecMismatch(ContractError):
    """Two mels of different descriptions where one description was needed."""


class MissingUtterance(ContractError):
    """A per-utterance scaling cannot be undone because its statistics were not kept."""


class NoSkill(MelpactError):
    """A prediction that no rescaling makes better than one that ignores it, or one that a refiner was not measured to help.

    `report` holds the whole comparison, `outcome` the result of the verb that made it, where a verb did.
    """

    report: object = None
    outcome: object = None


class ArtifactError(MelpactError):
    """A file that is not a whole melpact artifact."""


class NotAnArtifact(ArtifactError):
    """Not a safetensors file, or one without melpact's metadata."""


class WrongSchema(ArtifactError):
    """An artifact of a schema version that this release does not read."""


class Truncated(ArtifactError):
    """The header promises more bytes than the file holds."""


class StreamError(MelpactError):
    """Bytes that are not a whole stream of a codec.

    Args:
        offset: the byte at which it shows, from the start of the stream.
        packet: the packet it concerns, from 0, where it is in one.
    """

    def __init__(
        self,
        what: str,
        *,
        offset: int | None = None,
        packet: int | None = None,
        where: object = None,
        got: object = None,
        wanted: object = None,
        next: str | None = None,
    ) -> None:
        self.offset, self.packet = offset, packet
        super().__init__(what, where=where, got=got, wanted=wanted, next=next)

    def __str__(self) -> str:
        place = [] if self.where is None else [str(self.where)]
        place += [] if self.packet is None else [f"packet {self.packet}"]
        place += [] if self.offset is None else [f"byte {self.offset}"]
        text = MelpactError(self.what, got=self.got, wanted=self.wanted, next=self.next)
        return f"{', '.join(place)}: {text}" if place else str(text)


class NotAStream(StreamError):
    """The first bytes are not those of a stream."""


class StreamVersion(StreamError):
    """A version of the container that this release does not read."""


class OtherCodec(StreamError):
    """A stream of another codec, or of the same one with other weights."""


class StreamTruncated(StreamError):
    """The stream ends before its last packet does."""


class BrokenHeader(StreamError):
    """The header's bytes are not those that were written."""


class BrokenPacket(StreamError):
    """A packet whose bytes are not those that were written, or say nothing that this codec could have said."""


class TrailingBytes(StreamError):
    """Bytes after the end of the stream."""


class ImpossibleNumber(StreamError):
    """A header that is whole and states what cannot be."""


class SpeechFault(MelpactError):
    """A sentence that came out as noise, a loop, silence, too short or endless."""


class TextError(MelpactError):
    """Text that cannot be spoken."""


class NothingToSay(TextError):
    """Text that is empty, or in which nothing is a letter or a digit."""


class UnknownLanguage(TextError):
    """A language that espeak-ng does not have."""


class MarkupError(TextError):
    """SSML that is not well formed, or that states what cannot be; says the line and column."""


class TrainingError(MelpactError):
    """A training that cannot begin, cannot go on or cannot be resumed."""


class CorpusError(MelpactError):
    """A manifest, a packed corpus or a draw from one that cannot be used."""


class BatchError(MelpactError):
    """Some items of a batch failed; everything else was done."""


class MelpactWarning(UserWarning):
    """Base of melpact's warnings."""


class SpecWarning(MelpactWarning):
    """A description that is valid but has a known weakness, such as a band without a single FFT bin."""


class AudioWarning(MelpactWarning):
    """Sound that was changed on its way to a file, such as samples beyond full scale that had to be clipped."""


class StatsWarning(MelpactWarning):
    """Statistics that are too thin or too odd to scale a corpus by."""
