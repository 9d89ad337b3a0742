"""Whose voice a recording is of: a network's vectors of its windows, averaged. The network is a graph that comes with the
package; no torch here."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.dialect import dialect
from melpact.core.errors import AudioTooShort
from melpact.features.analysis import analyse
from melpact.nn.onnx_runtime import OnnxRuntime

Floats = NDArray[np.float32]
DIALECT = "rtvc_encoder_16k"
WINDOW_FRAMES, STEP_FRAMES = 160, 80
PEAK, LEAST_LEVEL = 0.5, 10 ** (-30 / 20)
"""A recording gets this peak, and where it is quieter than this level all the same, that level."""
_QUIET = 10 ** (-25 / 10)
"""A window with less power than this part of the loudest tells nothing."""


class VoiceListener:
    """Recordings to vectors [256] of unit length.

    Args:
        path: the graph: windows [B, 160, 40] → [B, 256].
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._runtime = OnnxRuntime(path, 1, what="voice encoder")
        self.spec = dialect(DIALECT).spec

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over the graph."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    def embedded(self, sound: Audio) -> Floats:
        """float32 [256] of a mono recording of any rate.

        Raises:
            AudioTooShort: less than a window would have to be made up for the most part.
        """
        samples = resample(sound, self.spec.sample_rate).samples[0]
        samples = samples * np.float32(PEAK / max(float(np.abs(samples).max()), 1e-9))
        level = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
        raised = samples * np.float32(max(1.0, LEAST_LEVEL / max(level, 1e-9)))
        frames = analyse(np.ascontiguousarray(raised, np.float32), self.spec)[0].T
        if len(frames) < WINDOW_FRAMES // 4:
            raise AudioTooShort("too short to tell a voice by", got=f"{sound.duration_s:.2f} s", wanted="0.4 s at least")
        short = max(0, WINDOW_FRAMES - len(frames))
        frames = np.pad(frames, ((0, short), (0, 0)))
        starts = np.arange(0, len(frames) - WINDOW_FRAMES + 1, STEP_FRAMES)
        windows = np.stack([frames[start : start + WINDOW_FRAMES] for start in starts])
        power = windows.sum((1, 2))
        heard = self._runtime.run([windows[power >= _QUIET * power.max()]])
        mean = heard.mean(0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
