"""`Tally`: everything that `stats.Stats` has counted, and how it goes into a file and out again. Answers no
questions.

Whole numbers, minima and maxima only, so merging is associative and commutative to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.artifact import Artifact
from melpact.contract.spec import MelSpec
from melpact.normalise.exact import BandSums
from melpact.normalise.quantiles import Sketch

VALUE_BITS, BAND_BITS = 12, 7
COUNTERS = ("files", "frames", "clipped_below", "clipped_above", "levelled_frames", "silent_frames")
_SKETCHES = ("values", "bands", "peaks")


class Tally:
    """Counts of mels with `n_mels` bands.

    `values` and `bands` are sketches of the values, over all bands and per band; `peaks` is one of each
    frame's loudest raw value. `levelled_frames` is how many frames the levels (`floored`, `silent_frames`,
    `peaks`) were known of.
    """

    def __init__(self, n_mels: int) -> None:
        self.files = self.frames = 0
        self.clipped_below = self.clipped_above = 0
        self.levelled_frames = self.silent_frames = 0
        self.sums = BandSums(n_mels)
        self.low = np.full(n_mels, np.inf, np.float32)
        self.high = np.full(n_mels, -np.inf, np.float32)
        self.floored = np.zeros(n_mels, np.int64)
        self.loudest = np.float32(-np.inf)
        self.values = Sketch(VALUE_BITS)
        self.bands = Sketch(BAND_BITS, n_mels)
        self.peaks = Sketch(VALUE_BITS)

    def count_values(self, values: NDArray[np.float32]) -> None:
        """Count finite values [items, n_mels, frames]."""
        from melpact.normalise.kernel import count

        frames = values.shape[0] * values.shape[2]
        self.sums.reserve(frames)
        count(values.view(np.uint32), self.sums.pending, *self.values.target, *self.bands.target)
        self.frames += frames
        self.low = np.minimum(self.low, values.min(axis=(0, 2)))
        self.high = np.maximum(self.high, values.max(axis=(0, 2)))

    def count_levels(self, raw: NDArray[np.float32], floor_edge: np.float32) -> None:
        """Count where raw values [items, n_mels, frames] lie on the floor, and how loud the frames are."""
        peaks = raw.max(axis=1)
        self.levelled_frames += peaks.size
        self.silent_frames += int(np.count_nonzero(peaks <= floor_edge))
        self.floored = self.floored + np.count_nonzero(raw <= floor_edge, axis=(0, 2))
        self.loudest = np.maximum(self.loudest, peaks.max())
        self.peaks.add(peaks)

    def merge(self, other: Tally) -> None:
        """Add another's counts."""
        for name in COUNTERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.sums.merge(other.sums)
        self.low = np.minimum(self.low, other.low)
        self.high = np.maximum(self.high, other.high)
        self.floored = self.floored + other.floored
        self.loudest = np.maximum(self.loudest, other.loudest)
        for name in _SKETCHES:
            getattr(self, name).merge(getattr(other, name))

    def artifact(self, spec: MelSpec) -> Artifact:
        """The file's content. Equal counts give equal bytes.

        `sums` are in units of 2^-149, `squares` in units of 2^-298, as hexadecimal whole numbers per band.
        """
        sums, squares = self.sums.totals()
        positive_zero = np.float32(0)
        tensors: dict[str, NDArray[Any]] = {
            "band_min": self.low + positive_zero,
            "band_max": self.high + positive_zero,
            "band_floored": self.floored,
            "loudest": np.array([self.loudest + positive_zero], np.float32),
        }
        for name in _SKETCHES:
            tensors[f"{name}_buckets"], tensors[f"{name}_counts"] = getattr(self, name).sparse()
        config: dict[str, Any] = {name: int(getattr(self, name)) for name in COUNTERS}
        config |= {"sums": [hex(n) for n in sums], "squares": [hex(n) for n in squares]}
        config |= {"value_bits": VALUE_BITS, "band_bits": BAND_BITS}
        return Artifact("stats", tensors, spec, config)

    @classmethod
    def of(cls, artifact: Artifact, n_mels: int) -> Tally:
        """The inverse of `artifact`.

        Raises:
            KeyError, TypeError, ValueError, IndexError: something is missing or contradicts the rest.
        """
        config, tensors = artifact.config, artifact.tensors
        made = cls(n_mels)
        for name in COUNTERS:
            setattr(made, name, int(config[name]))
        if (config["value_bits"], config["band_bits"]) != (VALUE_BITS, BAND_BITS):
            raise ValueError("another resolution of the quantile sketch")
        sums, squares = ([int(text, 16) for text in config[name]] for name in ("sums", "squares"))
        made.sums = BandSums.of(sums, squares)
        made.low, made.high = tensors["band_min"].copy(), tensors["band_max"].copy()
        made.floored = tensors["band_floored"].copy()
        made.loudest = np.float32(tensors["loudest"][0])
        for name in _SKETCHES:
            getattr(made, name).fill(tensors[f"{name}_buckets"], tensors[f"{name}_counts"])
        lengths = {len(sums), len(squares), made.low.size, made.high.size, made.floored.size}
        totals = tuple(int(getattr(made, name).sparse()[1].sum()) for name in _SKETCHES)
        if lengths != {n_mels} or totals != (made.frames * n_mels,) * 2 + (made.levelled_frames,):
            raise ValueError("its parts contradict each other")
        return made
