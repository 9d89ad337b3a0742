"""Statistics of a corpus of mels, and the scalings fitted to them.

`stats` counts (exactly), `fitting` turns what was counted into a `melpact.contract.scaling` record and
applies it. What a scaling is, and how it is undone, lives in the contract; turning one dialect into another
does too.
"""

from melpact.normalise.fitting import apply, fit, kinds, undo
from melpact.normalise.stats import Stats

__all__ = ["Stats", "apply", "fit", "kinds", "undo"]
