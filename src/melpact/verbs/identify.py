"""`identify`: which dialect a mel file is in, from its values alone or with the sound it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.artifact import load_mel
from melpact.contract.dialect import name_of
from melpact.contract.foreign import ForeignFacts, describe, is_foreign
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, AudioError
from melpact.diagnose.identify import Identification
from melpact.diagnose.identify import identify as identify_values

_UNLIKE_NAT = 1.0
"""Median distance of the values from the best description above which the sound and the mel do not belong together."""


@dataclass(frozen=True)
class Identified:
    """What `identify` found in a file.

    Attributes:
        path, array: the file and the name of its array ("" for a melpact file or an array in memory).
        found: the identification.
        claimed: for a melpact file the dialect it says it is in (its fingerprint where that has no name); else None.
        agrees: whether the claim is the best candidate or one of its equals; None where nothing is claimed, and where no
            description turns the sound that was given into these values.
        notes: what makes the answer doubtful: a sound of another length, or another recording.
    """

    path: str
    array: str
    found: Identification
    claimed: str | None = None
    agrees: bool | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": self.path,
            "array": self.array,
            "claimed": self.claimed,
            "agrees": self.agrees,
            "notes": list(self.notes),
            **self.found.to_json(),
        }


def identify(
    mel: str | Path | Mel | NDArray[Any],
    *,
    audio: str | Path | Audio | None = None,
    key: str | None = None,
    n_best: int = 10,
) -> Identified:
    """Name the dialect of a mel.

    Args:
        mel: a melpact file or another program's (.npy, .npz, .pt, .h5), a `Mel`, or an array. What a melpact file says of
            itself is not believed but compared.
        audio: the sound it was made from (a file, "sample:NAME", or an `Audio`).
        key: the array's name where a foreign file holds several.
        n_best: candidates listed.

    Raises:
        ArtifactError: a file that cannot be read. AxisError, ContractError: see `melpact.diagnose.identify.identify`.
        AudioFileError: sound that cannot be read. AudioError: sound that is silent.
    """
    path, array, values, spec = "", "", mel, None
    if isinstance(mel, str | Path):
        path = str(mel)
        if is_foreign(mel):
            array, values = _array(describe(mel), key)
        else:
            values = load_mel(mel)
    if isinstance(values, Mel):
        spec, values = values.spec, values.values
    sound = _sound(audio)
    if sound is not None and sound.peak == 0:
        raise AudioError(
            "the sound is digital silence, so that no mel can be laid beside it",
            where=audio if isinstance(audio, str | Path) else "audio",
            wanted="the sound that the mel was made from",
            next="Leave the sound out to identify by the values alone",
        )
    found = identify_values(np.asarray(values), audio=sound, n_best=n_best)
    claimed = None if spec is None else name_of(spec) or spec.fingerprint
    unlike = found.residual_nat is not None and found.residual_nat > _UNLIKE_NAT
    notes = _doubts(found, sound, unlike)
    if spec is None or unlike:
        return Identified(path, array, found, claimed, None, notes)
    return Identified(
        path, array, found, claimed, claimed in (found.dialect, *found.same_values_as) or spec == found.spec, notes
    )


def _doubts(found: Identification, sound: Audio | None, unlike: bool) -> tuple[str, ...]:
    if sound is None or not unlike:
        return ()
    left = f"{found.residual_nat:.2g} nat are left"
    return (
        f"no description turns this sound of {sound.duration_s:.2f} s into these values ({left}): it may be another "
        "recording or another part of it, or the mel may be wrong; ask melpact doctor MEL --audio SOUND",
    )


def _sound(audio: str | Path | Audio | None) -> Audio | None:
    if audio is None or isinstance(audio, Audio):
        return audio
    from melpact.audio.files import read
    from melpact.audio.samples import resolve

    return read(resolve(audio))


def _array(facts: ForeignFacts, key: str | None) -> tuple[str, NDArray[Any]]:
    """The array that is asked for, or the only one with two axes."""
    usable = {name: a for name, a in facts.arrays.items() if np.squeeze(a).ndim == 2}
    if key is not None and key in facts.arrays:
        return key, facts.arrays[key]
    if key is None and len(usable) == 1:
        return next(iter(usable.items()))
    shapes = ", ".join(f"{n} {list(a.shape)}" for n, a in facts.arrays.items()) or "no numeric array"
    what = f"holds no array {key!r}" if key is not None else "does not hold exactly one array of two axes"
    raise ArtifactError(what, where=facts.path, got=shapes, wanted="--key NAME of the mel")
