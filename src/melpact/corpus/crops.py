"""`Crops`: random pieces of a packed corpus with their mels, aligned to the sample, each a pure function of seed and step.

Frame t of a mel goes with samples `t * hop_length .. (t + 1) * hop_length` of the sound, as in every vocoder. A crop's mel
is cut from the mel of the whole sound (only the frames wanted are computed, with the samples around them), so that a crop's
edges hold the sound that follows and not padding. Nothing here keeps state: resuming is asking for the next step, and the
share of one rank is a slice of the global batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.scaling import Utterance as Statistics
from melpact.contract.spec import MelSpec
from melpact.core.errors import CorpusError
from melpact.core.records import digest
from melpact.corpus.packed import Packed
from melpact.features.analysis import analyse
from melpact.features.excerpt import excerpt, reach

Float32 = NDArray[np.float32]
Weigh = Literal["duration", "speaker", "language", "utterance"]
_STREAM = 0x63726F70


class Augmentation(Protocol):
    """What changes the sound of a crop; see `corpus.augment`."""

    @property
    def margin(self) -> float:
        """How much more sound than it returns it reads on either side, as a share of the length."""

    def __call__(self, samples: Float32, sample_rate: int, rng: np.random.Generator) -> Float32:
        """The changed sound, of the same length."""

    def facts(self) -> dict[str, Any]:
        """What it is and its settings, as plain JSON values."""


class Crops:
    """Batches of crops.

    Args:
        packed: the sounds, at the description's rate.
        spec: the mel's description.
        frames: of one crop; it holds `frames * hop_length` samples.
        batch: crops per step over all ranks together.
        seed: of everything that is drawn.
        augment: changes to the sound, in this order; the mel is that of the changed sound.
        weigh: what all have the same chance of being drawn: every second of sound ("duration"), every speaker or language
            (and in it every second), or every utterance.

    Raises:
        CorpusError: another rate than the description's, numbers below 1, or augmentation of a description whose scaling
            needs the whole utterance.
    """

    def __init__(
        self,
        packed: Packed,
        spec: MelSpec | Dialect | str,
        frames: int,
        batch: int,
        seed: int,
        augment: Sequence[Augmentation] = (),
        *,
        weigh: Weigh = "duration",
    ) -> None:
        self.packed, self.spec, self.frames, self.batch, self.seed = packed, as_spec(spec), frames, batch, seed
        self.augment, self.weigh = tuple(augment), weigh
        if packed.sample_rate != self.spec.sample_rate:
            raise CorpusError(
                "the packed corpus and the mel have two rates",
                where=packed.path,
                got=f"{packed.sample_rate} Hz",
                wanted=f"{self.spec.sample_rate} Hz",
                next=f"Pack it at that rate: melpact corpus pack corpus.jsonl --rate {self.spec.sample_rate} -o FOLDER",
            )
        for name, value in (("frames", frames), ("batch", batch)):
            if value < 1:
                raise CorpusError("must be positive", where=name, got=value, wanted="1 or more")
        if weigh not in get_args(Weigh):
            raise CorpusError("no such way to weigh", where="weigh", got=repr(weigh), wanted=", ".join(get_args(Weigh)))
        if self.augment and self.spec.scaling.needs():
            raise CorpusError(
                "a changed crop has no utterance statistics, which this scaling needs",
                where="augment",
                got=self.spec.scaling.kind,
                wanted="a description without a scaling per utterance, or no augmentation",
            )
        self.n_samples = frames * self.spec.hop_length
        self._bounds = np.cumsum(_weights(packed, weigh))
        self._margin = prod(1 + 2 * change.margin for change in self.augment) / 2 - 0.5
        self._measured: dict[int, Statistics] = {}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits: two `Crops` of one fingerprint give the same batches."""
        return digest(
            {
                "crops": 1, "packed": self.packed.fingerprint, "spec": self.spec.fingerprint, "frames": self.frames,
                "batch": self.batch, "seed": self.seed, "weigh": self.weigh, "augment": [a.facts() for a in self.augment],
            }
        )  # fmt: skip

    def batch_at(self, step: int, *, rank: int = 0, world: int = 1) -> dict[str, NDArray[Any]]:
        """The batch of a step, or one rank's part of it.

        Args:
            step: 0 or more, in any order.
            rank, world: which of how many equal parts; the parts of all ranks, joined, are the batch of one process.

        Returns:
            With B = batch / world: "audio" float32 [B, frames * hop_length], "mel" float32 [B, n_mels, frames], "mask" bool
            [B, frames] (False where a short sound was extended), "utterance" int64 [B] and "first" int64 [B]: the index
            in `packed.entries` and the first frame.

        Raises:
            CorpusError: a rank outside the world, or a world that does not divide the batch.
        """
        mine = share(self.batch, rank, world)
        found = [self._item(step, item) for item in mine]
        names = ("audio", "mel", "mask", "utterance", "first")
        return {name: np.stack([item[i] for item in found]) for i, name in enumerate(names)}

    def _item(self, step: int, item: int) -> tuple[Any, ...]:
        rng = np.random.default_rng([self.seed, _STREAM, step, item])
        index = min(int(np.searchsorted(self._bounds, rng.random() * self._bounds[-1], "right")), len(self.packed) - 1)
        first = int(rng.integers(0, self.starts(index)))
        audio, mel, mask = self.crop(index, first, rng)
        return audio, mel, mask, np.int64(index), np.int64(first)

    def starts(self, index: int) -> int:
        """How many frames of an utterance a crop can begin at; 1 for one that is shorter than a crop."""
        n = int(self.packed.n_samples[index])
        whole = min(n // self.spec.hop_length, self.spec.frames(n))
        return max(1, whole - self.frames + 1)

    def crop(
        self, index: int, first: int, rng: np.random.Generator | None = None
    ) -> tuple[Float32, Float32, NDArray[np.bool_]]:
        """One crop: its samples [frames * hop_length], its mel [n_mels, frames] and where it is sound [frames].

        Without augmentation the mel is `analyse(whole)[0][:, first : first + frames]`, bit for bit. A sound that is shorter
        than the crop is extended as the description pads; its own frames are still those of the whole.

        Args:
            index: which utterance.
            first: the first frame, below `starts(index)`.
            rng: for the augmentation; none is made without it.

        Raises:
            CorpusError: a first frame that does not exist.
        """
        n, hop, frames = int(self.packed.n_samples[index]), self.spec.hop_length, self.frames
        if not 0 <= first < self.starts(index):
            raise CorpusError("no crop begins there", where="first", got=first, wanted=f"0 .. {self.starts(index) - 1}")
        end = (first + frames) * hop
        if end > n or first + frames > self.spec.frames(n):
            return self._short(index, rng)
        start, stop = reach(self.spec, n, first, frames)
        start, stop = min(start, first * hop), max(stop, end)
        if rng is not None:
            spare = ceil((stop - start) * self._margin)
            start, stop = max(0, start - spare), min(n, stop + spare)
        samples = self._changed(self.packed.samples(index, start, stop), rng)
        mel = excerpt(
            samples, self.spec, start=start, n_samples=n, first=first, frames=frames, utterance=self._utterance(index)
        )
        return samples[first * hop - start : end - start], mel, np.ones(frames, np.bool_)

    def _short(self, index: int, rng: np.random.Generator | None) -> tuple[Float32, Float32, NDArray[np.bool_]]:
        samples = self._changed(self.packed.samples(index), rng)
        longer = extended(samples, max(self.n_samples, self.spec.samples(self.frames), self.spec.min_samples()), self.spec)
        facts = self._utterance(index)
        mel = excerpt(longer, self.spec, start=0, n_samples=longer.size, first=0, frames=self.frames, utterance=facts)
        own = min(self.frames, self.spec.frames(samples.size)) if samples.size >= self.spec.min_samples() else 0
        if own:
            mel[:, :own] = excerpt(samples, self.spec, start=0, n_samples=samples.size, first=0, frames=own, utterance=facts)
        mask = np.arange(self.frames) * self.spec.hop_length < samples.size
        return longer[: self.n_samples], mel, mask

    def _changed(self, samples: Float32, rng: np.random.Generator | None) -> Float32:
        if rng is not None:
            for change in self.augment:
                samples = change(samples, self.packed.sample_rate, rng)
        return samples

    def _utterance(self, index: int) -> Statistics:
        if not self.spec.scaling.needs():
            return {}
        if index not in self._measured:
            samples = self.packed.samples(index)
            self._measured[index] = analyse(extended(samples, self.spec.min_samples(), self.spec), self.spec)[1]
        return self._measured[index]


def share(batch: int, rank: int, world: int) -> range:
    """The items of a global batch that are one rank's: equal, consecutive parts.

    Raises:
        CorpusError: a rank outside the world, or a world that does not divide the batch.
    """
    if world < 1 or not 0 <= rank < world:
        raise CorpusError("no such rank", where="rank", got=f"{rank} of {world}", wanted="0 .. world - 1")
    if batch % world:
        raise CorpusError(
            "the batch cannot be shared equally",
            where="batch",
            got=f"{batch} crops for {world} ranks",
            wanted=f"a multiple of {world}",
            next=f"Take {batch // world * world or world} or {(batch // world + 1) * world}",
        )
    size = batch // world
    return range(rank * size, (rank + 1) * size)


def extended(samples: Float32, n_samples: int, spec: MelSpec) -> Float32:
    """A sound made `n_samples` long or left as it is, with what the description puts behind a sound's end."""
    missing = n_samples - samples.size
    if missing <= 0:
        return samples
    if spec.pad_mode in ("reflect", "symmetric") and samples.size > 1:
        return np.pad(samples, (0, missing), "reflect" if spec.pad_mode == "reflect" else "symmetric")
    return np.pad(samples, (0, missing), constant_values=spec.pad_value / spec.waveform_scale)


def _weights(packed: Packed, weigh: Weigh) -> NDArray[np.float64]:
    seconds = packed.n_samples / packed.sample_rate
    if weigh == "duration":
        return seconds
    if weigh == "utterance":
        return np.ones(len(packed))
    groups = [getattr(entry, weigh) for entry in packed.entries]
    _, which = np.unique(groups, return_inverse=True)
    return np.asarray(seconds / np.bincount(which, seconds)[which], np.float64)
