"""How loud a sound is: root mean square, peak, and integrated loudness after ITU-R BS.1770-4.

Measures only; nothing here changes a sound. A sound that has no loudness (silence, or too short for a
single gating block) is refused with the reason.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from melpact.audio.audio import Audio
from melpact.core.errors import AudioError, AudioTooShort

Stage = tuple[tuple[float, ...], tuple[float, ...]]

# BS.1770-4, tables 1 and 2: the two stages of K-weighting at 48 kHz, as (b, a); then the frequency whose gain
# each stage keeps at other rates: the standard's calibration tone, and the corner of the high-pass.
_SHELF_48K = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
_HIGHPASS_48K = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
_SHELF_KEEPS_HZ, _HIGHPASS_KEEPS_HZ = 997.0, 38.1355
# BS.1770-4, table 3, by number of channels: L R | L R C | L R C Ls Rs | L R C LFE Ls Rs.
_CHANNEL_WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
}
_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_MIN_RATE_HZ = 8000


def rms_db(audio: Audio) -> float:
    """20·log10 of the root mean square over all channels, re full scale: a full-scale sine is -3.01 dB.

    Raises:
        AudioError: digital silence, which has no level.
    """
    _refuse_silence(audio, "an RMS level")
    return audio.rms_db


def peak_db(audio: Audio) -> float:
    """20·log10 of the largest absolute sample, re full scale (sample peak, not true peak).

    Raises:
        AudioError: digital silence, which has no level.
    """
    _refuse_silence(audio, "a peak level")
    return 20.0 * math.log10(audio.peak)


def integrated_lufs(audio: Audio) -> float:
    """Gated programme loudness in LUFS (ITU-R BS.1770-4, equations 1 to 7).

    K-weighting is the standard's 48 kHz filter pair, moved to the sample rate of `audio` by undoing its
    bilinear transform and doing it again at the new rate. At any rate a full-scale 997 Hz sine in one
    channel measures -3.01 LUFS. Gating blocks are 400 ms with 75 % overlap; an incomplete last block is
    left out.

    Args:
        audio: at 8 kHz or more; 1, 2, 3 (L R C), 5 (L R C Ls Rs) or 6 (L R C LFE Ls Rs) channels.

    Raises:
        AudioError: nothing above -70 LUFS, or a channel count or rate that the standard does not cover.
        AudioTooShort: less than 400 ms.
    """
    from scipy.signal import lfilter

    weights = _CHANNEL_WEIGHTS.get(audio.channels)
    if weights is None:
        raise AudioError(
            "the standard has no weights for this many channels",
            where="loudness",
            got=audio.channels,
            wanted="1, 2, 3, 5 or 6 channels",
            next="Mix it down first: audio.mono()",
        )
    if audio.sample_rate < _MIN_RATE_HZ:
        raise AudioError(
            "K-weighting needs more bandwidth",
            where="loudness",
            got=f"{audio.sample_rate} Hz",
            wanted=f"{_MIN_RATE_HZ} Hz or more",
            next="Use rms_db instead",
        )
    block, step = round(_BLOCK_S * audio.sample_rate), _STEP_S * audio.sample_rate
    if audio.n_samples < block:
        raise AudioTooShort(
            "too short for one gating block",
            where="loudness",
            got=f"{audio.duration_s:.3f} s",
            wanted=f"{_BLOCK_S} s or more",
            next="Use rms_db instead",
        )
    _refuse_silence(audio, "a loudness")
    n_blocks = int((audio.n_samples - block) / step) + 1
    starts = np.rint(np.arange(n_blocks) * step).astype(np.int64)
    starts = starts[starts + block <= audio.n_samples]
    power = np.zeros(len(starts))
    for weight, channel in zip(weights, audio.samples, strict=True):
        if weight == 0.0:
            continue
        weighted = channel.astype(np.float64)
        for b, a in k_weighting(audio.sample_rate):
            weighted = lfilter(b, a, weighted)
        energy = np.concatenate([[0.0], np.cumsum(weighted * weighted)])
        power += weight * (energy[starts + block] - energy[starts]) / block
    audible = power[power > _power(_ABSOLUTE_GATE_LUFS)]
    if not len(audible):
        loudest = f"{_lufs(float(power.max())):.1f} LUFS at most" if power.max() > 0.0 else "digital silence"
        raise AudioError(
            "too quiet to have a loudness",
            where="loudness",
            got=loudest,
            wanted=f"a block above {_ABSOLUTE_GATE_LUFS:g} LUFS",
        )
    gate = float(audible.mean()) * 10.0 ** (_RELATIVE_GATE_LU / 10.0)
    return _lufs(float(audible[audible > gate].mean()))


@lru_cache(maxsize=32)
def k_weighting(sample_rate: int) -> tuple[Stage, Stage]:
    """The two K-weighting stages at a sample rate, each (b, a); at 48 kHz the standard's own coefficients."""
    return _move(_SHELF_48K, _SHELF_KEEPS_HZ, sample_rate), _move(
        _HIGHPASS_48K, _HIGHPASS_KEEPS_HZ, sample_rate
    )


def _move(stage: Stage, kept_hz: float, rate: int) -> Stage:
    """Move a biquad from 48 kHz to another rate so that its response at `kept_hz` stays.

    With z = (1 + p)/(1 - p), a polynomial in 1/z, times (1 + p)², is a polynomial in p: its coefficients
    times the matrix below. On the unit circle p is j·tan(π f / rate), so another rate only rescales p.
    """
    into_p = np.array([[1.0, 1.0, 1.0], [2.0, 0.0, -2.0], [1.0, -1.0, 1.0]])
    scale = math.tan(math.pi * kept_hz / 48000.0) / math.tan(math.pi * kept_hz / rate)
    there_and_back = np.linalg.inv(into_p) @ np.diag(scale ** np.arange(3.0)) @ into_p
    b, a = (there_and_back @ np.array(side) for side in stage)
    return tuple((b / a[0]).tolist()), tuple((a / a[0]).tolist())


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs + 0.691) / 10.0))


def _lufs(power: float) -> float:
    return -0.691 + 10.0 * math.log10(power)


def _refuse_silence(audio: Audio, what: str) -> None:
    if audio.peak == 0.0:
        raise AudioError(
            f"digital silence does not have {what}",
            where="loudness",
            got=f"{audio.n_samples} samples of exactly 0",
            wanted="sound",
        )
