"""What the corrector is fitted on: values drawn from natively extracted mels, with what the bridge sees around them.

Not here: the descent (`learning`), the choice of speech and the file (`melpact.verbs.bridges.fit`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges.blend import hear, same_grid, views
from melpact.bridges.context import rows
from melpact.bridges.corrector import Corrector
from melpact.bridges.grids import Floats, nats
from melpact.bridges.learning import learn
from melpact.bridges.measuring import counts
from melpact.bridges.ways import bridge
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract


class Drawn(NamedTuple):
    """Values of one source's pairs: the rows of the network with how far the native mel is from the sound's, in nat of
    magnitude; and for pairs on one grid [values, 3]: what the sound missed, what the magnitude would add, what is wanted."""

    rows: NDArray[np.float16]
    wanted: NDArray[np.float32]
    same_grid: Floats


def draw(
    source: str,
    specs: Mapping[str, MelSpec],
    clips: Sequence[Audio],
    *,
    targets: int,
    values: int,
    rng: np.random.Generator,
    tick: Callable[[int], None] = lambda n: None,
) -> Drawn:
    """Values of pairs from one source to `targets` others, and to all on its grid, `values` per pair and clip."""
    own = specs[source]
    fitted = [s for n, s in specs.items() if n != source and bridge(own, s).route == "sound and magnitude"]
    others = [spec for spec in fitted if not same_grid(own, spec)]
    chosen = [others[i] for i in rng.permutation(len(others))[:targets]] + [s for s in fitted if same_grid(own, s)]
    seen: list[NDArray[np.float16]] = []
    wanted: list[NDArray[np.float32]] = []
    same: list[Floats] = [np.zeros((0, 3))]
    for audio in clips:
        mel = extract(audio, own)
        heard = hear(mel)
        for target in chosen:
            tick(0)
            native, view = extract(audio, target), views(heard, target)
            frames = min(native.n_frames, view.sound.shape[1])
            away = nats(native)[:, :frames] - view.sound[:, :frames]
            pick = np.zeros(view.sound.shape, np.bool_)
            pick[:, :frames] = _some(counts(native, mel, audio.sample_rate)[:, :frames], values, rng)
            if same_grid(own, target):
                same.append(np.stack([view.missed[pick], view.magnitude[pick], away[pick[:, :frames]]], axis=1))
            else:
                seen.append(rows(view, own, target, pick).astype(np.float16))
                wanted.append((away[pick[:, :frames]] / target.power).astype(np.float32))
    return Drawn(
        np.concatenate(seen) if seen else np.zeros((0, 0), np.float16),
        np.concatenate(wanted) if wanted else np.zeros(0, np.float32),
        np.concatenate(same),
    )


def _some(use: NDArray[np.bool_], values: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    chosen = np.zeros(use.size, np.bool_)
    chosen[rng.permutation(np.flatnonzero(use))[:values]] = True
    return chosen.reshape(use.shape)


def fitted(parts: Sequence[Drawn], *, epochs: int, rng: np.random.Generator) -> Corrector:
    """The corrector that these values ask for."""
    used = [part for part in parts if len(part.wanted)]
    layers = learn(
        np.concatenate([part.rows for part in used]),
        np.concatenate([part.wanted for part in used]),
        epochs=epochs,
        rng=rng,
    )
    same = np.concatenate([part.same_grid for part in parts])
    return Corrector(_least_absolute(same) if len(same) else (1.0, 0.0), tuple(layers))


def _least_absolute(table: Floats) -> tuple[float, float]:
    """Coefficients of the first two columns that bring them nearest to the third, in mean |difference| (reweighted least
    squares), within 0 and 1."""
    x, y = table[:, :2], table[:, 2]
    w: Any = np.zeros(2)
    for _ in range(12):
        trust = 1 / np.maximum(np.abs(y - x @ w), 0.01)
        w = np.linalg.solve((x * trust[:, None]).T @ x + 1e-3 * np.eye(2), (x * trust[:, None]).T @ y)
    return round(float(np.clip(w[0], 0, 1)), 3), round(float(np.clip(w[1], 0, 1)), 3)
