"""Predicted mels beside their sounds: paired, verified before the first step, mixed with the sounds' own mels by a ratio.

A mel that begins a frame late, was made with another hop or belongs to another sound teaches a vocoder noise, and no loss
says so; each is found here by its name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.foreign import SUFFIXES, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import AxisError, MelpactError, TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import Augmentation, Crops, Weigh, share
from melpact.diagnose.evidence import best_lag
from melpact.features.analysis import analyse
from melpact.train.data import CorpusData, PackedUtterance

_STREAM = 0x70726564
_CLEARLY, _RESEMBLES = 0.005, 0.3
_SPREAD, _LEVEL = 2.5, 1.5
_KNOWN_HOPS = (
    64,
    80,
    120,
    128,
    160,
    192,
    200,
    240,
    256,
    275,
    300,
    320,
    384,
    400,
    441,
    480,
    512,
    600,
    640,
    768,
    800,
    882,
    1024,
)
_SHOWN = 3


@dataclass(frozen=True)
class Verified:
    """What was found: `fits`: names whose mel lies on its sound; `faults`: kind of mistake → names, with the figure;
    `notes`: what is harmless and worth knowing."""

    fits: tuple[str, ...]
    faults: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def fault_of(values: NDArray[np.float32], truth: NDArray[np.float32], spec: MelSpec) -> tuple[str, str] | None:
    """The mistake in a predicted mel beside the mel of its sound: its kind and its figure; None where it fits.

    One frame more or fewer at the end is none: the beginning decides, and what is missing is not used.

    Args:
        values, truth: [n_mels, frames].
    """
    frames, wanted = values.shape[1], truth.shape[1]
    if abs(frames - wanted) > 1:
        hop = spec.hop_length * wanted / frames
        near = min(_KNOWN_HOPS, key=lambda known: abs(known / hop - 1))
        if near != spec.hop_length and abs(near / hop - 1) < 0.5 / min(frames, wanted) + 0.01:
            return f"the hop was {near} samples, not {spec.hop_length}", f"{frames} frames for {wanted}"
        return "another length than its sound", f"{frames} frames for {wanted}"
    lag, r, at_zero = best_lag(values.astype(np.float64), truth.astype(np.float64), reach=12)
    if r < _RESEMBLES:
        return "not the mel of its sound (another utterance, or another description)", f"r {r:.2f}"
    if lag and r > at_zero + _CLEARLY:
        ms = abs(1000 * lag / spec.frame_rate_hz)
        kind = f"{abs(lag)} frame{'s' * (abs(lag) > 1)} {'late' if lag > 0 else 'early'} ({ms:.0f} ms)"
        return kind, f"r {r:.3f} there, {at_zero:.3f} in place"
    spread = float(values.std() / max(float(truth.std()), 1e-9))
    level = abs(float(values.mean()) - float(truth.mean())) / max(float(truth.std()), 1e-9)
    if not 1 / _SPREAD < spread < _SPREAD or level > _LEVEL:
        return (
            "other values than its sound's (another log, scaling or floor)",
            f"spread × {spread:.2f}, level {level:.1f} σ off",
        )
    return None


class PredictedData:
    """A corpus with predicted mels for some or all of its utterances; a `melpact.train.task.Data`.

    Args:
        corpus: the sounds.
        folder: of the mels: NAME.mel, or .npy and its like in the vocoder's own description; NAME is the utterance's id.
        spec: the vocoder's description.
        ratio: the share of items that come with the predicted mel, among those that have one.

    Raises:
        TrainingError: a mel that does not lie on its sound, with the kind of mistake; or no mel for any sound.
    """

    def __init__(self, corpus: CorpusData, folder: str | Path, spec: MelSpec, ratio: float) -> None:
        self.corpus, self.folder, self.spec, self.ratio = corpus, Path(folder), spec, ratio
        self._paths = _paired(self.folder, [entry.id for entry in corpus.packed.entries])
        found = self.verified()
        self.notes = (*corpus.notes, *found.notes)
        if found.faults:
            raise _refused(found, self.folder)
        if not found.fits:
            raise TrainingError(
                "no mel belongs to a sound of the corpus", where=folder, wanted="NAME.mel for utterances NAME",
                got=f"utterances such as {corpus.packed.entries[0].id}",
            )  # fmt: skip

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.corpus.sample_rate

    def verified(self) -> Verified:
        """Every pair looked at: pairing, length, offset, hop and values."""
        fits, short = [], 0
        faults: defaultdict[str, list[str]] = defaultdict(list)
        for index, entry in enumerate(self.corpus.packed.entries):
            if entry.id not in self._paths:
                continue
            try:
                mel = _read(self._paths[entry.id], self.spec)
            except MelpactError as error:
                faults["unreadable"].append(f"{entry.id} ({error.what})")
                continue
            if mel.spec != self.spec:
                faults[f"of another description: {mel.spec.diff(self.spec).summary()}"].append(entry.id)
                continue
            truth = analyse(self.corpus.packed.samples(index), self.spec)[0]
            wrong = fault_of(mel.values, truth, self.spec)
            if wrong is None:
                fits.append(entry.id)
                short += mel.n_frames != truth.shape[1]
            else:
                faults[wrong[0]].append(f"{entry.id} ({wrong[1]})")
        notes = [f"predicted mels for {len(fits)} of {len(self.corpus.packed)} utterances, verified beside their sounds"]
        if short:
            notes.append(f"{short} of them are one frame longer or shorter than their sounds at the end, which does no harm")
        return Verified(tuple(fits), {kind: tuple(names) for kind, names in faults.items()}, tuple(notes))

    def crops(
        self,
        spec: MelSpec,
        *,
        frames: int,
        batch: int,
        seed: int,
        augment: Sequence[Augmentation] = (),
        weigh: Weigh = "duration",
    ) -> Mixed:
        """Crops in which a part of the mels is the predicted one; only sounds with their own mel are changed by `augment`.

        Raises:
            MelpactError: as `CorpusData.crops`.
        """
        plain = self.corpus.crops(spec, frames=frames, batch=batch, seed=seed, augment=augment, weigh=weigh)
        mels = {i: _read(self._paths[e.id], spec).values for i, e in enumerate(plain.packed.entries) if e.id in self._paths}
        return Mixed(plain, mels, self.ratio)

    def utterances(self) -> Sequence[PackedUtterance]:
        """Of the corpus."""
        return self.corpus.utterances()

    def validation(self, n: int) -> Sequence[tuple[str, Audio]]:
        """As of the corpus."""
        return self.corpus.validation(n)

    def predicted(self, name: str) -> Mel | None:
        """The prediction for an utterance."""
        return _read(self._paths[name], self.spec) if name in self._paths else None


class Mixed:
    """Crops whose mel is, by a ratio, the one that another model predicts; a pure function of seed and step as they are.

    A prediction is of the sound as it is: beside it the sound is the unchanged one, whatever augmentation the crops have.

    Args:
        crops: of the sounds and their own mels.
        mels: index of the utterance → predicted values [n_mels, frames].
        ratio: the share of items with the predicted mel, among those that have one.
    """

    def __init__(self, crops: Crops, mels: Mapping[int, NDArray[np.float32]], ratio: float) -> None:
        self.crops, self.mels, self.ratio = crops, mels, ratio
        self.batch = crops.batch
        sums = {str(index): digest(values.tobytes().hex()) for index, values in sorted(mels.items())}
        self.fingerprint = digest({"mixed": 2, "crops": crops.fingerprint, "mels": sums, "ratio": ratio})

    def batch_at(self, step: int, *, rank: int, world: int) -> dict[str, NDArray[Any]]:
        """As of the crops; "predicted" bool [B] says which items have the predicted mel."""
        made = self.crops.batch_at(step, rank=rank, world=world)
        frames = self.crops.frames
        taken = np.zeros(len(made["first"]), np.bool_)
        for row, item in enumerate(share(self.batch, rank, world)):
            values = self.mels.get(int(made["utterance"][row]))
            first = int(made["first"][row])
            drawn = np.random.default_rng([self.crops.seed, _STREAM, step, item]).random() < self.ratio
            if values is not None and drawn and made["mask"][row].all() and first + frames <= values.shape[1]:
                if self.crops.augment:
                    made["audio"][row] = self.crops.crop(int(made["utterance"][row]), first)[0]
                made["mel"][row] = values[:, first : first + frames]
                taken[row] = True
        return {**made, "predicted": taken}


def _read(path: Path, spec: MelSpec) -> Mel:
    """A mel in its own description, or an array in that one; where its axes are of one length they are [n_mels, frames]."""
    if path.suffix.lower() == ".mel":
        return Mel.load(path)
    try:
        return load(path, spec)
    except AxisError:
        return load(path, spec, axes="mel-time")


def _paired(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Utterance → its mel: by the whole name below the folder, else by the file's own name where that is unique."""
    if not folder.is_dir():
        raise TrainingError("is no folder of mels", where=folder)
    whole: dict[str, Path] = {}
    bare: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".mel", *SUFFIXES) and not path.name.startswith("."):
            whole.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
            bare[path.stem].append(path)
    found = {}
    for name in names:
        alone = bare.get(Path(name).name, [])
        if name in whole:
            found[name] = whole[name]
        elif len(alone) == 1:
            found[name] = alone[0]
    return found


def _refused(found: Verified, folder: Path) -> TrainingError:
    count = sum(len(names) for names in found.faults.values())
    said = "; ".join(
        f"{len(names)} × {kind}: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
        for kind, names in sorted(found.faults.items(), key=lambda pair: -len(pair[1]))
    )
    return TrainingError(
        f"{count} of {count + len(found.fits)} predicted mels do not lie on their sounds",
        where=folder,
        got=said,
        next="Mend or remove them; melpact doctor MEL --audio SOUND says more of one",
    )
