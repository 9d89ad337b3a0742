"""A converter from the name of its method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from melpact.core.errors import ContractError
from melpact.models.convert.base import Converter
from melpact.models.convert.content import listener
from melpact.models.convert.envelope import EnvelopeConverter
from melpact.models.convert.retrieval import RetrievalConverter
from melpact.models.convert.shipped import content_file
from melpact.models.convert.statistics import StatisticsConverter


def retrieval() -> RetrievalConverter:
    """Retrieval with the content encoder that comes with the package.

    Raises:
        MelpactError: neither onnxruntime nor torch is installed.
    """
    return RetrievalConverter(listener(content_file()))


METHODS: Mapping[str, Callable[[], Converter]] = MappingProxyType(
    {"envelope": EnvelopeConverter, "statistics": StatisticsConverter, "retrieval": retrieval}
)
"""By name; the first is the one that is taken where nobody asks."""


def converter(name: str | None = None) -> Converter:
    """Open a converter.

    Args:
        name: of a method; the first of `METHODS` by default.

    Raises:
        ContractError: no method of that name.
    """
    wanted = next(iter(METHODS)) if name is None else name
    if wanted not in METHODS:
        raise ContractError("no such method of conversion", where="--method", got=wanted, wanted=", ".join(METHODS))
    return METHODS[wanted]()
