"""`melpact speak`: sentences, pauses, streams, voices, what is wrong with input; over a speaker whose answers are known."""

from __future__ import annotations

import io
import json
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import melpact
from melpact.audio import samples, synthetic
from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.wav_stream import WavStream
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.features.analysis import extract
from melpact.models.speech.spoken import Spoken
from melpact.verbs import speak as verb
from melpact.verbs import speakers, speech_references
from melpact.verbs.speak import speak
from melpact.verbs.speech_sound import Sounder, sounder
from melpact.verbs.speech_text import read_text
from melpact.vocoders.neural.vocoder import STREAM_TOLERANCE
from speech.letters import LETTER_S, LetterSpeaker

RATE, HOP = 22050, 256
FRAMES = round(LETTER_S * RATE / HOP)
TEXT = "The wind blew over the hills. Morning came late!"


class Kept:
    """A sink that remembers when its samples came."""

    def __init__(self) -> None:
        self.peak, self.clipped, self.n_samples = 0.0, 0, 0
        self.blocks: list[np.ndarray] = []
        self.times: list[float] = []

    def write(self, block: np.ndarray) -> None:
        self.blocks.append(block)
        self.times.append(time.perf_counter())
        self.n_samples += block.size


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> LetterSpeaker:
    """What the command opens, whatever it is asked for."""
    made = LetterSpeaker()
    monkeypatch.setattr(verb, "speaker", lambda name, **more: made if name is None else name)
    return made


def run(capsys: Any, *words: object) -> tuple[int, str, str]:
    code = main(["speak", *(str(word) for word in words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_sentences_stand_one_after_the_other_with_their_pauses(speaker: LetterSpeaker, tmp_path: Path) -> None:
    report = speak(TEXT, tmp_path / "a.wav", vocoder="griffin_lim")
    sound = read(tmp_path / "a.wav")
    assert [one.text for one in report.done] == ["The wind blew over the hills.", "Morning came late!"]
    first, second = report.done
    hop_s = HOP / RATE
    assert first.seconds == pytest.approx(len(first.text) * FRAMES * hop_s, abs=2 * hop_s)
    assert second.begin_s == pytest.approx(first.seconds + first.pause_s, abs=1e-3) and first.pause_s > 0.1
    assert sound.duration_s == pytest.approx(second.begin_s + second.seconds, abs=1e-3)
    pause = sound.samples[0, round((first.seconds + 0.01) * RATE) : round((second.begin_s - 0.01) * RATE)]
    assert np.abs(pause).max() == 0
    edges = [round(first.seconds * RATE) - 1, round(second.begin_s * RATE)]
    assert np.abs(sound.samples[0, edges]).max() < 0.02
    assert report.peak == pytest.approx(sound.peak, abs=1e-3) and report.first_s > 0


@pytest.mark.parametrize("vocoder", ["griffin_lim", "melpact_small"])
def test_a_stream_begins_before_its_sentence_is_made(speaker: LetterSpeaker, vocoder: str) -> None:
    text = "The wind blew over the quiet hills until the morning came with rain and wide grey clouds and sheep"
    kept = Kept()
    report = speak(text, sink=kept, stream=True, vocoder=vocoder)
    assert report.done[0].first_s < 0.8 * report.done[0].spent_s
    assert sum(block.size > 0 for block in kept.blocks) > 3
    spec = speaker.spec
    assert kept.n_samples == spec.samples(report.done[0].tokens * FRAMES)
    assert report.streamed


def test_a_network_streams_what_it_gives_of_the_whole(speaker: LetterSpeaker) -> None:
    text = "The wind blew over the quiet hills until the morning came with rain and wide grey clouds and sheep"
    sounds = [Kept(), Kept()]
    for streamed, kept in zip((False, True), sounds, strict=True):
        speak(text, sink=kept, stream=streamed, vocoder="melpact_small")
    whole, streamed = (np.concatenate(kept.blocks) for kept in sounds)
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(streamed, whole, atol=4 * STREAM_TOLERANCE)


def test_the_wav_of_a_stream_is_there_while_it_is_made(speaker: LetterSpeaker, tmp_path: Path) -> None:
    sizes = []
    path = tmp_path / "a.wav"
    speak(TEXT, path, stream=True, vocoder="griffin_lim", told=lambda one, total: sizes.append(len(read(path).samples[0])))
    assert 0 < sizes[0] < sizes[1] <= read(path).n_samples
    assert soundfile.info(str(path)).frames == read(path).n_samples


def test_wav_streams_to_a_pipe_and_to_a_file(tmp_path: Path) -> None:
    tone = synthetic.sine(440.0, 0.5, RATE).samples[0]

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe, file, bare = Pipe(), io.BytesIO(), io.BytesIO()
    for place, raw in ((pipe, False), (file, False), (bare, True)):
        with WavStream(place, RATE, raw=raw) as sink:
            sink.write(tone[:5000])
            sink.write(tone[5000:])
        assert sink.n_samples == tone.size and sink.peak == pytest.approx(0.5, abs=1e-3) and sink.clipped == 0
    steps = np.rint(tone.astype(np.float64) * 32768).astype("<i2").tobytes()
    assert pipe.getvalue()[44:] == steps == file.getvalue()[44:] == bare.getvalue()
    assert pipe.getvalue()[40:44] == b"\xff" * 4
    assert int.from_bytes(file.getvalue()[40:44], "little") == 2 * tone.size
    assert soundfile.info(io.BytesIO(file.getvalue())).frames == tone.size
    (tmp_path / "cut.wav").write_bytes(pipe.getvalue())
    np.testing.assert_allclose(read(tmp_path / "cut.wav").samples[0], tone, atol=1 / 32768)
    loud = io.BytesIO()
    with WavStream(loud, RATE) as sink:
        sink.write(np.array([0.5, 1.5, -2.0], np.float32))
    assert sink.clipped == 2 and loud.getvalue()[-2:] == np.int16(-32768).tobytes()


@pytest.mark.parametrize(
    "words",
    [
        ["--text", TEXT, "--output", "OUT"],
        ["--text", TEXT, "--reference", "sample:en_noservice", "--output", "OUT"],
        ["--text", TEXT, "--speaker-wav", "sample:en_noservice", "--output", "OUT"],
        ["--text", TEXT, "--reference_audio=sample:en_noservice", "--output=OUT"],
        ["--text", TEXT, "--speaker", "high", "--temperature", "0.7", "--top-p", "0.9", "--device", "cpu", "--output",
         "OUT"],
        ["--text", TEXT, "--temperature", "0.7", "--top_p", "0.9", "--device", "auto", "--speed", "1.5", "--lang", "en",
         "--output", "OUT"],
        [TEXT, "-o", "OUT", "--voice", "sample:en_noservice", "--voice", "sample:en_unidentified"],
    ],
)  # fmt: skip
def test_the_usual_flags_are_understood(speaker: LetterSpeaker, capsys: Any, tmp_path: Path, words: list[str]) -> None:
    out = tmp_path / "out.wav"
    code, said, err = run(capsys, *(word.replace("OUT", str(out)) for word in words))
    assert code == 0, err
    assert out.exists() and "2 of 2" in said
    _, voice, settings = speaker.seen[0]
    assert settings.temperature == (0.7 if "--temperature" in words else 0.5)
    assert settings.top_p == (0.9 if "--temperature" in words else 1.0)
    assert settings.rate == (1.5 if "--speed" in words else 1.0)
    reference = any("sample" in word for word in words)
    assert voice is not None and voice.name == (
        "2 recordings"
        if words.count("--voice") == 2
        else "en_noservice"
        if reference
        else "high"
        if "high" in words
        else "low"
    )


def test_texts_come_from_the_argument_a_file_and_standard_input(
    speaker: LetterSpeaker, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbf" + "Grüße an alle.".encode())
    assert read_text(str(tmp_path / "t.txt"))[0] == "Grüße an alle."
    assert read_text("Hello there") == ("Hello there", "text")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"From a pipe.")))
    assert read_text("-") == ("From a pipe.", "-")
    code, said, _ = run(capsys, tmp_path / "t.txt", "-o", tmp_path / "o.wav", "--json")
    assert code == 0 and json.loads(said)["done"][0]["text"] == "Grüße an alle."
    (tmp_path / "l.txt").write_bytes("Grüße".encode("latin1"))
    for wrong, words in ((tmp_path / "none.txt", "does not exist"), (tmp_path / "l.txt", "not UTF-8")):
        code, _, err = run(capsys, wrong, "-o", tmp_path / "o.wav")
        assert code == 2 and words in err and err.count("\n") == 1


def test_the_record_says_everything(speaker: LetterSpeaker, capsys: Any, tmp_path: Path) -> None:
    words = [TEXT, "-o", tmp_path / "o.wav", "--record", tmp_path / "o.json", "--seed", 3, "--voice", "high", "--verbose"]
    code, _, err = run(capsys, *words)
    found = json.loads((tmp_path / "o.json").read_text())
    assert code == 0 and found["kind"] == "melpact speech"
    assert found["settings"]["seed"] == 3 and found["given"] == ["seed"] and found["settings"]["temperature"] == 0.5
    assert found["speaker"]["fingerprint"] == speaker.fingerprint and found["voice"]["name"] == "high"
    assert [one["tokens"] for one in found["done"]] == [len(one["text"]) for one in found["done"]]
    assert found["seconds"] == pytest.approx(read(tmp_path / "o.wav").duration_s)
    assert found["first_sound_s"] > 0 and found["real_time"] > 0 and found["vocoder"]["name"] == "griffin_lim"
    assert err.startswith("1/2 en ") and "2/2 en" in err and "Morning came late!" in err


def test_the_same_seed_gives_the_same_sound_and_sentences_differ(speaker: LetterSpeaker) -> None:
    def sound(**more: Any) -> np.ndarray:
        kept = Kept()
        speak("Lala lala lala. Lala lala lala.", sink=kept, vocoder="griffin_lim", **more)
        return np.concatenate(kept.blocks)

    one, again, other = sound(settings={"seed": 1}), sound(settings={"seed": 1}), sound(settings={"seed": 2})
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01
    assert np.abs(one[: RATE // 2] - one[-RATE // 2 :]).max() > 0.01


def test_one_bad_sentence_does_not_end_the_text(capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(LetterSpeaker):
        def _frames(self, sentence: Any, *more: Any) -> Any:
            self.fault = "noise" if "hills" in sentence.text else ""
            return super()._frames(sentence, *more)

    monkeypatch.setattr(verb, "speaker", lambda name, **more: Picky())
    code, said, err = run(capsys, "It rained. The wind blew over the hills. Morning came.", "-o", tmp_path / "o.wav")
    assert code == 1 and "2 of 3" in said
    assert "failed: “The wind blew over the hills.”" in err and "noise" in err
    code, _, err = run(capsys, "The hills.", "-o", tmp_path / "p.wav")
    assert code == 2 and "noise" in err and not (tmp_path / "p.wav").exists()
    code, _, err = run(capsys, "The hills. The hills.", "-o", tmp_path / "p.wav", "--stream")
    assert code == 2 and "none of 2" in err and not (tmp_path / "p.wav").exists()


@pytest.mark.parametrize("stream", [False, True])
def test_ctrl_c_keeps_what_was_spoken(capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    class Stopped(LetterSpeaker):
        def _frames(self, sentence: Any, *more: Any) -> Any:
            if "Morning" in sentence.text:
                raise KeyboardInterrupt
            return super()._frames(sentence, *more)

    monkeypatch.setattr(verb, "speaker", lambda name, **more: Stopped())
    code, said, _ = run(capsys, TEXT, "-o", tmp_path / "o.wav", *(["--stream"] if stream else []))
    assert code == 130 and "interrupted: 1 of 2" in said
    assert read(tmp_path / "o.wav").duration_s > 29 * FRAMES * HOP / RATE * 0.95
    assert list(tmp_path.iterdir()) == [tmp_path / "o.wav"]


REFUSED = {
    "empty": (["", "-o", "OUT"], "needs a text"),
    "empty text": (["--text", "", "-o", "OUT"], ""),
    "space": (["--text", "  \n ", "-o", "OUT"], ""),
    "emoji": (["🙂🎉👍🏽", "-o", "OUT"], ""),
    "no language": ([TEXT, "-o", "OUT", "--language", "xx-nowhere"], ""),
    "unknown to the speaker": ([TEXT, "-o", "OUT", "--language", "fi"], ""),
    "NaN": ([TEXT, "-o", "OUT", "--temperature", "nan"], "--temperature"),
    "top-p 0": ([TEXT, "-o", "OUT", "--top-p", "0"], "--top-p"),
    "top-p 2": ([TEXT, "-o", "OUT", "--top-p", "2"], "--top-p"),
    "not read": ([TEXT, "-o", "OUT", "--top-k", "5"], "does not read"),
    "silent": ([TEXT, "-o", "OUT", "--voice", "SILENT"], "silent"),
    "short": ([TEXT, "-o", "OUT", "--voice", "SHORT"], "0.70 s"),
    "noise": ([TEXT, "-o", "OUT", "--voice", "NOISE"], "no voice was found"),
    "no reference": ([TEXT, "-o", "OUT", "--voice", "nowhere.wav"], "nowhere.wav"),
    "no such name": ([TEXT, "-o", "OUT", "--voice", "bob"], "Voices by name: low, high"),
    "over the reference": ([TEXT, "-o", "NOISE", "--voice", "NOISE"], "over what it is made of"),
    "no folder of the record": ([TEXT, "-o", "OUT", "--record", "OUT/none/o.json"], "mkdir -p"),
    "record in a folder's place": ([TEXT, "-o", "OUT", "--record", "HERE"], "is a folder"),
    "record over the sound": ([TEXT, "-o", "OUT", "--record", "OUT"], "over a sound"),
    "two names": ([TEXT, "-o", "OUT", "--voice", "low", "--voice", "high"], "stands alone"),
    "no device": ([TEXT, "-o", "OUT", "--device", "tpu"], "cpu, cuda or auto"),
    "no format": ([TEXT, "-o", "OUT.xyz"], "xyz"),
    "stream of flac": ([TEXT, "-o", "OUT.flac", "--stream"], ".wav"),
    "no folder": ([TEXT, "-o", "OUT/none/o.wav"], "none"),
    "no vocoder": ([TEXT, "-o", "OUT", "--vocoder", "nothing_of_it"], "nothing_of_it"),
    "two texts": ([TEXT, "--text", TEXT, "-o", "OUT"], "one text"),
    "json and sound": ([TEXT, "-o", "-", "--json"], "--record"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(
    speaker: LetterSpeaker, capsys: Any, tmp_path: Path, case: str
) -> None:
    words, told = REFUSED[case]
    write(tmp_path / "silent.wav", synthetic.silence(3.0, RATE))
    write(tmp_path / "short.wav", Audio.of(samples.load("en_noservice").samples[:, 8000 : 8000 + 11200], 16000))
    write(tmp_path / "noise.wav", synthetic.noise(np.random.default_rng(0), 4.0, RATE))
    before = sorted(tmp_path.iterdir())
    places = {"OUT": tmp_path / "o.wav", "SILENT": tmp_path / "silent.wav", "SHORT": tmp_path / "short.wav",
              "NOISE": tmp_path / "noise.wav", "HERE": tmp_path}  # fmt: skip
    for name, path in places.items():
        words = [word.replace(name, str(path)) for word in words]
    code, said, err = run(capsys, *words)
    assert code == 2 and err.count("\n") == 1 and err.startswith("melpact: "), err
    assert told in err
    if case != "json and sound":
        assert said == ""
    assert sorted(tmp_path.iterdir()) == before


def test_a_prompt_is_the_end_of_the_recording(speaker: LetterSpeaker, capsys: Any, tmp_path: Path) -> None:
    words = [TEXT, "-o", tmp_path / "o.wav", "--prompt"]
    code, _, err = run(capsys, *words, "--voice", "sample:en_noservice")
    assert code == 2 and "--prompt" in err and "does not go on" in err
    speaker.takes_prompt = True
    for wrong in ([], ["--voice", "low"]):
        code, _, err = run(capsys, *words, *wrong)
        assert code == 2 and "a recording to go on from" in err
    code, _, err = run(capsys, *words, "--voice", "sample:en_noservice")
    assert code == 0, err
    prompt = speaker.seen[0][1].prompt
    whole = samples.load("en_noservice")
    last = Audio.of(whole.samples[0, -3 * 16000 :], 16000)
    np.testing.assert_array_equal(prompt, extract(last, speaker.spec).values)


def test_the_languages_of_a_speaker_are_listed(speaker: LetterSpeaker, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speakers, "speaker", lambda name, **more: speaker)
    code, said, err = run(capsys, "--languages", "--json")
    assert code == 0 and json.loads(said) == {"en": "English (America)", "de": "German", "pt-br": "Portuguese (Brazil)"}, err
    code, _, err = run(capsys, "Hello.")
    assert code == 2 and "-o FILE.wav" in err


def test_a_language_that_was_not_learnt_is_told(
    speaker: LetterSpeaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LetterSpeaker, "learnt", lambda self, tag: tag != "de")
    told = "German: the speaker was not trained on it, only on en, de, pt-br; expect errors"
    assert told in speak("Guten Tag.", tmp_path / "o.wav", language="de").notes
    assert not speak("Good day.", tmp_path / "o.wav", language="en").notes


def test_a_setting_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(MelpactError, match=r"--topp: no such setting; wanted temperature, top_p,"):
        verb.speaking({"topp": 1})


def test_of_a_long_reference_a_bounded_part_is_looked_at(
    speaker: LetterSpeaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = samples.load("en_noservice").samples[0]
    write(tmp_path / "long.wav", Audio.of(np.concatenate([sound, 0.99 * np.sign(sound)]), 16000))
    assert any("clipped" in note for note in speech_references.whose(speaker, [tmp_path / "long.wav"]).notes)
    monkeypatch.setattr(speech_references, "LONGEST_S", sound.size / 16000)
    found = speech_references.whose(speaker, [tmp_path / "long.wav"])
    assert found.voice is not None and found.voice.seconds == sound.size / 16000
    assert not any("clipped" in note for note in found.notes)


def test_a_second_of_reference_is_taken_with_a_warning(speaker: LetterSpeaker, capsys: Any, tmp_path: Path) -> None:
    voice = samples.load("en_noservice")
    write(tmp_path / "r.wav", Audio.of(np.clip(8 * voice.samples[:, :44000], -0.5, 0.5), 16000))
    code, said, err = run(capsys, TEXT, "-o", tmp_path / "o.wav", "--voice", tmp_path / "r.wav")
    assert code == 0, err
    assert "the reference is short: 2.8 s" in said and "clipped" in said


def test_control_characters_and_mixed_scripts_come_out_as_speech_or_a_clear_line(
    speaker: LetterSpeaker, capsys: Any, tmp_path: Path
) -> None:
    code, said, err = run(capsys, "Hel\x00lo\x07 the\x1bre, my friend.", "-o", tmp_path / "o.wav", "--json")
    assert code == 0, err
    spoken = json.loads(said)["done"][0]["text"]
    assert all(letter.isprintable() for letter in spoken)
    code, said, err = run(capsys, "Good morning to you. 你好，世界。 Доброе утро всем.", "-o", tmp_path / "o.wav")
    assert code == 1 and err.count("failed") == 2, (said, err)
    assert "1 of 3" in said


def test_a_hundred_thousand_characters_keep_no_more_than_a_sentence(
    speaker: LetterSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nowhere(Kept):
        def write(self, block: np.ndarray) -> None:
            self.n_samples += block.size

    class Instant(LetterSpeaker):
        """Always the same frames, at once."""

        def __call__(self, *sentence: Any, **more: Any) -> Spoken:
            return Spoken(mel)

    class Bar:
        total = advanced = 0

        def start(self, total: int, what: str) -> None:
            self.total = total

        def advance(self, n: int) -> None:
            self.advanced += n

        def done(self) -> None: ...

    text = "The wind blew over the hills, and the morning came late with rain. " * 1500
    assert len(text) > 100_000
    kept, bar = Nowhere(), Bar()
    mel = Mel(speaker._letter("e", 100, 0.0), speaker.spec)
    monkeypatch.setattr(Sounder, "whole", lambda self, mel: Audio.of(np.full(mel.n_samples, 0.1, np.float32), RATE))
    tracemalloc.start()
    try:
        report = speak(text, sink=kept, with_=Instant(), vocoder="griffin_lim", progress=bar, language="en")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert bar.total == bar.advanced == report.sentences > 1400
    assert kept.n_samples / RATE > 1400 * 100 * HOP / RATE
    assert most < 40e6


def test_other_mels_are_refused_with_the_way_there(speaker: LetterSpeaker, capsys: Any, tmp_path: Path) -> None:
    code, _, err = run(capsys, TEXT, "-o", tmp_path / "o.wav", "--vocoder", "melpact_small_24k")
    assert code == 2 and "--vocoder melpact_small_24k" in err and "allow" in err
    made = sounder(speaker.spec, "melpact_small_24k", allow="lossy")
    assert made.sample_rate == 24000


@pytest.mark.parametrize("stream", [False, True])
def test_a_refiner_stands_between_speaker_and_sound(speaker: LetterSpeaker, stream: bool) -> None:
    text = "The wind blew over the hills."
    sounds = []
    for refiner in (None, "identity", "refine_22k_cnn"):
        kept = Kept()
        report = speak(text, sink=kept, refiner=refiner, stream=stream, vocoder="griffin_lim")
        sounds.append(np.concatenate(kept.blocks))
        named = report.to_json()["refiner"]
        assert (None if named is None else named["name"]) == refiner
    plain, same, better = sounds
    assert better.shape == plain.shape == same.shape
    assert np.abs(better - plain).max() > 0.01
    if not stream:
        np.testing.assert_array_equal(same, plain)


def test_the_public_function_gives_sound(speaker: LetterSpeaker) -> None:
    audio = melpact.speak("Good morning.", voice="high", seed=2)
    assert isinstance(audio, Audio) and audio.sample_rate == RATE
    assert audio.n_samples == speaker.spec.samples(13 * FRAMES)
    other = melpact.speak("Good morning.", voice=samples.load("ru_nocallback"), temperature=0.0)
    assert other.n_samples == audio.n_samples and not np.array_equal(other.samples, audio.samples)
    with pytest.raises(MelpactError, match="--top-p"):
        melpact.speak("Good morning.", top_p=2)
    with pytest.raises(MelpactError):
        melpact.speak("")


@pytest.mark.parametrize(("text", "voice"), [(None, None), (5, None), (b"Hello.", None), ("Hello.", 3), ("Hello.", [4])])
def test_in_python_what_is_no_text_and_no_voice_is_told(text: Any, voice: Any) -> None:
    with pytest.raises(MelpactError, match="voice" if isinstance(text, str) else "string"):
        melpact.speak(text, voice=voice)
