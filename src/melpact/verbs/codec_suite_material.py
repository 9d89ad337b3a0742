"""Folders, tables, manifests and sound files → the clips of a table of codecs, spread over speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from melpact.audio.files import EXTENSIONS, probe
from melpact.audio.samples import resolve
from melpact.bench.codec.coder import Domain
from melpact.bench.codec.table import Item
from melpact.bench.conversion.material import Clip
from melpact.core.errors import MelpactError
from melpact.verbs.conversion_material import Seen, clips, convertible, ready

Sources = Sequence[str | Path]


def items(
    given: Mapping[Domain, Sources], count: int, longest_s: float, folder: Path
) -> tuple[list[Item], list[str], list[str]]:
    """The clips, what was not taken, and what cannot be read.

    Args:
        given: kind of sound → folders, tables, manifests or sound files.
        count: clips of each kind, at most, evenly over speakers and over each speaker's clips.
        longest_s: longer ones are cut in a pause. folder: for what is cut out of files.

    Raises:
        MelpactError: nothing to code. CorpusError: a source that does not exist or that nothing recognises.
    """
    found, left_out, failed = list[Item](), list[str](), list[str]()
    names = set[str]()
    for domain, sources in given.items():
        speakers, lost = _listed(sources)
        failed += lost
        fitting = {who: own for who, listed in speakers.items() if (own := convertible(listed, longest_s))}
        short = sum(map(len, speakers.values())) - sum(map(len, fitting.values()))
        if short:
            left_out.append(f"{domain}: {short} clips under 1.5 s")
        for chosen in spread(fitting, count):
            try:
                clip = ready(chosen, folder)
            except (MelpactError, OSError) as error:
                failed.append(f"{chosen.speaker}: {chosen.id}: {error}")
                continue
            name = f"{clip.speaker}: {clip.id}" + ("" if domain == "speech" else f", {domain}")
            if name in names:
                name = f"{name} ({len(names)})"
            names.add(name)
            found.append(Item(name, clip.speaker, domain, clip.seconds, clip.path, clip.text))
    if not found:
        raise MelpactError(
            "nothing can be coded", where="--sources, --singing, --music", got=([*failed, *left_out] or ["no clip"])[0],
            wanted="clips of 1.5 s and more",
        )  # fmt: skip
    return found, left_out, failed


def _listed(sources: Sources) -> tuple[dict[str, list[Clip]], list[str]]:
    """Speaker → clips; a sound file by itself is a clip of the speaker that its folder is called after."""
    speakers, failed = dict[str, list[Clip]](), list[str]()
    for one in sources:
        path = resolve(one)
        if path.suffix.lower() in EXTENSIONS and not path.is_dir():
            try:
                clip = Clip(path.stem, path, path.resolve().parent.name, seconds=probe(path).duration_s)
            except (MelpactError, OSError) as error:
                failed.append(str(error))
                continue
            speakers.setdefault(clip.speaker, []).append(clip)
            continue
        read = clips([path], Seen())
        failed += read.failed
        for who, own in read.speakers.items():
            speakers.setdefault(who, []).extend(own)
    return speakers, failed


def spread(speakers: Mapping[str, Sequence[Clip]], count: int) -> list[Clip]:
    """So many clips, evenly over speakers, and evenly over the clips of each; the same for the same clips."""
    shares = dict.fromkeys(speakers, 0)
    while sum(shares.values()) < count:
        free = [who for who, own in speakers.items() if shares[who] < len(own)]
        if not free:
            break
        shares[min(free, key=lambda who: shares[who])] += 1
    found = []
    for who, own in speakers.items():
        share = shares[who]
        found += [own[round((i + 0.5) * len(own) / share - 0.5)] for i in range(share)]
    return found
