"""`Feed`: the batches of one rank in order, computed ahead by threads, with a position that can be kept and restored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol

from numpy.typing import NDArray

from melpact.core.errors import CorpusError

Batch = dict[str, NDArray[Any]]


class Source(Protocol):
    """What gives batches by their step: `Crops`, `Buckets`."""

    @property
    def fingerprint(self) -> str:
        """Names everything that the batches depend on but the step."""

    def batch_at(self, step: int, *, rank: int = 0, world: int = 1) -> Batch:
        """One rank's part of the batch of a step."""


class Feed(Iterator[Batch]):
    """An endless iterator over one rank's batches.

    The order is that of the steps whatever the number of workers, and the position counts the batches that were handed out,
    not those computed ahead: a run that is resumed from `state` sees the same numbers as one that was never stopped. The
    world may be another after resuming, since the global batch of a step does not depend on it.

    Args:
        source: gives the batches.
        rank, world: which part of how many.
        workers: threads that compute ahead; 0 computes each batch when it is asked for.
        step: the first step.
    """

    def __init__(self, source: Source, *, rank: int = 0, world: int = 1, workers: int = 0, step: int = 0) -> None:
        if workers < 0 or step < 0:
            raise CorpusError("cannot be negative", where="Feed", got=f"{workers=}, {step=}", wanted="0 or more")
        self.source, self.rank, self.world, self.workers = source, rank, world, workers
        self.step = step
        self._ahead: deque[Future[Batch]] = deque()
        self._pool: ThreadPoolExecutor | None = None

    def __next__(self) -> Batch:
        if self.workers == 0:
            batch = self._computed(self.step)
        else:
            self._fill()
            batch = self._ahead.popleft().result()
        self.step += 1
        return batch

    def state(self) -> dict[str, Any]:
        """The position, as plain JSON values: the next step, and what the batches come from."""
        return {"step": self.step, "source": self.source.fingerprint}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a position that `state` gave.

        Raises:
            CorpusError: it is one of other sounds, another mel, other settings or another seed.
        """
        if state.get("source") != self.source.fingerprint:
            raise CorpusError(
                "this position belongs to other data",
                where="Feed.restore",
                got=state.get("source"),
                wanted=self.source.fingerprint,
                next="Resume with the corpus, the description, the batch and the seed that the run began with",
            )
        self._drop()
        self.step = int(state["step"])

    def close(self) -> None:
        """Stop computing ahead; the feed can still be used."""
        self._drop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _computed(self, step: int) -> Batch:
        return self.source.batch_at(step, rank=self.rank, world=self.world)

    def _fill(self) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="melpact-feed")
        while len(self._ahead) < 2 * self.workers:
            self._ahead.append(self._pool.submit(self._computed, self.step + len(self._ahead)))

    def _drop(self) -> None:
        for future in self._ahead:
            future.cancel()
        self._ahead.clear()
