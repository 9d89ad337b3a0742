"""The methods of a table of conversions: by name, with settings, or from a file. What they make: `conversion_making`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from melpact.bench.conversion.observations import BESIDE, OTHER, SAME
from melpact.contract.dialect import dialect, name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.models.convert.base import Converter
from melpact.models.convert.opening import METHODS
from melpact.models.convert.settings import Converting
from melpact.verbs.conversion_making import Way
from melpact.verbs.converters import check_asked, opened
from melpact.verbs.voice_learning import DEFAULT_DIALECT

Methods = Sequence[str] | Mapping[str, str | Converter]


def usual() -> tuple[dict[str, Converter], list[str]]:
    """Every method that can be opened here, and why the others cannot."""
    found, absent = dict[str, Converter](), list[str]()
    for name in METHODS:
        try:
            found[name] = opened(name)
        except MelpactError as error:
            absent.append(f"{name}: {error}")
    return found, absent


def methods_of(methods: Methods) -> tuple[dict[str, Way], MelSpec]:
    """Row → method, and the one description of their mels.

    Raises:
        MelpactError: none, one named twice, a name that every table has. ContractError: methods of several descriptions.
    """
    given = dict(methods) if isinstance(methods, Mapping) else {_called(one): one for one in methods}
    if not given or (not isinstance(methods, Mapping) and len(given) < len(methods)):
        raise MelpactError("every method is named once", where="--methods", got=", ".join(given) or "none")
    if taken := [name for name in given if name in (*BESIDE, SAME, OTHER)]:
        raise MelpactError("this is a row of every table", where="--methods", got=taken[0])
    ways = {name: Way(one, Converting()) if isinstance(one, Converter) else parsed(one) for name, one in given.items()}
    specs = {way.converter.spec for way in ways.values()} - {None}
    if len(specs) > 1:
        said = ", ".join(sorted(name_of(spec) or spec.fingerprint for spec in specs if spec is not None))
        raise ContractError("one table is for methods of one mel", where="--methods", got=said)
    return ways, next((spec for spec in specs if spec is not None), dialect(DEFAULT_DIALECT).spec)


def _called(text: str) -> str:
    name, _, settings = _parted(text)
    return (Path(name).stem if name not in METHODS else name) + (f":{settings}" if settings else "")


def _parted(text: str) -> tuple[str, str, str]:
    """Method and settings: the latter begin at the first colon behind which a name and "=" follow."""
    for at, letter in enumerate(text):
        if letter == ":" and text[at + 1 :].partition("=")[0].isidentifier() and "=" in text[at:]:
            return text[:at], ":", text[at + 1 :]
    return text, "", ""


def parsed(text: str) -> Way:
    """ "retrieval", "retrieval:neighbours=8:ratio=.9" or a file → a method.

    Raises:
        ContractError: no such method, or no such setting.
    """
    name, _, settings = _parted(text)
    fields = dict(one.partition("=")[::2] for one in settings.split(":")) if settings else {}
    try:
        asked = Converting(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise ContractError(
            str(first["msg"]), where="--methods", got=text, wanted=", ".join(Converting.model_fields)
        ) from None
    made = opened(name)
    check_asked(made, asked)
    return Way(made, asked)
