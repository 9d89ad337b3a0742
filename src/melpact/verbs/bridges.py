"""`bridges`: the table of what every ordered pair of published analyses costs, and the numbers of the estimate behind it.

`matrix` measures all pairs and writes the table that `Bridge.expected` reads; `fit` makes the numbers of the estimate.
They must be given different speech. What one pair costs on one clip is in `melpact.bridges.measuring`.
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
from melpact.bridges import corrector
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
    from melpact.bridges.corrector import Corrector

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
            interrupted run goes on where it stopped. Those measured with other fitted numbers stay until they are replaced.
        families: only these (all by default).
        clips, seconds: how many recordings, and how much of the middle of each.
        score: how good a sound is against its original (`pesq`); None measures no vocoded sound. Rows that were measured
            without it keep their errors and get their scores, once all have their errors.
        scored: how many of the clips are vocoded and scored for a fitted pair; exact pairs take all, refused ones none.
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
        "schema": 2,
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
    ceilings: dict[tuple[str, int], float] = {}
    lock = threading.Lock()
    nulls = dict(zip(old["targets"], old["null_nat"], strict=True)) if rows else {}

    def keep(source: str, row: dict[str, Any]) -> None:
        with lock:
            rows[source] = row
            nulls.setdefault(source, _null(natives[source], originals))
            _write(path, {**head, "key": key, "null_nat": [nulls.get(n) for n in chosen], "rows": rows})

    numbers = corrector.shipped_fingerprint()

    def current(source: str) -> bool:
        return source in rows and rows[source]["fitted"] == numbers

    def errors(source: str, tick: Tick, kinds: str = "ef") -> None:
        row = rows[source] if current(source) else None
        keep(source, _errors(source, row, kinds, chosen, natives, originals, tick))

    def lossy(source: str, tick: Tick) -> None:
        errors(source, tick, "r")

    def scores(source: str, tick: Tick) -> None:
        assert score is not None
        keep(source, _scored(source, dict(rows[source]), wanted, chosen, natives, originals, score, ceilings, tick))

    wanted = {"f": scored, "e": len(found) if scored else 0}
    def left(kinds: str) -> list[str]:
        return [n for n in chosen if not current(n) or any(_unmeasured(rows[n], i, kinds) for i in range(len(chosen)))]

    def run(work: Callable[[str, Tick], None], sources: list[str]) -> None:
        if sources:
            batch(work, sources, jobs=jobs, progress=progress, what="sources").check()

    run(errors, left("ef"))
    run(scores, [n for n in chosen if _unscored(rows[n], wanted)])
    run(lossy, left("r"))
    tables.shipped.cache_clear()
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


def _unmeasured(row: Mapping[str, Any], i: int, kinds: str) -> bool:
    return row["kind"][i] in kinds and row["ms"][i] is None


def _unscored(row: Mapping[str, Any], wanted: Mapping[str, int]) -> bool:
    return any(have < wanted.get(kind, 0) for have, kind in zip(row["scored"], row["kind"], strict=True))


def _errors(
    source: str,
    row: Mapping[str, Any] | None,
    kinds: str,
    specs: Mapping[str, MelSpec],
    natives: Mapping[str, Sequence[Mel]],
    originals: Sequence[Audio],
    tick: Tick,
) -> dict[str, Any]:
    """A row (a new one where there is none) with the errors and times of all targets of these kinds; nothing is vocoded."""
    from melpact.bridges.blend import hear
    from melpact.bridges.measuring import Distances, distances

    if row is None:
        letters = ["-" if n == source else _KINDS[bridge(specs[source], spec).kind] for n, spec in specs.items()]
        none: list[Any] = [None] * len(specs)
        figures = {"error": none, "regions": none, "ms": none, "pesq": none}
        row = {"kind": "".join(letters), "fitted": corrector.shipped_fingerprint(), **figures, "scored": [0] * len(specs)}
    made = {name: list(value) if isinstance(value, list) else value for name, value in row.items()}
    began = time.thread_time()
    heard = [hear(mel) for mel in natives[source]]
    seconds = sum(audio.duration_s for audio in originals)
    hearing = time.thread_time() - began
    for i, (target, spec) in enumerate(specs.items()):
        tick(0)
        if not _unmeasured(row, i, kinds):
            continue
        total, spent = Distances.none(), 0.0
        way = bridge(specs[source], spec, allow_lossy=True)
        for mel, native, ear, audio in zip(natives[source], natives[target], heard, originals, strict=True):
            began = time.thread_time()
            translated = _made(way, mel, ear)
            spent += time.thread_time() - began
            total += distances(translated, native, mel, audio.sample_rate)
        error = total.mean_nat
        made["error"][i] = None if math.isnan(error) else round(error, 4)
        made["regions"][i] = tables.encode(total.regions_nat)
        made["ms"][i] = round(1000 * (spent + (0 if way.route == "algebra" else hearing)) / seconds, 1)
    return made


def _scored(
    source: str,
    row: dict[str, Any],
    wanted: Mapping[str, int],
    specs: Mapping[str, MelSpec],
    natives: Mapping[str, Sequence[Mel]],
    originals: Sequence[Audio],
    score: Score,
    ceilings: dict[tuple[str, int], float],
    tick: Tick,
) -> dict[str, Any]:
    """A row with how much worse a mel of `source` vocodes once translated than the target's own, per target.

    `wanted` says how many clips per kind; `ceilings` keeps the scores of the targets' own mels for the next source.
    """
    from melpact.bridges.blend import hear
    from melpact.vocoders.griffin_lim.vocoder import invert

    heard: dict[int, Heard] = {}
    row = {**row, "pesq": list(row["pesq"]), "scored": list(row["scored"])}
    for i, (target, spec) in enumerate(specs.items()):
        tick(0)
        clips = wanted.get(row["kind"][i], 0)
        if row["scored"][i] >= clips:
            continue
        way, lost = bridge(specs[source], spec), []
        for clip in range(clips):
            audio = originals[clip]
            if (target, clip) not in ceilings:
                ceilings[target, clip] = score(audio, invert(natives[target][clip], effort="fast"))
            if clip not in heard:
                heard[clip] = hear(natives[source][clip])
            made = _made(way, natives[source][clip], heard[clip])
            lost.append(ceilings[target, clip] - score(audio, invert(made, effort="fast")))
        row["pesq"][i], row["scored"][i] = round(float(np.mean(lost)), 3), clips
    return row


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
    out: str | Path | None = None,
    *,
    targets: int = 14,
    clips: int = 64,
    clips_each: int = 12,
    values: int = 100,
    seconds: float = 2.0,
    epochs: int = 16,
    leave_out: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Corrector:
    """Fit the numbers of the estimate (`melpact.bridges.corrector`) and write them. A table measured with others is then
    stale until `matrix` has run again.

    Args:
        speech: recordings that are not used for `matrix`.
        out: the .npz file; the package's own by default.
        targets: fitted pairs drawn at random per source.
        clips, clips_each: recordings in all, and how many of them are drawn per source.
        values: drawn per clip and pair.
        seconds: of each recording.
        epochs: how often the network sees each value.
        leave_out: families that it never sees, for measuring how it does on those.
        seed: of all draws.
    """
    from melpact.bridges.fitting import draw, fitted
    from melpact.bridges.measuring import published

    specs, rng = published(), np.random.default_rng(seed)
    specs = {name: spec for name, spec in specs.items() if name not in set(leave_out)}
    found = [audio for _, audio in speech_clips(speech, clips, seconds)]
    parts = {}

    def one(source: str, tick: Tick) -> None:
        chosen = [found[i] for i in rng.permutation(len(found))[:clips_each]]
        parts[source] = draw(source, specs, chosen, targets=targets, values=values, rng=rng, tick=tick)

    batch(one, sorted(specs), jobs=1, progress=progress, what="sources").check()
    made = fitted([parts[name] for name in sorted(parts)], epochs=epochs, rng=rng)
    made.save(corrector.shipped_path() if out is None else out)
    corrector.shipped.cache_clear()
    corrector.shipped_fingerprint.cache_clear()
    return made
