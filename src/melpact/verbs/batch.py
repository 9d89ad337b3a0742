"""One function over many files in several threads: a bad file is named, the rest is done, Ctrl-C is clean.

Decoding, resampling, analysis and synthesis release Python's lock, so threads over files use every core. What
the function does is not this module's business; where results go is in `targets`.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from melpact.core.errors import BatchError, MelpactError
from melpact.verbs.progress import Progress, Silent

Item = TypeVar("Item")
Result = TypeVar("Result")
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Failure:
    """One item that could not be done.

    `message` is the error in one line, `error` the name of its class. `trace` is empty for an error that a
    user can mend, and the traceback of one that is a fault of the program.
    """

    item: str
    message: str
    error: str
    trace: str = ""


@dataclass(frozen=True)
class Batch(Generic[Result]):
    """What became of every item, in the order of the items."""

    done: list[Result] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def check(self) -> None:
        """Raise `BatchError` where something failed.

        Raises:
            BatchError: how many of how many, and the first failure.
        """
        if self.failed:
            total = len(self.done) + len(self.failed)
            raise BatchError(f"{len(self.failed)} of {total} failed; the rest is done", got=self.failed[0].message)


class _Stopped(Exception):
    """Thrown into the running items when the batch was interrupted."""


def jobs_for(items: int, jobs: int | None = None) -> int:
    """How many threads: as asked, else the CPUs this process may use; never more than there are items.

    Raises:
        MelpactError: fewer than one was asked for.
    """
    if jobs is not None and jobs < 1:
        raise MelpactError("at least one job is needed", where="jobs", got=jobs, wanted="1 or more")
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs or cpus, items))


def batch(
    work: Callable[[Item, Tick], Result],
    items: Sequence[Item],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    what: str = "files",
) -> Batch[Result]:
    """Call `work(item, tick)` for every item, several at a time.

    `work` calls `tick(n)` now and then; that call does not return once the batch has been interrupted. With
    exactly one item the progress counts what `tick` is given (and `work` starts it); with several, items.

    Raises:
        MelpactError: the one item failed; with several, failures are in the result instead.
        KeyboardInterrupt: interrupted; every running item was stopped at its next tick and has cleaned up.
    """
    progress = progress if progress is not None else Silent()
    results: dict[int, Result] = {}
    failures: dict[int, Failure] = {}
    lock, stop, waiting = threading.Lock(), threading.Event(), iter(range(len(items)))
    alone = len(items) == 1

    def tick(n: int) -> None:
        if stop.is_set():
            raise _Stopped
        if alone:
            progress.advance(n)

    def one(index: int) -> None:
        try:
            result = work(items[index], tick)
        except _Stopped:
            return
        except (MelpactError, OSError) as error:
            if alone:
                raise
            failures[index] = Failure(str(items[index]), str(error), type(error).__name__)
        except Exception as error:
            if alone:
                raise
            message = f"{items[index]}: unexpected {type(error).__name__}: {error}"
            failures[index] = Failure(str(items[index]), message, type(error).__name__, traceback.format_exc())
        else:
            results[index] = result
        if not alone:
            with lock:
                progress.advance(1)

    def worker() -> None:
        while not stop.is_set():
            with lock:
                index = next(waiting, None)
            if index is None:
                return
            one(index)

    threads = jobs_for(len(items), jobs)
    if not alone:
        progress.start(len(items), what)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="melpact")
    try:
        futures = [pool.submit(worker) for _ in range(threads)]
        while wait(futures, timeout=0.2).not_done:
            pass
        for future in futures:
            future.result()
    finally:
        stop.set()
        pool.shutdown(wait=True)
        progress.done()
    return Batch([results[i] for i in sorted(results)], [failures[i] for i in sorted(failures)])
