"""Smoothing of a sound by the median of neighbouring samples: an old post-filter, kept to be measured."""

from __future__ import annotations

import re

import numpy as np
from scipy.ndimage import median_filter

from melpact.audio.audio import Audio
from melpact.core.errors import ContractError

WIDEST = 101


def median_smoothed(audio: Audio, width: int) -> Audio:
    """Every sample becomes the median of the `width` samples around it; at the ends the last one is repeated.

    Args:
        width: odd; 1 gives the sound itself.

    Raises:
        ContractError: no such width.
    """
    if not 1 <= width <= WIDEST or width % 2 == 0:
        raise ContractError("no width of a median", got=width, wanted=f"odd, 1 to {WIDEST}")
    if width == 1:
        return audio
    return Audio(np.asarray(median_filter(audio.samples, (1, width), mode="nearest"), np.float32), audio.sample_rate)


def median_width(text: str | None) -> int:
    """The width that "median:3" names; None is 1, which does nothing.

    Raises:
        ContractError: another text.
    """
    if text is None:
        return 1
    found = re.fullmatch(r"median:(\d{1,3})", text)
    if found is None:
        raise ContractError("no such post-filter", where="--post", got=repr(text), wanted="median:WIDTH, such as median:3")
    return int(found[1])
