"""Tasks spread over processes: one task is one utterance. What a task does is in `task`.

Workers are programs of their own that speak pickled messages over their standard input and output, so that a script
needs no guard, threads of the caller are not forked, and a crash inside a package costs one utterance and one restart.
"""

from __future__ import annotations

import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Protocol, TypeVar

from melpact.bench.task import Outcome, measure

_START = "import sys; sys.path[:] = {path!r}; from melpact.bench.workers import serve; serve()"
_ONE_THREAD = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Named(Protocol):
    """A task: what is measured of one utterance, picklable."""

    @property
    def name(self) -> str:
        """Of the utterance."""


T = TypeVar("T", bound=Named)
S = TypeVar("S")
Measure = Callable[[T, S], Outcome]
_Job = tuple[Callable[[Any, Any], Outcome], Any]


def run(
    tasks: Sequence[T], settings: S, *, jobs: int, advance: Callable[[int], None], work: Measure[T, S] | None = None
) -> list[Outcome]:
    """Every task's outcome, in the order of the tasks; `advance(1)` after each.

    Args:
        jobs: processes; with 1 everything happens in this one.
        work: what is done with a task and the settings, a function of a module; `task.measure` by default.

    Raises:
        KeyboardInterrupt: interrupted; no process is left, and what was measured is in the cache.
    """
    job = (work or measure, settings)
    if jobs <= 1 or len(tasks) <= 1:
        done = []
        for task in tasks:
            done.append(_guarded(task, *job))
            advance(1)
        return done
    return _spread(tasks, job, min(jobs, len(tasks)), advance)


def _guarded(task: Any, work: Callable[[Any, Any], Outcome], settings: Any) -> Outcome:
    try:
        return work(task, settings)
    except Exception as error:  # one utterance never ends the run
        return Outcome(task.name, failed={"": f"unexpected {type(error).__name__}: {error}"})


def _spread(tasks: Sequence[Any], job: _Job, jobs: int, advance: Callable[[int], None]) -> list[Outcome]:
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(tasks)):
        waiting.put(index)
    finished: queue.SimpleQueue[tuple[int, Outcome] | BaseException] = queue.SimpleQueue()
    stop, workers = threading.Event(), [_Worker(job) for _ in range(jobs)]

    def drive(worker: _Worker) -> None:
        try:
            while not stop.is_set():
                try:
                    index = waiting.get_nowait()
                except queue.Empty:
                    return
                finished.put((index, worker.ask(tasks[index])))
        except Exception as error:
            finished.put(error)

    threads = [threading.Thread(target=drive, args=(worker,), daemon=True) for worker in workers]
    outcomes: dict[int, Outcome] = {}
    try:
        for thread in threads:
            thread.start()
        while len(outcomes) < len(tasks):
            try:
                found = finished.get(timeout=0.2)
            except queue.Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            outcomes[found[0]] = found[1]
            advance(1)
    finally:
        stop.set()
        for worker in workers:
            worker.close()
        for thread in threads:
            thread.join(timeout=5)
    return [outcomes[index] for index in range(len(tasks))]


class _Worker:
    """One process; started when first asked, started again after a crash."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, task: Any) -> Outcome:
        """The outcome of one task; a worker that dies on it is a failure of that utterance."""
        process = self._started()
        if process is None or process.stdin is None or process.stdout is None:
            return Outcome(task.name, failed={"": "stopped"})
        try:
            _send(process.stdin, task)
            answer = next(_messages(process.stdout), None)
        except (OSError, EOFError, pickle.UnpicklingError):
            answer = None
        if isinstance(answer, Outcome):
            return answer
        code = process.wait()
        self._process = None
        return Outcome(task.name, failed={"": f"the process that measured it ended with code {code}"})

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._process is None and not self._closed:
                path = [entry or os.getcwd() for entry in sys.path]
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _START.format(path=path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
                    start_new_session=True,
                )
                assert self._process.stdin is not None
                _send(self._process.stdin, self._job)
            return self._process

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    _close(stream)


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return


def _send(stream: IO[bytes], message: Any) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(struct.pack("<Q", len(data)) + data)
    stream.flush()


def _messages(stream: IO[bytes]) -> Iterator[Any]:
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return
        (size,) = struct.unpack("<Q", head)
        data = stream.read(size)
        if len(data) < size:
            raise EOFError("the message ends early")
        yield pickle.loads(data)


def serve() -> None:
    """A worker's life: what to do with which settings first, then tasks until the pipe closes.

    What packages print goes to standard error.
    """
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    messages = _messages(sys.stdin.buffer)
    work, settings = next(messages)
    for task in messages:
        _send(out, _guarded(task, work, settings))
