"""What a vocoder's sound is checked for after synthesis: length, level, clipping, speech, and whether it is this mel at all.

The last decides whether weights look untrained: the sound's own mel is compared with the mel that was given, beside the null
of each band's mean. Scores against an original are the bench's.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.score import NotMeasured
from melpact.bench.voice_activity import SpeechMeter
from melpact.contract.mel import Mel
from melpact.core.errors import AudioTooShort, MelpactError
from melpact.features.analysis import Stream, finish

_FULL_SCALE = 0.999
_CLIPPED_SHARE = 1e-3
_LEVEL_DB = 6.0
_LEAST_SPEECH = 0.05
_LEAST_NULL_NAT = 0.1
_LEAST_FRAMES = 8
_BLOCK_FRAMES, _BLOCK_SAMPLES = 1024, 1 << 16


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
    running = RunningCheck(mel, audio.sample_rate)
    running.push(audio.samples[0])
    return running.finish()


class RunningCheck:
    """The same of a sound that comes in blocks: no more of it is kept than a block and 16 numbers every 10 ms.

    Args:
        mel: [n_mels, frames], what the sound was made of.
        sample_rate: Hz of the sound.
    """

    def __init__(self, mel: Mel, sample_rate: int) -> None:
        self._mel, self._n_samples, self._clipped = mel, 0, 0
        self._speech = SpeechMeter(sample_rate)
        self._resemblance: _Resemblance | None = None
        if mel.n_frames >= _LEAST_FRAMES and mel.spec.log_gain is not None:
            with suppress(MelpactError):  # a scaling whose statistics are not known: nothing to compare with
                self._resemblance = _Resemblance(mel)

    def push(self, samples: NDArray[np.float32]) -> None:
        """The next samples, float32 [time]."""
        self._n_samples += samples.size
        self._clipped += int(np.count_nonzero(np.abs(samples) >= _FULL_SCALE))
        for begin in range(0, samples.size, _BLOCK_SAMPLES):
            block = samples[begin : begin + _BLOCK_SAMPLES]
            self._speech.push(block)
            if self._resemblance is not None:
                self._resemblance.push(block)

    def finish(self) -> Checked:
        """What was found on all of it."""
        mel, findings = self._mel, []
        if self._n_samples != mel.n_samples:
            findings.append(f"it has {self._n_samples} samples, and its mel stands for {mel.n_samples}")
        clipped = self._clipped / max(1, self._n_samples)
        if clipped > _CLIPPED_SHARE:
            findings.append(f"{clipped:.1%} of its samples are at full scale")
        error, null, level = (None, None, None) if self._resemblance is None else self._resemblance.finish()
        try:
            speech: float | None = float(self._speech.speech().mean())
        except NotMeasured:
            speech = None
        found = Checked(error, null, level, clipped, speech, ())
        if found.looks_untrained:
            findings.append(
                f"it does not resemble its mel ({error:.2f} nat away; each band's mean alone is {null:.2f}): the vocoder's "
                "weights look untrained, or the mel is not what it says it is"
            )
        elif level is not None and abs(level) > _LEVEL_DB:
            findings.append(f"it is {abs(level):.0f} dB {'louder' if level > 0 else 'quieter'} than its mel")
        if speech is not None and speech < _LEAST_SPEECH:
            findings.append(
                f"hardly any of it moves like speech ({speech:.0%} of the time); that is right only for other sound"
            )
        return Checked(error, null, level, clipped, speech, tuple(findings))


class _Resemblance:
    """Sums over the differences of the sound's own mel, frame by frame, to the given one and of that to its bands' means."""

    def __init__(self, mel: Mel) -> None:
        self._mel, self._analysis = mel, Stream(mel.spec)
        parts = [self._given(at, at + _BLOCK_FRAMES).sum(axis=1) for at in range(0, mel.n_frames, _BLOCK_FRAMES)]
        self._mean = np.sum(parts, axis=0)[:, None] / mel.n_frames
        mel.spec.scaling.apply(mel.values[:, :1], mel.utterance)
        self._frames, self._error, self._null, self._rise = 0, 0.0, 0.0, 0.0

    def push(self, samples: NDArray[np.float32]) -> None:
        self._compare(self._analysis.push(samples))

    def finish(self) -> tuple[float | None, float | None, float | None]:
        """(error, null, level in dB); Nones where that says nothing."""
        try:
            self._compare(self._analysis.finish())
        except AudioTooShort:
            return None, None, None
        values = self._frames * self._mel.n_mels
        if not self._frames or self._null / values < _LEAST_NULL_NAT:
            return None, None, None
        level = self._rise / values * 20 / math.log(10) / self._mel.spec.power
        return self._error / values, self._null / values, level

    def _compare(self, values: NDArray[np.float32]) -> None:
        mel, at = self._mel, self._frames
        frames = min(values.shape[1], mel.n_frames - at)
        if frames <= 0:
            return
        made = _nats(Mel(finish(values[:, :frames], mel.spec, dict(mel.utterance)), mel.spec, mel.utterance))
        given = self._given(at, at + frames)
        self._frames += frames
        self._error += float(np.abs(made - given).sum())
        self._null += float(np.abs(given - self._mean).sum())
        self._rise += float((made - given).sum())

    def _given(self, begin: int, end: int) -> NDArray[np.float64]:
        return _nats(Mel(self._mel.values[:, begin:end], self._mel.spec, self._mel.utterance))


def _nats(mel: Mel) -> NDArray[np.float64]:
    """Natural log of the mel, its scaling undone."""
    return mel.raw().values.astype(np.float64) / float(mel.spec.log_gain or 1.0)
