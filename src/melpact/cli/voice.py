"""The command that converts sounds to another voice and learns voices, and what it prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.cli.commands import FINDING, OK, Command
from melpact.cli.render import _length, _out, _pairs, _table, print_json

if TYPE_CHECKING:
    from melpact.features.octaves import Repairs
    from melpact.models.convert.voice import PitchRange
    from melpact.verbs.voice import VoiceReport
    from melpact.verbs.voice_learning import LearnReport
    from melpact.verbs.voice_live import Live

CONSENT = (
    "A voice belongs to a person: convert to a voice only with that person's consent, and say of the result that it was "
    "converted. Never use it to deceive, to pass for somebody, or to get past a check of identity."
)


@dataclass(kw_only=True)
class Voice(Command):
    """Say or sing the same in another voice; or learn a voice into a file.

    voice SRC --to REF -o OUT; voice learn REF -o anna.voice. SRC is one voice without accompaniment: of a song take the
    vocals alone. Channels are converted apart.

    Consent: a voice belongs to a person. Convert to it only with that person's consent, say of the result that it was
    converted, and never use it to deceive or to get past a check of identity (docs/voice.md).
    """

    inputs: Annotated[Positional[list[str]], arg(metavar="INPUTS", help_behavior_hint="(one or more)")]
    """Sound files, folders (searched to the bottom), patterns, sample:en_noservice; or the word learn and the references."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")]
    """Folder, in which the structure of an input folder is kept; the .wav file for a single input; for learn NAME.voice."""
    to: Annotated[UseAppendAction[list[str]], arg(metavar="REF")] = field(default_factory=list)
    """Whom to sound like: a .voice file, or sounds and folders of one voice. May be repeated."""
    blend: Annotated[str | None, arg(metavar="A:X,B:Y")] = None
    """Several voices and their weights instead, such as anna.voice:.7,ben.voice:.3."""
    method: Annotated[str | None, arg(metavar="NAME")] = None
    """How mels are converted; by default retrieval where 30 s of the voice sound, and envelope otherwise (and
    with --lookahead-ms); retrieval where --content is given."""
    ratio: Annotated[float | None, arg(metavar="X")] = None
    """0 leaves the mel alone, 1 (default) goes all the way to the target."""
    key: Annotated[float | None, arg(metavar="SEMITONES")] = None
    """How far the pitch is moved; by default whole semitones from the median of the source to that of the target."""
    formant: Annotated[float | None, arg(metavar="X")] = None
    """Factor on the frequencies of the vocal tract, 0.5 to 2; 1 by default. About 1.2 from a man's to a woman's."""
    moments: Literal["exact", "exponential"] | None = None
    """Of statistics: over the whole reference (exact, default), or with its latest frames weighing most."""
    neighbours: Annotated[int | None, arg(metavar="N")] = None
    """Of retrieval: how many frames of the target make one."""
    content: Annotated[str | None, arg(metavar="PATH")] = None
    """Of retrieval and learn: what hears what is spoken: NAME.content or .onnx, or a HuBERT-like folder, FOLDER:LAYER."""
    with_: Annotated[str | None, arg(name="with", metavar="CKPT")] = None
    """A vocoder's file or name, such as melpact_small, or griffin_lim; by default what vocode takes."""
    refine: Annotated[str | None, arg(metavar="NAME")] = None
    """A refiner's file or name between converter and sound, such as refine_22k_cnn; by default none."""
    lookahead_ms: Annotated[float | None, arg(metavar="MS")] = None
    """As if the sound were still coming: block by block, hearing so far ahead (300 is enough); latency is said."""
    trace: Annotated[str | None, arg(metavar="DIR")] = None
    """Write every mel and sound on the way, numbered."""

    def run(self) -> int:
        if self.inputs[0] == "learn":
            return self._learn()
        from melpact.verbs.voice import voice

        named = {
            "ratio": self.ratio, "key_semitones": self.key, "formant": self.formant, "moments": self.moments,
            "neighbours": self.neighbours,
        }  # fmt: skip
        report = voice(
            self.inputs, self.out, self.to, blend=self.blend, method=self.method, content=self.content,
            settings={name: value for name, value in named.items() if value is not None}, vocoder=self.with_,
            refiner=self.refine, look_ahead_ms=self.lookahead_ms, trace=self.trace, progress=render.progress(self.quiet),
        )  # fmt: skip
        _voiced(report, self)
        return render.failures(report.failed)

    def _learn(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.models.convert.opening import encoder
        from melpact.verbs.voice_learning import voice_learn

        elsewhere = (
            "to", "blend", "method", "ratio", "key", "formant", "moments", "neighbours", "with_", "refine", "lookahead_ms",
            "trace",
        )  # fmt: skip
        given = [name for name in elsewhere if getattr(self, name) not in (None, [])]
        strange = [f"--{name.strip('_').replace('_', '-')}" for name in given]
        if len(self.inputs) < 2 or strange:
            raise MelpactError(
                "learn takes references and a file to write", where="melpact voice learn",
                got=", ".join(strange) or "no references", wanted="REF … -o NAME.voice",
            )  # fmt: skip
        ears = None if self.content is None else encoder(self.content)
        report = voice_learn(self.inputs[1:], self.out, content=ears, progress=render.progress(self.quiet))
        _learnt(report, self)
        return render.failures(report.failed) or (FINDING if report.failed else OK)


def _voiced(report: VoiceReport, wishes: Command) -> None:
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet or not report.done:
        return
    columns = ("sound", "length", "channels", "pitch", "key", "x real time")
    rows = [
        (
            str(item.path), _length(item.sung.seconds), str(item.sung.channels), _pitch(item.sung.pitch),
            f"{item.sung.key_semitones:+g}", f"{item.sung.seconds / max(item.sung.spent_s, 1e-9):.1f}",
        )
        for item in report.done
    ]  # fmt: skip
    _table(columns, rows, right=columns[1:], wrap=("sound",))
    better = "" if report.refiner is None else f"refined by {report.refiner}; "
    _out(
        f"to {report.target.title}, by {report.converter.title}, ratio {report.settings.ratio:g}; {better}sound by "
        f"{report.vocoder}"
    )
    if repairs := [item.sung.repairs for item in report.done if item.sung.repairs is not None]:
        _out(_put_right(reduce(add, repairs)))
    if (live := report.done[0].sung.live) is not None:
        _out(_waiting(live))
    for note in report.notes:
        _out(note, style="yellow")
    _out(CONSENT, style="dim")


def _put_right(found: Repairs) -> str:
    by = "one tracker (pip install 'melpact[voice]' brings a second)" if found.second is None else f"ours and {found.second}"
    return (
        f"pitch by {by}: of {found.voiced} voiced moments {found.octaves} moved, "
        f"{found.gained} gained and {found.lost} lost their voicing"
    )


def _waiting(live: Live) -> str:
    of, spent = live.latency, "no whole block"
    if live.block_p50_ms is not None:
        spent = f"each computed in {live.block_p50_ms:.0f} ms ({live.block_p95_ms:.0f} at the 95 % quantile)"
    return (
        f"as it came: look-ahead {of.look_ahead_ms:.0f} ms (pitch {of.pitch_ms:.0f}, mel {of.mel_ms:.0f}, "
        f"converter {of.converter_ms:.0f}, sound {of.sound_ms:.0f}), in blocks of {of.block_ms:.0f} ms, {spent}"
    )


def _learnt(report: LearnReport, wishes: Command) -> None:
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    voice = report.voice
    _pairs(
        [
            ("voice", str(report.path)),
            (
                "learnt from",
                f"{len(report.references)} sounds, {_length(voice.seconds)}; {voice.stats.seconds:.1f} s of it sound",
            ),
            ("pitch", _pitch(voice.pitch)),
            ("fingerprint", voice.fingerprint),
        ]
    )
    for note in report.notes:
        _out(note, style="yellow")
    _out(CONSENT, style="dim")


def _pitch(found: PitchRange | None) -> str:
    return "none" if found is None else f"{found.low_hz:.0f}–{found.median_hz:.0f}–{found.high_hz:.0f} Hz"


COMMANDS: dict[str, type[Command]] = {"voice": Voice}
"""By name."""
