"""Our own speaker over a tiny random network: what is drawn, what the same seed gives, blocks, prompts, files and graphs."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from melpact.audio.audio import Audio
from melpact.audio.samples import load as sample
from melpact.cli.main import main
from melpact.core.errors import ArtifactError, ContractError, NotAnArtifact, UnknownLanguage, WrongSchema
from melpact.models.speech.facts import read
from melpact.models.speech.graph import export, load
from melpact.models.speech.settings import Speaking
from melpact.models.speech.small import BLOCK_SLOTS, SmallSpeaker, places
from melpact.models.speech.voice import SpeechVoice
from melpact.nn.speech import network as networks
from melpact.text.sentence import Sentence
from melpact.text.tokens import spoken
from speech.tiny import SIZES, facts, network, speaker

pytest.importorskip("espeakng_loader")
SAID = Sentence(text="A mel that knows what it is, spoken twice over.", language="en-us")


def frames(one: SmallSpeaker, settings: Speaking, sentence: Sentence = SAID, voice: SpeechVoice | None = None) -> np.ndarray:
    rng = np.random.default_rng(settings.seed)
    whole = settings.over(one.usual)
    return np.concatenate([part.values for part in one._frames(sentence, voice, whole, rng)], axis=1)


def test_temperature_zero_is_one_result_and_more_is_many() -> None:
    one = speaker()
    cold = [frames(one, Speaking(temperature=0, seed=seed)) for seed in range(3)]
    assert all(np.array_equal(cold[0], other) for other in cold[1:])
    warm = [frames(one, Speaking(temperature=1, seed=seed)) for seed in range(3)]
    assert not np.array_equal(warm[0], warm[1])
    assert np.array_equal(warm[1], frames(one, Speaking(temperature=1, seed=1)))


def test_the_smallest_top_p_and_one_top_k_are_what_temperature_zero_gives() -> None:
    one = speaker()
    cold = frames(one, Speaking(temperature=0))
    assert np.array_equal(cold, frames(one, Speaking(temperature=1, top_p=1e-6, seed=5)))
    assert np.array_equal(cold, frames(one, Speaking(temperature=1, top_k=1, seed=6)))


def test_a_repetition_penalty_changes_codes_and_lessens_repeats() -> None:
    one = speaker()
    text = one.engine.run("text", [spoken(SAID.text, "en-us").stacked()[None], np.asarray([0])])
    owner, place = places(np.full(text.shape[2], 6))
    known = one.engine.run("slots", [text, owner[None], place[None]])
    voice = one.named("anna")
    whose = one.engine.run("voice", [voice.embedding[None]])
    asked = [np.asarray(x, np.float32) for x in (1.0, 1.0, 0)]

    def repeats(penalty: float) -> float:
        found = []
        for seed in range(3):
            settings = Speaking(repetition_penalty=penalty)
            steps = one._steps(known, whose, voice, settings, asked, np.random.default_rng(seed))
            values = np.stack(list(steps))
            found.append(np.mean(values[1:] == values[:-1]))
        return float(np.mean(found))

    assert repeats(20.0) < repeats(1.0) - 0.05


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25])
def test_rate_divides_the_length(rate: float) -> None:
    one = speaker()
    usual, other = (frames(one, Speaking(temperature=0, rate=r)).shape[1] for r in (1.0, rate))
    assert other == pytest.approx(usual / rate, rel=0.12)


def test_frames_are_as_many_as_the_durations_say_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    one = speaker()
    parts = list(one._frames(SAID, None, one.usual, np.random.default_rng(3)))
    seconds = sum(parts[0].durations_s)
    whole = np.concatenate([part.values for part in parts], axis=1)
    assert whole.shape[1] == round(seconds * one.spec.frame_rate_hz)
    assert len(parts[0].tokens) == len(parts[0].durations_s) == len(spoken(SAID.text, "en-us"))
    assert len(parts) > 1
    monkeypatch.setattr("melpact.models.speech.small.FIRST_SLOTS", 10_000)
    at_once = frames(one, one.usual.model_copy(update={"seed": 3}))
    assert np.abs(at_once - whole).max() < 1e-4
    assert whole.shape[1] > 2 * BLOCK_SLOTS // 2


def test_the_decoder_given_the_truth_is_what_the_training_made() -> None:
    one, net = speaker(), network()
    mel = torch.randn(1, 80, 96)
    tokens = torch.from_numpy(spoken("hello there", "en-us").stacked())[None]
    count = tokens.shape[2]
    durations = torch.full((1, count), 48 // count)
    durations[0, -1] += 48 - int(durations.sum())
    voice = torch.from_numpy(one.named("anna").embedding)[None] * 16
    heard = networks.Heard(
        mel, torch.tensor([48]), tokens, torch.tensor([count]), durations, torch.zeros(1).long(), voice
    )  # fmt: skip
    none = torch.zeros(1)
    with torch.no_grad():
        taught = net(heard, unsaid=none, moved=torch.zeros(1, 24, SIZES.numbers), unknown=none.long())
    whose = one.engine.run("voice", [voice.numpy()])
    found = one.engine.run("heard", [mel.numpy(), whose])
    assert np.array_equal(found[0], taught.codes[0].numpy())
    owner, place = places(durations[0].numpy())
    text = one.engine.run("text", [tokens.numpy(), np.zeros(1)])
    known = one.engine.run("slots", [text, owner[None], place[None]])
    values = (found / (SIZES.levels - 1) * 2 - 1).astype(np.float32)
    made = one.engine.run("frames", [known, whose, values])
    assert np.abs(made - taught.mel.numpy()).max() < 1e-4


def test_steps_one_by_one_have_the_logits_of_the_whole() -> None:
    """Sampling at temperature 0 takes the likeliest of what the training's pass, fed with it, holds likeliest."""
    one, net = speaker(), network()
    text = one.engine.run("text", [spoken(SAID.text, "en-us").stacked()[None], np.asarray([0])])
    owner, place = places(np.full(text.shape[2], 2))
    known = one.engine.run("slots", [text, owner[None], place[None]])
    voice = one.named("bert")
    whose = one.engine.run("voice", [voice.embedding[None] * 16])
    cold = [np.asarray(x, np.float32) for x in (0.0, 1.0, 0)]
    values = np.stack(list(one._steps(known, whose, voice, Speaking(), cold, np.random.default_rng(0))))
    codes = np.round((values + 1) / 2 * (SIZES.levels - 1)).astype(np.int64)
    with torch.no_grad():
        logits = net.prior(torch.from_numpy(known), torch.from_numpy(whose), torch.from_numpy(codes)[None])
    assert np.array_equal(logits.argmax(-1)[0].numpy(), codes)


def test_a_prompt_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    one = speaker()
    own = one.named("anna")
    rng = np.random.default_rng(0)
    with_one = SpeechVoice("anna", own.embedding, own.encoder, prompt=rng.normal(-5, 2, (80, 90)).astype(np.float32))
    with_other = SpeechVoice("anna", own.embedding, own.encoder, prompt=rng.normal(-5, 2, (80, 90)).astype(np.float32))
    without, first, second = (frames(one, Speaking(temperature=0), voice=v) for v in (own, with_one, with_other))
    assert without.shape == first.shape == second.shape
    assert np.abs(first - without).max() > 1e-3
    assert np.abs(first - second).max() > 1e-3


def test_a_language_that_was_never_heard_is_spoken_with_a_note() -> None:
    one = speaker()
    assert [one.language(tag) for tag in ("", "en", "de", "fa")] == ["en-us", "en-us", "de", "fa"]
    parts = list(one._frames(Sentence(text="سلام دنیا", language="fa"), None, one.usual, np.random.default_rng(0)))
    assert parts[0].facts["never_heard"] == "fa"
    assert parts[0].facts["voice"] == "anna"
    bath = Sentence(text="bath", language=one.language("en-gb"))
    british = list(one._frames(bath, None, one.usual, np.random.default_rng(0)))
    assert "never_heard" not in british[0].facts
    with pytest.raises(UnknownLanguage):
        one.language("xx-none")


def test_languages_and_voices_are_heard() -> None:
    one = speaker()
    cold = Speaking(temperature=0)
    german = SAID.model_copy(update={"language": "de"})
    assert one.usual_voice("de") == "bert"
    assert one.usual_voice("en") == "anna"
    assert not np.array_equal(frames(one, cold)[:, :40], frames(one, cold, german)[:, :40])
    anna, bert = (frames(one, cold, voice=one.named(name)) for name in ("anna", "bert"))
    assert anna.shape != bert.shape or np.abs(anna - bert).max() > 1e-3


def test_a_voice_of_recordings_is_nearer_to_itself_than_to_another() -> None:
    one = speaker()
    english, russian = sample("en_noservice"), sample("ru_nocallback")
    half = english.n_samples // 2
    parts = [Audio(np.array(english.samples[:, part]), english.sample_rate) for part in (slice(0, half), slice(half, None))]
    first, second = (one.voice([part]).embedding for part in parts)
    other = one.voice([russian]).embedding
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert first @ second > first @ other + 0.1
    quieter = Audio(english.samples * np.float32(0.05), english.sample_rate)
    assert one.voice([quieter]).embedding @ one.voice([english]).embedding > 0.98


def test_a_file_and_its_graphs_say_the_same(tmp_path) -> None:
    one = speaker()
    path = one.save(tmp_path / "one.speech")
    known, weights = read(path)
    again = SmallSpeaker.build(known, weights)
    assert again.fingerprint == one.fingerprint
    graphs = load(export(again, tmp_path / "one.onnx.zip"))
    assert graphs.fingerprint == one.fingerprint
    assert graphs.n_weights == one.n_weights
    for settings in (Speaking(temperature=0), Speaking(temperature=0.9, top_p=0.8, repetition_penalty=2.0, seed=4)):
        mine, theirs = frames(again, settings), frames(graphs, settings)
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < 1e-3
    with pytest.raises(ContractError, match="no weights"):
        graphs.save(tmp_path / "two.speech")


def test_broken_files_are_named(tmp_path) -> None:
    one = speaker()
    path = one.save(tmp_path / "one.speech")
    whole = path.read_bytes()
    (tmp_path / "cut.speech").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactError):
        read(tmp_path / "cut.speech")
    zipped = export(one, tmp_path / "one.onnx.zip")
    (tmp_path / "cut.onnx.zip").write_bytes(zipped.read_bytes()[:5000])
    with pytest.raises(NotAnArtifact, match="no whole exported speaker"):
        load(tmp_path / "cut.onnx.zip")
    with pytest.raises(ArtifactError, match="does not exist"):
        load(tmp_path / "none.onnx.zip")
    with zipfile.ZipFile(zipped) as kept:
        held = {name: kept.read(name) for name in kept.namelist()}
    about = json.loads(held["speech.json"])

    def rewritten(name: str, **changes: bytes) -> str:
        with zipfile.ZipFile(tmp_path / name, "w") as kept:
            for key, value in (held | {k.replace("_", "."): v for k, v in changes.items()}).items():
                kept.writestr(key, value)
        return str(tmp_path / name)

    with pytest.raises(WrongSchema):
        load(rewritten("a.onnx.zip", speech_json=json.dumps(about | {"schema": 99}).encode()))
    with pytest.raises(NotAnArtifact):
        load(rewritten("b.onnx.zip", speech_json=json.dumps(about | {"tensors": {}}).encode()))
    with pytest.raises(ArtifactError, match="'pace' is not an ONNX graph"):
        load(rewritten("c.onnx.zip", pace_onnx=b"nothing"))
    other = network(config=SIZES.model_copy(update={"width": 48}))
    with pytest.raises(NotAnArtifact, match="not those of its network"):
        SmallSpeaker.build(facts(), {name: value.numpy() for name, value in other.state_dict().items()})


def test_show_says_what_a_speaker_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = speaker().save(tmp_path / "one.speech")
    assert main(["show", str(path)]) == 2
    assert f"got a speaker. Speak with it: melpact speak TEXT -o out.wav --with '{path}'" in capsys.readouterr().err


def test_a_language_is_learnt_or_not() -> None:
    one = speaker()
    assert all(one.learnt(one.language(tag)) for tag in one.languages)
    assert not one.learnt(one.language("fi"))
