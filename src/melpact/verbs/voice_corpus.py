"""Sounds of one voice as a packed corpus: learnt, cut into pieces where it is quiet, some of them kept for validation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from melpact.audio.files import probe, read
from melpact.audio.samples import resolve
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort
from melpact.corpus.manifest import Manifest, Utterance, file_hash
from melpact.corpus.packing import PackWriter
from melpact.verbs.progress import Progress
from melpact.verbs.voice_learning import voice_learn
from melpact.verbs.voice_sounding import quiet_borders

LEAST_S, WANTED_S = 20.0, 90.0
PIECE_S, LONGEST_S, SEARCH_S = 7.0, 10.0, 1.5
HELD_OUT, MOST_HELD = 12, 8
"""One piece in so many is for validation, and no more than that."""


def packed_voice(
    references: Sequence[str | Path], folder: Path, spec: MelSpec | None, voice: Path, progress: Progress | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Learn a voice into a file, and pack its sounds into `folder`/packed.

    The speaker of the corpus is the voice's fingerprint: by it, what was adapted to the voice is found again.

    Args:
        references: sound files, folders and patterns. spec: of the voice's mels. voice: the file to write.

    Returns:
        The packed corpus, and what is to be said of the sounds.

    Raises:
        AudioError: no reference can be used. AudioTooShort: less than `LEAST_S` of it sounds.
    """
    learnt = voice_learn(references, voice, spec=spec, progress=progress)
    sounding = learnt.voice.stats.seconds
    if sounding < LEAST_S:
        raise AudioTooShort(
            "too little of this voice to adapt to", where="--voice", got=f"{sounding:.0f} s that sound",
            wanted=f"{LEAST_S:.0f} s, better two minutes",
            next=f"Use it as it is: melpact voice SRC --to {voice} --method gan",
        )  # fmt: skip
    notes = list(learnt.notes) + [f"{one.item}: left out: {one.message}" for one in learnt.failed]
    if sounding < WANTED_S:
        notes.append(f"only {sounding:.0f} s of this voice sound; two minutes or more are wanted")
    found = [
        piece
        for number, one in enumerate(learnt.references)
        for piece in _pieces(f"{number:04d}", Path(resolve(one.path)), learnt.voice.fingerprint)
    ]
    held = {round(at) for at in np.linspace(0, len(found) - 1, 2 + min(MOST_HELD, max(1, len(found) // HELD_OUT)))[1:-1]}
    marked = [one.replace(split="valid" if at in held else "train") for at, one in enumerate(found)]
    manifest = Manifest(marked, folder)
    writer = PackWriter(folder / "packed", manifest, learnt.voice.spec.sample_rate)
    try:
        if not writer.is_done():
            for utterance in manifest:
                writer.put(utterance)
            writer.finish()
    finally:
        writer.discard()
    return folder / "packed", tuple(notes)


def _pieces(name: str, path: Path, speaker: str) -> list[Utterance]:
    """A sound in pieces of about `PIECE_S`; whole where it is not longer than `LONGEST_S`."""
    info, digest = probe(path), file_hash(path)
    borders = [0, info.n_samples]
    if info.duration_s > LONGEST_S:
        borders[1:1] = quiet_borders(read(path).mono().samples[0], info.sample_rate, PIECE_S, SEARCH_S)
    return [
        Utterance(
            id=f"{name}/{piece:04d}", audio=str(path.resolve()), sample_rate=info.sample_rate, n_samples=end - begin,
            offset_samples=begin, channels=info.channels, speaker=speaker, sha256=digest,
        )
        for piece, (begin, end) in enumerate(pairwise(borders))
    ]  # fmt: skip
