"""A manifest that is there already: its utterances, parts of files and splits included, are taken up as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from melpact.corpus.layouts._layout import Layout, Listed, first_line
from melpact.corpus.manifest import KIND, Manifest


def _recognises(source: Path) -> bool:
    try:
        said = json.loads(first_line(source)) if source.is_file() else None
    except json.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("kind") == KIND


def _listed(source: Path, audio: Path | None) -> Iterator[Listed]:
    manifest = Manifest.load(source)
    for u in manifest:
        yield Listed(
            u.id, manifest.path_of(u), u.speaker, u.language, u.text, u.split, u.licence,
            offset_samples=u.offset_samples, n_samples=u.n_samples,
        )  # fmt: skip


PLUGIN = Layout("a manifest of melpact, to join several or to add to one", _recognises, _listed, rank=0, named=True)
