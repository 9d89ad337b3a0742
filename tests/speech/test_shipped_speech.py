"""The speaker that comes with the package: its two files agree, it is heard, voices and chance do what they say."""

from __future__ import annotations

import numpy as np
import pytest

from melpact.audio.samples import load as sample
from melpact.bench.metrics._recogniser import words
from melpact.models.speech.facts import read
from melpact.models.speech.graph import load
from melpact.models.speech.opening import speaker
from melpact.models.speech.settings import Speaking
from melpact.models.speech.shipped import listener_file, speaker_file
from melpact.models.speech.small import SmallSpeaker
from melpact.text.sentence import Sentence

pytest.importorskip("espeakng_loader")
SAID = Sentence(text="The voyage was our idea of a good time.", language="en")
TOLD = (
    "We have to be at the station before seven.", "My sister works in a small office near the river.",
    "Nobody could remember who had closed the window.", "The weather will be cold and dry until Friday.",
    "He bought three apples and a loaf of bread.", "This letter was written a hundred years ago.",
)  # fmt: skip


@pytest.fixture(scope="module")
def graphs() -> SmallSpeaker:
    return load(speaker_file(".onnx.zip"))


def test_files_fit_and_have_a_card() -> None:
    for path in (speaker_file(".onnx.zip"), speaker_file(".speech"), listener_file()):
        assert path.stat().st_size < 16_000_000
    card = speaker_file(".md").read_text(encoding="utf-8")
    for word in ("Licence", "Data", "Trained", "Measured", "null", "melpact train speech", "espeak-ng", "Resemblyzer"):
        assert word.lower() in card.lower(), word


def test_the_file_and_the_graphs_are_one_speaker(graphs: SmallSpeaker) -> None:
    torch = pytest.importorskip("torch")
    del torch
    facts, weights = read(speaker_file(".speech"))
    whole = SmallSpeaker.build(facts, weights)
    assert whole.fingerprint == graphs.fingerprint
    assert 5_000_000 < graphs.n_weights < 30_000_000
    settings = Speaking(temperature=0.6, seed=2)
    mine, theirs = whole(SAID, None, settings), graphs(SAID, None, settings)
    assert mine.durations_s == theirs.durations_s
    assert np.abs(mine.mel.values - theirs.mel.values).max() < 1e-2


def test_seeds_differ_by_temperature_and_not_at_zero(graphs: SmallSpeaker) -> None:
    def apart(temperature: float) -> float:
        made = [graphs(SAID, None, Speaking(temperature=temperature, top_p=1.0, seed=seed)).durations_s for seed in range(6)]
        return float(np.mean([np.abs(np.subtract(a, b)).mean() for i, a in enumerate(made) for b in made[:i]]))

    assert apart(0) == 0
    assert apart(0) < apart(0.3) < apart(1.0)


def test_a_reference_moves_the_voice_towards_itself(graphs: SmallSpeaker) -> None:
    """By the speaker's own encoder; the independent one is in the heavy proof."""
    import melpact as mp

    names = ("en_noservice", "ru_nocallback")
    voices = {name: graphs.voice([sample(name)], name=name) for name in names}
    heard = {}
    for name, voice in voices.items():
        sounds = [mp.invert(graphs(Sentence(text=text, language="en"), voice, Speaking(seed=1)).mel) for text in TOLD[:2]]
        heard[name] = graphs.voice(sounds).embedding
    for name, other in (names, names[::-1]):
        assert heard[name] @ voices[name].embedding > heard[name] @ voices[other].embedding


def test_by_name_it_is_the_default() -> None:
    assert speaker().fingerprint == speaker("melpact_speech").fingerprint


@pytest.mark.heavy
def test_it_is_understood(graphs: SmallSpeaker) -> None:
    pytest.importorskip("faster_whisper")
    import melpact as mp
    from melpact.bench.metrics._recogniser import _model

    wrong = total = 0
    for seed, text in enumerate(TOLD):
        sound = mp.invert(graphs(Sentence(text=text, language="en"), None, Speaking(seed=seed)).mel)
        from melpact.audio.resample import resample

        samples = resample(sound, 16_000).samples[0]
        segments, _ = _model().transcribe(samples, language="en", beam_size=5, temperature=0.0)
        heard = words(" ".join(segment.text for segment in segments), "en")
        wanted = words(text, "en")
        wrong += len(wanted) - sum(word in heard for word in wanted)
        total += len(wanted)
    assert wrong / total < 0.15
