"""Running a foreign coder's program: its answer or an error that names it, and the seconds of one core that it took."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence

from melpact.core.errors import MelpactError

_PATIENCE_S = 300.0


def absent(programs: Sequence[str], package: str, what: str) -> str | None:
    """Why a coder cannot be run, with the package of Debian and Ubuntu that brings it; None where all are here."""
    lacks = [name for name in programs if shutil.which(name) is None]
    if not lacks:
        return None
    return f"needs the program{'s' * (len(lacks) > 1)} {' and '.join(lacks)} ({what}): apt install {package}"


def ran(command: Sequence[str]) -> float:
    """Seconds that a program took: of its processor time where the system tells, starting it included; else of the clock.

    Raises:
        MelpactError: it is not there, did not end, or ended with an error.
    """
    before, began = _children_s(), time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MelpactError("the program could not be run", where=command[0], got=str(error)) from error
    spent, clock = _children_s() - before, time.perf_counter() - began
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise MelpactError(
            f"the program ended with code {done.returncode}", where=command[0], got=said[-1] if said else "no message"
        )
    return spent if spent > 0 else clock


def _children_s() -> float:
    """Processor time of the programs that have ended; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def answer(command: Sequence[str]) -> str:
    """The first line that a program says of itself; "" where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).decode(errors="replace").splitlines()
    return lines[0].strip() if lines else ""
