"""The command that encodes and decodes sounds and looks at streams, and what it prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from melpact.cli import render
from melpact.cli.commands import FINDING, OK, Command
from melpact.cli.render import _length, _out, _pairs, _table, print_json

if TYPE_CHECKING:
    from melpact.verbs.codec_decode import DecodeReport
    from melpact.verbs.codec_encode import EncodeReport
    from melpact.verbs.codec_info import StreamSheet
    from melpact.verbs.codec_live import Flown

_OF = {"encode": ("kbit", "quality", "adaptive", "hz", "packet_ms", "check"), "decode": ("conceal",), "info": ()}
"""Flags that only one action has."""
_PER_LINE, _LINES = 10, 40


@dataclass(kw_only=True)
class CodecCommand(Command):
    """Make a sound a small stream of bytes, and a sound of that stream alone; or say what a stream is.

    codec encode SOUNDS -o OUT --kbit 8; codec decode STREAMS -o DIR; codec info STREAM. Every packet decodes on its own and
    has its own check: decode --conceal goes on without the broken ones (exit code 1 where there were any, as with info).

    A - in place of files is standard input, as it comes: for encode S16_LE samples of one channel at the codec's rate, for
    decode a stream; -o - is standard output. The bytes of a stream: docs/codec_container.md.
    """

    action: Annotated[Positional[Literal["encode", "decode", "info"]], arg(metavar="ACTION")]
    """encode, decode or info."""
    inputs: Annotated[Positional[list[str]], arg(metavar="INPUTS", help_behavior_hint="(one or more)")]
    """Sound files, .melc files, folders (searched to the bottom), patterns, sample:en_noservice; or -."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Folder, in which the structure of an input folder is kept; the .melc or .wav file for a single input; or -. Of encode
    the current folder by default."""
    kbit: Annotated[float | None, arg(metavar="N")] = None
    """Of encode: kbit/s per channel, at most so many in every packet; with --adaptive on average."""
    quality: Annotated[int | None, arg(metavar="STEP")] = None
    """Of encode, instead: as many bits as this step of quality takes, from 0."""
    adaptive: bool = False
    """Of encode: bits where the error is heard. What comes by - has its kbit/s in every packet all the same."""
    with_: Annotated[str | None, arg(name="with", metavar="CODEC")] = None
    """A codec's name or file. By default the one that comes with the package; of decode the one that the stream names."""
    hz: Annotated[int | None, arg(metavar="HZ")] = None
    """Of encode: sample rate of the stream, where the codec knows several (the one that comes with the package: 16000, the
    default, and 24000)."""
    packet_ms: Annotated[float | None, arg(metavar="MS")] = None
    """Of encode: length of a packet; 1000 by default, 100 of what comes by -."""
    check: bool = False
    """Of encode: decode at once, and say the signal-to-noise ratio."""
    conceal: bool = False
    """Of decode: make up what broken or missing packets would have sounded like."""
    jobs: Annotated[int | None, arg(aliases=["-j"], metavar="N")] = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        self._refuse_strange()
        if self.action == "info":
            return self._info()
        if self.inputs == ["-"] or self.out == "-":
            return self._live()
        return self._encode() if self.action == "encode" else self._decode()

    def _refuse_strange(self) -> None:
        from melpact.core.errors import MelpactError

        elsewhere = [name for action, names in _OF.items() if action != self.action for name in names]
        given = [name for name in elsewhere if getattr(self, name) is not None and getattr(self, name) is not False]
        strange = [f"--{name.replace('_', '-')}" for name in given]
        if self.action == "info" and self.out is not None:
            strange.append("--out")
        if strange:
            raise MelpactError(f"{self.action} has no such flag", where="melpact codec", got=", ".join(strange))
        if self.action == "decode" and self.out is None:
            raise MelpactError("decode needs a place to write to", where="melpact codec decode", wanted="-o DIR")
        if len(self.inputs) > 1 and (self.action == "info" or self.out == "-" or "-" in self.inputs):
            raise MelpactError("takes one input", where=f"melpact codec {self.action}", got=len(self.inputs))

    def _encode(self) -> int:
        from melpact.verbs.codec_encode import codec_encode, rate_of

        report = codec_encode(
            self.inputs, self.out or ".", rate=rate_of(self.kbit, self.quality, self.adaptive), codec=self.with_,
            sample_rate=self.hz, packet_ms=1000.0 if self.packet_ms is None else self.packet_ms, check=self.check,
            jobs=self.jobs, progress=render.progress(self.quiet),
        )  # fmt: skip
        _encoded(report, self)
        return render.failures(report.failed)

    def _decode(self) -> int:
        from melpact.verbs.codec_decode import codec_decode

        report = codec_decode(
            self.inputs, self.out or ".", codec=self.with_, conceal=self.conceal, jobs=self.jobs,
            progress=render.progress(self.quiet),
        )  # fmt: skip
        _decoded(report, self)
        return render.failures(report.failed) or (FINDING if report.concealed else OK)

    def _info(self) -> int:
        from melpact.verbs.codec_info import codec_info

        found = codec_info(self.inputs[0], codec=self.with_)
        _sheet(found, self)
        return FINDING if found.problems else OK

    def _live(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.verbs.codec_encode import rate_of
        from melpact.verbs.codec_live import flow

        if self.check or self.json:
            raise MelpactError(
                "there is no such result of what goes by", where="melpact codec", got="--check or --json with -"
            )
        flown = flow(
            self.action == "encode", self.inputs[0], self.out or "-", sys.stdin.buffer, sys.stdout.buffer,
            rate=rate_of(self.kbit, self.quality, self.adaptive), codec=self.with_, sample_rate=self.hz,
            packet_ms=self.packet_ms, conceal=self.conceal,
        )  # fmt: skip
        if not self.quiet:
            _flown(flown)
        return FINDING if flown.lost or flown.problems else OK


def _encoded(report: EncodeReport, wishes: CodecCommand) -> None:
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet or not report.done:
        return
    columns = ["stream", "length", "channels", "bytes", "kbit/s", "x real time"]
    columns += ["SNR, dB"] if wishes.check else []
    rows = []
    for item in report.done:
        speed = item.seconds / max(item.spent_s, 1e-9)
        row = [str(item.path), _length(item.seconds), str(item.channels), f"{item.size_bytes}", f"{item.kbit_s:.2f}"]
        said = "exact" if item.exact else "–" if item.snr_db is None else f"{item.snr_db:.2f}"
        rows.append((*row, f"{speed:.1f}", *((said,) if wishes.check else ())))
    _table(tuple(columns), rows, right=tuple(columns[1:]), wrap=("stream",))
    rates = sorted({item.resampled_from for item in report.done if item.resampled_from is not None})
    if rates:
        _out(f"brought from {', '.join(f'{rate}' for rate in rates)} Hz to {report.sample_rate} Hz")
    seconds = sum(item.seconds for item in report.done)
    kbit_s = 8 * sum(item.size_bytes for item in report.done) / seconds / 1000
    _out(f"by {report.codec} at {_asked(report)}: {kbit_s:.2f} kbit/s over all, with headers and checks")


def _asked(report: EncodeReport) -> str:
    rate = report.rate
    if rate.step is not None:
        return f"quality {rate.step}"
    return f"{rate.kind}{'' if rate.kbit_s is None else f' {rate.kbit_s:g} kbit/s per channel'}"


def _decoded(report: DecodeReport, wishes: CodecCommand) -> None:
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet or not report.done:
        return
    columns = ("sound", "length", "Hz", "channels", "packets made up", "clipped", "x real time", "by")
    rows = [
        (
            str(item.path), _length(item.seconds), str(item.sample_rate), str(item.channels),
            f"{len(item.lost)} of {item.packets}", str(item.clipped),
            f"{item.seconds / max(item.spent_s, 1e-9):.1f}", item.codec,
        )
        for item in report.done
    ]  # fmt: skip
    _table(columns, rows, right=columns[1:-1], wrap=("sound",))
    for item in report.done:
        for problem in item.problems:
            _out(f"{item.source}: {problem}", style="yellow")


def _sheet(found: StreamSheet, wishes: CodecCommand) -> None:
    if wishes.json:
        print_json(found.to_json())
        return
    if wishes.quiet:
        return
    sizes = [size for size in found.packet_bytes if size is not None]
    beside = "header, lengths and checks" if len(sizes) == len(found.packet_bytes) else "not of whole payloads"
    rows = [
        ("stream", f"{found.path}, version {found.version}"),
        ("codec", f"{found.codec or 'not known here'}: {found.kind}, {found.fingerprint}"),
        ("sound", f"{found.channels} channel(s) at {found.sample_rate} Hz, {_end(found)}"),
        ("packets", f"{len(found.packet_bytes)} of {found.packet_ms:g} ms, {_spread(sizes)}"),
        ("bytes", f"{found.size_bytes}, of them {found.size_bytes - sum(sizes)} {beside}"),
        ("settings", found.settings),
    ]
    if found.kbit_s is not None and found.payload_kbit_s is not None:
        rows.append(("rate", f"{found.kbit_s:.2f} kbit/s; whole payloads alone {found.payload_kbit_s:.2f}"))
    _pairs((name, text) for name, text in rows if text)
    _out()
    cells = ["broken" if size is None else str(size) for size in found.packet_bytes[: _PER_LINE * _LINES]]
    lines = [cells[at : at + _PER_LINE] for at in range(0, len(cells), _PER_LINE)]
    heads = ("packet", *(f"+{column}" for column in range(_PER_LINE)))
    table = [(str(_PER_LINE * at), *line, *[""] * (_PER_LINE - len(line))) for at, line in enumerate(lines)]
    _table(heads, table, right=heads)
    if len(found.packet_bytes) > len(cells):
        _out(f"{len(found.packet_bytes) - len(cells)} more packets (--json names all)")
    for problem in found.problems:
        _out(problem, style="yellow")


def _end(found: StreamSheet) -> str:
    if found.seconds is None:
        return "whose end is not there"
    return f"{found.n_samples} samples, {_length(found.seconds)}{', written as it came' if found.live else ''}"


def _spread(sizes: list[int]) -> str:
    if not sizes:
        return "none whole"
    ordered = sorted(sizes)
    return f"{ordered[0]} to {ordered[-1]} bytes, {ordered[len(ordered) // 2]} in the middle"


def _flown(flown: Flown) -> None:
    waits = flown.delay.samples
    delay = "all at the end" if waits is None else f"{1000 * waits / flown.sample_rate:.0f} ms behind"
    kbit_s = 8 * flown.size_bytes / max(flown.seconds, 1e-9) / 1000
    lost = f", {len(flown.lost)} made up" if flown.lost else ""
    went = f"{_length(flown.seconds)} in {flown.packets} packets{lost}, {kbit_s:.2f} kbit/s, {delay}, by {flown.codec}"
    print(f"melpact: {went}", file=sys.stderr)
    for problem in flown.problems:
        print(f"melpact: {problem}", file=sys.stderr)


COMMANDS: dict[str, type[Command]] = {"codec": CodecCommand}
"""By name."""
