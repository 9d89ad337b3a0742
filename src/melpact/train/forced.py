"""Mels of a speech model that lie on the sounds: what it makes of utterances when it is given their truth, for a vocoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.features.analysis import analyse
from melpact.models.speech.facts import Facts
from melpact.nn.speech.opening import network
from melpact.train.alignment import Alignment
from melpact.train.data import CorpusData
from melpact.train.recipes._teaching import Speech, batch_of
from melpact.train.spoken import Line, cut
from melpact.train.voiced import ear, voices_of

Weights = Mapping[str, NDArray[np.floating[Any]]]


def forced(
    facts: Facts, weights: Weights, alignment: Alignment, data: CorpusData, folder: Path, *, voice: str = "",
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[int, tuple[str, ...]]:  # fmt: skip
    """Write ID.mel for every utterance: the mel that the model's decoder makes of the true codes, in the sound's own time
    and level; before and behind what is spoken the sound's own mel stands.

    Args:
        facts, weights: the speech model. alignment: of this data. voice: its voice encoder, as the recipe's setting.
        folder: made where it is missing.
        advance: told after every utterance.

    Returns:
        How many, and what was passed over.

    Raises:
        MelpactError: an alignment or a voice encoder that do not fit; nothing could be made, or nothing can be written.
    """
    alignment.check(data.read_fingerprint)
    hears = ear(voice)
    if hears.fingerprint != facts.encoder:
        raise TrainingError("was trained with another voice encoder", got=hears.fingerprint, wanted=facts.encoder)
    languages = list(facts.languages)
    lines = [*data.lines(), *data.validation_lines(1_000_000)]
    voices = voices_of(lines, hears, facts.spec, data.read_fingerprint, data.kept("voices.safetensors"))
    own = Speech(network(facts.sizes, weights), facts.statistics)

    def told(line: Line) -> Mapping[str, NDArray[Any]]:
        return {
            "durations": alignment.durations[line.name], "voice": voices.of(line, None),
            "language": np.array(languages.index(line.language), np.int64),
        }  # fmt: skip

    made, passed = 0, []
    for line in lines:
        if line.name not in alignment.durations or not voices.knows(line) or line.language not in languages:
            passed.append(line.name)
            continue
        with torch.no_grad():
            _, spoken, _, _ = own.taught(own.heard(batch_of(line, facts.spec, told, torch.device("cpu"))))
            values = own.restored(spoken)[0].numpy()
        path = folder / f"{line.name}.mel"
        path.parent.mkdir(parents=True, exist_ok=True)
        Mel(laid(values, line, facts), facts.spec).save(path)
        made += 1
        advance(1)
    if not made:
        raise TrainingError("no utterance is aligned, in a language that the model speaks", got=", ".join(languages))
    return made, tuple(passed)


def laid(values: NDArray[np.float32], line: Line, facts: Facts) -> NDArray[np.float32]:
    """A mel of what was cut out of a sound, as a mel of the whole sound: in its place, and as loud as the sound."""
    spec, samples = facts.spec, line.samples()
    used = cut(samples, spec)
    whole = analyse(samples, spec)[0].copy()
    begin = used.first // spec.hop_length
    count = min(values.shape[1], whole.shape[1] - begin)
    level = lowered(values[:, :count], used.gain, spec)
    whole[:, begin : begin + count] = np.maximum(level, facts.statistics.floor[:, None])
    return np.ascontiguousarray(whole, np.float32)


def lowered(values: NDArray[np.float32], gain: float, spec: MelSpec) -> NDArray[np.float32]:
    """A mel before scaling, of the sound divided by a gain."""
    if spec.log_gain is None:
        return np.asarray(values / gain**spec.power, np.float32)
    return np.asarray(values - spec.log_gain * spec.power * np.log(gain), np.float32)
