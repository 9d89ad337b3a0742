"""`Buckets`: batches of whole utterances of like length, so that little of a batch is padding. Pieces are in `crops`."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.spec import MelSpec
from melpact.core.errors import CorpusError
from melpact.core.records import digest
from melpact.corpus.crops import extended
from melpact.corpus.packed import Packed
from melpact.features.analysis import analyse

_ORDER, _BATCHES = 0x6F726465, 0x62617463


class Buckets:
    """Every utterance once per epoch, in batches whose order and company change with the epoch.

    An epoch sorts the utterances by length, each length blurred by up to `blur`, and fills batches in that order; then the
    batches are shuffled. Both are pure functions of the seed and the epoch, so resuming is asking for the next step.

    Args:
        packed: the sounds, at the description's rate.
        spec: the mel's description.
        frames: most frames of a batch over all ranks, padding included.
        seed: of the blur and the order.
        padding: most of a batch that may be padding, 0 to 1.
        blur: how much longer or shorter an utterance may look while it is sorted.
        multiple: batches hold a multiple of so many utterances, for as many ranks; the few that are left over at an epoch's
            end are filled up with others of their own batch.

    Raises:
        CorpusError: another rate than the description's, or limits that no batch can keep.
    """

    def __init__(
        self,
        packed: Packed,
        spec: MelSpec | Dialect | str,
        frames: int,
        seed: int,
        *,
        padding: float = 0.2,
        blur: float = 0.05,
        multiple: int = 1,
    ) -> None:
        self.packed, self.spec, self.frames, self.seed = packed, as_spec(spec), frames, seed
        self.padding, self.blur, self.multiple = padding, blur, multiple
        if packed.sample_rate != self.spec.sample_rate:
            raise CorpusError(
                "the packed corpus and the mel have two rates", where=packed.path, got=f"{packed.sample_rate} Hz",
                wanted=f"{self.spec.sample_rate} Hz",
            )  # fmt: skip
        if not 0 <= padding < 1 or blur < 0 or multiple < 1:
            raise CorpusError(
                "limits that no batch can keep", where="Buckets", got=f"{padding=}, {blur=}, {multiple=}",
                wanted="0 <= padding < 1, blur >= 0, multiple >= 1",
            )  # fmt: skip
        fewest = self.spec.min_samples()
        self._lengths = np.array([self.spec.frames(max(int(n), fewest)) for n in packed.n_samples], np.int64)
        longest = int(self._lengths.max())
        if longest * multiple > frames:
            raise CorpusError(
                "the longest utterance does not fit into a batch",
                where=packed.entries[int(self._lengths.argmax())].id,
                got=f"{longest} frames, {multiple} at a time",
                wanted=f"at most {frames}",
                next=f"Take frames={longest * multiple} or more, or leave it out: packed.only(…)",
            )
        self._ends: tuple[int, ...] = (0,)
        self._plan = lru_cache(maxsize=2)(self._planned)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_plan"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._plan = lru_cache(maxsize=2)(self._planned)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits: two `Buckets` of one fingerprint give the same batches."""
        facts = [self.frames, self.seed, self.padding, self.blur, self.multiple]
        return digest({"buckets": 1, "packed": self.packed.fingerprint, "spec": self.spec.fingerprint, "limits": facts})

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """The batches of an epoch, in order: indices into `packed.entries`, the longest first."""
        return self._plan(epoch)

    def batch_at(self, step: int, *, rank: int = 0, world: int = 1) -> dict[str, NDArray[Any]]:
        """The batch of a step, or one rank's part of it: every world-th utterance.

        Returns:
            With T the longest of the whole batch: "audio" float32 [B, T * hop_length], "mel" float32 [B, n_mels, T] (what an
            utterance leaves empty holds silence and its mel's lowest values), "mask" bool [B, T], "utterance" int64 [B].

        Raises:
            CorpusError: a rank outside the world, or a world that does not divide the batch.
        """
        if world < 1 or not 0 <= rank < world or self.multiple % world:
            raise CorpusError(
                "batches cannot be shared so", where="rank, world", got=f"{rank} of {world}",
                wanted=f"a world that divides multiple={self.multiple}",
            )  # fmt: skip
        whole = self._at(step)
        length = int(self._lengths[whole].max())
        mine = whole[rank::world]
        audio = np.zeros((mine.size, length * self.spec.hop_length), np.float32)
        mel = np.empty((mine.size, self.spec.n_mels, length), np.float32)
        mask = np.zeros((mine.size, length), np.bool_)
        for row, index in enumerate(mine):
            samples = extended(self.packed.samples(int(index)), self.spec.min_samples(), self.spec)
            values = analyse(samples, self.spec)[0]
            taken = min(samples.size, audio.shape[1])
            audio[row, :taken] = samples[:taken]
            mel[row] = values.min()
            mel[row, :, : values.shape[1]] = values
            mask[row, : values.shape[1]] = True
        return {"audio": audio, "mel": mel, "mask": mask, "utterance": mine}

    def _at(self, step: int) -> NDArray[np.int64]:
        ends = self._ends
        while step >= ends[-1]:
            ends = (*ends, ends[-1] + len(self.batches(len(ends) - 1)))
        self._ends = ends
        epoch = bisect_right(ends, step) - 1
        return self.batches(epoch)[step - ends[epoch]]

    def _planned(self, epoch: int) -> list[NDArray[np.int64]]:
        rng = np.random.default_rng([self.seed, _ORDER, epoch])
        seen = self._lengths * (1 + self.blur * (2 * rng.random(len(self.packed)) - 1))
        left = np.argsort(-seen, kind="stable")
        found: list[NDArray[np.int64]] = []
        while left.size:
            size = self._fits(left)
            batch, left = left[:size], left[size:]
            if size % self.multiple:
                batch = np.concatenate([batch, np.resize(batch, -size % self.multiple)])
            found.append(batch[np.argsort(-self._lengths[batch], kind="stable")])
        order = np.random.default_rng([self.seed, _BATCHES, epoch]).permutation(len(found))
        return [found[i] for i in order]

    def _fits(self, left: NDArray[np.int64]) -> int:
        """How many of the first utterances make a batch within the limits, a multiple where one is possible."""
        lengths = self._lengths[left[: max(1, self.frames // int(self._lengths.min()))]]
        count = np.arange(1, lengths.size + 1)
        area = np.maximum.accumulate(lengths) * count
        within = (area <= self.frames) & (np.cumsum(lengths) >= (1 - self.padding) * area)
        size = int(np.argmin(within)) if not within.all() else within.size
        size = max(size, 1)
        return size // self.multiple * self.multiple or min(size, self.multiple)
