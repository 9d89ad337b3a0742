"""A user's own speech encoder in place of ours: the numbers that transformers gives, in time with the mel."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from laws.converters import SPEC, speechlike, voice
from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.samples import load
from melpact.cli.main import main
from melpact.core.errors import ContractError, MelpactError
from melpact.features.analysis import extract, to_rate
from melpact.models.convert.hearing import SoundListener
from melpact.models.convert.opening import converter, encoder
from melpact.models.convert.voice import Blend, Voice
from melpact.verbs.voice_learning import voice_learn

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small HuBERT of random weights, as transformers writes it."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    sizes = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    conv = {"conv_dim": (8,) * 7, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    made = tmp_path_factory.mktemp("hubert")
    transformers.HubertModel(transformers.HubertConfig(**sizes, **conv)).save_pretrained(made)
    return made


def theirs(folder: Path, samples: np.ndarray, layer: int) -> np.ndarray:
    """What transformers itself gives, [D, N]."""
    with torch.no_grad():
        model = transformers.AutoModel.from_pretrained(folder).eval()
        found = model(torch.tensor(samples)[None], output_hidden_states=True).hidden_states[layer]
    return found[0].numpy().T


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_every_layer_is_that_of_transformers(folder: Path, layer: int) -> None:
    samples = load("en_noservice").samples[0][:24000]
    one = encoder(f"{folder}:{layer}")
    assert isinstance(one, SoundListener) and one.size == 24 and one.hears == "sound"
    np.testing.assert_allclose(one.runs(samples), theirs(folder, samples, layer), atol=2e-5)
    assert one.fingerprint == encoder(f"{folder}:{layer}").fingerprint
    assert one.fingerprint != encoder(f"{folder}:{(layer + 1) % 4}").fingerprint


def test_files_of_other_programs_and_ages_give_the_same(folder: Path, tmp_path: Path) -> None:
    samples = load("it_noservice").samples[0][:16000]
    weights = transformers.AutoModel.from_pretrained(folder).state_dict()
    wanted = encoder(folder).runs(samples)
    norm = "encoder.pos_conv_embed.conv"
    older = {f"{norm}.parametrizations.weight.original0": f"{norm}.weight_g"}
    older |= {f"{norm}.parametrizations.weight.original1": f"{norm}.weight_v"}
    headed = {"hubert." + older.get(name, name): value for name, value in weights.items()}
    torch.save({**headed, "lm_head.weight": torch.ones(3, 24)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    np.testing.assert_allclose(encoder(tmp_path).runs(samples), wanted, atol=1e-6)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True}))
    loud = encoder(tmp_path)
    np.testing.assert_allclose(loud.runs(7 * samples + 0.1), loud.runs(samples), atol=1e-3)
    own = (samples - samples.mean()) / samples.std()
    np.testing.assert_allclose(loud.runs(samples), theirs(folder, own.astype(np.float32), 3), atol=1e-3)
    assert loud.fingerprint != encoder(folder).fingerprint


def test_features_lie_at_the_middles_of_the_mels_frames() -> None:
    # as HuBERT: a frame every 320 samples reads 400
    ramp = SoundListener(
        lambda x: np.arange(1 + (x.size - 400) // 320, dtype=np.float32)[None], 16000, 199.5 / 16000, 0.02, 1, "f", "ramp"
    )
    made = ramp.features(Audio.of(np.zeros(22050, np.float32), 22050), SPEC)
    assert made.shape == (1, SPEC.frames(22050)) and abs(made.mean()) < 1e-5
    middles = np.arange(made.shape[1]) * 256 + 128  # of 1024 samples that begin 384 before
    wanted = (middles / 22050 * 16000 - 199.5) / 320
    inside = (wanted > 0) & (wanted < 48)
    off = made[0, inside] - wanted[inside]
    assert inside.sum() > 75 and np.ptp(off) < 1e-3


def test_long_sounds_are_heard_in_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import melpact.nn.speech_encoder as home

    samples = load("ru_nocallback").samples[0]
    whole = encoder(f"{folder}:1").runs(samples)
    monkeypatch.setattr(home, "PIECE_FRAMES", 90)
    monkeypatch.setattr(home, "MARGIN_FRAMES", 40)
    split = encoder(f"{folder}:1").runs(samples)
    assert split.shape == whole.shape
    # the first convolution is normalised over the piece, and attention sees no more than it: alike, not the same
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(whole, split, strict=True)]
    assert np.median(alike) > 0.9
    assert encoder(folder).runs(samples[:100]).shape == (24, 1)


def test_retrieval_goes_by_it_and_a_voice_keeps_what_was_heard(folder: Path, tmp_path: Path) -> None:
    ears = encoder(f"{folder}:2")
    report = voice_learn(["sample:en_noservice", "sample:en_unidentified"], tmp_path / "a.voice", content=ears)
    again = Voice.load(tmp_path / "a.voice")
    assert again.content is not None and again.content.encoder == ears.fingerprint == report.voice.content.encoder
    sound = to_rate(load("en_noservice"), SPEC.sample_rate)
    heard = ears.of(sound, SPEC)
    first = again.frames.lengths[0]
    np.testing.assert_allclose(again.content.values[:, :first], heard.values, atol=1e-5)
    # every frame of a reference is its own nearest
    one = converter("retrieval", ears).hearing(sound, SPEC)
    mel = extract(sound, SPEC)
    from melpact.models.convert.retrieval import nearest

    assert (nearest(heard(mel.values), again.content.values[:, :first], 1)[:, 0] == np.arange(first)).mean() > 0.99
    made = one(mel, again)
    assert made.values.shape == mel.values.shape and not np.array_equal(made.values, mel.values)
    with pytest.raises(ContractError, match="not of the sound"):
        one(speechlike(30), again)
    with pytest.raises(ContractError, match="hears sounds"):
        converter("retrieval", ears)(mel, again)


def test_contents_of_two_encoders_are_not_mixed(folder: Path, tmp_path: Path) -> None:
    ears, other = encoder(f"{folder}:2"), encoder(f"{folder}:1")
    kept = voice_learn(["sample:en_noservice"], content=ears).voice
    sound = to_rate(load("it_noservice"), SPEC.sample_rate)
    for target in (kept, voice(), Blend.of([(kept, 1.0), (voice(), 1.0)])):
        with pytest.raises(ContractError, match="without this content encoder") as refused:
            converter("retrieval", other).hearing(sound, SPEC)(extract(sound, SPEC), target)
        assert "--content" in str(refused.value.next)
    # ours hears mels, which the voice keeps: it is asked anew
    ours = converter("retrieval").knowing(kept)
    assert isinstance(ours, Voice) and ours.content is not None and ours.content.encoder != ears.fingerprint
    with pytest.raises(ContractError, match="only retrieval takes"):
        converter("statistics", ears)


def test_the_command_takes_a_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["voice", "sample:it_noservice", "--content", f"{folder}:2", "--with", "griffin_lim", "--json"]
    kept = tmp_path / "anna.voice"
    assert main(["voice", "learn", "sample:en_noservice", "--content", f"{folder}:2", "-o", str(kept), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["voice"]["content"]
    made = {}
    for name, to in (("file", str(kept)), ("sound", "sample:en_noservice")):
        assert main([*words, "--to", to, "-o", str(tmp_path / f"{name}.wav")]) == 0
        assert json.loads(capsys.readouterr().out)["converter"]["method"] == "retrieval"
        made[name] = read(tmp_path / f"{name}.wav").samples
    assert np.array_equal(made["file"], made["sound"]) and said == encoder(f"{folder}:2").fingerprint
    voice().save(tmp_path / "plain.voice")
    assert main([*words, "--to", str(tmp_path / "plain.voice"), "-o", str(tmp_path / "no.wav")]) == 2
    assert "learn" in capsys.readouterr().err and not (tmp_path / "no.wav").exists()
    assert main([*words, "--to", str(kept), "-o", str(tmp_path / "no.wav"), "--lookahead-ms", "300"]) == 2
    assert "whole sounds" in capsys.readouterr().err


def test_what_is_no_encoder_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContractError, match="no such layer"):
        encoder(f"{folder}:4")
    with pytest.raises(MelpactError, match="no folder of a speech encoder"):
        encoder(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(MelpactError, match="no weights"):
        encoder(tmp_path)
    weights = transformers.AutoModel.from_pretrained(folder).state_dict()
    weights.pop("encoder.layers.2.final_layer_norm.weight")
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with pytest.raises(ContractError, match="weights are missing"):
        encoder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "intermediate_size": 48}))
    with pytest.raises(ContractError, match="other sizes"):
        encoder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ContractError, match="kind of model"):
        encoder(tmp_path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "melpact.nn.speech_encoder")
    with pytest.raises(MelpactError, match="transformers") as refused:
        encoder(folder)
    assert "melpact[content]" in str(refused.value.next)
