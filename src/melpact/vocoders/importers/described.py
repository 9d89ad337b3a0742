"""The mel that a vocoder's configuration means, without its checkpoint: HiFi-GAN's config.json and its descendants'.

What the keys mean is in `layout.original`; configurations that are no descriptions by themselves are not read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.core.records import Record
from melpact.vocoders.importers import Request
from melpact.vocoders.importers.configuration import read_config
from melpact.vocoders.importers.layout import original
from melpact.vocoders.importers.layout._hifigan_keys import MEL, SIZES


class Configured(Record):
    """A configuration understood: the mel it means, and what it leaves unsaid or says in vain."""

    spec: MelSpec
    notes: tuple[str, ...] = ()


def is_configuration(said: Mapping[str, Any]) -> bool:
    """Whether values are a HiFi-GAN-like configuration rather than the fields of a description."""
    return len(MEL & set(said)) >= 4 and not {"sample_rate", "hop_length"} & set(said)


def configured(path: str | Path, changes: Mapping[str, Any] | None = None) -> Configured:
    """The mel of a configuration's file.

    Args:
        changes: fields of the description that the user vouches for, over what the file says.

    Raises:
        ArtifactError: unreadable, or no such configuration. ContractError, MissingFact: keys that are unknown, missing or
            contradictory.
    """
    path = Path(path)
    said = read_config(path)
    if not is_configuration(said):
        raise ArtifactError(
            "is no configuration of a HiFi-GAN-like vocoder", where=path, wanted=f"the keys {', '.join(sorted(MEL | SIZES))}"
        )
    spec = original.description(said, Request(path, config=path), path)
    notes = original.notes(said, Request(path, config=path))
    return Configured(spec=spec.replace_quietly(**changes) if changes else spec, notes=notes)
