"""Mel-cepstral distortion along the best warping of time."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics._cepstrum import DB, heard, mel_cepstrum
from melpact.bench.metrics._pitch import FRAME_S, INSTALL, PACKAGES
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

_RADIUS_S, _RADIUS_SHARE = 1.0, 0.2
_NEARLY_S = 0.05


def _made(pair: Pair) -> Sound:
    """As it came; the aligned one, which other metrics have analysed, where that cuts off next to nothing."""
    cut = max(abs(pair.lag_samples), abs(pair.made_whole.wave.size - pair.original.wave.size))
    return pair.made if cut <= _NEARLY_S * pair.rate else pair.made_whole


def observe(pair: Pair) -> float:
    from melpact.bench.metrics._dtw import mean_distance

    made = _made(pair)
    x, y = (mel_cepstrum(sound)[heard(sound), 1:] for sound in (pair.original, made))
    if min(len(x), len(y)) < 2:
        raise NotMeasured(f"{len(x)} frames of the original and {len(y)} of the system's are not silent; 2 are needed")
    spare = max(_RADIUS_S / FRAME_S, _RADIUS_SHARE * max(len(x), len(y)))
    return DB * mean_distance(x, y, abs(len(x) - len(y)) + int(spare))


PLUGIN = Metric(
    title="MCD-DTW",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="MCD along the warping of time that makes it smallest, for systems that speak at their own pace; frames "
    "more than 40 dB below the loudest of their own sound are left out. Timing is free; a system that fills pauses "
    "with noise pays for it here alone.",
    source="Kubichek 1993, eq. 1; Sakoe & Chiba 1978 (band: the difference in length and 1 s or 20 %; mean over the "
    "path); envelope as for MCD",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
    packages=PACKAGES,
    install=INSTALL,
)
