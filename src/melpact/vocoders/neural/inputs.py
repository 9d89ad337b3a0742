"""What a network takes beside the mel, made of a mel and a pitch: noise, running phase, the mel's inversion; whole or block
by block.

Blocks hold the numbers that the whole holds: noise is drawn frame after frame, the phase is that of all frames before, and
the inversion has blocks of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.core.errors import ContractError

Floats = NDArray[np.float32]


def ahead(items: Iterator[list[Floats]]) -> Iterator[list[Floats]]:
    """The same blocks, the next one made in a thread while one is in use."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, islice(items, 1))
        while found := waiting.result():
            waiting = pool.submit(list, islice(items, 1))
            yield found[0]


@dataclass(frozen=True)
class Inputs:
    """Which inputs, and what they rest on.

    Attributes:
        names: what the network takes, in its order.
        hop_length, sample_rate: of its sound.
        noise_channels, noise_seed: standard normal numbers per frame, and what they are drawn with.
        start_iterations: of fast Griffin-Lim in the inversion.
    """

    names: tuple[str, ...]
    hop_length: int
    sample_rate: int
    noise_channels: int = 0
    noise_seed: int = 0
    start_iterations: int = 0

    @property
    def driven_by_pitch(self) -> bool:
        """Whether a pitch must be given."""
        return "f0" in self.names

    def whole(self, mel: Mel, f0_hz: Floats | None = None) -> list[Floats]:
        """Every input of one checked mel, each with a batch axis of one.

        Args:
            f0_hz: Hz per frame, 0 where unvoiced; exactly where the network is driven by pitch.

        Raises:
            ContractError: a pitch is missing, not asked for, of another length, negative or not finite.
        """
        return next(self.blocks(mel, f0_hz, mel.n_frames))

    def blocks(self, mel: Mel, f0_hz: Floats | None, frames: int) -> Iterator[list[Floats]]:
        """The same in blocks of at most `frames` frames."""
        pitch = self._pitch(mel, f0_hz)
        cycles = np.concatenate([[0.0], np.cumsum(pitch.astype(np.float64)) * self.hop_length / self.sample_rate])
        rng = np.random.default_rng(self.noise_seed)
        starts = _starts(mel, frames, self.start_iterations)
        for begin in range(0, mel.n_frames, frames):
            part = slice(begin, min(begin + frames, mel.n_frames))
            known = {"mel": mel.values[None, :, part]}
            if "noise" in self.names:
                known["noise"] = rng.standard_normal((part.stop - begin, self.noise_channels), np.float32).T[None]
            if "start" in self.names:
                known["start"] = next(starts)[None]
            if self.driven_by_pitch:
                known |= {"f0": pitch[None, part], "phase": (cycles[:-1][None, part] % 1.0).astype(np.float32)}
            yield [known[name] for name in self.names]

    def _pitch(self, mel: Mel, f0_hz: Floats | None) -> Floats:
        """Checked; nothing where none is wanted."""
        if not self.driven_by_pitch:
            if f0_hz is not None:
                raise ContractError("this vocoder takes no pitch", where="f0_hz", next="Leave the pitch out")
            return np.zeros(0, np.float32)
        if f0_hz is None:
            raise ContractError(
                "this vocoder is driven by pitch", where="f0_hz", wanted="Hz per frame, 0 where unvoiced",
                next="Give f0_hz=mp.pitch(audio, spec), or on the command line --f0 FILE or --audio FILE",
            )  # fmt: skip
        pitch = np.asarray(f0_hz, np.float32)
        if pitch.shape != (mel.n_frames,) or not np.isfinite(pitch).all() or (pitch < 0).any():
            raise ContractError(
                "the pitch does not fit the mel",
                where="f0_hz",
                got=f"shape {list(pitch.shape)}",
                wanted=f"{mel.n_frames} finite values of Hz, 0 where unvoiced",
            )
        return pitch


def _starts(mel: Mel, frames: int, iterations: int) -> Iterator[Floats]:
    """The spectrum of the mel's inversion in blocks of at most `frames` frames, each [2 * bins, …]."""
    from melpact.vocoders.griffin_lim.estimate import Estimate

    estimate, ready = Estimate(mel.spec, iterations=iterations), deque[Floats]()
    taken = 0
    for begin in range(0, mel.n_frames, frames):
        wanted = min(frames, mel.n_frames - begin)
        while sum(part.shape[1] for part in ready) < wanted:
            last = min(taken + frames, mel.n_frames)
            ready.append(estimate.push(mel.values[:, taken:last]) if taken < mel.n_frames else estimate.finish())
            taken = last
        whole = np.concatenate(ready, axis=1)
        ready = deque([whole[:, wanted:]])
        yield whole[:, :wanted]
