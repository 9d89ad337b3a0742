"""The speech network from sizes and weights as a file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from melpact.nn.speech.network import SpeechConfig, SpeechNetwork
from melpact.nn.speech.parts import TorchParts


def network(sizes: Mapping[str, Any], weights: Mapping[str, NDArray[np.floating]]) -> SpeechNetwork:
    """Whole, in float32.

    Raises:
        ValueError: impossible sizes. RuntimeError: weights that do not fit.
    """
    made = SpeechNetwork(SpeechConfig(**dict(sizes)))
    made.load_state_dict({name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in weights.items()})
    return made.eval()


def parts(sizes: Mapping[str, Any], weights: Mapping[str, NDArray[np.floating]], device: str) -> TorchParts:
    """What runs it part by part; raises as `network`."""
    return TorchParts(network(sizes, weights), device)
