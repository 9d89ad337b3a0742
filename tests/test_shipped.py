"""The vocoders that come with the package, and when they are what `vocode` and `run` take."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import melpact as mp
from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.features.analysis import extract, to_rate
from melpact.verbs import default_vocoder as default
from melpact.verbs.vocode import vocode
from melpact.vocoders.griffin_lim.blocks import PIECE
from melpact.vocoders.griffin_lim.vocoder import invert
from melpact.vocoders.neural.vocoder import STREAM_TOLERANCE
from melpact.vocoders.shipped import DEFAULTS, NAMES, shipped

DIALECTS = {"melpact_small": "hifigan_22k", "melpact_small_24k": "vocos_24k"}
every = pytest.mark.parametrize("name", NAMES)


def mel_of(name: str, prompt: str = "en_noservice", seconds: float = 2.0) -> Mel:
    spec = dialect(DIALECTS[name]).spec
    audio = to_rate(read(samples.path(prompt)), spec.sample_rate)
    return extract(Audio.of(audio.samples[0][: int(seconds * spec.sample_rate)], spec.sample_rate), spec)


@every
def test_it_takes_its_dialect_and_is_small(name: str) -> None:
    maker = mp.vocoder(name)
    assert maker.runtime.name == "onnxruntime" and maker.family == "melpact_small"
    assert maker.spec == dialect(DIALECTS[name]).spec
    assert maker.n_weights < 5_000_000
    for suffix in (".onnx", ".vocoder"):
        assert shipped(name, suffix).stat().st_size < 10_000_000
    said = maker.provenance["trained"]
    assert said["recipe"] == "melpact_small" and said["step"] > 0


@every
def test_graph_and_weights_are_one_vocoder(name: str) -> None:
    pytest.importorskip("torch")
    mel = mel_of(name)
    graph, weights = mp.vocoder(name), mp.vocoder(shipped(name, ".vocoder"))
    assert weights.runtime.name == "torch" and weights.spec == graph.spec
    np.testing.assert_allclose(graph(mel).samples, weights(mel).samples, rtol=0, atol=1e-3)


@every
def test_streamed_equals_whole(name: str) -> None:
    maker, mel = mp.vocoder(name), mel_of(name, seconds=4.0)
    parts = np.concatenate(list(maker.stream(mel, block_frames=50)))
    np.testing.assert_allclose(parts, maker(mel).samples[0], rtol=0, atol=STREAM_TOLERANCE)


def test_a_long_mel_in_pieces_is_the_whole() -> None:
    maker, short = mp.vocoder("melpact_small"), mel_of("melpact_small", seconds=4.0)
    long = Mel(np.tile(short.values, 4), short.spec)
    assert long.n_frames > 2 * PIECE
    np.testing.assert_allclose(maker(long).samples, maker.batch([long])[0].samples, rtol=0, atol=STREAM_TOLERANCE)


@every
def test_its_sound_is_as_near_to_the_recording_as_a_fast_inversion_s(name: str) -> None:
    """PESQ over the shipped prompts; the nulls of both are about 1.0."""
    pesq = pytest.importorskip("pesq").pesq
    scores = []
    for prompt in samples.names():
        mel = mel_of(name, prompt, 8.0)
        true = read(samples.path(prompt)).samples[0][: 8 * 16000]
        made = (mp.vocoder(name)(mel), invert(mel, effort="fast"))
        scores.append([pesq(16000, true, to_rate(one, 16000).samples[0][: true.size], "wb") for one in made])
    own, fast = np.mean(scores, axis=0)
    assert own > fast - 0.1 and own > 3.8, (own, fast)


@every
def test_the_card_says_what_it_must(name: str) -> None:
    card = shipped(name, ".md").read_text()
    for heading in ("## Data", "## Licence", "## Training", "## Figures", "## Train it again"):
        assert heading in card
    said = mp.vocoder(name).provenance["trained"]
    assert f"{said['step']:,}" in card and "melpact train vocoder --recipe melpact_small" in card
    assert "null" in card and "ceiling" in card


@pytest.fixture
def preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "DEFAULTS", NAMES)


def test_nothing_is_the_default_that_is_not_better_than_the_inversion(tmp_path: Path) -> None:
    assert DEFAULTS == () and default.default_vocoder(dialect("hifigan_22k").spec) is None
    mel_of("melpact_small", seconds=1.0).save(tmp_path / "a.mel")
    assert vocode([tmp_path / "a.mel"], tmp_path / "a.wav").done[0].by == "griffin_lim"


@pytest.mark.usefixtures("preferred")
def test_the_default_is_the_vocoder_whose_mel_it_is_or_that_is_an_exact_bridge_away() -> None:
    own = dialect("hifigan_22k").spec
    found = default.default_vocoder(own)
    assert found is not None and (found.name, found.bridge) == ("melpact_small", None)
    other = default.default_vocoder(own.replace_quietly(log="log10"))
    assert other is not None and other.name == "melpact_small" and other.bridge is not None and other.bridge.kind == "exact"
    assert default.default_vocoder(own.replace_quietly(f_max=7600.0)) is None
    assert default.default_vocoder(dialect("whisper_16k_80").spec) is None


@pytest.mark.usefixtures("preferred")
def test_without_onnxruntime_the_inversion_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    mel = mel_of("melpact_small", seconds=1.0)
    monkeypatch.setattr(default, "find_spec", lambda name: None)
    made, chosen = default.default_sound(mel, effort=None, seed=0)
    assert chosen is None
    np.testing.assert_array_equal(made.samples, invert(mel).samples)


@pytest.mark.usefixtures("preferred")
def test_vocode_takes_it_and_griffin_lim_where_it_is_named(tmp_path: Path) -> None:
    mel = mel_of("melpact_small")
    mel.save(tmp_path / "a.mel")
    log10 = mel.as_(mel.spec.replace_quietly(log="log10")) if hasattr(mel, "as_") else mel
    log10.save(tmp_path / "b.mel")
    by = {item.source.stem: item.by for item in vocode([tmp_path], tmp_path / "out").done}
    assert by == {"a": "melpact_small", "b": "melpact_small"}
    wanted = mp.vocoder("melpact_small")(mel).samples[0]
    made = {stem: read(tmp_path / "out" / f"{stem}.wav").samples[0] for stem in "ab"}
    np.testing.assert_allclose(made["a"], wanted, atol=1e-4)
    assert np.sqrt(np.mean((made["b"] - made["a"]) ** 2)) < 0.05 * np.sqrt(np.mean(wanted**2))
    for named in ({"named": "griffin_lim"}, {"effort": "best"}):
        report = vocode([tmp_path / "a.mel"], tmp_path / "c.wav", **named)
        assert report.done[0].by == "griffin_lim"
        np.testing.assert_allclose(read(tmp_path / "c.wav").samples[0], invert(mel).samples[0], atol=1e-4)


@pytest.mark.usefixtures("preferred")
def test_run_takes_it_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "sample:ru_nocallback", "-o", str(tmp_path / "a"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["vocoder"]["path"] == "melpact_small" and said["vocoder"]["bridge"] is None
    assert {"from the mel", "without a model", "null: silence"} <= set(said["kept"][0])
    assert main(["run", "sample:ru_nocallback", "-o", str(tmp_path / "b"), "--with", "griffin_lim", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert "vocoder" not in said and "without a model" not in said["kept"][0]


def test_the_inversion_is_no_file_and_a_misspelt_name_is_told_the_names() -> None:
    with pytest.raises(MelpactError, match=r"mp\.invert"):
        mp.vocoder("griffin_lim")
    with pytest.raises(MelpactError, match="melpact_small_24k"):
        mp.vocoder("melpact_smal")
