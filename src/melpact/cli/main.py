"""`melpact`: parse the command line, run one command, turn errors into exit codes.

Flags are in `commands`, output in `render`.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union

from melpact.core.errors import AudioWarning, MelpactError, MelpactWarning

DESCRIPTION = """Mels that know what they are: extract, look at, compare, count and hear them.

Exit codes: 0 done; 1 a finding (diff: they differ; run: a check failed), or some files of several failed;
2 a mistake that one line on standard error explains; 70 a fault of melpact, with its traceback; 130
interrupted, nothing half-written. Results go to standard output, progress and errors to standard error.
melpact --version says the version."""

MISTAKE, FAULT, INTERRUPTED, CLOSED_PIPE = 2, 70, 130, 141
_PROG = "melpact"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and never raises.

    Args:
        argv: the arguments without the program's name; `sys.argv` by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with _warnings_in_one_line():
            code = _run(words)
        sys.stdout.flush()
        return code
    except MelpactError as error:
        return _say(error, words)
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except OSError as error:
        return _say(MelpactError(error.strerror or str(error), where=error.filename), words)
    except KeyboardInterrupt:
        _line("interrupted: what was finished stays, nothing is half-written")
        return INTERRUPTED
    except Exception:
        traceback.print_exc()
        _line("this is a fault of melpact, not yours; please report it with the lines above")
        return FAULT


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        from importlib.metadata import version

        print(f"{_PROG} {version('melpact')}")
        return 0
    from melpact.cli.catalogue import COMMANDS
    from melpact.cli.other_names import in_our_words

    if words and words[0] in COMMANDS:
        name = words[0]
        parsed = _parse(COMMANDS[name], f"{_PROG} {name}", in_our_words(name, words[1:]))
    elif words and words[0] in ("-h", "--help"):
        parsed = _parse(_everything(), _PROG, ["--help"])
    else:
        raise _no_command(words, list(COMMANDS))
    return int(parsed) if isinstance(parsed, int) else int(parsed.run())


def _everything() -> Any:
    """All commands as one type, for the overview and for shell completion."""
    import tyro

    from melpact.cli.catalogue import COMMANDS

    members = [Annotated[command, tyro.conf.subcommand(name)] for name, command in COMMANDS.items()]
    return Union[tuple(members)]  # noqa: UP007


def _parse(what: Any, prog: str, words: list[str]) -> Any:
    """The command record, or the exit code 0 after help was printed.

    Raises:
        MelpactError: the words do not fit; the parser's own message, in one line.
    """
    import tyro

    said = io.StringIO()
    description = DESCRIPTION if prog == _PROG else None
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(what, prog=prog, args=words, description=description, config=_config())
    except SystemExit as end:
        if not end.code:
            return 0
        raise MelpactError(_flat(said.getvalue()), where=prog, next=f"See: {prog} --help") from None


def _config() -> tuple[Any, ...]:
    import tyro

    return (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitSubcommandPrefixes)


def completion(shell: str) -> str:
    """A completion script for bash, zsh or fish."""
    import tyro

    script = io.StringIO()
    with contextlib.redirect_stdout(script), contextlib.suppress(SystemExit):
        tyro.cli(_everything(), prog=_PROG, args=["--tyro-print-completion", shell], config=_config())
    return script.getvalue()


def _flat(boxed: str) -> str:
    """The parser's message without its frame, its title and its pointers to help."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", boxed)
    framed = [re.sub(r"^[╭+][─-]+ | [─-]+[╮+]$|^[│|]|[│|]$", "", line.strip()).strip() for line in plain.splitlines()]
    title, *lines = [line for line in framed if re.search(r"\w", line)] or ["cannot be understood"]
    if title == "Required options":
        return _missing(lines)
    text = re.split(r"For full helptext|Argument helptext|Got errors", " ".join(lines) or title)[0]
    return re.sub(r"\s+", " ", text).strip(" .")


def _missing(lines: list[str]) -> str:
    """The missing arguments by name, and the words that fit nowhere."""
    unknown = lines.index("Unrecognized options:") if "Unrecognized options:" in lines else len(lines)
    names = [line for line in lines[:unknown] if re.fullmatch(r"-.*|[A-Z]+", line)]
    strange = [line for line in lines[unknown + 1 :] if line.startswith("-")]
    text = f"needs {' and '.join(names)}"
    return text + (f", and has no {', '.join(strange)}" if strange else "")


def _no_command(words: list[str], known: list[str]) -> MelpactError:
    if not words:
        return MelpactError("no command was given", wanted=f"one of {', '.join(known)}", next=f"See: {_PROG} --help")
    near = difflib.get_close_matches(words[0], known, n=2, cutoff=0.5)
    what = f"there is no command {words[0]!r}"
    if near:
        return MelpactError(what, next=f"Did you mean: {' or '.join(f'{_PROG} {name}' for name in near)}?")
    return MelpactError(what, wanted=f"one of {', '.join(known)}", next=f"See: {_PROG} --help")


def _say(error: MelpactError, words: list[str]) -> int:
    if "--json" in words:
        from melpact.cli.render import print_json

        parts = {
            "what": error.what,
            "where": error.where,
            "got": error.got,
            "wanted": error.wanted,
            "next": error.next,
        }
        said = {name: None if part is None else str(part) for name, part in parts.items()}
        print_json({"error": {"type": type(error).__name__, **said, "message": str(error)}})
    _line(str(error))
    return MISTAKE


def _line(text: str) -> None:
    print(f"{_PROG}: {' '.join(text.split())}", file=sys.stderr)


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Melpact's warnings as lines on standard error; clipped samples are counted in the result instead."""

    def say(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        _line(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("default", MelpactWarning)
        warnings.simplefilter("ignore", AudioWarning)
        warnings.showwarning = say
        yield


if __name__ == "__main__":
    raise SystemExit(main())
