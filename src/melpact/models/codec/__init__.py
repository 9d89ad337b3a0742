"""Codecs: a sound in, a stream of bytes out, and a sound of the same length back from the bytes alone.

`base` says what every codec promises, `container` what the bytes are, `rate` how bits are asked for, `streaming` how it is
done piece by piece. How a codec is trained and measured is not known here, nor how sound is read or written.
"""

from melpact.models.codec.base import Codec, Decoded
from melpact.models.codec.container import scan
from melpact.models.codec.header import Header
from melpact.models.codec.rate import Rate

__all__ = ["Codec", "Decoded", "Header", "Rate", "scan"]
