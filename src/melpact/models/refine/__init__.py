"""Refiners: a mel in, a mel of the same description and length out that is closer to a natural one.

`base` says what every refiner promises, `settings` how one is asked, `samplers` the steps of the diffusion. How one is
trained and measured is not known here.
"""

from melpact.models.refine.base import Refiner
from melpact.models.refine.opening import refiner
from melpact.models.refine.settings import Refining

__all__ = ["Refiner", "Refining", "refiner"]
