"""`CorpusData`: a packed corpus as a recipe takes it: crops of its training part, a fixed validation list of the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import Augmentation, Crops, Weigh
from melpact.corpus.packed import Entry, Packed
from melpact.corpus.texts import Texts, texts_of
from melpact.train.spoken import Line

VALIDATION = frozenset({"valid", "validation", "val", "dev"})
TRAINING = frozenset({"", "train", "training"})
_HELD_OUT, _PART, _PAIR = 16, 20, 8
"""Where no split is marked: at most so many utterances are held out, and at most one in so many; two from this many on,
since some are held against each other."""

_LONGEST_S = 8.0


@dataclass(frozen=True)
class PackedUtterance:
    """One utterance of a packed corpus."""

    packed: Packed
    index: int

    @property
    def name(self) -> str:
        return self.packed.entries[self.index].id

    @property
    def speaker(self) -> str:
        return self.packed.entries[self.index].speaker

    @property
    def seconds(self) -> float:
        return self.packed.entries[self.index].n_samples / self.packed.sample_rate

    def samples(self) -> NDArray[np.float32]:
        """All of it, float32 [time]."""
        return self.packed.samples(self.index)


class CorpusData:
    """A packed corpus, split by what its entries say.

    Where no entry is marked as validation, some are held out of the training part, always the same; `notes` says so.
    Entries of other splits (test) are not touched.

    Args:
        folder: of the packed corpus.
        language: of texts for which the corpus names none.

    Raises:
        CorpusError: no whole packed corpus. TrainingError: nothing to train on, or nothing left to validate on.
    """

    def __init__(self, folder: str | Path, language: str = "") -> None:
        self.folder, self.packed, self.language = Path(folder), Packed.load(folder), language
        self.notes: tuple[str, ...] = ()
        usable = [entry for entry in self.packed.entries if entry.split in TRAINING | VALIDATION]
        held = [entry for entry in usable if entry.split in VALIDATION]
        if not held:
            count = min(_HELD_OUT, max(2 if len(usable) >= _PAIR else 1, len(usable) // _PART))
            held = sorted(usable, key=lambda entry: digest(entry.id))[:count]
            self.notes = (
                f"no utterance is marked for validation: {len(held)} of {len(usable)} are held out (melpact corpus split "
                "marks a part that keeps speakers apart)",
            )
        self._held = held
        names = {entry.id for entry in held}
        self._training = [entry for entry in usable if entry.id not in names]
        self._names = {entry.id for entry in self._training}
        if not self._training:
            raise TrainingError(
                "there is nothing to train on",
                where=folder,
                got=f"{len(self.packed)} utterances, {len(held)} of them for validation",
                wanted="utterances of the split train, or of none",
            )

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.packed.sample_rate

    def crops(
        self,
        spec: MelSpec,
        *,
        frames: int,
        batch: int,
        seed: int,
        augment: Sequence[Augmentation] = (),
        weigh: Weigh = "duration",
    ) -> Crops:
        """Batches of crops of the training part.

        Raises:
            TrainingError: no utterance is as long as a crop. CorpusError: another rate than the description's.
        """
        longest = max(entry.n_samples for entry in self._training)
        if longest < frames * spec.hop_length:
            raise TrainingError(
                "no utterance is as long as what is cut out of them",
                where=self.folder,
                got=f"{longest / self.sample_rate:.2f} s at most",
                wanted=f"{frames * spec.hop_length / self.sample_rate:.2f} s (segment_frames = {frames})",
                next=f"Train on longer sounds, or: --set segment_frames={max(1, longest // spec.hop_length)}",
            )
        part = self.packed.only(lambda entry: entry.id in self._names)
        return Crops(part, spec, frames, batch, seed, augment, weigh=weigh)

    def utterances(self) -> Sequence[PackedUtterance]:
        """All of the training part."""
        part = self.packed.only(lambda entry: entry.id in self._names)
        return [PackedUtterance(part, index) for index in range(len(part))]

    def lines(self) -> list[Line]:
        """All of the training part that has a text.

        Raises:
            CorpusError: nothing has one. MelpactError: espeak-ng is not installed.
        """
        return self._lines(self._training)

    def validation_lines(self, n: int) -> list[Line]:
        """At most `n` held-out utterances with a text, taken in turn from the languages and their speakers."""
        return self._lines(self._turns([entry for entry in self._held if entry.id in self.texts.tokens])[:n])

    @cached_property
    def texts(self) -> Texts:
        """What is said, made once and kept beside the samples; `notes` then says what was left out."""
        found = texts_of(self.packed, self.language)
        self.notes = (*self.notes, *found.notes)
        return found

    def kept(self, name: str) -> Path:
        """Beside the samples."""
        return self.folder / name

    @property
    def read_fingerprint(self) -> str:
        """Of the sounds and the texts."""
        return digest({"packed": self.packed.fingerprint, "texts": self.texts.fingerprint})

    def _lines(self, entries: Sequence[Entry]) -> list[Line]:
        texts = self.texts
        return [
            Line(
                entry.id, entry.speaker, texts.languages[entry.id], texts.tokens[entry.id].astype(np.int64), entry.n_samples,
                partial(self.packed.samples, self._place[entry.id]),
            )
            for entry in entries
            if entry.id in texts.tokens
        ]  # fmt: skip

    def predicted(self, name: str) -> Mel | None:
        """None: there are only the sounds."""
        return None

    def validation(self, n: int) -> Sequence[tuple[str, Audio]]:
        """At most `n` utterances, taken in turn from the languages and their speakers, at most 8 s of each."""
        chosen, place = self._turns(self._held)[:n], self._place
        most = int(_LONGEST_S * self.sample_rate)
        return [
            (entry.id, Audio.of(self.packed.samples(place[entry.id], 0, min(entry.n_samples, most)), self.sample_rate))
            for entry in chosen
        ]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {entry.id: index for index, entry in enumerate(self.packed.entries)}

    def _turns(self, entries: Sequence[Entry]) -> list[Entry]:
        groups: dict[str, list[Entry]] = defaultdict(list)
        for entry in sorted(entries, key=lambda entry: digest(entry.id)):
            groups[entry.language].append(entry)
        return [entry for row in _rows([_by_speaker(group) for _, group in sorted(groups.items())]) for entry in row]


def _by_speaker(entries: Sequence[Entry]) -> list[Entry]:
    """One of each speaker, then the second of each."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.speaker].append(entry)
    return [entry for row in _rows(list(groups.values())) for entry in row]


def _rows(groups: Sequence[Sequence[Entry]]) -> list[list[Entry]]:
    """The first of each group, the second of each, and so on."""
    longest = max((len(group) for group in groups), default=0)
    return [[group[i] for group in groups if i < len(group)] for i in range(longest)]
