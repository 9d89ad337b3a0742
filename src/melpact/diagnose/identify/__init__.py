"""Which dialect a mel is in, from its values alone or with the sound that it was made from.

With the sound: `listen` (every dialect computed and compared) and `search` (outwards, for what no dialect has). Without it:
`traits` and `scorer`. `alike` says which dialects the values cannot tell apart. Files are read in `melpact.verbs.identify`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.identify.arrays import orientations
from melpact.diagnose.identify.result import Candidate, Identification

__all__ = ["Candidate", "Identification", "identify"]


def identify(
    mel: NDArray[Any] | Mel, *, audio: Audio | NDArray[Any] | None = None, sample_rate: int | None = None, n_best: int = 10
) -> Identification:
    """Name the dialect of a mel.

    Args:
        mel: values [n_mels, frames] or [frames, n_mels] (detected, and said), or a `Mel`, whose own description is ignored.
        audio: the sound that it was made from, at any rate and level: then the answer is exact, and unlisted combinations
            are found too. An array [time] needs its `sample_rate` in Hz.
        n_best: candidates listed.

    Raises:
        AxisError: no axis is a number of bands that some dialect has. ContractError: constant, not finite, under 6 frames.
        AudioError: an array without its rate.
    """
    from melpact.diagnose.identify.judge import judge_heard, judge_seen

    ways = orientations(mel.values if isinstance(mel, Mel) else mel)
    if audio is None:
        return judge_seen(ways, n_best)
    if not isinstance(audio, Audio):
        from melpact.core.errors import AudioError

        if sample_rate is None:
            raise AudioError("an array does not know its sample rate", where="identify", wanted="sample_rate=…, in Hz")
        audio = Audio.of(np.asarray(audio), sample_rate)
    return judge_heard(ways, audio, n_best)
