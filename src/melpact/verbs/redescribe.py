"""`redescribe`: another description for mels whose own is wrong. No value is touched, and what was said before is kept.

Turning the values of one description into those of another is `translate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.bridges.ways import said
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.foreign import SUFFIXES, Axes, is_foreign, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, AxisError, ContractError
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources

_TIMING = ("sample_rate", "hop_length", "n_fft", "win_length", "padding", "pad_left", "pad_right", "drop_last")


@dataclass(frozen=True)
class Redescribed:
    """One mel that was written: what it said of itself (None: a foreign file, which said nothing) and what it says now."""

    source: Path
    path: Path
    before: MelSpec | None
    now: MelSpec
    frames: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        before = None
        if self.before is not None:
            before = {"dialect": name_of(self.before), "fingerprint": self.before.fingerprint}
        return {
            "source": str(self.source),
            "path": str(self.path),
            "before": before,
            "now": {"dialect": name_of(self.now), "fingerprint": self.now.fingerprint},
            "changed": [] if self.before is None else [f.change for f in self.before.diff(self.now).changed],
            "frames": self.frames,
        }


@dataclass(frozen=True)
class RedescribeReport:
    """What `redescribe` did."""

    done: list[Redescribed]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def described_as(mel: Mel, spec: MelSpec, by: str = "the user") -> Mel:
    """The same numbers under another description.

    The old description, the new one's fingerprint and who said so are added to `redescribed` in the provenance. What the
    provenance derived from the old description (samples of audio, a conversion) is moved there, as are statistics of the
    utterance that belong to another scaling.

    Raises:
        ContractError: it says so already. AxisError: the description has another number of bands.
    """
    if mel.spec == spec:
        raise ContractError("says that of itself already", got=said(spec), wanted="another description")
    if mel.n_mels != spec.n_mels:
        raise AxisError(
            "the description has another number of bands, so it cannot be of these numbers",
            got=f"{mel.n_mels} bands",
            wanted=f"{spec.n_mels} ({said(spec)})",
            next="See what it may be: melpact identify",
        )
    same_timing = all(getattr(mel.spec, name) == getattr(spec, name) for name in _TIMING)
    dropped = ("bridge", "bridged_from", "converted_from", "denormalised", *(() if same_timing else ("n_samples",)))
    moved = {name: mel.provenance[name] for name in dropped if name in mel.provenance}
    kept = {name: value for name, value in mel.provenance.items() if name not in moved and name != "redescribed"}
    was = {"dialect": name_of(mel.spec), "fingerprint": mel.spec.fingerprint, "spec": mel.spec.facts()}
    same_scaling = mel.spec.scaling == spec.scaling
    if mel.utterance and not same_scaling:
        was["utterance"] = {name: value.tolist() for name, value in mel.utterance.items()}
    step = {"was": was, "now": spec.fingerprint, "by": by, **({"of_the_old": moved} if moved else {})}
    history = [*mel.provenance.get("redescribed", []), step]
    return Mel(mel.values, spec, mel.utterance if same_scaling else {}, {**kept, "redescribed": history})


def redescribe(
    inputs: Sequence[str | Path],
    out: str | Path,
    dialect: MelSpec | Dialect | str,
    *,
    changes: Changes | None = None,
    by: str = "the user",
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> RedescribeReport:
    """Write mels with the same values and another description.

    Args:
        inputs: .mel files that say something wrong of themselves; .npy, .npz, .pt and .h5 files get their first description.
        out: a folder, in which the structure of an input folder is kept; or the .mel file of a single input.
        dialect, changes: what the numbers really are.
        by: who says so; kept in the file.
        axes, key: of foreign files; see `contract.foreign.load_foreign`.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, two inputs with one target, an output that would replace its input, an unknown dialect;
            or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    spec = described(dialect, changes)
    planned = plan(sources(inputs, mel_files((".mel", *SUFFIXES))), out, ".mel")
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> Redescribed:
        tick(0)
        foreign = is_foreign(job.source)
        mel = load(job.source, spec if foreign else None, axes=axes, key=key)
        if foreign:
            made = Mel(mel.values, spec, provenance={**mel.provenance, "described_by": by})
        else:
            try:
                made = described_as(mel, spec, by)
            except ContractError as error:
                error.where = job.source
                raise
        try:
            job.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
        made.save(job.target)
        tick(1)
        return Redescribed(job.source, job.target, None if foreign else mel.spec, spec, made.n_frames)

    result = batch(work, planned, jobs=jobs, progress=progress)
    return RedescribeReport(result.done, result.failed)
