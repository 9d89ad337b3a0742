"""The null: what every refiner has to beat."""

from __future__ import annotations

from melpact.models.refine.base import Floats, Refiner
from melpact.models.refine.settings import Refining


class Identity(Refiner):
    """Gives back what it gets, in any description."""

    method = "identity"
    title = "the input itself"

    def _refine(
        self, values: Floats, settings: Refining, f0_hz: Floats | None, voice: Floats | None, *, first_frame: int = 0
    ) -> Floats:
        return values
