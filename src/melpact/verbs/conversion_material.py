"""Folders, tables and manifests → clips of speakers, for `conversion_suite`; clips are cut out of files where need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import probe, read, write
from melpact.bench.cache import sound_digest
from melpact.bench.conversion.material import Clip
from melpact.core.errors import CorpusError, MelpactError
from melpact.core.records import digest
from melpact.corpus.layouts._layout import Listed
from melpact.corpus.manifest import Manifest
from melpact.verbs.corpus_import import layout_of

SHORTEST_S = 1.5
"""Of a clip that is converted."""
_MANIFEST = ".jsonl"


@dataclass(frozen=True)
class Seen:
    """Whom training has heard: names of speakers or of folders, and whether anybody said so at all."""

    names: frozenset[str] = frozenset()
    said: bool = False

    @classmethod
    def of(cls, given: Sequence[str]) -> Seen:
        """Names; or a manifest, of which the speakers of the split "train" are meant.

        Raises:
            CorpusError: a manifest that cannot be read, or none of whose sounds are for training.
        """
        names = set[str]()
        for one in given:
            if not one.endswith(_MANIFEST):
                names |= {name.strip() for name in one.split(",") if name.strip()}
                continue
            heard = {utterance.speaker for utterance in Manifest.load(one) if utterance.split == "train"}
            if not heard - {""}:
                raise CorpusError("this manifest names no speaker of its training", where=one, wanted='split "train"')
            names |= heard - {""}
        return cls(frozenset(names), bool(given))

    def mark(self, speaker: str, places: Sequence[str], split: str) -> bool | None:
        """Whether training has heard this speaker; None where nobody says."""
        if self.said:
            return speaker in self.names or any(place in self.names for place in places)
        return split == "train" if split else None


@dataclass
class Read:
    """Speaker → clips, in the order in which they lie; and what cannot be read."""

    speakers: dict[str, list[Clip]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def clips(given: Sequence[str | Path], seen: Seen) -> Read:
    """The clips of folders, tables and manifests.

    The speaker is the one that the list says; else the sub-folder that a sound lies in, or the folder itself.

    Raises:
        CorpusError: a source that does not exist, or that no layout recognises.
    """
    found, known, ids = Read(), set[tuple[Path, int]](), dict[str, set[str]]()
    for one in given:
        source = Path(one)
        _, layout = layout_of(source)
        for item in layout.listed(source, None):
            place = (item.audio.resolve(), item.offset_samples)
            if place in known:
                continue
            known.add(place)
            try:
                clip = _clip(item, source, seen)
            except (MelpactError, OSError) as error:
                found.failed.append(str(error))
                continue
            own = ids.setdefault(clip.speaker, set())
            if clip.id in own:
                clip = replace(clip, id=f"{source.resolve().name}/{clip.id}")
            if clip.id in own:
                clip = replace(clip, id=f"{clip.id} {digest(str(place), 8)}")
            own.add(clip.id)
            found.speakers.setdefault(clip.speaker, []).append(clip)
    return found


def _clip(item: Listed, source: Path, seen: Seen) -> Clip:
    info = probe(item.audio)
    n_samples = item.n_samples
    seconds = info.duration_s if n_samples is None else n_samples / info.sample_rate
    root = source if source.is_dir() else source.parent
    inner = Path(item.id).parts[:-1]
    speaker = item.speaker or (inner[0] if inner else root.resolve().name)
    places = (root.resolve().name, *inner, item.audio.parent.name)
    language = item.language.lower().replace("_", "-").partition("-")[0]
    return Clip(
        item.id, item.audio, speaker, language if len(language) == 2 else "", item.text, seconds, item.offset_samples,
        n_samples, seen.mark(speaker, places, item.split),
    )  # fmt: skip


def convertible(found: Sequence[Clip], longest_s: float) -> list[Clip]:
    """Those long enough to be converted, first those that fit as they are; of longer ones a beginning, without its text."""
    fitting = [clip for clip in found if SHORTEST_S <= clip.seconds <= longest_s]
    longer = [replace(clip, text="", seconds=longest_s, n_samples=-1) for clip in found if clip.seconds > longest_s]
    return fitting + longer


def ready(clip: Clip, folder: Path) -> Clip:
    """The clip as a file of its own, cut at the quietest place of its last third where its length is -1.

    Raises:
        AudioError: it cannot be read or written.
    """
    if clip.offset_samples == 0 and clip.n_samples is None:
        return clip
    path = folder / f"{digest([sound_digest(clip.path), clip.offset_samples, clip.n_samples, clip.seconds], 24)}.wav"
    if not path.is_file():
        whole = read(clip.path)
        samples = whole.samples[:, clip.offset_samples :]
        length = clip.n_samples if clip.n_samples != -1 else _pause(samples.mean(axis=0), whole.sample_rate, clip.seconds)
        folder.mkdir(parents=True, exist_ok=True)
        write(path, Audio(np.ascontiguousarray(samples[:, :length]), whole.sample_rate), "FLOAT")
    return replace(clip, path=path, offset_samples=0, n_samples=None, seconds=probe(path).duration_s)


def _pause(samples: np.ndarray, sample_rate: int, most_s: float) -> int:
    """Where 50 ms are the quietest between two thirds and all of so many seconds."""
    size = round(0.05 * sample_rate)
    first, last = round(most_s * sample_rate * 2 / 3), round(most_s * sample_rate)
    part = samples[first:last]
    power = np.square(part[: part.size // size * size].reshape(-1, size), dtype=np.float64).mean(axis=1)
    return first + int(np.argmin(power)) * size + size // 2
