"""Which method converts where nobody asks for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from laws.converters import SPEC, pitch, speechlike
from melpact.core.errors import MelpactError
from melpact.models.convert import opening
from melpact.models.convert.learning import learn
from melpact.models.convert.voice import Blend, Voice
from melpact.verbs.voice_sounding import at_level


def voice(seconds: float, seed: int = 1) -> Voice:
    frames = round(seconds * SPEC.sample_rate / SPEC.hop_length)
    return learn([speechlike(frames, seed)], [pitch(frames)])


def test_frames_are_picked_from_a_voice_of_half_a_minute_and_not_from_less() -> None:
    for seconds, method in ((31.0, "retrieval"), (28.0, "envelope")):
        made, why = opening.usual(voice(seconds))
        assert made.method == method
        assert bool(why) == (method == "envelope") and ("28 s" in why or not why)


def test_of_a_blend_the_shortest_voice_that_counts_decides() -> None:
    long, short = voice(31.0), voice(5.0, 2)
    assert opening.usual(Blend.of([(long, 1), (short, 1)]))[0].method == "envelope"
    assert opening.usual(Blend.of([(long, 1), (short, 0)]))[0].method == "retrieval"


def test_without_an_encoder_that_runs_moments_are_moved_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MelpactError("neither onnxruntime nor torch is installed")

    monkeypatch.setattr(opening, "retrieval", missing)
    made, why = opening.usual(voice(31.0))
    assert made.method == "envelope" and "onnxruntime" in why


@pytest.mark.filterwarnings("ignore::melpact.core.errors.AudioWarning")
def test_the_verb_takes_it_and_says_why_it_is_no_other(tmp_path: Path) -> None:
    from melpact.verbs.voice import voice as convert

    said = "sample:en_noservice"
    short = convert([said], tmp_path / "a.wav", ["sample:it_noservice"])
    assert short.converter.method == "envelope"
    assert any("retrieval is taken" in note for note in short.notes)
    voice(31.0).save(tmp_path / "long.voice")
    long = convert([said], tmp_path / "b.wav", [tmp_path / "long.voice"])
    assert long.converter.method == "retrieval"
    assert not any("retrieval is taken" in note for note in long.notes)


def test_what_is_converted_keeps_the_level_of_the_source() -> None:
    source = speechlike(200, 4)
    values = np.maximum(source.values + np.float32(1.1), np.float32(SPEC.floor_value + 2))
    values[:, :5] = SPEC.floor_value
    kept = at_level(source.with_raw(values), source)
    np.testing.assert_allclose(kept.values[:, 5:], values[:, 5:] - 1.1, atol=0.02)
    assert (kept.values[:, :5] == np.float32(SPEC.floor_value)).all()
    assert at_level(source, source) is source


def test_another_sound_format_is_no_folder(tmp_path: Path) -> None:
    from melpact.verbs.targets import Source, plan

    one = [Source(Path("a.wav"), Path("a.wav"))]
    with pytest.raises(MelpactError, match="written as WAV") as caught:
        plan(one, tmp_path / "g.mp3", ".wav")
    assert "g.wav" in str(caught.value) and not list(tmp_path.iterdir())
    (tmp_path / "old.flac").mkdir()
    assert plan(one, tmp_path / "old.flac", ".wav")[0].target == tmp_path / "old.flac" / "a.wav"
    assert plan(one, tmp_path / "v1.2", ".wav")[0].target == tmp_path / "v1.2" / "a.wav"
