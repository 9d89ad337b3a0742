"""`refiner`: look at a refiner's file, make a graph of it without torch, fit a line per band. Its use is in `refine`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from melpact.contract.dialect import Dialect, name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError
from melpact.degradations.pairs import folder_pairs
from melpact.models.refine.affine import Affine
from melpact.models.refine.base import Refiner
from melpact.models.refine.facts import SUFFIX
from melpact.models.refine.measured import Measured
from melpact.models.refine.neural import NeuralRefiner
from melpact.models.refine.opening import refiner as open_refiner
from melpact.models.refine.settings import Refining


@dataclass(frozen=True)
class RefinerSheet:
    """What is known of a refiner, and where it was written (None: nowhere).

    Attributes:
        sees: frames to the left and right of a frame, with its own settings; look_ahead_s: those to the right, in seconds.
        degradations: what it was trained to undo.
        left_out: of a fit: pairs that do not belong together, and names that one side alone has, each with the reason.
    """

    path: Path
    method: str
    title: str
    fingerprint: str
    runtime: str
    n_weights: int
    spec: MelSpec | None
    settings: Refining
    sees: tuple[int, int]
    look_ahead_s: float
    beside: tuple[str, ...]
    degradations: tuple[Mapping[str, Any], ...]
    measured: Measured
    written: Path | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def dialect(self) -> str | None:
        """Name of the dialect that it takes, if there is one."""
        return None if self.spec is None else name_of(self.spec)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **vars(self), "path": str(self.path), "written": None if self.written is None else str(self.written),
            "spec": None if self.spec is None else self.spec.facts(), "dialect": self.dialect, "sees": list(self.sees),
            "beside": list(self.beside), "degradations": [dict(one) for one in self.degradations],
            "settings": self.settings.model_dump(mode="json"), "measured": self.measured.model_dump(mode="json"),
            "left_out": dict(self.left_out),
        }  # fmt: skip


def show(path: str | Path) -> RefinerSheet:
    """What a refiner is.

    Raises:
        MelpactError: as `melpact.models.refine.refiner`.
    """
    return _sheet(Path(path), open_refiner(path), None)


def convert(path: str | Path, out: str | Path, *, half: bool = False) -> RefinerSheet:
    """A refiner's weights → a graph that runs without torch (.onnx), or its file again (.refiner).

    Args:
        half: weights as float16, in half the room; arithmetic is in float32 all the same.

    Raises:
        MelpactError: as `melpact.models.refine.refiner`; another ending, an input that would be replaced, or no network.
    """
    target = Path(out)
    if target.suffix.lower() not in (SUFFIX, ".onnx"):
        raise ArtifactError("says no kind of refiner's file", where=target, wanted=f"NAME{SUFFIX} or NAME.onnx")
    if target.resolve() == Path(path).resolve():
        raise ContractError("the output would replace the input", where=target)
    made = open_refiner(path)
    if target.suffix.lower() == ".onnx":
        if not isinstance(made, NeuralRefiner):
            raise ContractError(
                "there is no network to export", where=path, got=made.title, next=f"Keep it as a {SUFFIX} file"
            )
        from melpact.models.refine.graph import export

        return _sheet(Path(path), open_refiner(export(made, target, half=half)), target)
    if not isinstance(made, NeuralRefiner | Affine):
        raise ContractError("there is nothing to write", where=path, got=made.title)
    made.save(target, half=half)
    return _sheet(Path(path), open_refiner(target), target)


def fit(
    given: str | Path, wanted: str | Path, out: str | Path, *, dialect: MelSpec | Dialect | str | None = None
) -> RefinerSheet:
    """A line per band, fitted to pairs of one name below two folders. Whether it helps is not asked here: it is a null.

    Args:
        given, wanted: folders of mels as they are, and as they should be.
        out: NAME.refiner.
        dialect: what foreign files mean.

    Raises:
        ContractError: no pair belongs together. ArtifactError: another ending, or the file cannot be written.
    """
    target = Path(out)
    if target.suffix.lower() != SUFFIX:
        raise ArtifactError("says no refiner's file", where=target, wanted=f"NAME{SUFFIX}")
    found = folder_pairs(given, wanted, dialect)
    made = Affine.fit(found.pairs)
    made.save(target)
    left_out = {**found.faults, **dict.fromkeys(found.alone, "has no partner of its name")}
    return replace(_sheet(target, open_refiner(target), target), left_out=left_out)


def _sheet(path: Path, made: Refiner, written: Path | None) -> RefinerSheet:
    facts, settings = made.facts, made.asked(None)
    network = made if isinstance(made, NeuralRefiner) else None
    sees = made.sees(settings)
    beside = () if facts is None else (("pitch",) if facts.takes_f0 else ()) + (("voice",) if facts.voice_size else ())
    return RefinerSheet(
        path=path,
        method=made.method,
        title=made.title,
        fingerprint=made.fingerprint,
        runtime="numpy" if network is None else network.runtime.name,
        n_weights=0 if network is None else network.n_weights,
        spec=made.spec,
        settings=settings,
        sees=sees,
        look_ahead_s=0.0 if made.spec is None else sees[1] * made.spec.hop_length / made.spec.sample_rate,
        beside=beside,
        degradations=() if facts is None else facts.degradations,
        measured=made.measured,
        written=written,
    )
