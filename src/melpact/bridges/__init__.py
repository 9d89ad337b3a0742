"""Bridges: from a mel of one description to one of another: exact, fitted with its measured error, or refused with the
reason.

`bridge(a, b)` says which; `Bridge.apply` does it. The estimate is in `blend`, the table of measured errors in `table`
(made by `melpact.verbs.bridges`), the comparison behind both in `melpact.contract.diff`.
"""

from melpact.bridges.table import Expected
from melpact.bridges.ways import Bridge, bridge

__all__ = ["Bridge", "Expected", "bridge"]
