"""The bench's page for a browser: one file with every score, every comparison, the sounds and the pictures.

`page` puts it together; `strips` shows scores between null and ceiling, `utterances` what lies behind the means,
`listening` the sounds and pictures of some utterances; `refined` is the page of refiners on spoilt mels. Nothing is
computed here that the report does not say, except the order of utterances.
"""

from melpact.bench.page.page import page

__all__ = ["page"]
