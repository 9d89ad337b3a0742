"""The refiners that are networks, by the name of their method."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from melpact.models.refine.cnn import Cnn
from melpact.models.refine.diffusion import Diffusion
from melpact.models.refine.neural import NeuralRefiner

NEURAL: Mapping[str, type[NeuralRefiner]] = MappingProxyType({"cnn": Cnn, "diffusion": Diffusion})
