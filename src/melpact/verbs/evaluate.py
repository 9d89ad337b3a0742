"""`evaluate`: every system's score beside its null and its ceiling, on the screen's terms and as files.

The engine is `melpact.bench.run`; which sound belongs to which is `pairing`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from melpact.bench.page import page
from melpact.bench.report import Report
from melpact.bench.run import Plan, bench
from melpact.bench.suites import named
from melpact.bench.tables import latex, summary_csv, utterances_csv
from melpact.contract.artifact import replacing
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.verbs.batch import jobs_for
from melpact.verbs.pairing import Paired, Sounds, is_manifest, manifest, paired
from melpact.verbs.pairing import texts as read_texts
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder


def evaluate(
    ref: Sounds,
    *systems: Sounds,
    suite: str = "speech",
    metrics: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    rate: int | None = None,
    input: Sounds | None = None,
    text: Mapping[str, str] | str | Path | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    laws: bool = True,
    cache: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Compare systems with the originals, beside nulls and ceilings.

    Args:
        ref: originals: a folder, a file, an `Audio`, a list of files or `Audio`; or a manifest, and no systems.
        systems: each of the same kind; folders are paired by name, lists by position.
        suite: speech, singing, vocoder, codec, conversion or tts: which metrics, nulls and ceiling.
        metrics: names in place of the suite's.
        names: of the systems; by default those of the folders or files.
        dialect: the mel of the mel metrics and of the ceilings; by default a common one of the rate.
        rate: Hz of the comparison; by default the lowest of all sounds.
        input: what the systems were given; becomes the null "unprocessed".
        text: utterance → what is said, or a table of it.
        jobs: processes; all CPUs by default.
        out: folder for report.json, summary.csv, utterances.csv, table.tex and report.html.
        laws: whether a metric that breaks its own laws is withheld.
        cache: whether what was measured before is used, and kept.
        seed: of everything random.

    Raises:
        MelpactError: nothing to compare, an unknown name, a folder that cannot be written. A bad file is in the report.
    """
    from melpact.features.lane_cache import cache_folder

    progress = progress if progress is not None else Silent()
    texts = read_texts(text) if isinstance(text, str | Path) else dict(text or {})
    found = _found(ref, systems, names, input, texts)
    plan = Plan(
        suite,
        None if metrics is None else named(metrics),
        rate,
        None if dialect is None else as_spec(dialect),
        laws,
        jobs_for(max(2, len(found.entries)), jobs),
        cache_folder() / "evaluate" if cache else None,
        seed,
    )
    folder = None if out is None else output_folder(out)
    try:
        report = bench(found.entries, found.systems, plan, start=progress.start, advance=progress.advance)
    finally:
        progress.done()
    report = report.model_copy(update={"missing": (*report.missing, *found.extra)})
    if folder is not None:
        write(report, folder)
    return report


def _found(
    ref: Sounds, systems: Sequence[Sounds], names: Sequence[str] | None, input: Sounds | None, texts: Mapping[str, str]
) -> Paired:
    if is_manifest(ref):
        if systems:
            raise MelpactError("a manifest names its systems itself", where=str(ref), got=f"{len(systems)} more")
        found = manifest(str(ref))
        entries = [
            entry if entry.text else type(entry)(**{**vars(entry), "text": texts.get(entry.name)}) for entry in found.entries
        ]
        return Paired(entries, found.systems)
    if not systems:
        raise MelpactError("no system was given", where="evaluate", wanted="melpact evaluate REF SYS_A [SYS_B …]")
    called = tuple(names) if names is not None else _names(systems)
    if len(called) != len(systems) or len(set(called)) != len(called):
        raise MelpactError("every system needs a name of its own", where="names", got=", ".join(called))
    return paired(ref, dict(zip(called, systems)), input=input, texts=texts)


def _names(systems: Sequence[Sounds]) -> tuple[str, ...]:
    """The last part of each path that makes them different; letters for arrays."""
    paths = [Path(one) if isinstance(one, str | Path) else None for one in systems]
    for depth in range(1, 5):
        called = []
        for i, path in enumerate(paths):
            if path is None:
                called.append(f"system {chr(ord('A') + i)}" if len(systems) > 1 else "system")
                continue
            resolved = path.resolve()
            last = resolved.name if resolved.is_dir() else resolved.stem
            called.append("/".join((*resolved.parts[-depth:-1], last)))
        if len(set(called)) == len(called):
            return tuple(called)
    return tuple(f"{name} ({i + 1})" for i, name in enumerate(called))


def _json(report: Report) -> str:
    return json.dumps(report.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


# name of a file in the output folder → its text
WRITERS: Mapping[str, Callable[[Report], str]] = {
    "report.json": _json,
    "summary.csv": summary_csv,
    "utterances.csv": utterances_csv,
    "table.tex": latex,
    "report.html": page,
}


def write(report: Report, folder: str | Path) -> dict[str, Path]:
    """Every form of a report as a file of the folder; returns name → path.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    paths: dict[str, Path] = {}
    for name, text in WRITERS.items():
        paths[name] = Path(folder) / name
        with replacing(paths[name]) as file:
            file.write(text(report).encode())
    return paths
