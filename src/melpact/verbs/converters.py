"""A converter from whatever a user names: a method, a trained one's file, or the training itself; what it is not asked."""

from __future__ import annotations

from pathlib import Path

from melpact.core.errors import ContractError, MelpactError
from melpact.models.convert.base import Converter
from melpact.models.convert.hearing import Encoder
from melpact.models.convert.opening import METHODS, converter
from melpact.models.convert.settings import OF_ONE_METHOD, Converting


def opened(name: str | Path | None = None, content: Encoder | None = None) -> Converter:
    """Open a converter.

    Args:
        name: as `models.convert.opening.converter` takes it; or the folder of a training, or one of its checkpoints.
        content: of retrieval, in place of the encoder that comes with the package.

    Raises:
        MelpactError: none of these, or a package is missing.
    """
    if name is None or content is not None or str(name) in METHODS:
        return converter(name, content)
    path = Path(name).expanduser()
    if not path.is_dir() and path.suffix.lower() != ".checkpoint":
        return converter(name)
    try:
        from melpact.train.export import converter_at
    except ImportError:
        raise MelpactError(
            "a training is opened with torch", where=path,
            next="pip install 'melpact[train]', or take what it was exported to (.converter or .onnx)",
        ) from None  # fmt: skip
    return converter_at(path)


def check_asked(made: Converter, asked: Converting) -> None:
    """Refuse settings that this method does not read.

    Raises:
        ContractError: one of them is not the default.
    """
    usual = Converting()
    for name in OF_ONE_METHOD:
        if name not in made.reads and getattr(asked, name) != getattr(usual, name):
            raise ContractError(
                "this method does not ask for that", where=f"--{name}", got=f"{getattr(asked, name)} for {made.method}",
                next="Leave it out, or choose the method with --method",
            )  # fmt: skip
