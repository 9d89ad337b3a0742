"""The command that speaks a text, and what it prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.cli.commands import Changes, Command
from melpact.cli.render import _length, _out, _pairs, print_json

if TYPE_CHECKING:
    from melpact.verbs.batch import Failure
    from melpact.verbs.model_speakers import Contract
    from melpact.verbs.speech_report import Said, SpeakReport

INTERRUPTED = 130
STDOUT = "-"


@dataclass(kw_only=True)
class Speak(Command):
    """Speak a text, sentence by sentence: speak "Good morning." -o out.wav.

    With --stream the sound can be heard while it is made: speak book.txt --stream -o - | aplay. Exit code 1 when a sentence
    could not be spoken; the others are. Ctrl-C keeps what was spoken.

    Consent: a voice belongs to a person. Speak with it only with that person's consent, say of the result that it was made,
    and never use it to deceive (docs/speech.md).
    """

    given: Annotated[Positional[str], arg(metavar="TEXT")] = ""
    """The text itself, a text file (UTF-8), or - for standard input."""
    text: Annotated[str | None, arg(metavar="TEXT")] = None
    """The text itself, whatever it looks like."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")] = ""
    """The sound file; its ending says its format. - is standard output, as WAV."""
    voice: Annotated[UseAppendAction[list[str]], arg(metavar="REF")] = field(default_factory=list)
    """Whose voice: a recording or a folder of them, or the name of a voice of the speaker. May be repeated for one voice."""
    prompt: bool = False
    """Go on from the last 3 s of the reference, as if its speaker went on speaking."""
    language: Annotated[str, arg(aliases=["-l"], metavar="TAG")] = ""
    """Of the text, such as en or pt-br; by default what its script says, or the speaker's first."""
    languages: bool = False
    """List the languages that the speaker was trained on, and speak nothing."""
    temperature: Annotated[float | None, arg(metavar="X")] = None
    """0 takes what is most likely, 1 draws as it was learnt, more is more varied and errs more."""
    top_p: Annotated[float | None, arg(metavar="X")] = None
    """Draw from the smallest set of outcomes whose probabilities reach this sum; above 0, at most 1."""
    top_k: Annotated[int | None, arg(metavar="N")] = None
    """Draw from the N most likely outcomes; 0 from all."""
    repetition_penalty: Annotated[float | None, arg(metavar="X")] = None
    """How much less likely is what came lately; 1 no less."""
    rate: Annotated[float | None, arg(metavar="X")] = None
    """Of speech, 0.5 to 2; 2 is twice as fast."""
    seed: Annotated[int | None, arg(metavar="N")] = None
    """Of what is drawn; the same seed gives the same sound."""
    longest_s: Annotated[float | None, arg(metavar="S")] = None
    """No sentence becomes longer; by default what its letters bound."""
    with_: Annotated[str | None, arg(name="with", metavar="SPEAKER")] = None
    """Who speaks: a trained speaker's file or name, a model of yours or its .toml; by default what comes with melpact."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """Of a model of yours (--with FILE.onnx, TorchScript, a folder of transformers, module:function): the mel it gives."""
    changes: Changes = field(default_factory=list)
    """Change a field of that description. May be repeated."""
    axes: Annotated[str | None, arg(metavar="AXES")] = None
    """Of what that model gives, such as 'batch, bands, frames'."""
    normaliser: Annotated[str | None, arg(metavar="FILE")] = None
    """What was done to that model's training mels: a statistics file, or none."""
    calibration: Annotated[str | None, arg(metavar="FILE")] = None
    """What calibrate fitted for that model."""
    symbols: Annotated[str | None, arg(name="tokens", metavar="FILE")] = None
    """That model's table of symbols: .json, .txt or a sentencepiece .model of characters."""
    findings: Literal["stop", "record"] = "stop"
    """Where that model's mel cannot be what it is said to be: stop, or only record it."""
    vocoder: Annotated[str | None, arg(metavar="NAME")] = None
    """What makes the sound: a vocoder's file or name, such as melpact_small, or griffin_lim."""
    refine: Annotated[str | None, arg(metavar="NAME")] = None
    """A refiner's file or name between the speaker and the sound, such as refine_22k_diffusion; by default none."""
    allow: Literal["exact", "fitted", "lossy"] = "exact"
    """Bridges between the speaker's mel and the vocoder's: algebra alone, or estimates, too."""
    ssml: bool = False
    """The text is SSML, even if it does not begin with <speak."""
    stream: bool = False
    """Write samples while they are made; the .wav can be heard meanwhile."""
    raw: bool = False
    """A stream without a header: 16-bit little-endian samples, mono."""
    device: Annotated[str, arg(metavar="NAME")] = "cpu"
    """cpu, cuda, or auto: cuda where there is one."""
    record: Annotated[str | None, arg(metavar="FILE")] = None
    """Write the record of the run as JSON: every sentence, settings, fingerprints, times."""
    verbose: Annotated[bool, arg(aliases=["-v"])] = False
    """Say every sentence as it is spoken, on standard error."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.model_speakers import Contract
        from melpact.verbs.speak import speak
        from melpact.verbs.speech_report import check_places
        from melpact.verbs.speech_text import read_text

        said = Contract(
            self.dialect,
            parse_changes(self.changes),
            self.axes,
            self.normaliser,
            self.calibration,
            self.symbols,
            self.findings,
        )
        if self.languages:
            return self._listed(said)
        if not self.out:
            raise MelpactError("needs a place for the sound", where="melpact speak", wanted="-o FILE.wav, or -o -")
        if (self.text is None) == (not self.given):
            what = "takes one text" if self.given else "needs a text"
            raise MelpactError(what, where="melpact speak", wanted='"TEXT", FILE, - or --text "TEXT"')
        if self.json and self.out == STDOUT:
            raise MelpactError("--json and the sound both want standard output", where="melpact speak", next="Use --record")
        check_places(self.out, self.record, self.voice)
        names = ("temperature", "top_p", "top_k", "repetition_penalty", "rate", "seed", "longest_s")
        given = {name: getattr(self, name) for name in names}
        text = self.text if self.text is not None else read_text(self.given)[0]
        flows = self.stream or self.raw or self.out == STDOUT
        report = speak(
            text, self.out, voice=self.voice, prompt=self.prompt, language=self.language,
            settings={name: value for name, value in given.items() if value is not None}, with_=self.with_, contract=said,
            vocoder=self.vocoder, refiner=self.refine, allow=self.allow, ssml=self.ssml or None, stream=flows,
            raw=self.raw, device=self.device, told=_told if self.verbose else None,
            progress=None if self.verbose else render.progress(self.quiet),
        )  # fmt: skip
        _spoken(report, self)
        if self.record is not None:
            report.save(self.record)
        return render.failures(report.failed) or (INTERRUPTED if report.interrupted else 0)

    def _listed(self, contract: Contract) -> int:
        from melpact.text.languages import languages, named
        from melpact.verbs.speakers import speaker

        known = speaker(self.with_, device=self.device, contract=contract).languages
        rows = {tag: named(tag) for tag in known} if known else {one.code: one.name for one in languages()}
        if self.json:
            print_json(rows)
        else:
            _pairs(rows.items())
        return 0


def _told(one: Said | Failure, total: int) -> None:
    """A line per sentence, as it comes."""
    text = getattr(one, "text", None)
    if text is None:
        line = f"failed: {getattr(one, 'message', '')}"
    else:
        said: Said = one  # type: ignore[assignment]
        speed = said.seconds / max(said.spent_s, 1e-9)
        line = f"{said.number}/{total} {said.language or '?'} {said.seconds:.2f} s, {speed:.1f} x real time: {said.text}"
        line += "".join(f" [again: {found}]" for found in said.found)
    print(" ".join(line.split()), file=sys.stderr)


def _spoken(report: SpeakReport, wishes: Speak) -> None:
    if wishes.json:
        print_json(report.to_json())
        return
    notes = [*report.notes]
    again = sum(len(one.found) for one in report.done)
    if again:
        notes.append(f"{again} of {len(report.done)} sentences were spoken again: see --record")
    if report.clipped:
        notes.append(f"{report.clipped} samples lay beyond full scale (peak {report.peak:.2f}) and were clipped")
    if report.interrupted:
        notes.append(f"interrupted: {len(report.done)} of {report.sentences} sentences are spoken, and kept")
    if wishes.quiet:
        return
    if wishes.out == STDOUT:
        for note in notes:
            print(f"melpact: {note}", file=sys.stderr)
        return
    better = "" if report.sounder.refiner is None else f"refined by {report.sounder.refiner.name}; "
    own = dict.fromkeys(str(one.facts.get("voice", "its own")) for one in report.done)
    voice = ", ".join(own) if report.voice is None else report.voice.name
    _pairs(
        [
            ("sound", f"{report.path}, {_length(report.seconds)}, {report.sample_rate} Hz"),
            ("sentences", f"{len(report.done)} of {report.sentences}, {report.characters} characters"),
            ("speaker", f"{report.speaker.title}, voice {voice}; {better}sound by {report.sounder.name}"),
            ("speed", f"{report.real_time:.1f} x real time, first sound after {report.first_s:.2f} s"),
        ]
    )
    for note in notes:
        _out(note, style="yellow")


COMMANDS: dict[str, type[Command]] = {"speak": Speak}
"""By name."""
