"""What a vocoder's sound is checked for after synthesis: length, level, clipping, speech, and whether it is this mel at all.

The last decides whether weights look untrained: the sound's own mel is compared with the mel that was given, beside the null
of each band's mean. Scores against an original are the bench's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError

_FULL_SCALE = 0.999
_CLIPPED_SHARE = 1e-3
_LEVEL_DB = 6.0
_LEAST_SPEECH = 0.05
_LEAST_NULL_NAT = 0.1
_LEAST_FRAMES = 8


@dataclass(frozen=True)
class Checked:
    """What was found on one sound.

    Attributes:
        error_nat: mean distance of the sound's mel to the mel that was given, natural log units; None where not measurable.
        null_nat: the same for a mel that holds each band's mean: what knows nothing of the utterance gets.
        level_db: the sound's mel above (or below) the given one, on average.
        clipped_share: samples at full scale, of all.
        speech_share: time that moves like speech, of all; None where too short or silent.
        findings: what a user should know, a sentence each; () where all is well.
    """

    error_nat: float | None
    null_nat: float | None
    level_db: float | None
    clipped_share: float
    speech_share: float | None
    findings: tuple[str, ...]

    @property
    def looks_untrained(self) -> bool:
        """Whether the sound resembles the mel no better than a constant mel does."""
        return self.error_nat is not None and self.null_nat is not None and self.error_nat >= self.null_nat

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {**vars(self), "findings": list(self.findings), "looks_untrained": self.looks_untrained}


def check(mel: Mel, audio: Audio) -> Checked:
    """Look at the sound that a vocoder made of a mel."""
    samples = audio.samples[0]
    findings = []
    if audio.n_samples != mel.n_samples:
        findings.append(f"it has {audio.n_samples} samples, and its mel stands for {mel.n_samples}")
    clipped = float(np.mean(np.abs(samples) >= _FULL_SCALE))
    if clipped > _CLIPPED_SHARE:
        findings.append(f"{clipped:.1%} of its samples are at full scale")
    error, null, level = _resemblance(mel, audio)
    speech = _speech_share(audio)
    found = Checked(error, null, level, clipped, speech, ())
    if found.looks_untrained:
        findings.append(
            f"it does not resemble its mel ({error:.2f} nat away; each band's mean alone is {null:.2f}): the vocoder's "
            "weights look untrained, or the mel is not what it says it is"
        )
    elif level is not None and abs(level) > _LEVEL_DB:
        findings.append(f"it is {abs(level):.0f} dB {'louder' if level > 0 else 'quieter'} than its mel")
    if speech is not None and speech < _LEAST_SPEECH:
        findings.append(f"hardly any of it moves like speech ({speech:.0%} of the time); that is right only for other sound")
    return Checked(error, null, level, clipped, speech, tuple(findings))


def _resemblance(mel: Mel, audio: Audio) -> tuple[float | None, float | None, float | None]:
    """(error, null, level in dB) between the sound's mel and the given one; Nones where that says nothing."""
    from melpact.features.analysis import extract

    gain = mel.spec.log_gain
    if gain is None or mel.n_frames < _LEAST_FRAMES:
        return None, None, None
    try:
        given, made = _nats(mel, gain), _nats(extract(audio, mel.spec), gain)
    except MelpactError:
        return None, None, None
    frames = min(given.shape[-1], made.shape[-1])
    given, made = given[:, :frames], made[:, :frames]
    null = float(np.abs(given - given.mean(axis=1, keepdims=True)).mean())
    if null < _LEAST_NULL_NAT:
        return None, None, None
    level = float((made - given).mean()) * 20 / math.log(10) / mel.spec.power
    return float(np.abs(made - given).mean()), null, level


def _nats(mel: Mel, gain: float) -> NDArray[np.float64]:
    return mel.raw().values.astype(np.float64) / gain


def _speech_share(audio: Audio) -> float | None:
    from melpact.bench.metrics import _voice_activity
    from melpact.bench.score import NotMeasured
    from melpact.bench.sound import Sound

    try:
        return float(_voice_activity.speech(Sound(audio, audio.sample_rate)).mean())
    except NotMeasured:
        return None
