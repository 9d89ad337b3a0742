"""What the shipped refiners say of themselves, by the headers of their files: nothing is run, no weight is read."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.core.records import canonical_json
from melpact.models.refine import shipped
from melpact.models.refine.facts import KIND, SUFFIX
from melpact.models.refine.measured import Measured


@dataclass(frozen=True)
class Entry:
    """One shipped refiner.

    Attributes:
        spec: the description that it takes and gives.
        measured: where it was measured to help.
        voice: whether it has to be given a voice, which no command does.
    """

    name: str
    spec: MelSpec
    measured: Measured
    voice: bool


def catalogue() -> list[Entry]:
    """All that can be read, those first that are taken where nobody names one."""
    found = []
    for name in dict.fromkeys((*shipped.DEFAULTS, *shipped.NAMES)):
        try:
            header = artifact.read_header(shipped.shipped(name, SUFFIX))
            measured = Measured.model_validate_json(canonical_json(header.config["measured"]))
            voice = bool(header.config["sizes"].get("voice_size", 0))
        except (ArtifactError, KeyError, ValidationError):
            continue
        if header.kind == KIND and header.spec is not None:
            found.append(Entry(name, header.spec, measured, voice))
    return found
