"""The commands that find, prove and mend what is wrong with a mel; see `melpact.cli.commands` for the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import clinic_text, render
from melpact.cli.commands import FINDING, OK, Changes, Command, Inputs, Jobs

Given = Annotated[str | None, arg(metavar="PATH")]
Named = Annotated[str | None, arg(aliases=["-d"], metavar="NAME")]
Axes = Literal["mel-time", "time-mel"] | None
Key = Annotated[str | None, arg(metavar="NAME")]


@dataclass(kw_only=True)
class Identify(Command):
    """Name the dialect of a mel, from its values or, surely, with the sound it was made from.

    Exit code 1 when a file says it is in another dialect than it is.
    """

    mel: Annotated[Positional[str], arg(metavar="MEL")]
    """A mel file, melpact's or another program's."""
    audio: Given = None
    """The sound it was made from."""
    key: Key = None
    """The array's name where a foreign file holds several."""

    def run(self) -> int:
        from melpact.verbs.identify import identify

        with render.working(self.quiet, "Comparing"):
            found = identify(self.mel, audio=self.audio, key=self.key)
        clinic_text.identified(found, self)
        return FINDING if found.agrees is False else OK


@dataclass(kw_only=True)
class Doctor(Command):
    """Find what is wrong with a mel, prove it with a number and its null, and name the command that mends it.

    Of a vocoder's config.json, or of a spec as JSON, what is wrong with the description itself. Exit code 1 when something
    was found.
    """

    pred: Annotated[Positional[list[str]], arg(metavar="PRED", help_behavior_hint="(one or more)")]
    """Mel files, folders and patterns: what a program made."""
    target: Given = None
    """What it should have been: a mel file, or a folder with the same names."""
    audio: Given = None
    """The sound it belongs to: a file, or a folder with the same names."""
    for_: Annotated[str | None, arg(name="for", metavar="NAME")] = None
    """What the next program takes it for, in place of what the file says of itself."""
    dialect: Named = None
    """How foreign files are read."""
    axes: Axes = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Key = None
    """The array's name where a foreign file holds several."""
    picture: Given = None
    """A .png of the evidence (a folder of them for several mels)."""
    report: Given = None
    """A self-contained HTML page of everything found."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.verbs.doctor import doctor

        if not self.pred:
            raise MelpactError("no mel was given", where="doctor", wanted="melpact doctor PRED")
        if len(self.pred) == 1 and self.pred[0].lower().endswith(".json"):
            from melpact.verbs.description import description

            looked = description(self.pred[0])
            clinic_text.described(looked, self)
            return OK if looked.clean else FINDING
        report = doctor(
            self.pred[0] if len(self.pred) == 1 else self.pred, self.target, self.audio, for_=self.for_,
            dialect=self.dialect, axes=self.axes, key=self.key, picture=self.picture, report=self.report,
            jobs=self.jobs, progress=render.progress(self.quiet),
        )  # fmt: skip
        clinic_text.examined(report, self)
        return render.failures(report.failed) or (OK if report.clean else FINDING)


@dataclass(kw_only=True)
class Translate(Command):
    """Write mels in another dialect: by algebra where exact, else by a measured way; refused where bands are missing."""

    inputs: Inputs
    """Mel files, folders and patterns."""
    to: Annotated[str, arg(metavar="NAME")]
    """The dialect wanted, NAME:FORM, or a JSON file of a spec."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")]
    """Folder, or the .mel file for a single input."""
    changes: Changes = field(default_factory=list)
    """Change a field of the wanted description, or give a fact it asks for. May be repeated."""
    allow_lossy: bool = False
    """Go on where bands have to be invented; the result says which."""
    dialect: Named = None
    """How foreign files are read."""
    axes: Axes = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Key = None
    """The array's name where a foreign file holds several."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.translate import translate

        report = translate(
            self.inputs, self.out, to=self.to, changes=parse_changes(self.changes), allow_lossy=self.allow_lossy,
            dialect=self.dialect, axes=self.axes, key=self.key, jobs=self.jobs, progress=render.progress(self.quiet),
        )  # fmt: skip
        clinic_text.translated(report, self)
        return render.failures(report.failed)


@dataclass(kw_only=True)
class Calibrate(Command):
    """Fit, compare or apply a correction of predicted mels; refuses where no correction beats a constant.

    calibrate compare PREDICTIONS TARGETS; calibrate fit PREDICTIONS TARGETS -o FILE; calibrate apply PREDICTIONS FILE
    -o DIR. Exit code 1 when no correction has skill.
    """

    action: Annotated[Positional[Literal["fit", "apply", "compare"]], arg(metavar="fit|apply|compare")]
    """What to do."""
    predictions: Annotated[Positional[str], arg(metavar="PREDICTIONS")]
    """Mel file or folder: what a model made."""
    targets: Annotated[Positional[str], arg(metavar="TARGETS")]
    """Mel file or folder with the same names; for apply the calibration file."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """The calibration file (fit) or the folder of corrected mels (apply)."""
    model: Annotated[str | None, arg(metavar="TEXT")] = None
    """Fingerprint of the model that the calibration belongs to."""
    only: Annotated[UseAppendAction[list[str]], arg(metavar="STRATEGY")] = field(default_factory=list)
    """Consider only this strategy. May be repeated."""
    dialect: Named = None
    """How foreign files are read."""
    axes: Axes = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Key = None
    """The array's name where a foreign file holds several."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError, NoSkill
        from melpact.verbs import calibrate

        if self.action != "compare" and self.out is None:
            raise MelpactError(f"calibrate {self.action} writes something", wanted="-o PATH")
        foreign: dict[str, Any] = {"dialect": self.dialect, "axes": self.axes, "key": self.key, "jobs": self.jobs}
        bar = render.progress(self.quiet)
        if self.action == "apply":
            applied = calibrate.apply(
                [self.predictions], self.targets, self.out or "", model=self.model, progress=bar, **foreign
            )
            render.text(applied.to_json(), f"{len(applied.done)} mels calibrated ({applied.calibration.strategy})", self)
            return render.failures(applied.failed)
        only = self.only or None
        try:
            if self.action == "fit":
                found = calibrate.fit(
                    self.predictions, self.targets, self.out or "", model=self.model, only=only, progress=bar, **foreign
                )
            else:
                found = calibrate.compare(self.predictions, self.targets, only=only, progress=bar, **foreign)
        except NoSkill as refusal:
            outcome = getattr(refusal, "outcome", None)
            if outcome is not None:
                clinic_text.calibrated(outcome, self)
            clinic_text.refused(refusal)
            return FINDING
        clinic_text.calibrated(found, self)
        return render.failures(found.failed) or (OK if found.report.skilled else FINDING)


@dataclass(kw_only=True)
class Inject(Command):
    """Plant a fault in a mel, to see what a program, or the doctor, makes of it."""

    fault: Annotated[Positional[str], arg(metavar="FAULT")]
    """Which; "list" says them all."""
    source: Annotated[Positional[str], arg(metavar="SOURCE")] = ""
    """A mel file, or a sound whose mel is taken first."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """The mel file to write."""
    dose: Annotated[str, arg(metavar="DOSE")] = "clear"
    """mild, clear, gross, or a number in the fault's own unit."""
    audio: Given = None
    """The sound of a mel, which some faults are made from."""
    dialect: Named = None
    """Of the sound's mel (hifigan_22k), or of a foreign file."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the random numbers."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.verbs.inject import inject

        if self.fault == "list":
            clinic_text.fault_list(self)
            return OK
        if not self.source or self.out is None:
            raise MelpactError("inject takes a mel or sound and writes a mel", wanted="melpact inject FAULT SOURCE -o FILE")
        try:
            dose: Any = float(self.dose)
        except ValueError:
            dose = self.dose
        made = inject(self.source, self.fault, dose, out=self.out, audio=self.audio, dialect=self.dialect, seed=self.seed)
        render.text(made.to_json(), f"{made.path}: {made.code} ({made.dose_name}): {made.note}", self)
        return OK


@dataclass(kw_only=True)
class Sensitivity(Command):
    """Plant every fault in rising doses and measure what the inversion makes of it: curves with nulls and ceiling."""

    clips: Annotated[Positional[list[str]], arg(metavar="CLIPS")] = field(default_factory=list)
    """Sounds; the shipped prompts if none are given."""
    out: Annotated[str, arg(aliases=["-o"], metavar="DIR")] = "sensitivity"
    """Folder for the figures and the picture."""
    dialect: Annotated[str, arg(aliases=["-d"], metavar="NAME")] = "hifigan_22k"
    """What the vocoder expects."""
    fault: Annotated[UseAppendAction[list[str]], arg(metavar="FAULT")] = field(default_factory=list)
    """Only this fault. May be repeated."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the random numbers."""

    def run(self) -> int:
        from melpact.verbs.sensitivity import sensitivity

        report = sensitivity(
            self.clips, self.out, self.dialect, codes=self.fault, seed=self.seed, progress=render.progress(self.quiet)
        )
        render.text(report.to_json(), "\n".join(f"{what}  {path}" for what, path in report.files.items()), self)
        return OK


@dataclass(kw_only=True)
class Bridges(Command):
    """Measure the way from every dialect to every other on speech, and write the table that translate quotes."""

    speech: Annotated[Positional[list[str]], arg(metavar="SPEECH")] = field(default_factory=list)
    """Recordings, folders, patterns; the shipped prompts if none are given."""
    out: Annotated[str, arg(aliases=["-o"], metavar="FILE")]
    """The table (.json). Rows that it already holds from the same speech are kept."""
    jobs: Jobs = None
    """Sources measured at a time."""

    def run(self) -> int:
        from melpact.verbs.bridges import matrix

        report = matrix(self.speech or None, self.out, jobs=self.jobs, progress=render.progress(self.quiet))
        clinic_text.measured(report, self)
        return OK


COMMANDS: dict[str, type[Command]] = {
    "identify": Identify,
    "doctor": Doctor,
    "translate": Translate,
    "calibrate": Calibrate,
    "inject": Inject,
    "sensitivity": Sensitivity,
    "bridges": Bridges,
}
