"""Writing a packed corpus: decoded, mono, at one rate, in 16 bits, each utterance in its place. Reading is in `packed`."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.files import read
from melpact.audio.resample import output_length, resample
from melpact.core.atomic import replaced
from melpact.core.errors import CorpusError
from melpact.core.records import canonical_json, digest
from melpact.corpus.manifest import Manifest, Utterance
from melpact.corpus.packed import INDEX, KIND, SCHEMA, Entry, Packed, read_index

_FULL = 32767
_EXACT = 1 / 32768


def decoded(manifest: Manifest, utterance: Utterance, sample_rate: int) -> NDArray[np.float32]:
    """An utterance as mono float32 [time] at that rate.

    Raises:
        AudioError: its file cannot be read. CorpusError: the file is another than the manifest describes.
    """
    path = manifest.path_of(utterance)
    rate = utterance.sample_rate
    audio = read(path, start_s=utterance.offset_samples / rate, duration_s=utterance.n_samples / rate)
    if (audio.sample_rate, audio.n_samples) != (rate, utterance.n_samples):
        raise CorpusError(
            "the file is not as long as the manifest says, or of another rate",
            where=path,
            got=f"{audio.n_samples} samples at {audio.sample_rate} Hz",
            wanted=f"{utterance.n_samples} samples at {rate} Hz",
            next="Import the corpus again",
        )
    samples: NDArray[np.float32] = resample(audio.mono(), sample_rate).samples[0]
    return samples


def quantised(samples: NDArray[np.float32]) -> tuple[NDArray[np.int16], float]:
    """Float samples as 16-bit integers and the scale that gives them back: exact where they were 16-bit, else full range.

    Nothing is clipped: a peak beyond full scale makes the scale larger.
    """
    integers = samples.astype(np.float64) * 32768
    peak = float(np.abs(integers).max())
    if peak <= _FULL and np.array_equal(integers, np.rint(integers)):
        return integers.astype(np.int16), _EXACT
    scale = float(np.float32(peak / 32768 / _FULL))
    return np.clip(np.rint(integers / 32768 / scale), -_FULL, _FULL).astype(np.int16), scale


class PackWriter:
    """Writes a packed corpus: every utterance has its place beforehand, so that any order and any threads give one file.

    Args:
        folder: made where it is missing. An older packed corpus in it stays valid until `finish`.
        manifest: what to pack.
        sample_rate: Hz of all of it.

    Raises:
        CorpusError: a rate that is not positive, or a folder that cannot be written.
    """

    def __init__(self, folder: str | Path, manifest: Manifest, sample_rate: int) -> None:
        if sample_rate < 1:
            raise CorpusError("a sample rate is positive", where="rate", got=sample_rate, wanted="Hz, such as 22050")
        self.folder, self.manifest, self.sample_rate = Path(folder), manifest, sample_rate
        lengths = [output_length(u.n_samples, u.sample_rate, sample_rate) for u in manifest]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64).tolist()
        self._place = {u.id: (start, length) for u, start, length in zip(manifest, starts, lengths, strict=False)}
        self._total = int(starts[-1])
        self._entries: dict[str, Entry] = {}
        self._refused: CorpusError | None = None
        name = digest({"manifest": manifest.fingerprint, "sample_rate": sample_rate})
        self._samples = self.folder / f"samples-{name}.i16"

    def is_done(self) -> bool:
        """Whether the folder already holds exactly this, whole."""
        try:
            index = read_index(self.folder)
        except CorpusError:
            return False
        whole = self._samples.is_file() and self._samples.stat().st_size == 2 * self._total
        return whole and index.get("samples") == self._samples.name and len(index["entries"]) == len(self.manifest)

    def put(self, utterance: Utterance) -> Entry:
        """Decode one utterance and write it to its place; safe to call from several threads.

        Raises:
            AudioError, CorpusError: it cannot be read, or nothing can be written.
        """
        if self._refused is not None:
            raise self._refused
        start, length = self._place[utterance.id]
        samples = decoded(self.manifest, utterance, self.sample_rate)
        if samples.size != length:
            raise AssertionError(f"{utterance.id}: {samples.size} samples where {length} have a place")
        integers, scale = quantised(samples)
        data = integers.astype("<i2").tobytes()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._temporary, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _write_all(handle, data, 2 * start)
            finally:
                os.close(handle)
        except OSError as error:
            self._refused = self._full(error)
            raise self._refused from error
        u = utterance
        entry = Entry(
            u.id, start, length, scale, sha256(data).hexdigest(), u.speaker, u.language, u.split, u.text
        )  # fmt: skip
        self._entries[u.id] = entry
        return entry

    @property
    def _temporary(self) -> Path:
        return self._samples.with_name(f".{self._samples.name}.{os.getpid()}.part")

    def finish(self) -> Packed:
        """Write the index over everything that was `put`; returns the opened corpus.

        Raises:
            CorpusError: nothing was put, or something could not be written.
        """
        if self._refused is not None:
            raise self._refused
        if not self._entries:
            raise CorpusError("nothing was packed: no utterance could be read", where=self.folder)
        entries = [self._entries[u.id] for u in self.manifest if u.id in self._entries]
        index = {
            "kind": KIND,
            "schema": SCHEMA,
            "sample_rate": self.sample_rate,
            "n_samples": self._total,
            "samples": self._samples.name,
            "manifest": self.manifest.fingerprint,
            "entries": [vars(entry) for entry in entries],
        }
        try:
            with open(self._temporary, "r+b") as file:
                file.truncate(2 * self._total)
                os.fsync(file.fileno())
            os.replace(self._temporary, self._samples)
            with replaced(self.folder / INDEX) as temporary:
                temporary.write_text(canonical_json(index) + "\n", encoding="utf-8")
        except OSError as error:
            raise self._full(error) from error
        for old in (*self.folder.glob("samples-*.i16"), *self.folder.glob(".samples-*.part")):
            if old != self._samples:
                old.unlink(missing_ok=True)
        return Packed.load(self.folder)

    def discard(self) -> None:
        """Remove what was written so far; what was in the folder before stays."""
        self._temporary.unlink(missing_ok=True)

    def _full(self, error: OSError) -> CorpusError:
        return CorpusError(
            f"cannot be written: {error.strerror or error}",
            where=self.folder,
            wanted=f"{2 * self._total / 1e9:.2f} GB in all",
            next="Free some space or choose another folder",
        )


def _write_all(handle: int, data: bytes, at: int) -> None:
    while data:
        done = os.pwrite(handle, data, at)
        data, at = data[done:], at + done
