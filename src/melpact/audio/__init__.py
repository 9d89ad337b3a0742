"""Sound as numbers: the `Audio` value, files, resampling, loudness, test signals, speech samples.

Lives here: everything between a sound file and a waveform in memory. Does not live here: anything that
knows what a mel spectrogram is. Importing this package loads numpy only; `files`, `resample` and `loudness`
load their libraries when they are first used.
"""

from __future__ import annotations

from melpact.audio.audio import Audio

__all__ = ["Audio"]
