"""What a speech recogniser hears in a packed corpus: the features that a content encoder learns to say from a mel.

    python -m benchmarks.content_teacher --data PACKED [--out runs/content_teacher] [--minutes-per-speaker 3] [--size 96]

The recogniser is Whisper base (Radford et al. 2022) on CTranslate2 in 8 bits; its encoder gives 512 numbers every 20 ms. It
takes 30 s at a time, so that several utterances of one speaker share a window, with a silence between them. Windows are
kept in --out and not computed again; their order is drawn, so that a call that was ended early has a fair part of them and
`--finish` makes the file of those. An utterance's mean is taken out, and so is what a window's place adds; then the
principal axes of the training part, each with variance 1, the first --size of them.

Writes OUT/content.teacher, which `melpact train content --set teacher=…` takes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.bench.metrics._recogniser import _joined
from melpact.contract import artifact
from melpact.core.records import digest
from melpact.corpus.packed import Entry, Packed
from melpact.train.data import CorpusData
from melpact.train.taught import Teacher

RATE_HZ, WINDOW_S, GAP_S = 16000, 30.0, 0.4
FRAME_HZ = 50
WIDTH = 512
VALIDATION = 24
SMOOTHED = 25
"""Frames to either side over which the mean of a window's place is smoothed."""
Window = list[tuple[Entry, int]]
"""Utterances with the first frame of each."""


def chosen(packed: Packed, validation: list[str], minutes: float) -> list[Entry]:
    """All of the validation list, and of every speaker of the training part as much as `minutes`, by speaker."""
    held = set(validation)
    taken: dict[str, float] = defaultdict(float)
    kept = []
    for entry in sorted(packed.entries, key=lambda entry: digest(entry.id)):
        seconds = entry.n_samples / packed.sample_rate
        if seconds > WINDOW_S - GAP_S:
            continue
        if entry.id in held:
            kept.append(entry)
        elif entry.split in ("", "train") and taken[entry.speaker] + seconds <= 60 * minutes:
            taken[entry.speaker] += seconds
            kept.append(entry)
    return sorted(kept, key=lambda entry: (entry.split, entry.speaker, entry.id))


def windows(entries: list[Entry], rate: int) -> list[Window]:
    """Utterances one behind the other, as many as fit."""
    found: list[Window] = []
    at = WINDOW_S
    for entry in entries:
        seconds = entry.n_samples / rate
        if at + seconds > WINDOW_S:
            found.append([])
            at = 0.0
        found[-1].append((entry, round(at * FRAME_HZ)))
        at += np.ceil((seconds + GAP_S) * FRAME_HZ) / FRAME_HZ
    return found


class Listener:
    """The recogniser's encoder."""

    def __init__(self) -> None:
        import ctranslate2  # type: ignore[import-untyped]
        from faster_whisper.feature_extractor import FeatureExtractor

        self._extract = FeatureExtractor(feature_size=80)
        self._view = ctranslate2.StorageView
        self._model = ctranslate2.models.Whisper(str(_joined()), compute_type="int8", intra_threads=1, inter_threads=1)

    def __call__(self, sound: NDArray[np.float32]) -> NDArray[np.float16]:
        """30 s at 16 kHz → [1500, 512]."""
        mel = self._extract(sound)[:, : 2 * FRAME_HZ * int(WINDOW_S)]
        made: Any = self._model.encode(self._view.from_array(np.ascontiguousarray(mel[None], np.float32)))
        return np.asarray(np.array(made)[0], np.float16)


def sound(packed: Packed, window: Window) -> NDArray[np.float32]:
    """A window's sound at the recogniser's rate."""
    place = {entry.id: index for index, entry in enumerate(packed.entries)}
    whole = np.zeros(int(WINDOW_S * RATE_HZ), np.float32)
    for entry, first in window:
        part = resample(Audio.of(packed.samples(place[entry.id]), packed.sample_rate), RATE_HZ).samples[0]
        start = first * RATE_HZ // FRAME_HZ
        part = part[: whole.size - start]
        whole[start : start + part.size] = part
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", default="runs/content_teacher")
    parser.add_argument("--minutes-per-speaker", type=float, default=3.0)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--finish", action="store_true", help="of the windows that are there")
    asked = parser.parse_args()
    data = CorpusData(asked.data)
    packed, out = data.packed, Path(asked.out)
    validation = [name for name, _ in data.validation(VALIDATION)]
    every = windows(chosen(packed, validation, asked.minutes_per_speaker), packed.sample_rate)
    names = [digest([[entry.id, first] for entry, first in window]) for window in every]
    order = sorted(range(len(every)), key=lambda i: (every[i][0][0].split != "valid", names[i]))
    out.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    if not asked.finish:
        listener = Listener()
        for number, index in enumerate(order):
            path = out / f"window-{names[index]}.bin"
            if not path.exists():
                artifact.write(path, artifact.Artifact("window", {"heard": listener(sound(packed, every[index]))}))
            if number % 10 == 9:
                print(f"{number + 1} of {len(order)} windows, {time.perf_counter() - begun:.0f} s", flush=True)
    there = [i for i in order if (out / f"window-{names[i]}.bin").exists()]
    heard = {i: np.asarray(artifact.read(out / f"window-{names[i]}.bin", "window").tensors["heard"]) for i in there}
    write(out / "content.teacher", packed, {i: every[i] for i in there}, heard, asked.size)


def write(path: Path, packed: Packed, every: dict[int, Window], heard: dict[int, NDArray[np.float16]], size: int) -> None:
    """The file of what was heard."""
    total = np.zeros((next(iter(heard.values())).shape[0], WIDTH))
    count = np.zeros(len(total))
    parts: dict[str, NDArray[np.float32]] = {}
    spans = []
    for i, window in every.items():
        for entry, first in window:
            n = min(len(total) - first, int(entry.n_samples / packed.sample_rate * FRAME_HZ) + 1)
            spans.append((i, entry, first, n))
            total[first : first + n] += heard[i][first : first + n]
            count[first : first + n] += 1
    near = np.ones(2 * SMOOTHED + 1)
    weight = np.convolve(count, near, "same")
    place = np.stack([np.convolve(column, near, "same") for column in total.T], 1) / np.maximum(weight, 1)[:, None]
    moment, frames = np.zeros((WIDTH, WIDTH)), 0
    for i, entry, first, n in spans:
        one = heard[i][first : first + n].astype(np.float64) - place[first : first + n]
        one -= one.mean(0)
        parts[entry.id] = one.astype(np.float32)
        if entry.split != "valid":
            moment, frames = moment + one.T @ one, frames + n
    values, axes = np.linalg.eigh(moment / frames)
    values, axes = values[::-1], axes[:, ::-1]
    basis = (axes[:, :size] / np.sqrt(values[:size])).astype(np.float32)
    print(f"{frames / FRAME_HZ / 60:.1f} minutes; {size} axes hold {values[:size].sum() / values.sum():.3f} of the variance")
    print("standard deviations of the axes:", np.round(np.sqrt(values[[0, 1, 2, 5, 10, 20, 40, size - 1]]), 3))
    Teacher(
        packed.fingerprint, FRAME_HZ, basis, {name: (one @ basis).astype(np.float16) for name, one in parts.items()},
        {"recogniser": "Whisper base, the encoder's last layer"},
    ).save(path)  # fmt: skip


if __name__ == "__main__":
    main()
