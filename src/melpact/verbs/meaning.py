"""What a user means by a description: a dialect's name, a JSON spec, and changes to single fields."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from melpact.contract.dialect import Dialect, dialect
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, SpecError
from melpact.vocoders.importers.described import configured, is_configuration

Changes = Mapping[str, Any]


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """`field=value` texts → values: numbers, true, false, lists and objects as in JSON, else plain text.

    Raises:
        SpecError: no equals sign, or a field given twice.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise SpecError(
                "is not a change of a field",
                where="--set",
                got=repr(text),
                wanted="field=value, such as f_max=8000",
            )
        if name in changes:
            raise SpecError(f"the field {name} is given twice", where="--set", got=repr(text))
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            changes[name] = value.strip()
    return changes


def described(what: MelSpec | Dialect | str, changes: Changes | None = None) -> MelSpec:
    """The description meant by a dialect (or `name:form`), a spec, or a JSON file or text of one.

    A change that the dialect asks for is the fact it asks for; any other replaces a field of the description.

    Raises:
        DialectError: no such dialect, or a fact is missing. SpecError: no such field, or fields that
            contradict each other.
    """
    changes = dict(changes or {})
    if isinstance(what, str) and looks_like_json(what):
        what = from_json(what)
    if isinstance(what, MelSpec):
        return _replaced(what, changes)
    found = dialect(what)
    wanted = {ask.field for ask in found.member.asks}
    if found.form:
        wanted |= {"mean", "std"} if found.member.forms[found.form].statistics == "standardise" else set()
        wanted |= {"low", "high"} if found.member.forms[found.form].statistics == "extrema" else set()
    facts = {name: value for name, value in changes.items() if name in wanted}
    name = f"{found.name}:{found.form}" if found.form else found.name
    known = {**found.facts, **facts}
    spec = dialect(name, **known).spec if known else found.spec
    return _replaced(spec, {name: value for name, value in changes.items() if name not in wanted})


def looks_like_json(text: str) -> bool:
    """Whether the text is a JSON object, or the name of a .json file."""
    return text.lstrip().startswith("{") or text.lower().endswith(".json")


def from_json(text: str) -> MelSpec:
    """A spec from a JSON object, from a file that holds one, or from a HiFi-GAN-like vocoder's configuration.

    Raises:
        ArtifactError: no such file, or no JSON object. SpecError: it is not a valid description. ContractError: a
            configuration with keys whose meaning is not known, or that contradict each other.
    """
    where: object = "the given text"
    if not text.lstrip().startswith("{"):
        where = Path(text)
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ArtifactError("cannot be read", where=where, got=reason, wanted="a JSON file of a spec") from error
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise ArtifactError("is not JSON", where=where, got=str(error), wanted="an object of MelSpec fields") from error
    if isinstance(fields, dict) and isinstance(fields.get("spec"), dict):
        fields = fields["spec"]
    if not isinstance(fields, dict):
        raise ArtifactError(
            "is not a JSON object",
            where=where,
            got=type(fields).__name__,
            wanted="an object of MelSpec fields",
        )
    if isinstance(where, Path) and is_configuration(fields):
        return configured(where).spec
    _known_fields(fields, where)
    return MelSpec(**fields)


def _replaced(spec: MelSpec, changes: Changes) -> MelSpec:
    if not changes:
        return spec
    _known_fields(changes, "--set")
    return spec.replace(**changes)


def _known_fields(fields: Changes, where: object) -> None:
    for name in fields:
        if name not in MelSpec.model_fields:
            near = difflib.get_close_matches(name, MelSpec.model_fields, n=2, cutoff=0.5)
            hint = f"Nearest: {', '.join(near)}" if near else "See them with: melpact dialects --name hifigan_22k"
            raise SpecError(f"a description has no field {name!r}", where=where, next=hint)
