"""Sounds inside a page: FLAC, so that what is heard is what was measured."""

from __future__ import annotations

import io

import numpy as np

from melpact.audio.audio import Audio
from melpact.page.images import uri


def flac(audio: Audio, gain: float = 1.0) -> bytes:
    """The first channel as 16-bit FLAC; beyond full scale it is clipped, so give the gain that avoids it."""
    import soundfile

    samples = np.clip(audio.samples[0] * np.float32(gain), -1.0, 32767 / 32768)
    out = io.BytesIO()
    soundfile.write(out, samples, audio.sample_rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()


def address(audio: Audio, gain: float = 1.0) -> str:
    """An address for an audio element that holds the sound itself."""
    return uri(flac(audio, gain), "audio/flac")
