"""Converters: a mel of one voice and what is known of another in, a mel of the same description and length out.

`base` says what every converter promises, `settings` how one is asked, `voice` what is known of a target. How one is
trained and measured is not known here, nor how sound is read or written.
"""

from melpact.models.convert.base import Converter
from melpact.models.convert.opening import converter
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Blend, Voice

__all__ = ["Blend", "Converter", "Converting", "Voice", "converter"]
