"""The null: what every refiner has to beat."""

from __future__ import annotations

from collections.abc import Sequence

from melpact.contract.mel import Mel
from melpact.core.records import digest
from melpact.models.refine.base import Floats, Refiner
from melpact.models.refine.settings import Refining


class Identity(Refiner):
    """Gives back what it gets, in any description."""

    method = "identity"

    @property
    def title(self) -> str:
        return "identity: the input itself"

    @property
    def fingerprint(self) -> str:
        return digest(["refiner", "identity"])

    def _refine(
        self,
        given: Sequence[Floats],
        settings: Refining,
        f0_hz: Sequence[Floats | None],
        voice: Sequence[Floats | None],
        first_frame: int,
    ) -> list[Floats]:
        return list(given)

    def _scaled(self, mel: Mel, raw: Floats) -> Mel:
        return mel
