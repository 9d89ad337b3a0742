"""Runs a network on torch: numpy in, numpy out, evaluation mode, no gradients. Which network, and why, is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}


class TorchRuntime:
    """A network with its weights on a device.

    Args:
        network: [B, …, T] inputs → samples [B, N].
        weights: every parameter and buffer by name; they are copied. None: the network keeps its own.
        device: as torch says it ("cpu", "cuda", "cuda:1").
        dtype: "float32", "bfloat16" or "float64" of weights and arithmetic; results are float32 in any case.
    """

    name = "torch"

    def __init__(
        self,
        network: nn.Module,
        weights: Mapping[str, NDArray[np.float32]] | None = None,
        *,
        device: str = "cpu",
        dtype: str = "float32",
    ):
        if weights is not None:
            network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        self.device, self.dtype, self.in_batches = device, dtype, device != "cpu"
        self.network = network.to(device=device, dtype=DTYPES[dtype]).eval()

    def run(self, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Inputs of one batch, in the network's order → float32 [B, N]."""
        with torch.inference_mode():
            given = [
                torch.from_numpy(np.array(one)).to(device=self.device, dtype=self._dtype(index))
                for index, one in enumerate(inputs)
            ]
            made = self.network(*given).to(device="cpu", dtype=torch.float32)
        return np.asarray(made.numpy())

    def _dtype(self, index: int) -> torch.dtype:
        """Of an input: the network's, but at least float32 for those that it names in `precise`."""
        own = DTYPES[self.dtype]
        keeps = index in getattr(self.network, "precise", ())
        return torch.promote_types(own, torch.float32) if keeps else own


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within the block torch's generator is seeded; afterwards it is as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def weights_of(network: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Every parameter and persistent buffer as float32, by name."""
    return {name: value.detach().cpu().to(torch.float32).numpy() for name, value in network.state_dict().items()}


def available(device: str) -> str | None:
    """Why a device cannot be used here; None where it can."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        return " ".join(str(error).split())[:200]
    return None
