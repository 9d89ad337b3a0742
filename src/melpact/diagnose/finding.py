"""`Finding`: one thing that is wrong with a mel, with its number, that number's null, and what to do.

What looks for them lives in `melpact.diagnose.probes`; what puts them in order in `melpact.diagnose.examine`.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from melpact.core.records import Record

CODES = (
    "log_base",
    "log_unit_db",
    "power_for_magnitude",
    "magnitude_for_power",
    "not_denormalised",
    "denormalised_twice",
    "wrong_statistics",
    "one_utterance_statistics",
    "window_not_undone",
    "scale_offset",
    "band_offset",
    "mel_scale",
    "mel_norm",
    "f_min",
    "f_max",
    "bank_rate",
    "hop",
    "sample_rate",
    "window_length",
    "n_fft",
    "padding_shift",
    "frames_shifted",
    "frames_dropped",
    "bands_reversed",
    "axes_swapped",
    "below_floor",
    "above_ceiling",
    "clipped",
    "floor_kind",
    "dc_or_hum",
    "not_finite",
    "silent",
    "constant",
    "over_smoothed",
    "edge_clicks",
    "leak",
    "no_signal",
    "noise_added",
    "quantised",
    "dialect_other",
)
"""The shared vocabulary of faults and findings."""


class Finding(Record):
    """One thing that is wrong.

    Attributes:
        code: a word of `CODES`.
        severity: 0 (harmless) to 1 (nothing is left of the sound), from the measured cost of that fault
            through inversion.
        measured: the number that shows it, in `unit`.
        null: what the same number is on a clean mel, or by chance.
        unit: the unit of both ("" for a pure number).
        sentence: what is wrong, in one sentence with its numbers.
        remedy: the command that mends it, or that says more.
        field: the field of `MelSpec` it is about, where there is one.
        certainty: 0 to 1, from how far `measured` lies beyond `null`.
    """

    code: str
    severity: float = Field(ge=0, le=1)
    measured: float
    null: float
    unit: str = ""
    sentence: str
    remedy: str
    field: str | None = None
    certainty: float = Field(default=1.0, ge=0, le=1)

    @property
    def weight(self) -> float:
        """What findings are ranked by: severity × certainty."""
        return self.severity * self.certainty

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, with every field."""
        return self.model_dump(mode="json")
