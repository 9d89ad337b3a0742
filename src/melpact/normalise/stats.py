"""`Stats`: what a corpus of mels of one description looks like, counted exactly.

Files in any order, on one core or on a thousand, give the same bits: everything kept is a whole number, a
minimum or a maximum. Fitting a scaling to the result lives in `fitting`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from melpact.contract.artifact import Artifact, read, write
from melpact.contract.dialect import Dialect, as_spec, name_of
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MissingUtterance, NotAnArtifact, SpecMismatch
from melpact.core.records import Record
from melpact.normalise import exact
from melpact.normalise.levels import floor_edge, lower_by
from melpact.normalise.tally import Tally


class Stats:
    """Exact, mergeable statistics of mels that share one description.

    Numbers are in the mel's own unit, after its scaling; collect them from `mel.raw()` to fit a scaling.
    Levels (floor, silence) always refer to the log mel before scaling; they are None where a per-utterance
    scaling was thrown away.

    A frame is *silent* when all its bands lie on the floor. It is *quiet* when its loudest band lies more
    than 60 dB below the loudest band of the loudest frame of the whole corpus: decided from a merged
    histogram, never file by file.
    """

    def __init__(self, spec: MelSpec | Dialect | str) -> None:
        self.spec = as_spec(spec)
        self._tally = Tally(self.spec.n_mels)

    @classmethod
    def of(cls, mels: Iterable[Mel]) -> Stats:
        """The statistics of some mels.

        Raises:
            ContractError: there is none.
            SpecMismatch: they do not share one description.
        """
        made: Stats | None = None
        for mel in mels:
            made = cls(mel.spec) if made is None else made
            made.update(mel)
        if made is None:
            raise ContractError("statistics of no mel at all", wanted="at least one Mel")
        return made

    # counting

    def update(self, mel: Mel, *, where: object = None, files: int | None = None) -> None:
        """Count one mel; nothing is counted if it is refused.

        Args:
            mel: values [..., n_mels, frames]; leading axes are separate utterances (without padding, please).
            where: the file, for the error message (else what the mel's provenance says).
            files: how many files this is; 0 for a later block of a file that comes in blocks.

        Raises:
            SpecMismatch: it is of another description.
            ContractError: NaN or infinity among the values.
        """
        where = where if where is not None else mel.provenance.get("audio", mel.provenance.get("file"))
        self._require(mel.spec, where)
        values = mel.values.reshape(-1, self.spec.n_mels, mel.n_frames)
        if not np.isfinite(values).all():
            item, band, frame = np.argwhere(~np.isfinite(values))[0].tolist()
            raise ContractError(
                f"the mel holds numbers that are not finite, first in band {band}, frame {frame}",
                where=where,
                got=str(values[item, band, frame]),
                wanted="finite numbers only",
                next="Leave this file out or extract it again: melpact extract",
            )
        self._tally.files += values.shape[0] if files is None else files
        if values.size == 0:
            return
        self._tally.count_values(values)
        below, above, _ = mel.clipped()
        self._tally.clipped_below += below
        self._tally.clipped_above += above
        try:
            raw = mel.raw().values.reshape(values.shape)
        except MissingUtterance:
            return
        self._tally.count_levels(raw, floor_edge(self.spec))

    def merge(self, other: Stats) -> None:
        """Add another's counts, as if its mels had been counted here.

        Raises:
            SpecMismatch: it is of another description.
        """
        self._require(other.spec, None)
        self._tally.merge(other._tally)

    def __add__(self, other: Stats) -> Stats:
        if not isinstance(other, Stats):
            return NotImplemented
        made = Stats(self.spec)
        made.merge(self)
        made.merge(other)
        return made

    def __eq__(self, other: object) -> bool:
        """Whether every counted bit is the same."""
        if not isinstance(other, Stats):
            return NotImplemented
        mine, theirs = self._tally.artifact(self.spec), other._tally.artifact(other.spec)
        return (
            self.spec == other.spec
            and mine.config == theirs.config
            and all(np.array_equal(mine.tensors[name], theirs.tensors[name]) for name in mine.tensors)
        )

    __hash__ = None  # type: ignore[assignment]

    def _require(self, spec: MelSpec, where: object) -> None:
        if spec == self.spec or spec.fingerprint == self.spec.fingerprint:
            return
        mine, theirs = (name_of(s) or f"spec {s.fingerprint}" for s in (self.spec, spec))
        fields = [name for name in MelSpec.model_fields if getattr(spec, name) != getattr(self.spec, name)]
        facts = ["; ".join(f"{name} {_said(getattr(s, name))}" for name in fields) for s in (spec, self.spec)]
        raise SpecMismatch(
            "statistics belong to one description, and this one is another",
            where=where,
            got=f"{theirs} ({facts[0]})",
            wanted=f"{mine} ({facts[1]})",
            next="Keep one Stats per description, or convert first where algebra allows it: "
            "mel.as_(stats.spec). See the differences with: melpact diff A B",
        )

    # answers

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the description that the numbers belong to."""
        return self.spec.fingerprint

    @property
    def dialect(self) -> str | None:
        """Name of the dialect with that description, if there is one."""
        return name_of(self.spec)

    @property
    def files(self) -> int:
        """Files counted."""
        return self._tally.files

    @property
    def frames(self) -> int:
        """Frames counted."""
        return self._tally.frames

    @property
    def count(self) -> int:
        """Values counted."""
        return self.frames * self.spec.n_mels

    @property
    def seconds(self) -> float:
        """frames · hop_length / sample_rate: independent of how the audio was cut."""
        return self.frames * self.spec.hop_length / self.spec.sample_rate

    @property
    def quantile_error(self) -> float:
        """The guaranteed bound on `quantile`, relative to the magnitude of the value found."""
        return self._tally.values.relative_error

    @property
    def band_quantile_error(self) -> float:
        """The same for `band_quantile`."""
        return self._tally.bands.relative_error

    def mean(self) -> float:
        """Mean of all values, rounded once from the exact sum."""
        self._need_frames()
        return exact.mean(sum(self._tally.sums.totals()[0]), self.count)

    def variance(self, ddof: int = 0) -> float:
        """Variance of all values; `ddof` 1 for the unbiased one."""
        self._need_frames(self.count, ddof)
        sums, squares = self._tally.sums.totals()
        return exact.variance(sum(sums), sum(squares), self.count, ddof)

    def std(self, ddof: int = 0) -> float:
        """Standard deviation of all values."""
        return math.sqrt(self.variance(ddof))

    def min(self) -> float:
        """Smallest value."""
        self._need_frames()
        return float(self._tally.low.min()) + 0.0

    def max(self) -> float:
        """Largest value."""
        self._need_frames()
        return float(self._tally.high.max()) + 0.0

    def band_mean(self) -> NDArray[np.float64]:
        """Mean per band, float64 [n_mels]."""
        self._need_frames()
        return np.array([exact.mean(s, self.frames) for s in self._tally.sums.totals()[0]])

    def band_std(self, ddof: int = 0) -> NDArray[np.float64]:
        """Standard deviation per band, float64 [n_mels]."""
        self._need_frames(self.frames, ddof)
        return exact.deviations(self._tally.sums.totals(), self.frames, ddof)

    def band_min(self) -> NDArray[np.float64]:
        """Smallest value per band, float64 [n_mels]."""
        self._need_frames()
        return self._tally.low.astype(np.float64) + 0.0

    def band_max(self) -> NDArray[np.float64]:
        """Largest value per band, float64 [n_mels]."""
        self._need_frames()
        return self._tally.high.astype(np.float64) + 0.0

    def quantile(self, q: ArrayLike) -> Any:
        """Quantiles over all values, as `numpy.quantile` defines them (linear), from the sketch.

        Args:
            q: in [0, 1]; a number or an array.

        Returns:
            A float, or float64 of q's shape; each within `quantile_error` of its magnitude (2^-12), and exact
            at 0 and 1.
        """
        asked = self._asked(q)
        found = self._tally.values.quantile(0, asked, self.min(), self.max())
        return float(found) if asked.ndim == 0 else found

    def band_quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """The same per band, within `band_quantile_error` (2^-7): float64 [*q.shape, n_mels]."""
        asked = self._asked(q)
        low, high = self.band_min(), self.band_max()
        rows = [self._tally.bands.quantile(m, asked, low[m], high[m]) for m in range(self.spec.n_mels)]
        return np.stack(rows, axis=-1)

    def histogram(self, bins: int = 100) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For a picture: counts [bins] that add up to `count`, and edges [bins + 1] from the smallest to the
        largest value.

        A value may land in the neighbouring bin if it is within `quantile_error` of the edge.
        """
        low, high = self.min(), self.max()
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, bins + 1)
        reached = np.rint(self._tally.values.cumulative(0, edges)).astype(np.int64)
        reached[0], reached[-1] = 0, self.count
        return np.diff(reached), edges

    def floor_share(self) -> float | None:
        """Share of the values that lie on (or below) the log floor: what was quieter is gone."""
        self._need_frames()
        return _share(int(self._tally.floored.sum()), self._tally.levelled_frames * self.spec.n_mels)

    def band_floor_share(self) -> NDArray[np.float64] | None:
        """The same per band, float64 [n_mels]."""
        self._need_frames()
        return self._tally.floored / self._tally.levelled_frames if self._tally.levelled_frames else None

    def silent_share(self) -> float | None:
        """Share of the frames whose every band lies on the floor."""
        self._need_frames()
        return _share(self._tally.silent_frames, self._tally.levelled_frames)

    def quiet_share(self, below_db: float = 60.0) -> float | None:
        """Share of the frames whose loudest band lies more than `below_db` dB under the loudest value of the
        corpus.

        The edge is sharp to 2^-12 of its value. Where the floor is nearer than `below_db` nothing can lie
        below it.
        """
        self._need_frames()
        if not self._tally.levelled_frames:
            return None
        edge = lower_by(self.spec, float(self._tally.loudest), below_db)
        return _share(self._tally.peaks.count_below(edge), self._tally.levelled_frames)

    def clipped_share(self) -> tuple[float, float]:
        """Shares of the values on the lower and on the upper bound of the description's scaling."""
        self._need_frames()
        return self._tally.clipped_below / self.count, self._tally.clipped_above / self.count

    def describe(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        from melpact.normalise.report import describe

        return describe(self)

    def summary(self) -> list[tuple[str, str]]:
        """Rows of (what, how much) for a table."""
        from melpact.normalise.report import summary

        return summary(self)

    def _asked(self, q: ArrayLike) -> NDArray[np.float64]:
        self._need_frames()
        asked = np.asarray(q, np.float64)
        if not ((asked >= 0) & (asked <= 1)).all():
            raise ContractError(
                "a quantile is asked for outside its range", got=q, wanted="0 to 1 (0.5 is the median)"
            )
        return asked

    def _need_frames(self, count: int | None = None, ddof: int = 0) -> None:
        if self.frames == 0 or (count is not None and count <= ddof):
            raise ContractError(
                "too few values have been counted", got=f"{self.count}", next="Call update(mel) first"
            )

    # files

    def save(self, path: str | Path) -> Path:
        """Write it as one artifact of kind "stats", atomically; returns the path. The same counts give the
        same bytes.

        The header alone gives the moments: `sums` are whole numbers in units of 2^-149, `squares` of 2^-298,
        in hexadecimal.

        Raises:
            ContractError: nothing has been counted.
            ArtifactError: the file cannot be written.
        """
        return write(path, self.artifact())

    def artifact(self) -> Artifact:
        """What `save` writes, for a file that holds more than this.

        Raises:
            ContractError: nothing has been counted.
        """
        self._need_frames()
        return self._tally.artifact(self.spec)

    @classmethod
    def load(cls, path: str | Path) -> Stats:
        """Read what `save` wrote.

        Raises:
            ArtifactError: the file is not a whole artifact of kind "stats".
        """
        try:
            return cls.of_artifact(read(path, "stats"))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise NotAnArtifact(
                "is not a complete statistics file",
                where=path,
                got=repr(error),
                next="Count again: melpact stats",
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return Stats.of_artifact, (self._tally.artifact(self.spec),)

    @classmethod
    def of_artifact(cls, artifact: Artifact) -> Stats:
        """What `artifact` gave.

        Raises:
            KeyError, TypeError, ValueError, IndexError: something is missing or contradicts the rest.
        """
        if artifact.spec is None:
            raise ValueError("no spec")
        made = cls(artifact.spec)
        made._tally = Tally.of(artifact, made.spec.n_mels)
        return made

    def __repr__(self) -> str:
        name = self.dialect or f"spec {self.fingerprint}"
        return f"Stats({name}, {self.files} files, {self.frames} frames, {self.seconds:.1f} s)"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _said(value: Any) -> str:
    if isinstance(value, Record):
        text = " ".join(f"{k}={v}" for k, v in value.facts().items())
        text = f"{getattr(value, 'kind', '')} {text}".strip()
        return text if len(text) <= 60 else text[:59] + "…"
    return str(value)
