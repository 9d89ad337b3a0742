"""A description looked at before a mel is made in it: what it is, what its file leaves unsaid, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.contract.dialect import Dialect, name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.description import lint, notes
from melpact.diagnose.finding import Finding
from melpact.verbs.meaning import described, looks_like_json
from melpact.vocoders.importers.described import configured


@dataclass(frozen=True)
class Described:
    """A description, what was found, and facts that are no faults."""

    name: str
    spec: MelSpec
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "dialect": name_of(self.spec),
            "fingerprint": self.spec.fingerprint,
            "spec": self.spec.facts(),
            "clean": self.clean,
            "findings": [f.to_json() for f in self.findings],
            "notes": list(self.notes),
        }


def description(what: MelSpec | Dialect | str, changes: Mapping[str, Any] | None = None) -> Described:
    """Look at a dialect, a description or a vocoder's configuration (.json), with changes of single fields.

    Raises:
        MelpactError: whatever `verbs.meaning.described` raises.
    """
    spec = described(what, changes)
    name = Path(what).name if isinstance(what, str) and not what.lstrip().startswith("{") else name_of(spec) or "description"
    return Described(name, spec, lint(spec, name), (*_unsaid(what), *notes(spec)))


def _unsaid(what: object) -> tuple[str, ...]:
    """What a vocoder's configuration leaves unsaid; nothing for any other file."""
    if not isinstance(what, str) or what.lstrip().startswith("{") or not looks_like_json(what):
        return ()
    try:
        return configured(what).notes
    except MelpactError:  # a description in melpact's own fields
        return ()
