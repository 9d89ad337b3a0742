"""Sample rate conversion of whole clips and of streams; both give the same samples bit for bit.

The conversion is band-limited (libsoxr, through soxr-python) with linear phase, and the output starts at
the same instant as the input. There is one code path: a whole clip is a stream with one block. Does not
live here: reading blocks from files (`files.blocks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.core.errors import AudioError, AudioTooShort

Quality = Literal["QQ", "LQ", "MQ", "HQ", "VHQ"]


def output_length(n_samples: int, rate_in: int, rate_out: int) -> int:
    """How many samples `n_samples` become: n·rate_out/rate_in to nearest, halves up. May be 0 for tiny n.

    Raises:
        AudioError: a rate that is not a positive int, or a negative length.
    """
    _check_rates(rate_in, rate_out)
    if n_samples < 0:
        raise AudioError(
            "a length cannot be negative", where="output_length.n_samples", got=n_samples, wanted="0 or more"
        )
    return (2 * n_samples * rate_out + rate_in) // (2 * rate_in)


def resample(audio: Audio, sample_rate: int, quality: Quality = "HQ") -> Audio:
    """The same sound at another sample rate; `audio` itself if the rate is already right.

    Args:
        audio: any number of channels.
        sample_rate: wanted, Hz.
        quality: QQ (cubic, fast), LQ, MQ, HQ (20-bit) or VHQ (28-bit); libsoxr's recipes.

    Returns:
        Audio with output_length(audio.n_samples, audio.sample_rate, sample_rate) samples.

    Raises:
        AudioError: bad rate or quality.
        AudioTooShort: the clip is too short to give a single sample at the new rate.
    """
    stream = StreamResampler(audio.sample_rate, sample_rate, audio.channels, quality)
    if audio.sample_rate == sample_rate:
        return audio
    if output_length(audio.n_samples, audio.sample_rate, sample_rate) == 0:
        raise AudioTooShort(
            f"nothing is left of {audio.n_samples} sample(s) at {sample_rate} Hz",
            where="resample",
            got=f"{audio.n_samples} sample(s) at {audio.sample_rate} Hz",
            wanted=f"at least {-(-audio.sample_rate // (2 * sample_rate))} samples",
        )
    head = stream.push(audio.samples)
    return Audio(np.concatenate([head, stream.finish()], axis=1), sample_rate)


class StreamResampler:
    """Resamples a sound that arrives in blocks; memory does not grow.

    Everything that `push` and `finish` return, joined, equals `resample` of the joined blocks bit for bit,
    however the sound was cut.

    Args:
        rate_in: Hz of the blocks.
        rate_out: Hz of what comes out.
        channels: of every block.
        quality: as in `resample`.

    Raises:
        AudioError: bad rate, channel count or quality.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int = 1, quality: Quality = "HQ") -> None:
        _check_rates(rate_in, rate_out)
        if quality not in get_args(Quality):
            raise AudioError(
                "no such resampling quality",
                where="quality",
                got=repr(quality),
                wanted=", ".join(get_args(Quality)),
            )
        if channels < 1:
            raise AudioError(
                "a sound has at least one channel", where="channels", got=channels, wanted="1 or more"
            )
        self.rate_in, self.rate_out, self.channels = rate_in, rate_out, channels
        self._n_in = self._n_out = 0
        self._finished = False
        self._stream: Any = None
        if rate_in != rate_out:
            import soxr

            self._stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality=quality)

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take float32 [channels, n]; return float32 [channels, m], what can be said so far (n, m may be 0).

        Raises:
            AudioError: another shape or dtype, or `finish` was already called.
        """
        if self._finished:
            raise AudioError(
                "this stream is finished", where="StreamResampler.push", next="Make a new StreamResampler"
            )
        if (
            not isinstance(block, np.ndarray)
            or block.dtype != np.float32
            or block.shape[:-1] != (self.channels,)
        ):
            got = (
                f"{block.dtype} of shape {list(block.shape)}"
                if isinstance(block, np.ndarray)
                else type(block).__name__
            )
            raise AudioError(
                "a block of the wrong shape",
                where="StreamResampler.push",
                got=got,
                wanted=f"float32 [{self.channels}, n]",
            )
        self._n_in += block.shape[1]
        if self._stream is None:
            return block
        return self._convert(block, last=False) if block.shape[1] else block

    def finish(self) -> NDArray[np.float32]:
        """The rest, float32 [channels, m]. Afterwards the stream takes no more blocks."""
        if self._finished:
            raise AudioError(
                "this stream is finished", where="StreamResampler.finish", next="Make a new StreamResampler"
            )
        self._finished = True
        nothing = np.zeros((self.channels, 0), np.float32)
        if self._stream is None or self._n_in == 0:
            return nothing
        # libsoxr rounds a length of …½ either way; a little silence behind the end settles it and changes no bit before.
        silence = np.zeros((self.channels, 2 * self.rate_in // self.rate_out + 2), np.float32)
        left = output_length(self._n_in, self.rate_in, self.rate_out) - self._n_out
        tail = self._convert(silence, last=True)
        if tail.shape[1] < left:
            raise AssertionError(f"libsoxr returned {tail.shape[1]} samples at the end, wanted {left}")
        return np.ascontiguousarray(tail[:, :left])

    def _convert(self, block: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        out = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        self._n_out += out.shape[0]
        return np.ascontiguousarray(out.reshape(-1, self.channels).T)


def resampled_blocks(
    blocks: Iterable[NDArray[np.float32]], rate_in: int, rate_out: int, quality: Quality = "HQ"
) -> Iterator[NDArray[np.float32]]:
    """Resample float32 [channels, n] blocks; yields float32 [channels, m] blocks, never an empty one.

    Joined, the yielded blocks equal `resample` of the joined input bit for bit.
    """
    stream: StreamResampler | None = None
    for block in blocks:
        if stream is None:
            stream = StreamResampler(rate_in, rate_out, block.shape[0], quality)
        out = stream.push(block)
        if out.shape[1]:
            yield out
    if stream is not None:
        out = stream.finish()
        if out.shape[1]:
            yield out


def _check_rates(rate_in: int, rate_out: int) -> None:
    for name, rate in (("rate_in", rate_in), ("rate_out", rate_out)):
        if isinstance(rate, bool) or not isinstance(rate, (int, np.integer)) or rate < 1:
            raise AudioError(
                "a sample rate is not a positive whole number",
                where=name,
                got=repr(rate),
                wanted="Hz, such as 22050",
            )
