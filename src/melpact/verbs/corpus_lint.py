"""`corpus lint`: every sound of a corpus decoded and measured, what is wrong with it, and a manifest without it.

What counts as wrong is in `corpus.checks`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.core.errors import CorpusError
from melpact.corpus.checks import checks
from melpact.corpus.checks._check import Case, Flaw
from melpact.corpus.fingerprints import twins
from melpact.corpus.inspection import Inspected, inspect
from melpact.corpus.manifest import Manifest, Utterance
from melpact.verbs.batch import Tick, batch
from melpact.verbs.progress import Progress, Silent

_ORDER = ("broken", "changed", "leak_copy", "leak_speaker", "leak_text", "duplicates", "silent", "bandwidth", "clipping")


@dataclass(frozen=True)
class LintReport:
    """What is wrong with a corpus, what cannot be trained on first; and what was written, if anything."""

    path: Path
    inspected: int
    flaws: list[Flaw]
    written: Path | None = None
    kept: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path),
            "inspected": self.inspected,
            "flaws": [
                {
                    "code": flaw.code, "ids": list(flaw.ids), "measured": flaw.measured, "limit": flaw.limit,
                    "unit": flaw.unit, "sentence": flaw.sentence, "remedy": flaw.remedy, "mendable": bool(flaw.repair),
                }
                for flaw in self.flaws
            ],
            "written": None if self.written is None else str(self.written),
            "kept": self.kept,
        }  # fmt: skip


def lint(
    path: str | Path,
    out: str | Path | None = None,
    *,
    fix: Sequence[str] = (),
    keep: Sequence[str] = ("speaker",),
    jobs: int | None = None,
    progress: Progress | None = None,
) -> LintReport:
    """Look at every utterance of a corpus. A file that cannot be read is a finding and ends nothing.

    Args:
        path: the manifest.
        out: a manifest to write with the findings of `fix` mended: utterances trimmed, brought up to date or left out.
        fix: codes of findings.
        keep: what may not lie in two splits: "speaker", "text", "file", "utterance".
        jobs: threads; all CPUs by default.
        progress: told in utterances.

    Raises:
        CorpusError: no manifest, an unknown code or one that a manifest cannot mend, `fix` without `out` or the reverse, or
            nothing would be left.
    """
    manifest, known = Manifest.load(path), checks()
    for code in fix:
        if code not in known:
            raise CorpusError("no such finding", where="fix", got=repr(code), wanted=", ".join(known))
    if bool(fix) != (out is not None):
        raise CorpusError("mending needs what to mend and where to write it", where="fix", wanted="--fix CODE -o FILE")

    def work(index: int, tick: Tick) -> Inspected:
        found = inspect(manifest, manifest.utterances[index])
        tick(1)
        return found

    progress = progress if progress is not None else Silent()
    result = batch(work, range(len(manifest)), jobs=jobs, progress=progress, what="utterances")
    inspected = {found.id: found for found in result.done}
    for failure in result.failed:
        id = manifest.utterances[int(failure.item)].id
        inspected[id] = Inspected(id, problem=failure.message)
    same = tuple(twins({id: found.words for id, found in inspected.items()}))
    case = Case(manifest, inspected, same, tuple(keep), shlex.quote(str(path)))
    flaws = [flaw for check in known.values() if (flaw := check.find(case)) is not None]
    flaws.sort(key=lambda flaw: _ORDER.index(flaw.code) if flaw.code in _ORDER else len(_ORDER))
    if out is None:
        return LintReport(Path(path), len(manifest), flaws)
    for flaw in flaws:
        if flaw.code in fix and not flaw.repair:
            raise CorpusError("the manifest cannot mend this", where=flaw.code, got=flaw.sentence, next=flaw.remedy)
    mended = _mended(manifest, flaws, set(fix))
    return LintReport(Path(path), len(manifest), flaws, mended.save(out), len(mended))


def _mended(manifest: Manifest, flaws: Sequence[Flaw], fix: set[str]) -> Manifest:
    """With two repairs of one utterance leaving it out wins, then the graver finding's."""
    was = {u.id: u for u in manifest}
    now: dict[str, Utterance | None] = dict(was)
    for flaw in flaws:
        if flaw.code in fix:
            for id, repaired in flaw.repair.items():
                if repaired is None or now[id] is was[id]:
                    now[id] = repaired
    left = [u for u in now.values() if u is not None]
    if not left:
        raise CorpusError("nothing would be left", where="fix", got=f"{len(now)} utterances, all with findings")
    return Manifest(left, manifest.root)
