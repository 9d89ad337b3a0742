"""A user's own acoustic model speaks: transformers' folders, Matcha's export, TorchScript, a function; tables of symbols."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from melpact.audio.files import read
from melpact.cli.main import main
from melpact.contract.dialect import as_spec
from melpact.core.errors import ArtifactError, ContractError, MelpactError, SpeechFault
from melpact.models.speech.settings import Speaking
from melpact.text.arpabet import arpabet
from melpact.text.sentence import Sentence
from melpact.text.symbols import Symbols, read_symbols
from melpact.verbs.model_speakers import Contract
from melpact.verbs.speakers import speaker
from speech.letters import LetterSpeaker

TEXT = "the wind blew over the hills"
HIFIGAN = Contract(dialect="hifigan_22k", findings="record")
OWN_CODE = """
import numpy as np
from speech.letters import LetterSpeaker

LETTERS = LetterSpeaker()

def bare(text, rng):
    parts = [LETTERS._letter(letter, 8, float(rng.normal(0, 1))) for letter in text]
    return np.concatenate(parts, axis=1)

def rated(text, rate=1.0, temperature=0.0, language="", rng=None):
    seen.append((rate, temperature, language))
    return np.concatenate([LETTERS._letter(letter, round(8 / rate), 0.0) for letter in text], axis=1)

def normalised(text):
    return (bare(text, np.random.default_rng(0)) + 5.0) / 2.0

def noisy(text, rng):
    return rng.normal(-4, 2, (80, 200))

def failing(text):
    raise RuntimeError("no such luck")

seen = []
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of a module of functions."""
    name = "own_speech_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    (tmp_path / f"{name}.py").write_text(OWN_CODE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_function_speaks_and_its_seed_is_read(code: str) -> None:
    made = speaker(f"{code}:bare", contract=HIFIGAN)
    one, again, other = (made(Sentence(text=TEXT), settings=Speaking(seed=seed)).mel for seed in (1, 1, 2))
    assert one.spec == as_spec("hifigan_22k") and one.n_frames == 8 * len(TEXT)
    np.testing.assert_array_equal(one.values, again.values)
    assert np.abs(one.values - other.values).mean() > 0.05
    assert made.reads == () and made.encoder is None
    with pytest.raises(ContractError, match=r"--temperature.*does not read"):
        made(Sentence(text=TEXT), settings=Speaking(temperature=0.5))


def test_a_function_reads_the_settings_that_it_has_arguments_for(code: str) -> None:
    made = speaker(f"{code}:rated", contract=HIFIGAN)
    assert made.reads == ("temperature", "rate")
    spoken = made(Sentence(text=TEXT, language="de"), settings=Speaking(rate=2.0, temperature=0.25))
    assert spoken.mel.n_frames == 4 * len(TEXT)
    assert sys.modules[code].seen == [(2.0, 0.25, "de")]


def test_a_normaliser_is_undone_and_one_that_is_forgotten_is_found(code: str, tmp_path: Path) -> None:
    description = tmp_path / "d.toml"
    description.write_text(
        f'[model]\ncall = "{code}:normalised"\ndialect = "hifigan_22k"\naxes = "bands, frames"\n'
        'normaliser = {mean = -5.0, std = 2.0}\ntakes = "text"\n\n[speech]\nlanguages = ["en"]\n'
    )
    right = speaker(description)
    wanted = LetterSpeaker()
    bare = speaker(f"{code}:bare", contract=HIFIGAN)
    assert right.spec == wanted.spec == bare.spec and right.languages == ("en-us",)
    assert right(Sentence(text=TEXT)).mel.values.min() == pytest.approx(np.log(1e-5), abs=1e-4)
    with pytest.raises(ContractError, match="cannot be a hifigan_22k mel"):
        speaker(f"{code}:normalised", contract=Contract(dialect="hifigan_22k"))(Sentence(text=TEXT))


def test_noise_and_failures_of_a_model_are_said(code: str) -> None:
    with pytest.raises(MelpactError, match=r"noise|cannot be a hifigan_22k mel"):
        speaker(f"{code}:noisy", contract=HIFIGAN)(Sentence(text=TEXT))
    with pytest.raises(ContractError, match="no such luck"):
        speaker(f"{code}:failing", contract=HIFIGAN)(Sentence(text=TEXT))


def test_the_command_speaks_with_a_function(code: str, tmp_path: Path, capsys: Any) -> None:
    words = ["--with", f"{code}:bare", "--dialect", "hifigan_22k", "-o", str(tmp_path / "o.wav")]
    assert main(["speak", "The wind blew. Morning came.", *words]) == 0, capsys.readouterr().err
    assert read(tmp_path / "o.wav").duration_s > 8 * 24 * 256 / 22050
    capsys.readouterr()
    assert main(["speak", "The wind blew.", "--with", f"{code}:bare", "-o", str(tmp_path / "p.wav")]) == 2
    assert "--dialect NAME" in capsys.readouterr().err


IPA = "_^$ ,.?!abdefhijklmnopstuvwzæðøŋɐɑɒɔəɚɛɜɡɪɹɾʃʊʌʒˈˌːθᵻ"


def matcha(path: Path, *, voices: bool = False) -> Path:
    """A graph with the inputs and outputs of Matcha-TTS's export: each symbol gives 4 · scales[1] frames of its own bands,
    raised by scales[0] and, with voices, by their number."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    letters = LetterSpeaker()
    table = np.stack([letters._letter(chr(97 + n % 26), 4, 0.4 * n).T for n in range(len(IPA))])

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Parameter(torch.from_numpy(table))

        def forward(self, x: Any, x_lengths: Any, scales: Any, spks: Any = None) -> Any:
            frames = self.table[x].reshape(1, -1, 80).transpose(1, 2)
            wanted = torch.arange(0, frames.shape[2] * scales[1]) / scales[1]
            mel = frames[:, :, wanted.long()] + 0.1 * scales[0]
            return (mel if spks is None else mel + 0.5 * spks.float()), x_lengths * 4

    given = (torch.ones(1, 9, dtype=torch.long), torch.tensor([9]), torch.tensor([0.667, 1.0]))
    names = ["x", "x_lengths", "scales"]
    if voices:
        given, names = (*given, torch.tensor([1])), [*names, "spks"]
    axes = {"x": {1: "time"}, "mel": {2: "time"}}
    torch.onnx.export(
        Model().eval(), given, str(path), input_names=names, output_names=["mel", "mel_lengths"], dynamic_axes=axes,
        opset_version=15, dynamo=False,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return matcha(tmp_path_factory.mktemp("matcha") / "matcha.onnx")


def test_matchas_export_speaks_by_its_own_table(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "tokens.txt").write_text("".join(f"{symbol} {n}\n" for n, symbol in enumerate(IPA)))
    made = speaker(exported, contract=replace(HIFIGAN, symbols=str(tmp_path / "tokens.txt")))
    assert made.reads == ("temperature", "rate") and made.usual.temperature == 0.667
    spoken = made(Sentence(text=TEXT, language="en-us"))
    assert "".join(spoken.tokens).startswith("ðə wˈɪnd")
    numbers = 2 * len(spoken.tokens) + 1
    assert spoken.mel.n_frames == 4 * numbers
    slower = made(Sentence(text=TEXT, language="en-us"), settings=Speaking(rate=0.5, temperature=1.667))
    assert slower.mel.n_frames == 8 * numbers
    assert slower.mel.values.max() - spoken.mel.values.max() == pytest.approx(0.1, abs=1e-3)
    assert made(Sentence(text=TEXT, language="en-us")).facts.get("left_out", []) == []


def test_matchas_voices_go_by_number(tmp_path: Path) -> None:
    path = matcha(tmp_path / "m.onnx", voices=True)
    description = tmp_path / "d.toml"
    (tmp_path / "tokens.json").write_text(json.dumps(list(IPA)))
    description.write_text(
        'findings = "record"\n[model]\n'
        'file = "m.onnx"\ndialect = "hifigan_22k"\naxes = "batch, bands, frames"\nnormaliser = "none"\n'
        'output = "mel"\n\n[speech]\nsymbols = "tokens.json"\nlanguages = ["en"]\ntemperature = 0.3\n'
        "voices = {anna = 0, ben = 2}\n"
    )
    assert path.exists()
    made = speaker(description)
    assert made.voices == ("anna", "ben") and made.usual.temperature == 0.3
    anna, ben = (made(Sentence(text=TEXT), made.named(name)).mel.values.max() for name in made.voices)
    assert ben - anna == pytest.approx(1.0, abs=1e-3)
    assert made(Sentence(text=TEXT)).mel.values.max() == anna


def test_the_command_speaks_with_matcha(exported: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps(list(IPA)))
    words = [
        "-d",
        "hifigan_22k",
        "--findings",
        "record",
        "--tokens",
        str(tmp_path / "tokens.json"),
        "-o",
        str(tmp_path / "o.wav"),
        "-l",
        "en",
    ]
    code = main(["speak", "The wind blew.", "--with", str(exported), *words, "--temperature", "0.4", "--stream"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "matcha.onnx" in said.out and read(tmp_path / "o.wav").duration_s > 0.5
    assert main(["speak", "Hello.", "--with", str(exported), "-d", "hifigan_22k", "-o", str(tmp_path / "p.wav")]) == 2
    assert "--tokens FILE" in capsys.readouterr().err
    code = main(["speak", "Hello.", "--with", str(exported), *words, "--top-p", "0.5"])
    assert code == 2 and "does not read" in capsys.readouterr().err


def test_torchscript_takes_its_inputs_by_name(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            letters = LetterSpeaker()
            table = np.stack([letters._letter(chr(97 + n), 6, 0.0).T for n in range(26)])
            self.table = torch.nn.Parameter(torch.from_numpy(table))

        def forward(self, tokens: torch.Tensor, length_scale: torch.Tensor) -> torch.Tensor:
            frames = self.table[tokens[0]].reshape(-1, 80)
            return frames.repeat_interleave(int(length_scale[0].item()), 0)

    path = tmp_path / "m.pt"
    torch.jit.script(Model()).save(str(path))
    (tmp_path / "t.json").write_text(json.dumps("abcdefghijklmnopqrstuvwxyz"))
    contract = replace(HIFIGAN, axes="frames, bands", symbols=str(tmp_path / "t.json"))
    made = speaker(path, contract=contract)
    assert made.reads == ("rate",)
    spoken = made(Sentence(text="The wind, blew"), settings=Speaking(rate=0.5))
    assert "".join(spoken.tokens) == "thewindblew" and spoken.mel.n_frames == 12 * 11
    assert spoken.facts["left_out"] == [","]


def spm(pieces: list[str]) -> bytes:
    """A sentencepiece model of these pieces, by its protobuf."""
    rows = [b"\x0a" + bytes([len(p.encode())]) + p.encode() + b"\x15\x00\x00\x00\x00" for p in pieces]
    return b"".join(b"\x0a" + bytes([len(row)]) + row for row in rows)


@pytest.fixture(scope="module")
def speecht5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SpeechT5 of random weights, as transformers writes it."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
             "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "speech_decoder_prenet_units": 8,
             "speech_decoder_postnet_units": 8, "vocab_size": 20, "speaker_embedding_dim": 6}  # fmt: skip
    folder = tmp_path_factory.mktemp("speecht5")
    transformers.SpeechT5ForTextToSpeech(transformers.SpeechT5Config(**sizes)).save_pretrained(folder)
    (folder / "spm_char.model").write_bytes(spm(["<s>", "<pad>", "</s>", "<unk>", "▁", *"etaoinshrdlwbv"]))
    return folder


def test_speecht5_gives_the_numbers_of_transformers(speecht5: Path) -> None:
    import torch
    import transformers

    from melpact.nn.acoustic_models import AcousticNetwork

    network = AcousticNetwork.open(speecht5)
    assert (network.kind, network.voice_size, network.n_mels, network.drawn) == ("speecht5", 6, 80, True)
    ids, voice = np.array([4, 6, 9, 7, 2]), np.linspace(-1, 1, 6).astype(np.float32)
    theirs = transformers.SpeechT5ForTextToSpeech.from_pretrained(speecht5).eval()
    torch.manual_seed(7)
    with torch.no_grad():
        wanted = theirs.generate_speech(torch.tensor(ids)[None], torch.tensor(voice)[None]).numpy()
    np.testing.assert_allclose(network(ids, voice=voice, seed=7), wanted, atol=1e-5)
    with pytest.raises(ContractError, match=r"needs a voice.*6 numbers"):
        network(ids)
    with pytest.raises(ContractError, match="table of symbols"):
        network(np.array([25]), voice=voice)


def test_a_folder_of_speecht5_is_a_speaker(speecht5: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-1, 1, 6))
    made = speaker(speecht5, contract=Contract(dialect="speecht5_16k"))
    assert made.spec.sample_rate == 16000 and made.reads == () and made.drawn
    read_as = made.front.symbols("Hel lo")
    table = ["<s>", "<pad>", "</s>", "<unk>", "▁", *"etaoinshrdlwbv"]
    assert [table[n] for n in read_as.numbers] == ["▁", "h", "e", "l", "▁", "l", "o", "</s>"]
    from melpact.verbs.speech_references import whose

    voice = whose(made, [tmp_path / "x.npy"]).voice
    with pytest.raises(MelpactError) as caught:
        made(Sentence(text="the hills"), voice)
    assert isinstance(caught.value, SpeechFault | ContractError), "random weights give no speech"
    with pytest.raises(ContractError, match=r"nothing that hears.*\.npy"):
        made.voice([read("sample:en_noservice")])


@pytest.fixture(scope="module")
def fastspeech2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.set_num_threads(1)
    torch.manual_seed(2)
    config = transformers.FastSpeech2ConformerConfig(
        hidden_size=16, vocab_size=12, encoder_layers=1, decoder_layers=1, encoder_num_attention_heads=2,
        decoder_num_attention_heads=2, encoder_linear_units=16, decoder_linear_units=16, duration_predictor_channels=8,
        energy_predictor_channels=8, pitch_predictor_channels=8, speech_decoder_postnet_units=8, num_speakers=3,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("fastspeech2")
    model = transformers.FastSpeech2ConformerModel(config)
    with torch.no_grad():
        model.duration_predictor.linear.bias.fill_(1.8)
    model.save_pretrained(folder)
    names = ["<blank>", "<unk>", "DH", "AH0", "W", "IH1", "N", "D", "B", "L", "UW1", "<sos/eos>"]
    (folder / "vocab.json").write_text(json.dumps({name: n for n, name in enumerate(names)}))
    return folder


def test_fastspeech2_gives_the_numbers_of_transformers_at_any_rate(fastspeech2: Path) -> None:
    import torch
    import transformers

    from melpact.nn.acoustic_models import AcousticNetwork

    network = AcousticNetwork.open(fastspeech2)
    assert (network.n_voices, network.voice_size, network.drawn) == (3, 0, False)
    theirs = transformers.FastSpeech2ConformerModel.from_pretrained(fastspeech2).eval()
    ids = np.array([2, 3, 4, 5, 6, 7, 11])
    for rate, number in ((1.0, 0), (0.5, 2)):
        theirs.config.speaking_speed = 1 / rate
        with torch.no_grad():
            wanted = theirs(torch.tensor(ids)[None], speaker_ids=torch.tensor([number]), return_dict=True).spectrogram[0]
        found = network(ids, rate=rate, number=number)
        np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)
    assert network(ids, rate=0.5).shape[0] > 1.7 * network(ids).shape[0]


def test_a_folder_of_fastspeech2_is_a_speaker(fastspeech2: Path) -> None:
    made = speaker(fastspeech2, contract=Contract(dialect="espnet2_22k"))
    assert made.reads == ("rate",) and made.languages == ("en-us",) and made.voices == ("0", "1", "2") and not made.drawn
    found = made.front.symbols("The wind blew.", "en-us")
    assert found.names[:9] == ("DH", "AH0", "W", "IH1", "N", "D", "B", "L", "UW1") and found.numbers[-1] == 11
    other = speaker(fastspeech2, contract=Contract(dialect="espnet2_22k"))
    assert made.fingerprint == other.fingerprint


def test_folders_that_are_no_model_or_not_whole_are_refused(fastspeech2: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is no model"):
        speaker(tmp_path, contract=HIFIGAN)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ContractError, match="not known; got bert"):
        speaker(tmp_path, contract=HIFIGAN)
    (tmp_path / "config.json").write_text((fastspeech2 / "config.json").read_text())
    with pytest.raises(ArtifactError, match="holds no weights"):
        speaker(tmp_path, contract=HIFIGAN)
    from safetensors.numpy import load_file, save_file

    tensors = load_file(fastspeech2 / "model.safetensors")
    tensors.pop(next(name for name in tensors if name.startswith("duration_predictor")))
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ContractError, match="weights are missing; got 1, such as duration_predictor"):
        speaker(tmp_path, contract=HIFIGAN)


def test_a_calibration_is_joined_by_the_pipeline(code: str, tmp_path: Path) -> None:
    from melpact.contract.mel import Mel
    from melpact.verbs.calibrate import fit

    letters, rng = LetterSpeaker(), np.random.default_rng(0)
    for folder in ("p", "t"):
        (tmp_path / folder).mkdir()
    for n in range(8):
        text = "".join(rng.choice(list("abcdefgh "), 30))
        values = np.concatenate([letters._letter(one, 8, 0.0) for one in text], axis=1)
        Mel(values, letters.spec).save(tmp_path / "t" / f"{n}.mel")
        Mel(np.maximum(values * 0.9 - 0.5, -11.5129), letters.spec).save(tmp_path / "p" / f"{n}.mel")
    fit(tmp_path / "p", tmp_path / "t", tmp_path / "c.calibration", model="m")
    description = tmp_path / "d.toml"
    description.write_text(
        'findings = "record"\n[model]\n'
        f'call = "{code}:rated"\nname = "m"\ndialect = "hifigan_22k"\naxes = "bands, frames"\nnormaliser = "none"\n'
        'takes = "text"\n\n[calibration]\nfile = "c.calibration"\n'
    )
    plain = speaker(f"{code}:rated", contract=HIFIGAN)(Sentence(text=TEXT)).mel.values
    mended = speaker(description)(Sentence(text=TEXT)).mel.values
    assert np.abs(mended - plain).mean() > 0.1
    assert mended.max() > plain.max() + 0.1


def test_tables_of_symbols(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("_ 0\n  1\na 2\nb 3\n")
    assert dict(read_symbols(tmp_path / "a.txt").table) == {"_": 0, " ": 1, "a": 2, "b": 3}
    (tmp_path / "b.txt").write_text("x\ny\n")
    assert dict(read_symbols("b.txt", tmp_path).table) == {"x": 0, "y": 1}
    (tmp_path / "c.json").write_text(json.dumps({"symbols": "^ab", "begin": "^", "blank": 0, "reads": "letters"}))
    found = read_symbols(tmp_path / "c.json")("BA!", "")
    assert found.numbers == (0, 0, 0, 2, 0, 1, 0) and found.left_out == ("!",)
    assert Symbols({"a": 1}, "letters", unknown=0)("ab").numbers == (1, 0)
    with pytest.raises(ContractError, match="nothing of this text"):
        Symbols({"a": 1}, "letters")("xyz")
    for wrong in (
        {"symbols": "ab", "begin": "^"},
        {"symbols": "ab", "odd": 1},
        {"a": -1},
        [],
        {"symbols": "ab", "reads": "x"},
    ):
        with pytest.raises(ContractError):
            read_symbols(wrong)
    (tmp_path / "d.model").write_bytes(b"\x0a\xff\xff")
    with pytest.raises(ArtifactError, match="no table"):
        read_symbols(tmp_path / "d.model")
    (tmp_path / "e.model").write_bytes(spm(["<s>", "the"]))
    with pytest.raises(ContractError, match="several letters"):
        read_symbols(tmp_path / "e.model")


@pytest.mark.parametrize(
    ("ipa", "wanted"),
    [
        ("həlˈoʊ wˈɜːld", "HH AH0 L OW1 / W ER1 L D"),
        ("ɡˈʊd mˈɔːɹnɪŋ", "G UH1 D / M AO1 R N IH0 NG"),
        ("tʃˈeɪndʒ", "CH EY1 N JH"),
        ("bˈʌʔn̩", "B AH1 T AH0 N"),
        ("ˌʌndɚstˈænd", "AH2 N D ER0 S T AE1 N D"),
    ],
)
def test_arpabet_is_that_of_the_dictionary(ipa: str, wanted: str) -> None:
    assert arpabet(ipa) == [" " if one == "/" else one for one in wanted.split()]
