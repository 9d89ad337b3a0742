"""`doctor`: what is wrong with one mel or a folder of them, with the target or the sound beside each where there is one.

Pairs files by name, reads them, and keeps going past a bad pair. What is looked for is in `melpact.diagnose`; exit codes
and words on
the screen are the command line's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from melpact.audio.audio import Audio
from melpact.contract.artifact import replacing
from melpact.contract.dialect import Dialect
from melpact.contract.foreign import SUFFIXES, Axes
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.examine import diagnose
from melpact.diagnose.finding import Finding
from melpact.diagnose.picture import draw
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.beside import Given, Reading, expected_frames, laid, uncompared
from melpact.verbs.meaning import described
from melpact.verbs.progress import Progress
from melpact.verbs.targets import Source, mel_files, sources

if TYPE_CHECKING:
    from melpact.diagnose.report import Part

_MELS = (".mel", *SUFFIXES)


@dataclass(frozen=True)
class Examined:
    """One mel and what was found, ranked.

    Attributes:
        name: the file, or the mel in words.
        dialect, fingerprint: what it is believed to be.
        frames, duration_s: its length; `expected_frames` what its target or its sound would have.
        target, audio: names of what it was compared with.
        notes: facts that are no faults: a target in another dialect, another length.
        picture: the evidence picture, where one was asked for.
    """

    name: str
    dialect: str | None
    fingerprint: str
    frames: int
    duration_s: float
    findings: list[Finding]
    target: str | None = None
    audio: str | None = None
    expected_frames: int | None = None
    notes: list[str] = field(default_factory=list)
    picture: Path | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        plain = {k: v for k, v in vars(self).items() if k not in ("findings", "picture")}
        return {
            **plain,
            "clean": self.clean,
            "findings": [f.to_json() for f in self.findings],
            "picture": None if self.picture is None else str(self.picture),
        }


@dataclass(frozen=True)
class DoctorReport:
    """What `doctor` found: one entry per mel, the pairs that could not be examined, and files without a partner."""

    done: list[Examined]
    failed: list[Failure]
    missing: list[str]

    @property
    def findings(self) -> list[Finding]:
        """Of a single mel its findings; of several the worst of every kind, ranked."""
        if len(self.done) == 1:
            return self.done[0].findings
        worst: dict[str, Finding] = {}
        for one in self.done:
            for found in one.findings:
                if found.code not in worst or found.weight > worst[found.code].weight:
                    worst[found.code] = found
        return sorted(worst.values(), key=lambda f: (-f.weight, f.code))

    @property
    def clean(self) -> bool:
        """Whether every mel was examined and nothing was found."""
        return not self.failed and not self.missing and all(one.clean for one in self.done)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `findings` is ranked."""
        return {
            "clean": self.clean,
            "findings": [f.to_json() for f in self.findings],
            "done": [one.to_json() for one in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
            "missing": self.missing,
        }


@dataclass(frozen=True)
class _Pair:
    mel: Given
    target: Given | None
    audio: str | Path | Audio | None
    name: str

    def __str__(self) -> str:
        return self.name


def doctor(
    pred: Given | Sequence[str | Path],
    target: Given | Sequence[str | Path] | None = None,
    audio: str | Path | Audio | Sequence[str | Path] | None = None,
    *,
    for_: MelSpec | Dialect | str | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    picture: str | Path | None = None,
    report: str | Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> DoctorReport:
    """Find what is wrong with mels.

    Args:
        pred: a mel, a mel file, a folder, a pattern, or several of these.
        target: what it should have been: a mel or file for one, a folder (or several files) with the same names for many.
        audio: the sound it should come from, likewise.
        for_: what the next program takes the mel for, in place of the file's own description.
        dialect, axes, key: how foreign files (.npy …) are read; `for_` serves as the dialect where none is given.
        picture: a .png of the evidence for one mel, a folder of them for many.
        report: an .html file with everything that was found; self-contained.

    Returns:
        A report. With several mels a bad pair is listed in `failed` and a file without partner in `missing`.

    Raises:
        MelpactError: the one mel cannot be read or examined; or an input that leads to no file.
    """
    believed = described(for_) if for_ is not None else None
    read_as = described(dialect) if dialect is not None else believed
    pairs, missing = _pairs(pred, target, audio)
    single = len(pairs) == 1 and not missing
    how = Reading(read_as, believed, axes, key)
    if report is not None:
        _with_folder(Path(report))

    page = _Page(pairs) if report is not None else None

    def work(pair: _Pair, tick: Tick) -> tuple[Examined, Part | None]:
        tick(0)
        case = laid(pair.name, pair.mel, pair.target, pair.audio, how)
        evidence, names = case.evidence, (_name(pair.target), _name(pair.audio))
        findings = diagnose(evidence)
        notes = [*case.notes, *uncompared(pair.name, evidence, findings)]
        drawn = None
        if picture is not None:
            drawn = Path(picture) if single else Path(picture) / f"{Path(pair.name).stem}.png"
            drawn.parent.mkdir(parents=True, exist_ok=True)
            draw_evidence(drawn, evidence, findings, pair.name)
        part = page.part(pair, evidence, findings, case.own, notes, names) if page is not None else None
        tick(1)
        return _examined(pair, evidence, findings, notes, names, drawn), part

    if not pairs:
        return DoctorReport([], [], missing)
    result = batch(work, pairs, jobs=jobs, progress=progress)
    done = [found for found, _ in result.done]
    if page is not None and report is not None:
        page.write(report, [part for _, part in result.done if part is not None], result.failed, missing)
    return DoctorReport(done, result.failed, missing)


class _Page:
    """The HTML report, whose parts are made while the evidence of each mel is at hand; imported only where one is wanted."""

    def __init__(self, pairs: Sequence[_Pair]) -> None:
        from melpact.diagnose import report

        self._report = report
        self._full = {id(pair) for pair in pairs[: report.FULL]}

    def part(
        self,
        pair: _Pair,
        evidence: Evidence,
        findings: list[Finding],
        own: MelSpec,
        notes: list[str],
        names: tuple[str | None, str | None],
    ) -> Part:
        case = self._report.Case(pair.name, evidence, findings, own, notes, *names)
        return self._report.section(case, full=id(pair) in self._full, among=len(self._full))

    def write(self, path: str | Path, parts: list[Part], failed: list[Failure], missing: list[str]) -> None:
        self._report.write(path, parts, failed=[(f.item, f.message) for f in failed], missing=missing)


def _examined(
    pair: _Pair,
    evidence: Evidence,
    findings: list[Finding],
    notes: list[str],
    names: tuple[str | None, str | None],
    picture: Path | None,
) -> Examined:
    mel = evidence.mel
    return Examined(
        name=pair.name,
        dialect=mel.dialect,
        fingerprint=mel.spec.fingerprint,
        frames=mel.n_frames,
        duration_s=mel.duration_s,
        findings=findings,
        target=names[0],
        audio=names[1],
        expected_frames=expected_frames(evidence),
        notes=notes,
        picture=picture,
    )


def _name(what: object) -> str | None:
    if what is None:
        return None
    return str(what) if isinstance(what, str | Path) else repr(what)


def _with_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=path.parent) from error


def _pairs(pred: Any, target: Any, audio: Any) -> tuple[list[_Pair], list[str]]:
    """Every mel with its partners by name, and what has none on the other side."""
    if isinstance(pred, Mel):
        return [_Pair(pred, target, audio, repr(pred))], []
    found = sources(_listed(pred), mel_files(_MELS))
    targets = _partners(target, lambda given: sources(given, mel_files(_MELS)))
    sounds = _partners(audio, _sound_sources)
    if len(found) == 1 and all(side is None or not isinstance(side, dict) or len(side) == 1 for side in (targets, sounds)):
        one = [next(iter(side.values())) if isinstance(side, dict) else side for side in (targets, sounds)]
        return [_Pair(found[0].path, one[0], one[1], str(found[0].path))], []
    pairs, missing = [], []
    used: list[set[str]] = [set(), set()]
    for source in found:
        partners: list[Any] = []
        for side, (what, have) in enumerate((("target", targets), ("audio", sounds))):
            if have is None or not isinstance(have, dict):
                partners.append(have)
                continue
            place = _key(source, have)
            if place is None:
                missing.append(f"{source.path}: no {what} of that name")
            else:
                used[side].add(place)
            partners.append(have.get(place) if place is not None else None)
        if (targets is not None or sounds is not None) and all(partner is None for partner in partners):
            continue
        pairs.append(_Pair(source.path, partners[0], partners[1], str(source.path)))
    for side, have in enumerate((targets, sounds)):
        if isinstance(have, dict):
            what = ("target", "audio")[side]
            missing += [
                f"{path}: {what} without a mel of that name" for place, path in have.items() if place not in used[side]
            ]
    return pairs, missing


def _key(source: Source, have: dict[str, Any]) -> str | None:
    """The partner's key: the same place in its folder, else the same file name without its ending."""
    for name in (str(source.place.with_suffix("")), source.path.stem):
        if name in have:
            return name
    return None


def _partners(given: Any, find: Any) -> Any:
    if given is None or isinstance(given, Mel | Audio):
        return given
    return {str(s.place.with_suffix("")): s.path for s in find(_listed(given))}


def _sound_sources(given: Sequence[str | Path]) -> list[Source]:
    from melpact.audio.files import find
    from melpact.audio.samples import resolve

    return sources([resolve(one) for one in given], find)


def _listed(given: Any) -> list[str | Path]:
    return [given] if isinstance(given, str | Path) else list(given)


def draw_evidence(path: str | Path, evidence: Evidence, findings: Sequence[Finding], title: str = "") -> Path:
    """A .png: the mel, its reference and their difference, on one scale (blue below, red above, by an even colour map)."""
    with replacing(path) as file:
        file.write(draw(evidence, findings, title))
    return Path(path)
