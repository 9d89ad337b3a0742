"""The bench: metrics, their nulls and ceilings, and the run that puts them side by side.

`metrics/`, `anchors/` and `habits/` are folders of plugins, one file each; `metric` and `sound` say what they are made of,
`run` does the work, `report` is what comes out. What the user types lives in `melpact.verbs.evaluate`; since that verb has
this package's name, the package can be called in its place: `melpact.evaluate(ref, system)`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import Signature, signature
from types import ModuleType
from typing import Any


class _Bench(ModuleType):
    """A package that is also the verb of its name."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return import_module("melpact.verbs.evaluate").evaluate(*args, **options)

    @property
    def __signature__(self) -> Signature:
        return signature(import_module("melpact.verbs.evaluate").evaluate)


sys.modules[__name__].__class__ = _Bench
