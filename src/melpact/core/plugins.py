"""A folder is a registry: every module in it that ends in a `PLUGIN` value is a member."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any


def _members(package: ModuleType) -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


@cache
def plugins(package_name: str) -> dict[str, Any]:
    """Module name → its `PLUGIN`, for every public module of the package, sorted by name.

    Raises:
        AttributeError: a module of the folder has no `PLUGIN` (a fault of ours, not of a user).
    """
    package = importlib.import_module(package_name)
    found = {}
    for name in _members(package):
        module = importlib.import_module(f"{package_name}.{name}")
        if not hasattr(module, "PLUGIN"):
            raise AttributeError(f"{module.__name__} lives in a plugin folder but defines no PLUGIN")
        found[name] = module.PLUGIN
    return found
