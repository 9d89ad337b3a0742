"""British English: as American, but that days come before months."""

from __future__ import annotations

from dataclasses import replace

from melpact.text.wording.en import PLUGIN as AMERICAN

PLUGIN = replace(AMERICAN, day_first=True, date="the {day} of {month}, {year}")
