"""`vocode --with`: mel files → sound files by a trained vocoder; bridges, latency and checks are said per file.

Opening vocoders is in `melpact.vocoders.opening`, one file in `sounding`, the checks in `vocoder_checks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.samples import resolve
from melpact.bridges.ways import Bridge
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.foreign import SUFFIXES, Axes, load
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, SpecMismatch
from melpact.pipeline.bridging import ALLOWED, Allow
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.pitches import Pitches
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.sounding import Groups, Ready, Written, ready, sound_of, write_streamed, write_whole
from melpact.verbs.targets import Job, mel_files, plan, sources
from melpact.verbs.vocoder_checks import Checked
from melpact.vocoders.neural.vocoder import BLOCK_FRAMES, NeuralVocoder
from melpact.vocoders.opening import vocoder as open_vocoder


@dataclass(frozen=True)
class Sounded:
    """One sound that was written.

    Attributes:
        bridge: the bridge that its mel came over; None where it was the vocoder's own.
        pitch: where the pitch that drove it came from; None where the vocoder takes none.
        first_s: wall-clock seconds until the first samples; the whole time where it was not streamed.
        real_time: seconds of sound per second of computing.
    """

    source: Path
    path: Path
    duration_s: float
    sample_rate: int
    peak: float
    bridge: Bridge | None
    pitch: str | None
    checked: Checked
    first_s: float
    real_time: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        own = {"source": str(self.source), "path": str(self.path), "checked": self.checked.to_json()}
        return {**vars(self), **own, "bridge": None if self.bridge is None else self.bridge.to_json()}


@dataclass(frozen=True)
class SoundedReport:
    """What `vocode_with` did, and with what."""

    vocoder: NeuralVocoder
    streamed: bool
    done: list[Sounded]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        maker = self.vocoder
        about = {
            "family": maker.family, "layout": maker.layout, "dialect": name_of(maker.spec), "runtime": maker.runtime.name,
            "fingerprint": maker.spec.fingerprint, "look_ahead_s": maker.look_ahead_s,
            "receptive_field": list(maker.receptive_field),
        }  # fmt: skip
        return {
            "vocoder": about,
            "streamed": self.streamed,
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def vocode_with(
    inputs: Sequence[str | Path],
    out: str | Path,
    checkpoint: str | Path | NeuralVocoder,
    *,
    config: str | Path | None = None,
    stream: bool = False,
    block_frames: int = BLOCK_FRAMES,
    device: str = "cpu",
    dtype: str = "float32",
    allow: Allow = "exact",
    f0: str | Path | None = None,
    audio: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    progress: Progress | None = None,
) -> SoundedReport:
    """Make the sound of every mel file with a trained vocoder.

    Args:
        inputs: .mel files, folders and patterns; with `dialect` also .npy, .npz, .pt and .h5.
        out: a folder, in which the structure of an input folder is kept; or the .wav file of a single input.
        checkpoint: anything that `melpact.vocoders.opening.vocoder` opens, or a vocoder.
        config: of a foreign checkpoint, where it does not lie beside it.
        stream: in blocks of `block_frames` frames, each written when it is there: memory is that of the mel and a block.
        device, dtype: where and in which numbers it computes.
        allow: "exact": only bridges that are algebra; "fitted": estimates, too; "lossy": also where bands are invented.
        f0, audio: for a vocoder that is driven by pitch: where it comes from (see `pitches.Pitches`); with neither it is
            estimated from the mel, which is said.
        dialect, changes, axes, key: what a foreign file means; see `contract.foreign.load_foreign`.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, two inputs with one target, a vocoder that cannot be opened; or the only input failed,
            as where its mel is in another dialect (`SpecMismatch`, which names the fields, the cost and the next command).
    """
    progress = progress if progress is not None else Silent()
    spec = None if dialect is None else described(dialect, changes)
    if spec is None and changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    if allow not in ALLOWED:
        raise SpecMismatch("no such permission", where="allow", got=allow, wanted=", ".join(ALLOWED))
    if isinstance(checkpoint, NeuralVocoder):
        maker = checkpoint
    else:
        maker = open_vocoder(checkpoint, config=config, device=device, dtype=dtype)
    suffixes = (".mel",) if spec is None else (".mel", *SUFFIXES)
    planned = plan(sources(inputs, mel_files(suffixes)), out, ".wav")
    pitches = _pitches(maker, f0, audio, several=len(planned) > 1)
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> Sounded:
        tick(0)
        if groups is not None:
            found, sound, spent_s = groups.of(job)
            made = write_whole(job.target, found, sound, spent_s)
        elif stream:
            found = make_ready(job)
            made = write_streamed(job.target, found, maker, block_frames)
        else:
            found = make_ready(job)
            made = write_whole(job.target, found, *sound_of(found, maker))
        tick(1)
        return _reported(job, found, made)

    def make_ready(job: Job) -> Ready:
        return ready(load(job.source, spec, axes=axes, key=key), maker, allow, pitches, job.source)

    groups = None
    if maker.runtime.in_batches and not stream and len(planned) > 1:
        groups = Groups(maker, planned, make_ready)
    result = batch(work, planned if groups is None else groups.order, jobs=1, progress=progress)
    place = {job.source: at for at, job in enumerate(planned)}
    return SoundedReport(maker, stream, sorted(result.done, key=lambda one: place[one.source]), result.failed)


def _pitches(maker: NeuralVocoder, f0: str | Path | None, audio: str | Path | None, *, several: bool) -> Pitches:
    if not maker.takes.driven_by_pitch and (f0 or audio):
        raise ContractError(
            "this vocoder takes no pitch", where="--f0" if f0 else "--audio", got=maker.family, next="Leave it out"
        )
    return Pitches(None if f0 is None else Path(f0), None if audio is None else resolve(audio), several)


def _reported(job: Job, found: Ready, made: Written) -> Sounded:
    rate = found.mel.spec.sample_rate
    seconds = made.n_samples / rate
    return Sounded(
        source=job.source,
        path=job.target,
        duration_s=seconds,
        sample_rate=rate,
        peak=made.peak,
        bridge=found.bridge,
        pitch=found.pitch,
        checked=made.checked,
        first_s=made.first_s,
        real_time=seconds / max(made.spent_s, 1e-9),
    )
