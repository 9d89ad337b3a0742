"""The command for corpora: what sounds there are, what is wrong with them, how they are split and packed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, cast

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import corpus_text, render
from melpact.cli.commands import FINDING, OK, Command, Jobs
from melpact.core.errors import MelpactError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from melpact.corpus.splitting import Keep

Word = Annotated[str | None, arg(metavar="TEXT")]
Words = UseAppendAction[list[str]]
_ONLY: dict[str, tuple[str, ...]] = {
    "layout": ("import",), "audio": ("import",), "speaker": ("import",), "language": ("import",), "licence": ("import",),
    "split": ("import",),
    "valid": ("split",), "test": ("split",), "put": ("split",), "seed": ("split",), "fill": ("split",),
    "keep": ("split", "lint"), "fix": ("lint",), "rate": ("pack",),
}  # fmt: skip


@dataclass(kw_only=True)
class Corpus(Command):
    """List sounds to learn from, find what is wrong with them, split them and pack them for training.

    import SOURCE -o corpus.jsonl; show corpus.jsonl|PACKED; lint corpus.jsonl; split corpus.jsonl;
    pack corpus.jsonl --rate HZ -o PACKED. Exit code 1 when lint found something, or when some sounds could not be read.
    """

    action: Annotated[Positional[Literal["import", "show", "lint", "split", "pack"]], arg(metavar="ACTION")]
    """import, show, lint, split or pack."""
    sources: Annotated[Positional[list[str]], arg(metavar="SOURCES", help_behavior_hint="(one or more)")]
    """import: folders, lists, tables, manifests. The others: one corpus.jsonl (show: or a packed folder)."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """The manifest to write; pack: the folder. split writes the manifest itself by default."""
    layout: Annotated[str | None, arg(metavar="NAME")] = None
    """import: auto, folder, ljspeech, file_list, table or manifest."""
    audio: Annotated[str | None, arg(metavar="DIR")] = None
    """import: where the sounds of a list lie."""
    speaker: Word = None
    """import: one name for all; folder, for the folder a sound lies in; or a pattern with one (group)."""
    language: Word = None
    """import: of all sounds."""
    licence: Word = None
    """import: of all sounds."""
    split: Annotated[str | None, arg(metavar="NAME")] = None
    """import: of all sounds."""
    valid: Annotated[float | None, arg(metavar="SHARE")] = None
    """split: share of the seconds (0.05)."""
    test: Annotated[float | None, arg(metavar="SHARE")] = None
    """split: share of the seconds (0.05)."""
    keep: Annotated[Words, arg(metavar="WHAT")] = field(default_factory=list)
    """split, lint: what may not lie in two splits: speaker (the default), text, file, utterance. May be repeated."""
    put: Annotated[Words, arg(metavar="SPEAKER=SPLIT")] = field(default_factory=list)
    """split: a speaker whose split is given. May be repeated."""
    fill: bool = False
    """split: leave utterances that have a split where they are."""
    seed: Annotated[int | None, arg(metavar="N")] = None
    """split: of the order in which groups are held out."""
    rate: Annotated[int | None, arg(metavar="HZ")] = None
    """pack: the sample rate of all of it."""
    fix: Annotated[Words, arg(metavar="CODE")] = field(default_factory=list)
    """lint: mend this kind of finding in the manifest written with -o. May be repeated."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        for name, actions in _ONLY.items():
            if getattr(self, name) not in (None, False, []) and self.action not in actions:
                raise MelpactError(f"{self.action} takes no --{name}", where="melpact corpus", wanted=" or ".join(actions))
        if self.action == "import":
            return self._import()
        if len(self.sources) != 1:
            raise MelpactError(f"{self.action} takes one corpus", where="melpact corpus", got=f"{len(self.sources)} words")
        return {"show": self._show, "lint": self._lint, "split": self._split, "pack": self._pack}[self.action]()

    def _kept(self) -> Sequence[Keep]:
        return cast("list[Keep]", self.keep or ["speaker"])

    def _out(self) -> str:
        if self.out is None:
            raise MelpactError(f"{self.action} needs a place to write to", where="melpact corpus", wanted="-o PATH")
        return self.out

    def _import(self) -> int:
        from melpact.verbs.corpus_import import import_corpus

        report = import_corpus(
            self.sources, self._out(), layout=self.layout or "auto", audio=self.audio, speaker=self.speaker,
            language=self.language, licence=self.licence, split=self.split, jobs=self.jobs,
            progress=render.progress(self.quiet),
        )  # fmt: skip
        corpus_text.imported(report, self)
        return render.failures(report.failed)

    def _show(self) -> int:
        from melpact.verbs.corpus import show

        if self.out is not None:
            raise MelpactError("show writes nothing", where="--out")
        found = show(self.sources[0])
        corpus_text.sheet(found, self)
        return FINDING if found.damaged else OK

    def _lint(self) -> int:
        from melpact.verbs.corpus_lint import lint

        report = lint(
            self.sources[0], self.out, fix=self.fix, keep=self._kept(), jobs=self.jobs,
            progress=render.progress(self.quiet),
        )  # fmt: skip
        corpus_text.linted(report, self)
        return FINDING if report.flaws else OK

    def _split(self) -> int:
        from melpact.verbs.corpus import parse_put, split_corpus

        made = split_corpus(
            self.sources[0], self.out, valid=0.05 if self.valid is None else self.valid,
            test=0.05 if self.test is None else self.test, keep=self._kept(), put=parse_put(self.put),
            again=not self.fill, seed=self.seed or 0,
        )  # fmt: skip
        corpus_text.sheet(made, self)
        return OK

    def _pack(self) -> int:
        from melpact.verbs.corpus import pack

        if self.rate is None:
            raise MelpactError("pack needs a sample rate", where="melpact corpus", wanted="--rate HZ")
        report = pack(self.sources[0], self._out(), self.rate, jobs=self.jobs, progress=render.progress(self.quiet))
        corpus_text.packed(report, self)
        return render.failures(report.failed)


COMMANDS: dict[str, type[Command]] = {"corpus": Corpus}
"""By name."""
