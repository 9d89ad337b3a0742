"""What every speaker promises, over one whose answers are known; and the guard, over recordings and planted faults."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from melpact.audio import samples, synthetic
from melpact.audio.audio import Audio
from melpact.contract.dialect import as_spec
from melpact.core.errors import AudioError, AudioTooShort, ContractError, SpeechFault
from melpact.features.analysis import extract
from melpact.models.speech import guard
from melpact.models.speech.guard import Guard
from melpact.models.speech.settings import Speaking
from melpact.models.speech.voice import SpeechVoice
from melpact.text.sentence import Sentence
from speech.letters import FAULTS, LETTER_S, LetterSpeaker

TEXT = "the wind blew over the quiet hills until morning came"


def said(text: str = TEXT, **more: object) -> Sentence:
    return Sentence(text=text, **more)


def test_a_sentence_is_a_mel_of_its_length_with_its_letters() -> None:
    spoken = LetterSpeaker()(said(), settings=Speaking(seed=3))
    assert spoken.mel.spec == as_spec("hifigan_22k")
    assert spoken.mel.values.dtype == np.float32
    assert spoken.mel.n_frames == len(TEXT) * round(LETTER_S * 22050 / 256)
    assert "".join(spoken.tokens) == TEXT
    assert sum(spoken.durations_s) == pytest.approx(spoken.mel.n_frames * 256 / 22050)
    assert spoken.facts == {"letters": len(TEXT)} and spoken.found == ()


def test_blocks_make_up_the_whole_and_come_before_it_is_made() -> None:
    whole = LetterSpeaker()(said(), settings=Speaking(seed=3)).mel.values
    speaker = LetterSpeaker()
    flow = speaker.stream(said(), settings=Speaking(seed=3))
    blocks = []
    while True:
        try:
            blocks.append(next(flow))
        except StopIteration as end:
            spoken = end.value
            break
    assert len(blocks) > 20 and all(block.shape[1] > 0 for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)
    np.testing.assert_array_equal(spoken.mel.values, whole)


def test_the_first_block_waits_for_half_a_second_and_no_longer() -> None:
    class Counting(LetterSpeaker):
        made = 0

        def _letter(self, letter: str, frames: int, shift: float) -> np.ndarray:
            Counting.made += 1
            return super()._letter(letter, frames, shift)

    next(Counting().stream(said()))
    frames = round(LETTER_S * 22050 / 256)
    assert Counting.made == -(-round(0.5 * 22050 / 256) // frames)


def test_the_same_seed_gives_the_same_and_temperature_0_whatever_the_seed() -> None:
    def mel(**settings: float) -> np.ndarray:
        return LetterSpeaker()(said(), settings=Speaking(**settings)).mel.values

    np.testing.assert_array_equal(mel(seed=1), mel(seed=1))
    assert np.abs(mel(seed=1) - mel(seed=2)).mean() > 0.05
    np.testing.assert_array_equal(mel(seed=1, temperature=0), mel(seed=2, temperature=0))


def test_a_generator_stands_in_for_the_seed() -> None:
    speaker = LetterSpeaker()
    one = speaker(said(), rng=np.random.default_rng(5)).mel.values
    np.testing.assert_array_equal(one, speaker(said(), settings=Speaking(seed=5)).mel.values)


def test_what_was_not_given_is_as_the_speaker_has_it() -> None:
    speaker = LetterSpeaker()
    speaker(said())
    speaker(said(), settings=Speaking(temperature=1.0))
    assert [settings.temperature for _, _, settings in speaker.seen] == [0.5, 1.0]


def test_the_rate_of_a_sentence_and_of_the_user_multiply() -> None:
    spoken = LetterSpeaker()(said(rate=1.25), settings=Speaking(rate=1.6))
    assert spoken.mel.n_frames == len(TEXT) * round(LETTER_S / 2 * 22050 / 256)


@pytest.mark.parametrize(("name", "value"), [("top_k", 5), ("repetition_penalty", 1.2)])
def test_a_setting_that_is_not_read_is_refused_even_at_its_neutral_value(name: str, value: float) -> None:
    for given in (value, getattr(Speaking(), name)):
        with pytest.raises(
            ContractError, match=f"--{name.replace('_', '-')}.*does not read.*--temperature, --top-p, --rate"
        ):
            LetterSpeaker()(said(), settings=Speaking(**{name: given}))


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": float("nan")}, {"temperature": -0.1}, {"top_p": 0}, {"top_p": 2}, {"top_k": -1},
     {"repetition_penalty": 0.9}, {"rate": 0.4}, {"rate": 2.1}, {"seed": -1}, {"longest_s": 0}],
)  # fmt: skip
def test_settings_out_of_range_do_not_exist(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Speaking(**wrong)


@pytest.mark.parametrize("text", ["", "   ", "...", "\u200d\u0301", "🙂🎉"])
def test_nothing_to_speak_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="nothing to speak"):
        LetterSpeaker()(said(text))


def test_a_tag_finds_its_language() -> None:
    speaker = LetterSpeaker()
    assert [speaker.language(tag) for tag in ("", "en", "EN_gb", "de-AT", "pt-BR", "pt_br-x")] == [
        "en", "en", "en", "de", "pt-br", "pt-br",
    ]  # fmt: skip
    with pytest.raises(ContractError, match=r"got tlh; wanted en, de, pt-br"):
        speaker(said(language="tlh"))
    with pytest.raises(ContractError, match="does not speak"):
        speaker.language("pt")


def test_voices_by_name_reference_and_default() -> None:
    speaker = LetterSpeaker()
    rate = 16000
    low, high = (synthetic.sine(hz, 2.0, rate) for hz in (200.0, 4000.0))
    made = speaker.voice([low, low, high])
    assert made.seconds == pytest.approx(6) and made.encoder == speaker.encoder
    assert made.embedding == pytest.approx(np.array([2, 1]) / np.sqrt(5), abs=1e-3)
    default, named, other = (
        speaker(said(), voice).mel.values for voice in (None, speaker.named("low"), speaker.named("high"))
    )
    np.testing.assert_array_equal(default, named)
    assert np.abs(named - other).mean() > 0.5
    with pytest.raises(ContractError, match=r"no such voice.*low, high"):
        speaker.named("middle")


def test_a_voice_of_another_speaker_and_references_that_say_nothing_are_refused() -> None:
    speaker = LetterSpeaker()
    with pytest.raises(ContractError, match="made for another speaker"):
        speaker(said(), SpeechVoice("x", np.ones(2, np.float32), "other"))
    with pytest.raises(AudioError, match="silent"):
        speaker.voice([synthetic.silence(3.0, 16000)])
    with pytest.raises(AudioTooShort, match=r"0\.40 s.*1 s at least"):
        speaker.voice([synthetic.sine(200.0, 0.4, 16000)])
    with pytest.raises(ContractError, match="no recordings"):
        speaker.voice([])


class Mute(LetterSpeaker):
    encoder = None
    voices = ()
    drawn = False


def test_a_speaker_without_voices_refuses_them() -> None:
    with pytest.raises(ContractError, match="takes no reference"):
        Mute().voice([samples.load("en_noservice")])
    with pytest.raises(ContractError, match="takes no reference"):
        Mute()(said(), SpeechVoice("x", np.ones(2, np.float32), "other"))
    assert Mute()(said()).mel.n_frames > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found_twice_and_then_said(fault: str) -> None:
    speaker = LetterSpeaker(fault, at=6)
    with pytest.raises(SpeechFault) as caught:
        speaker(said())
    assert speaker.attempts == 2
    words = {
        "noise": "noise", "still": "stands still", "loop": "loops", "endless": "does not end", "silent": "falls silent",
        "short": "words are missing", "nan": "not numbers", "loud": "louder than any sound",
    }  # fmt: skip
    assert words[fault] in str(caught.value) and "--seed" in str(caught.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_another_seed_mends_is_told_and_over(fault: str) -> None:
    speaker = LetterSpeaker(fault, only_first=True, at=6)
    spoken = speaker(said())
    assert speaker.attempts == 2 and len(spoken.found) == 1
    assert spoken.mel.n_frames == len(TEXT) * round(LETTER_S * 22050 / 256)


def test_where_no_seed_is_read_no_second_attempt_is_made() -> None:
    speaker = Mute("noise")
    with pytest.raises(SpeechFault):
        speaker(said())
    assert speaker.attempts == 1


def test_a_stream_begins_again_only_while_nothing_was_given_out() -> None:
    early, late = LetterSpeaker("noise", only_first=True), LetterSpeaker("noise", only_first=True, at=30)
    assert sum(block.shape[1] for block in early.stream(said())) == len(TEXT) * round(LETTER_S * 22050 / 256)
    given = []
    with pytest.raises(SpeechFault, match="noise"):
        given.extend(late.stream(said()))
    assert given and late.attempts == 1


def test_longest_s_ends_a_sentence() -> None:
    with pytest.raises(SpeechFault, match="does not end"):
        LetterSpeaker()(said(), settings=Speaking(longest_s=1.0))


def test_what_the_text_says_three_times_is_no_loop() -> None:
    piece = "lap " * 12
    assert guard.repeats(piece) and not guard.repeats(TEXT) and not guard.repeats("no, no. yes, yes.")
    speaker = LetterSpeaker()
    assert speaker(said(piece), settings=Speaking(temperature=0)).mel.n_frames > 0


@pytest.mark.parametrize("name", samples.names())
@pytest.mark.parametrize("dialect", ["hifigan_22k", "vocos_24k", "tacotron_20k", "bigvgan_24k"])
def test_the_guard_says_nothing_of_recordings(name: str, dialect: str) -> None:
    from melpact.contract.scaling import NoScaling

    spec = as_spec(dialect).replace_quietly(scaling=NoScaling())
    values = extract(samples.load(name), spec).values
    watch = Guard(spec, "the number you have dialled is not in service please check it and try again")
    for at in range(0, values.shape[1], 13):
        watch.push(values[:, at : at + 13])
    watch.finish()


@pytest.mark.parametrize("dialect", ["hifigan_22k", "vocos_24k", "tacotron_20k"])
@pytest.mark.parametrize(("kind", "fault"), [("white", "stands still"), ("hum", "stands still"), ("twice", "loops")])
def test_the_guard_hears_noise_hum_and_loops_in_sounds(dialect: str, kind: str, fault: str) -> None:
    from melpact.contract.scaling import NoScaling

    spec = as_spec(dialect).replace_quietly(scaling=NoScaling())
    rate = spec.sample_rate
    speech = extract(samples.load("en_unidentified"), spec).values
    bad = {
        "white": synthetic.noise(np.random.default_rng(0), 2.0, rate),
        "hum": synthetic.sine(120.0, 2.0, rate),
    }
    if kind == "twice":
        piece = speech[:, : round(0.6 * spec.frame_rate_hz)]
        planted = np.concatenate([speech, *[piece + np.float32(0.02 * i) for i in range(5)]], axis=1)
    else:
        planted = np.concatenate([speech, extract(Audio.of(bad[kind].samples, rate), spec).values], axis=1)
    watch = Guard(spec, "the number you have dialled is not in service " * 2)
    with pytest.raises(SpeechFault, match=fault):
        watch.push(planted)


def test_bounds_of_a_text() -> None:
    assert guard.longest_s("abcd", 2.0) == pytest.approx((2 + 4 * 0.25) / 2)
    assert guard.longest_s("你好 12.") == pytest.approx(2 + 2 * 0.5 + 2 * 1.0 + 0.7)
    assert guard.shortest_s("a" * 80) == pytest.approx(2.0)
