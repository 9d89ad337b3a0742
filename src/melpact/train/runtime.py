"""`Runtime`: where a training computes: a CPU, one accelerator, or many processes on many machines started by `torchrun`.

What a process does with its share of a batch is in `loop`; gradients are averaged over processes by torch's
DistributedDataParallel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from melpact.core.errors import TrainingError
from melpact.nn.torch_runtime import available
from melpact.train.settings import Precision

_PATIENCE = timedelta(hours=2)
"""How long processes wait for each other: the first one validates and saves meanwhile."""


@dataclass(frozen=True)
class Runtime:
    """One process among `world`.

    Attributes:
        device: where it computes. rank: its number; 0 writes, logs and validates.
        precision: numbers of the arithmetic.
    """

    device: torch.device
    rank: int = 0
    world: int = 1
    precision: Precision = "float32"

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def wrapped(self, module: nn.Module) -> nn.Module:
        """A module whose gradients are the mean over all processes after `backward`; the same module where there is one.

        Parameters and buffers become those of process 0. Its result must depend on every one of its parameters.
        """
        if self.world == 1:
            return module
        ids = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids)

    def held(self, module: nn.Module, *, hold: bool) -> AbstractContextManager[Any]:
        """Within the block (forward and backward) gradients stay with this process where `hold` says so."""
        return module.no_sync() if hold and isinstance(module, DistributedDataParallel) else nullcontext()

    def autocast(self) -> AbstractContextManager[Any]:
        """Within the block arithmetic is in `precision`, where torch deems it safe."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def moved(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
        """Arrays as tensors on the device."""
        tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}
        if self.device.type != "cuda":
            return {name: tensor.to(self.device) for name, tensor in tensors.items()}
        return {name: tensor.pin_memory().to(self.device, non_blocking=True) for name, tensor in tensors.items()}

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor over all processes; a value that is not a number in one of them is none in all."""
        if self.world == 1:
            return values
        total = values.detach().clone()
        distributed.all_reduce(total)
        return total / self.world

    def any(self, said: bool) -> bool:
        """Whether one of the processes says so."""
        return said if self.world == 1 else bool(self.mean(torch.tensor(float(said), device=self.device)) > 0)

    def wait(self) -> None:
        """Until every process is here."""
        if self.world > 1:
            distributed.barrier()

    def generator(self, *key: int) -> torch.Generator:
        """Random numbers on the device that follow from the key alone; torch's own generators are seeded alike."""
        seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))
        torch.manual_seed(seed)
        return torch.Generator(self.device).manual_seed(seed)

    def __str__(self) -> str:
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        numbers = "" if self.precision == "float32" else f", {self.precision}"
        return f"{name}{numbers}" if self.world == 1 else f"{self.world} processes, {name}{numbers}"


@contextmanager
def runtime(
    device: str | None = None, precision: Precision = "float32", *, deterministic: bool = False
) -> Iterator[Runtime]:
    """The runtime of this process; processes started by `torchrun` find each other and part at the end.

    Args:
        device: as torch says it; None: an accelerator where there is one (of several, the one of the local rank).
        precision: numbers of the arithmetic.
        deterministic: only kernels that give the same bits every time.

    Raises:
        TrainingError: no such device, or the processes do not find each other.
    """
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if chosen.type == "cuda" and chosen.index is None:
        chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    missing = available(str(chosen))
    if missing is not None:
        raise TrainingError("there is no such device here", where="device", got=f"{chosen} ({missing})", wanted="cpu")
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if world > 1:
        try:
            distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=_PATIENCE)
        except (RuntimeError, ValueError) as error:
            raise TrainingError(
                "the processes do not find each other", where="torchrun", got=" ".join(str(error).split())[:200]
            ) from error
    with _determined(chosen, deterministic):
        try:
            yield Runtime(chosen, rank, world, precision)
        finally:
            if world > 1:
                distributed.destroy_process_group()


@contextmanager
def _determined(device: torch.device, wanted: bool) -> Iterator[None]:
    if not wanted or device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
