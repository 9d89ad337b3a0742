"""Batches fetched ahead by threads. The order of the threads changes nothing: a batch follows from its step."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from melpact.core.errors import TrainingError
from melpact.train.task import Source


@dataclass(frozen=True)
class Part:
    """One of the parts that a batch is taken in.

    Attributes:
        number: among the parts of all processes; random numbers follow from it.
        arrays: by name, each with the items first.
        share: by which the mean over this part's items counts in the mean over the parts: 1 where all are of one size.
    """

    number: int
    arrays: dict[str, NDArray[Any]]
    share: float


class Feed:
    """What one process gets of every step, from `begin` on.

    A process that takes its share in n parts asks for n parts of n × world, so that two parts in one process and one part
    in each of two processes are the same parts.

    Args:
        source: of batches.
        rank, world: of this process.
        parts: that it takes its share in.
        begin, end: steps.
        threads, ahead: that prepare batches; steps that lie ready.

    Raises:
        TrainingError: more parts than items.
    """

    def __init__(
        self, source: Source, rank: int, world: int, parts: int, begin: int, end: int, *, threads: int = 2, ahead: int = 4
    ) -> None:
        if world * parts > source.batch:
            raise TrainingError(
                "a batch has fewer items than the parts that it is taken in",
                where="batch_size",
                got=f"{source.batch} items, {world} processes × {parts} parts",
                wanted=f"at least {world * parts}",
            )
        self.source, self.rank, self.world, self.parts = source, rank, world, parts
        self._next, self._end, self._ahead = begin, end, ahead
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        self._waiting: deque[Future[list[Part]]] = deque()

    def take(self) -> list[Part]:
        """The parts of the next step."""
        while len(self._waiting) <= self._ahead and self._next < self._end:
            self._waiting.append(self._pool.submit(self._made, self._next))
            self._next += 1
        return self._waiting.popleft().result()

    def _made(self, step: int) -> list[Part]:
        world = self.world * self.parts
        made = []
        for number in range(self.rank * self.parts, (self.rank + 1) * self.parts):
            arrays = dict(self.source.batch_at(step, rank=number, world=world))
            items = {len(value) for value in arrays.values()}
            if len(items) != 1 or 0 in items:
                raise TrainingError("a batch is empty or uneven", where=f"step {step}, part {number}", got=sorted(items))
            made.append(Part(number, arrays, items.pop() * world / self.source.batch))
        return made

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
