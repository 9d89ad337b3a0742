"""Configurations as plain values: JSON and YAML files, without anything that could run. What the keys mean is elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from melpact.core.errors import ArtifactError, ContractError, MelpactError, MissingFact

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*')
"""Of JSON as some programs write it; texts, which may hold the same signs, come first and are kept."""


def read_config(path: Path) -> dict[str, Any]:
    """A .json, .yml or .yaml file of one mapping.

    Raises:
        ArtifactError: unreadable, or not a mapping. MelpactError: YAML without the package that reads it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ArtifactError("cannot be read", where=path, got=error.strerror, wanted="a configuration") from None
    except UnicodeDecodeError:
        raise ArtifactError("is not text", where=path, wanted="a configuration") from None
    if path.suffix.lower() in (".yml", ".yaml"):
        return parsed_yaml(text, path)
    try:
        found = json.loads(text if "//" not in text else _COMMENT.sub(lambda one: one[1] or "", text))
    except json.JSONDecodeError as error:
        raise ArtifactError("is not JSON", where=path, got=str(error)) from None
    return _mapping(found, path)


def parsed_yaml(text: str, where: Path) -> dict[str, Any]:
    """YAML of one mapping. Of what Python's own dumps add, names, paths and tuples are read as the plain values they hold.

    Raises:
        ArtifactError: not YAML, not a mapping, or it asks for any other Python object. MelpactError: without pyyaml.
    """
    try:
        import yaml
    except ImportError:
        raise MelpactError(
            "is YAML, and pyyaml is not installed", where=where, next="pip install 'melpact[train]'"
        ) from None
    loader: Any = type("PlainLoader", (yaml.SafeLoader,), {})
    python = "tag:yaml.org,2002:python/"
    loader.add_constructor(f"{python}object:argparse.Namespace", lambda at, node: at.construct_mapping(node, deep=True))
    loader.add_constructor(f"{python}tuple", lambda at, node: at.construct_sequence(node, deep=True))
    for name in ("PosixPath", "WindowsPath", "PurePosixPath"):
        loader.add_constructor(
            f"{python}object/apply:pathlib.{name}", lambda at, node: "/".join(map(str, at.construct_sequence(node)))
        )
    # YAML 1.1 wants a point in 1e-05; the programs that write these files do not
    loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]?\d+$"), list("-+0123456789"))
    try:
        found = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise ArtifactError("is not plain YAML", where=where, got=" ".join(str(error).split())[:200]) from None
    return _mapping(found, where)


def _mapping(found: Any, where: Path) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ArtifactError("is no configuration", where=where, got=type(found).__name__, wanted="names and values")
    return {str(name): value for name, value in found.items()}


def section(said: Mapping[str, Any], name: str, where: Path) -> tuple[dict[str, Any], Path]:
    """(a mapping inside a configuration, its place for errors).

    Raises:
        MissingFact: it is not there. ContractError: it is no mapping.
    """
    if name not in said:
        raise MissingFact(f"the configuration does not say {name}", where=where)
    found = said[name]
    if not isinstance(found, Mapping):
        raise ContractError(f"{name} holds no names and values", where=where, got=type(found).__name__)
    return {str(key): value for key, value in found.items()}, where.with_name(f"{where.name}: {name}")
