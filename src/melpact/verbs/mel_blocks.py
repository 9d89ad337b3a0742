"""A mel file of any length as mels of a few thousand frames, so that reading it needs little memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from melpact.contract.artifact import Header, read_header
from melpact.contract.mel import Mel
from melpact.core.errors import NotAnArtifact

BLOCK_VALUES = 1 << 21


def mel_header(path: str | Path) -> Header:
    """The header of a melpact mel file.

    Raises:
        ArtifactError: something else, cut short, or of another schema.
    """
    header = read_header(path)
    axes = list(header.axes.get("mel", []))
    if header.kind != "mel" or header.spec is None or "mel" not in header.tensors or axes[-2:] != ["n_mels", "frames"]:
        raise NotAnArtifact(
            "is not a complete mel file",
            where=path,
            got=f"kind {header.kind!r}, axes {axes}",
            wanted="a mel with axes [..., n_mels, frames]",
            next=f"melpact show '{path}'",
        )
    return header


def mel_blocks(header: Header) -> Iterator[Mel]:
    """The mel of a file in consecutive blocks of frames.

    Each with the utterance's statistics and the file's provenance.
    """
    assert header.spec is not None
    dtype, shape, begin, _ = header.tensors["mel"]
    utterance = {name: np.asarray(v, np.float64) for name, v in header.config.get("utterance", {}).items()}
    if 0 in shape:
        yield Mel(np.empty(shape, np.float32), header.spec, utterance, header.provenance)
        return
    frames, bands = shape[-1], int(np.prod(shape[:-1], dtype=np.int64))
    step = max(1, BLOCK_VALUES // bands)
    with open(header.path, "rb") as file:
        for first in range(0, frames, step):
            block = np.empty((bands, min(step, frames - first)), np.float32)
            for band in range(bands):
                file.seek(begin + dtype.itemsize * (band * frames + first))
                block[band] = np.frombuffer(file.read(dtype.itemsize * block.shape[1]), dtype)
            yield Mel(block.reshape(*shape[:-1], -1), header.spec, utterance, header.provenance)
