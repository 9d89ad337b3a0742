"""One self-contained HTML page of what was found: verdicts with their proof, pictures, figures, costs, sounds and dialects.

Nothing is loaded from anywhere: pictures are PNG and sounds WAV inside the page, charts are SVG. `section` makes the part of
one mel while its evidence is at hand, `write` joins the parts, so that a folder of mels is never held in memory.
"""

from melpact.diagnose.report.page import FULL, Case, Part, section, write

__all__ = ["FULL", "Case", "Part", "section", "write"]
