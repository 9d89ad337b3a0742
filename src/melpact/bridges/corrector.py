"""The corrector: a small network that says, per value, how far the target's mel lies from that of the sound.

Its numbers are in `corrector.npz`, made by `melpact.verbs.bridges.fit`. Not here: what it looks at (`context`), how it is
fitted (`learning`), what it is given (`blend`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.bridges.learning import forward
from melpact.core.errors import MelpactError

_FILE = "corrector.npz"


@dataclass(frozen=True, eq=False)
class Corrector:
    """The fitted numbers of the estimate.

    Attributes:
        same_grid: where both stand on one grid, how much is added of what the sound missed and of the magnitude's view.
        layers: the network for all other pairs, weights and offsets in turn, float32.
    """

    same_grid: tuple[float, float]
    layers: tuple[NDArray[np.float32], ...]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Corrections in nat of magnitude, [values], of rows from `context.rows`."""
        return forward(rows, self.layers)

    @property
    def fingerprint(self) -> str:
        """Of all its numbers, 12 hexadecimal digits."""
        content = [np.array(self.same_grid, np.float32), *self.layers]
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in content)).hexdigest()[:12]

    def save(self, path: str | Path) -> Path:
        """Write an .npz that `read` takes."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        layers = {f"layer_{i}": part for i, part in enumerate(self.layers)}
        with path.open("wb") as file:
            np.savez(file, same_grid=np.array(self.same_grid, np.float32), **layers)  # type: ignore[arg-type]
        return path


def read(path: Path) -> Corrector:
    """The numbers of a file.

    Raises:
        MelpactError: there is none.
    """
    if not path.is_file():
        raise MelpactError(
            "the numbers of fitted bridges are not there",
            where=path,
            next="Make them: python -c \"from melpact.verbs import bridges; bridges.fit(['SPEECH'])\"",
        )
    with np.load(path) as found:
        first, second = (float(x) for x in found["same_grid"])
        return Corrector((first, second), tuple(found[f"layer_{i}"] for i in range(len(found.files) - 1)))


def shipped_path() -> Path:
    """Where the numbers of the package lie."""
    return Path(str(files("melpact.bridges").joinpath(_FILE)))


@lru_cache(maxsize=1)
def shipped() -> Corrector:
    """The numbers that come with the package."""
    return read(shipped_path())


@lru_cache(maxsize=1)
def shipped_fingerprint() -> str:
    """Of the package's numbers; "" where there are none."""
    return shipped().fingerprint if shipped_path().is_file() else ""
