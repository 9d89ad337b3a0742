"""A speaker from its name or file: the one that comes with the package, and those that were trained by its recipe.

A user's own acoustic model is opened in `melpact.verbs.speakers`, which asks here first.
"""

from __future__ import annotations

from pathlib import Path

from melpact.core.errors import ArtifactError, ContractError
from melpact.models.speech.base import Speaker
from melpact.models.speech.facts import SUFFIX
from melpact.models.speech.shipped import SPEAKER, speaker_file

GRAPHS = ".onnx.zip"
FILES = (SUFFIX, GRAPHS)
"""Endings of a speaker's file: on torch, and on onnxruntime."""


def is_own(name: str | Path) -> bool:
    """Whether it is the name of the shipped speaker, or has the ending of one of ours."""
    return str(name) == SPEAKER or str(name).lower().endswith(FILES)


def speaker(name: str | Path | None = None, *, device: str = "cpu") -> Speaker:
    """Open a speaker of ours.

    Args:
        name: of the one that comes with the package, which is the default, or the file of a trained one.
        device: of torch; a graph runs on the cpu, and the shipped speaker elsewhere from its file for torch.

    Raises:
        ArtifactError: no such file, or none of a speaker; or none comes with this version. ContractError: no such speaker,
            or a graph is asked for another device. MelpactError: a package is missing.
    """
    if name is None or str(name) == SPEAKER:
        path = speaker_file(None if device == "cpu" else SUFFIX)
    else:
        path = Path(name).expanduser()
        if not path.name.lower().endswith(FILES):
            known = f"{SPEAKER}, or a {' or '.join(FILES)} file"
            raise ContractError("no such speaker", where="--with", got=name, wanted=known)
        if not path.exists():
            raise ArtifactError("does not exist", where=path, wanted="a speaker's file")
    if path.name.lower().endswith(GRAPHS):
        if device != "cpu":
            raise ContractError("an exported speaker runs on the cpu", where=path, got=device, next="Leave --device out")
        from melpact.models.speech.graph import load

        return load(path)
    from melpact.models.speech.facts import read
    from melpact.models.speech.small import SmallSpeaker

    facts, weights = read(path)
    return SmallSpeaker.build(facts, weights, where=path, device=device)
