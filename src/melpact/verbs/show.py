"""`show`: everything known of one file, and plainly what is not known. Guesses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.audio.files import EXTENSIONS, blocks, probe
from melpact.audio.samples import resolve
from melpact.contract.artifact import Header, read_header
from melpact.contract.dialect import name_of
from melpact.contract.foreign import describe, is_foreign
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, AudioError, AudioFileError, NotAnArtifact
from melpact.models.speech.facts import KIND as SPEAKER_KIND
from melpact.normalise.stats import Stats
from melpact.verbs.dialects import fitting_rate, with_bands
from melpact.verbs.mel_blocks import mel_blocks, mel_header

Kind = Literal["mel", "stats", "audio", "foreign"]
LEVELS_UP_TO_S = 600.0
"""Longer sounds are not decoded just to be shown."""

_SHOWN_ELSEWHERE = ("vocoder", "refiner", "converter")
_UNSAID = (
    "sample_rate",
    "n_fft, win_length, hop_length and padding: how much time a frame stands for",
    "f_min, f_max, mel_scale and mel_norm: which frequencies a band stands for",
    "power, log, floor and scaling: what a value stands for",
)


@dataclass(frozen=True)
class Shown:
    """What is known of a file.

    Attributes:
        facts: name → plain value, in the order in which they are worth reading.
        explanation: the description in words; "" where there is none.
        unknown: what the file does not say.
        next: the commands that may come next.
        spec: the description, where the file has one.
    """

    path: Path
    kind: Kind
    facts: Mapping[str, Any]
    explanation: str = ""
    unknown: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    spec: MelSpec | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "facts": dict(self.facts),
            "spec": None if self.spec is None else self.spec.facts(),
            "explanation": self.explanation,
            "unknown": list(self.unknown),
            "next": list(self.next),
        }


def show(path: str | Path) -> Shown:
    """Look at a mel, statistics, sound or foreign mel file.

    Raises:
        ArtifactError, AudioFileError: missing, empty, cut short, or none of these.
    """
    path = resolve(path)
    if not path.exists():
        raise ArtifactError("does not exist", where=path, wanted="a mel, statistics, sound, .npy, .npz, .pt or .h5 file")
    if path.is_dir():
        raise ArtifactError("is a folder, not a file", where=path, wanted="one file")
    if is_foreign(path):
        return _foreign(path)
    if path.suffix.lower() in EXTENSIONS:
        return _audio(path)
    if path.suffix.lower() in (".mel", ".safetensors") or _starts_as_artifact(path):
        return _artifact(path)
    if path.stat().st_size == 0:
        raise ArtifactError(
            "is empty",
            where=path,
            got="0 bytes",
            wanted="a mel, statistics or sound file",
            next="Write it again",
        )
    try:
        return _audio(path)
    except AudioFileError as error:
        raise NotAnArtifact(
            "is neither a mel, nor statistics, nor a sound",
            where=path,
            got=error.got,
            wanted=f".mel, .npy, .npz, .pt, .h5, or a sound ({' '.join(EXTENSIONS[:5])} …)",
        ) from error


def _starts_as_artifact(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(9)[8:] == b"{"


def _artifact(path: Path) -> Shown:
    header = read_header(path)
    if header.kind == "stats":
        return _stats(path)
    if header.kind in _SHOWN_ELSEWHERE:
        mend = f"Run: melpact {header.kind} show '{path}'"
        raise ArtifactError("is neither a mel nor statistics", where=path, got=f"a {header.kind}", next=mend)
    if header.kind == SPEAKER_KIND:
        mend = f"Speak with it: melpact speak TEXT -o out.wav --with '{path}'"
        raise ArtifactError("is neither a mel nor statistics", where=path, got="a speaker", next=mend)
    return _mel(mel_header(path))


def _mel(header: Header) -> Shown:
    spec = header.spec
    assert spec is not None
    shape = header.tensors["mel"][1]
    frames = shape[-1]
    known = header.provenance.get("n_samples")
    n_samples = known if isinstance(known, int) and spec.frames(known) == frames else spec.samples(frames)
    facts: dict[str, Any] = {
        "dialect": name_of(spec),
        "fingerprint": spec.fingerprint,
        "axes": list(header.axes["mel"]),
        "shape": list(shape),
        "duration_s": n_samples / spec.sample_rate,
        "sample_rate": spec.sample_rate,
        "unit": spec.unit if spec.scaling.kind == "none" else f"scaled ({spec.scaling.kind}) from {spec.unit}",
        **_mel_numbers(header, spec),
        "provenance": dict(header.provenance),
    }
    utterance = header.config.get("utterance", {})
    if utterance:
        facts["utterance"] = {name: np.asarray(value).tolist() for name, value in utterance.items()}
    facts["weaknesses"] = list(spec.weaknesses)
    unknown = () if header.provenance else ("where it comes from: it has no provenance",)
    steps = (f"melpact vocode '{header.path}' -o '{header.path.with_suffix('.wav').name}'",)
    return Shown(header.path, "mel", facts, spec.explain(), unknown, steps, spec)


def _mel_numbers(header: Header, spec: MelSpec) -> dict[str, Any]:
    size = int(np.prod(header.tensors["mel"][1], dtype=np.int64))
    if size == 0:
        return {"values": 0}
    low, high, total, bad, floored, below, above = np.inf, -np.inf, 0.0, 0, 0, 0, 0
    whole_needed = not np.isfinite(spec.scaling.bounds()).any()
    parts: list[NDArray[np.float32]] = []
    for mel in mel_blocks(header):
        finite = mel.values[np.isfinite(mel.values)]
        bad += mel.values.size - finite.size
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            total += float(finite.sum(dtype=np.float64))
        floored += mel.at_floor()
        if whole_needed and spec.scaling.needs():
            parts.append(mel.values)
            continue
        clipped = mel.clipped()
        below, above = below + clipped.below, above + clipped.above
    if parts:
        clipped = spec.scaling.clipped(np.concatenate(parts, axis=-1))
        below, above = clipped.below, clipped.above
    good = size - bad
    return {
        "values": size,
        "not_finite": bad,
        "min": low if good else None,
        "max": high if good else None,
        "mean": total / good if good else None,
        "at_floor": floored,
        "at_floor_share": floored / size,
        "clipped_below": below,
        "clipped_above": above,
    }


def _stats(path: Path) -> Shown:
    found = Stats.load(path)
    facts = found.describe()
    steps = (f"melpact stats '{path}' --json",)
    return Shown(path, "stats", facts, found.spec.explain(), (), steps, found.spec)


def _audio(path: Path) -> Shown:
    info = probe(path)
    facts: dict[str, Any] = {
        "format": info.format,
        "coding": info.subtype,
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "n_samples": info.n_samples,
        "duration_s": info.duration_s,
        "bytes": path.stat().st_size,
    }
    unknown: tuple[str, ...] = ()
    if info.duration_s <= LEVELS_UP_TO_S:
        facts |= _levels(path, info.channels * info.n_samples)
    else:
        unknown = (f"peak and rms: sounds longer than {LEVELS_UP_TO_S:g} s are not decoded to be shown",)
    facts["dialects_of_this_rate"] = fitting_rate(info.sample_rate)
    steps = (f"melpact extract '{path}' -o OUT --dialect NAME",)
    return Shown(path, "audio", facts, "", unknown, steps)


def _levels(path: Path, size: int) -> dict[str, Any]:
    peak, power = 0.0, 0.0
    try:
        for block in blocks(path, 1 << 18):
            peak = max(peak, float(np.abs(block).max()))
            power += float(np.square(block, dtype=np.float64).sum())
    except AudioError as error:
        return {"damage": str(error)}
    decibels = {"peak": peak, "peak_db": None, "rms_db": None}
    if peak > 0:
        decibels |= {"peak_db": 20 * float(np.log10(peak)), "rms_db": 10 * float(np.log10(power / size))}
    return decibels


def _foreign(path: Path) -> Shown:
    found = describe(path)
    arrays = {name: _array(value) for name, value in found.arrays.items()}
    facts: dict[str, Any] = {"format": found.format, "bytes": path.stat().st_size, "arrays": arrays}
    if not arrays:
        return Shown(path, "foreign", facts, "", ("anything: it holds no numeric array",))
    unknown = ("the dialect; melpact does not guess it", *_UNSAID)
    steps = (f"melpact vocode '{path}' -o OUT.wav --dialect NAME",)
    return Shown(path, "foreign", facts, "", unknown, steps)


def _array(value: NDArray[Any]) -> dict[str, Any]:
    shape = [int(n) for n in value.shape]
    facts: dict[str, Any] = {"shape": shape, "dtype": str(value.dtype)}
    finite = value[np.isfinite(value)]
    facts["not_finite"] = int(value.size - finite.size)
    if finite.size:
        facts |= {
            "min": float(finite.min()),
            "max": float(finite.max()),
            "mean": float(finite.mean(dtype=np.float64)),
        }
    could = []
    for axis, n in enumerate(shape[-2:], start=max(0, len(shape) - 2)):
        fitting = with_bands(n)
        if len(shape) >= 2 and fitting:
            could.append({"axis": axis, "n_mels": n, "dialects_with_so_many_bands": len(fitting)})
    facts["axes_that_could_be_mels"] = could
    return facts
