"""`bridges`: the table of what every ordered pair of published analyses costs, and the weights of the estimate behind it.

`matrix` measures all pairs and writes the table that `Bridge.expected` reads; `fit` makes the weights. They must be given
different speech. What one pair costs on one clip is in `melpact.bridges.measuring`.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.resample import output_length
from melpact.bridges import table as tables
from melpact.bridges.ways import Bridge, bridge
from melpact.contract.artifact import replacing
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.core.records import digest
from melpact.verbs.batch import Tick, batch
from melpact.verbs.progress import Progress

if TYPE_CHECKING:
    from melpact.bridges.blend import Heard

Score = Callable[[Audio, Audio], float]
_KINDS = {"exact": "e", "fitted": "f", "refused": "r"}


@dataclass(frozen=True)
class MatrixReport:
    """What `matrix` found. `kinds` counts ordered pairs; `quantiles_nat` are of the mean errors of fitted pairs at 5, 25,
    50, 75 and 95 %; `within` is the share of fitted pairs up to .05 nat."""

    path: Path
    pairs: int
    measured: int
    kinds: Mapping[str, int]
    quantiles_nat: tuple[float, ...]
    within: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "path": str(self.path), "kinds": dict(self.kinds)}


def shipped_path() -> Path:
    """Where the table of the package lies."""
    return Path(str(resources("melpact.bridges").joinpath("table.json")))


def pesq(original: Audio, made: Audio) -> float:
    """PESQ wide band (ITU-T P.862.2) of a sound against its original, both brought to 16 kHz.

    Raises:
        MelpactError: the package `pesq` is not installed, or it finds no speech.
    """
    from melpact.audio.resample import resample

    try:
        measure = import_module("pesq")
    except ImportError as error:
        raise MelpactError("PESQ needs the package pesq", next="Run: pip install pesq") from error
    x, y = (resample(audio, 16000).samples[0] for audio in (original, made))
    size = min(x.size, y.size)
    try:
        return float(measure.pesq(16000, x[:size], y[:size], "wb"))
    except measure.PesqError as error:
        raise MelpactError("PESQ finds no speech here", got=str(error)) from error


def speech_clips(speech: Sequence[str | Path] | None, clips: int, seconds: float) -> list[tuple[str, Audio]]:
    """(name, mono excerpt) of up to `clips` recordings, spread evenly over the sorted files; the shipped prompts by default.

    Raises:
        AudioError: nothing there, or not audio.
    """
    from melpact.audio import files, samples
    from melpact.bridges.measuring import excerpt

    paths = [samples.path(name) for name in samples.names()] if speech is None else files.find(list(speech))
    if len(paths) > clips:
        paths = [paths[i] for i in np.linspace(0, len(paths) - 1, clips).round().astype(int)]
    return [(path.name, excerpt(files.read(path), seconds)) for path in paths]


def matrix(
    speech: Sequence[str | Path] | None = None,
    out: str | Path | None = None,
    *,
    families: Sequence[str] | None = None,
    clips: int = 12,
    seconds: float = 2.5,
    score: Score | None = None,
    scored: int = 1,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> MatrixReport:
    """Measure the bridge of every ordered pair of published analyses and write the table.

    Args:
        speech: files, folders or patterns that nothing was fitted on; the shipped prompts by default.
        out: the table; the package's own by default. Rows that are already there, made from the same speech, are kept: an
            interrupted run goes on where it stopped.
        families: only these (all by default).
        clips, seconds: how many recordings, and how much of the middle of each.
        score: how good a sound is against its original (`pesq`); None measures no vocoded sound. Rows that were measured
            without it keep their errors and get their scores.
        scored: how many of the clips are vocoded and scored.
        jobs: sources measured at a time.

    Raises:
        MelpactError: no speech, or an unknown family.
    """
    from melpact.bridges.measuring import published

    known = published()
    for name in families or ():
        if name not in known:
            raise MelpactError(f"no family is called {name!r}", wanted="a head of a family", next="See: melpact dialects")
    chosen = {name: known[name] for name in (families or known)}
    path = shipped_path() if out is None else Path(out)
    found = speech_clips(speech, clips, seconds)
    scored = min(scored, len(found)) if score is not None else 0
    head: dict[str, Any] = {
        "schema": 1,
        "speech": sorted({name for name, _ in found}),
        "seconds": round(sum(audio.duration_s for _, audio in found), 1),
        "clips": len(found),
        "targets": list(chosen),
        "fingerprints": [spec.analysis_fingerprint for spec in chosen.values()],
    }
    key = digest(head)
    old = tables.read(path)
    rows: dict[str, Any] = dict(old.get("rows", {})) if old.get("key") == key else {}
    natives = {name: [_extract(audio, spec) for _, audio in found] for name, spec in chosen.items()}
    originals = [audio for _, audio in found]
    ceilings: dict[str, list[float]] = {}
    lock = threading.Lock()
    nulls = dict(zip(old["targets"], old["null_nat"], strict=True)) if rows else {}

    def work(source: str, tick: Tick) -> None:
        row = dict(rows[source]) if source in rows else _row(source, chosen, natives, originals, tick)
        if score is not None and row["scored"] < scored:
            row["pesq"] = _costs(source, chosen, natives, originals[:scored], score, ceilings, tick)
            row["scored"] = scored
        with lock:
            rows[source] = row
            nulls.setdefault(source, _null(natives[source], originals))
            _write(path, {**head, "key": key, "null_nat": [nulls.get(n) for n in chosen], "rows": rows})

    missing = [name for name in chosen if name not in rows or rows[name]["scored"] < scored]
    if missing:
        batch(work, missing, jobs=jobs, progress=progress, what="sources").check()
    return report(path)


def _extract(audio: Audio, spec: MelSpec) -> Mel:
    from melpact.features.analysis import extract

    return extract(audio, spec)


def _null(natives: Sequence[Mel], originals: Sequence[Audio]) -> float:
    """Mean |native - its band's mean| in nat: the error of a mel that says nothing but each band's level."""
    from melpact.bridges.measuring import Distances, distances

    total = Distances.none()
    for mel, audio in zip(natives, originals, strict=True):
        total += distances(mel, mel, mel, audio.sample_rate)
    return round(total.mean_null_nat, 3)


def _row(
    source: str,
    specs: Mapping[str, MelSpec],
    natives: Mapping[str, Sequence[Mel]],
    originals: Sequence[Audio],
    tick: Tick,
) -> dict[str, Any]:
    """All targets of one source, as the table keeps them; nothing vocoded yet."""
    from melpact.bridges.blend import hear
    from melpact.bridges.measuring import Distances, distances

    began = time.thread_time()
    heard = [hear(mel) for mel in natives[source]]
    seconds = sum(audio.duration_s for audio in originals)
    hearing = time.thread_time() - began
    row: dict[str, Any] = {"kind": "", "error": [], "regions": [], "pesq": [None] * len(specs), "ms": [], "scored": 0}
    for target, spec in specs.items():
        tick(0)
        total, spent = Distances.none(), 0.0
        way = bridge(specs[source], spec, allow_lossy=True)
        if target != source:
            for mel, native, ear, audio in zip(natives[source], natives[target], heard, originals, strict=True):
                began = time.thread_time()
                made = _made(way, mel, ear)
                spent += time.thread_time() - began
                total += distances(made, native, mel, audio.sample_rate)
        error = total.mean_nat
        row["kind"] += "-" if target == source else _KINDS[bridge(specs[source], spec).kind]
        row["error"].append(None if math.isnan(error) else round(error, 4))
        row["regions"].append(None if target == source else tables.encode(total.regions_nat))
        cost = 1000 * (spent + (0 if way.route == "algebra" else hearing)) / seconds
        row["ms"].append(None if target == source else round(cost, 1))
    return row


def _costs(
    source: str,
    specs: Mapping[str, MelSpec],
    natives: Mapping[str, Sequence[Mel]],
    originals: Sequence[Audio],
    score: Score,
    ceilings: dict[str, list[float]],
    tick: Tick,
) -> list[float | None]:
    """How much worse a mel of `source` vocodes once translated than the target's own, per target.

    `ceilings` keeps the scores of the targets' own mels for the next source.
    """
    from melpact.bridges.blend import hear
    from melpact.vocoders.griffin_lim.vocoder import invert

    heard = [hear(mel) for mel, _ in zip(natives[source], originals, strict=False)]
    costs: list[float | None] = []
    for target, spec in specs.items():
        tick(0)
        if target == source:
            costs.append(None)
            continue
        if target not in ceilings:
            pairs = zip(originals, natives[target], strict=False)
            ceilings[target] = [score(audio, invert(mel, effort="fast")) for audio, mel in pairs]
        ceiling = ceilings[target]
        way = bridge(specs[source], spec, allow_lossy=True)
        lost = [
            best - score(audio, invert(_made(way, ear.mel, ear), effort="fast"))
            for best, audio, ear in zip(ceiling, originals, heard, strict=True)
        ]
        costs.append(round(float(np.mean(lost)), 2))
    return costs


def _made(way: Bridge, mel: Mel, heard: Heard) -> Mel:
    """`way.apply(mel)` of a mel that was heard before."""
    if way.route == "algebra":
        return way.apply(mel)
    from melpact.bridges.blend import bridged

    values, utterance = bridged(heard, way.b)
    n_samples = output_length(mel.n_samples, way.a.sample_rate, way.b.sample_rate)
    return Mel(values, way.b, utterance, way.provenance(mel, n_samples))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """One line per source."""
    rows = content["rows"]
    head = json.dumps({k: v for k, v in content.items() if k != "rows"}, separators=(",", ":"))
    lines = [
        f"{json.dumps(name)}:{json.dumps(rows[name], separators=(',', ':'))}" for name in content["targets"] if name in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write((head[:-1] + ',\n"rows":{\n' + ",\n".join(lines) + "\n}}\n").encode())


def report(path: str | Path | None = None) -> MatrixReport:
    """The summary of a table (the package's own by default)."""
    path = shipped_path() if path is None else Path(path)
    content = tables.read(path)
    kinds = "".join(row["kind"] for row in content["rows"].values())
    fitted = [
        error
        for row in content["rows"].values()
        for kind, error in zip(row["kind"], row["error"], strict=True)
        if kind == "f" and error is not None
    ]
    every = [error for row in content["rows"].values() for error in row["error"] if error is not None]
    quantiles = tuple(float(q) for q in np.quantile(fitted, (0.05, 0.25, 0.5, 0.75, 0.95))) if fitted else ()
    return MatrixReport(
        path=path,
        pairs=len(kinds) - kinds.count("-"),
        measured=len(every),
        kinds={kind: kinds.count(letter) for kind, letter in _KINDS.items()},
        quantiles_nat=quantiles,
        within=float(np.mean(np.array(fitted) <= 0.05)) if fitted else 0.0,
    )


def fit(
    speech: Sequence[str | Path],
    out: str | Path,
    *,
    pairs: int = 300,
    clips: int = 8,
    seconds: float = 2.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, tuple[float, float]]:
    """Find the weights of `melpact.bridges.blend` that give the least mean |error|, per situation, and write them.

    Args:
        speech: recordings that are not used for `matrix`.
        out: the JSON file.
        pairs: fitted pairs drawn at random.
        clips, seconds, seed: of the speech and of the draw.
    """
    from melpact.bridges.blend import hear, situation, views
    from melpact.bridges.grids import nats
    from melpact.bridges.measuring import counts, published

    specs, rng = published(), np.random.default_rng(seed)
    names = [(a, b) for a in specs for b in specs if a != b and bridge(specs[a], specs[b]).route == "sound and magnitude"]
    same = [p for p in names if situation(specs[p[0]], specs[p[1]]) == "same grid"]
    drawn = sorted({names[i] for i in rng.permutation(len(names))[:pairs]} | set(same))
    found = speech_clips(speech, clips, seconds)
    samples: dict[str, list[Any]] = {}

    def one(source: str, tick: Tick) -> None:
        mels = [_extract(audio, specs[source]) for _, audio in found]
        heard = [hear(mel) for mel in mels]
        for target in [b for a, b in drawn if a == source]:
            tick(0)
            for (_, audio), mel, ear in zip(found, mels, heard, strict=True):
                native = _extract(audio, specs[target])
                seen = views(ear, specs[target])
                frames = min(native.n_frames, seen.sound.shape[1])
                use = counts(native, mel, audio.sample_rate)[:, :frames]
                wanted = nats(native)[:, :frames] - seen.sound[:, :frames]
                columns = np.stack([v[:, :frames][use] for v in (seen.missed, seen.magnitude)] + [wanted[use]], axis=1)
                kept = columns[rng.permutation(len(columns))[:1500]]
                samples.setdefault(situation(specs[source], specs[target]), []).append(kept)

    batch(one, sorted({a for a, _ in drawn}), jobs=1, progress=progress, what="sources").check()
    weights = {name: _least_absolute(np.concatenate(parts)) for name, parts in sorted(samples.items())}
    weights["any"] = _least_absolute(
        np.concatenate([p for name, parts in samples.items() if name != "same grid" for p in parts])
    )
    Path(out).write_text(json.dumps({"situations": weights}, indent=1) + "\n", encoding="utf-8")
    return weights


def _least_absolute(table: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """Coefficients of the first two columns that bring them nearest to the third, in mean |difference| (reweighted least
    squares), within 0 and 1."""
    x, y = table[:, :2], table[:, 2]
    w: Any = np.zeros(2)
    for _ in range(12):
        trust = 1 / np.maximum(np.abs(y - x @ w), 0.01)
        w = np.linalg.solve((x * trust[:, None]).T @ x + 1e-3 * np.eye(2), (x * trust[:, None]).T @ y)
    return round(float(np.clip(w[0], 0, 1)), 3), round(float(np.clip(w[1], 0, 1)), 3)
