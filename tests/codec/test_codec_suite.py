"""The table of codecs: payload and file, alignment, curves, equal quality, broken codecs, resuming, the command."""

from __future__ import annotations

import csv
import json
import math
import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.synthetic import speech_like
from melpact.bench.codec import ogg, program
from melpact.bench.codec.aligning import LIMIT_S, laid, shifted
from melpact.bench.codec.codec2 import MODES, Codec2
from melpact.bench.codec.coder import Coded, Domain
from melpact.bench.codec.equal import needed
from melpact.bench.codec.opus import Opus
from melpact.bench.codec.over_speakers import over_speakers
from melpact.bench.codec.own import Own, kinds_of
from melpact.bench.codec.table import Group, Made
from melpact.bench.conversion.material import Clip
from melpact.cli.main import main
from melpact.core.errors import CorpusError, MelpactError
from melpact.verbs import codec_suite_coders
from melpact.verbs.codec_suite import CodecReport, codec_suite
from melpact.verbs.codec_suite_coders import coders, named, rows_of
from melpact.verbs.codec_suite_material import spread

from .pcm_codec import PcmCodec

RATE = 16000
opus = pytest.mark.skipif(bool(Opus(True).missing()), reason=str(Opus(True).missing()))
codec2 = pytest.mark.skipif(bool(Codec2().missing()), reason=str(Codec2().missing()))


@dataclass(eq=False)
class Rounding:
    """Samples rounded to so many bits, late by a part of a sample: bits, delay and SNR are known."""

    late: float = 0.0
    name: str = "rounding"
    title: str = "rounded samples"
    sample_rate: int = RATE
    unit: str = "kbit/s"
    header_bytes: int = 100
    breaks: str = ""
    stop_at: int | None = None
    why: str | None = None
    calls: list[float] = field(default_factory=list)

    def missing(self) -> str | None:
        return self.why

    def version(self) -> str:
        return "1"

    def rates(self, asked: Sequence[float]) -> tuple[float, ...]:
        return tuple(rate for rate in asked if rate >= self.sample_rate / 1000)

    def code(self, audio: Audio, rate: float, domain: Domain) -> Coded:
        self.calls.append(rate)
        if self.stop_at is not None and len(self.calls) > self.stop_at:
            raise KeyboardInterrupt
        if self.breaks == "refuses":
            raise MelpactError("does not like this", where="rounding")
        if self.breaks == "raises" and len(self.calls) == 2:
            raise IndexError("a fault of its own")
        bits = round(1000 * rate / self.sample_rate)
        step = 2.0 ** (1 - bits)
        wave = step * (np.floor(audio.samples[0] / step) + 0.5)
        wave = late(wave, self.late)
        size = audio.n_samples * bits
        return Coded(
            size, math.ceil(size / 8) + self.header_bytes, Audio.of(wave.astype(np.float32), self.sample_rate), 0.2, 0.1
        )


def late(wave: np.ndarray, samples: float) -> np.ndarray:
    """`wave` later by any number of samples, by the phase of its spectrum (the end comes round to the front)."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(wave.size) * samples)
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) * turn, wave.size))


def noise_like(seconds: float, seed: int, level: float = 0.5) -> Audio:
    """Uniform noise: rounding errors of it are as theory has them."""
    wave = np.random.default_rng(seed).uniform(-level, level, round(seconds * RATE))
    return Audio.of(wave.astype(np.float32), RATE)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """speech/ann, speech/ben: three clips each; songs/: one."""
    root = tmp_path_factory.mktemp("room")
    for number, who in enumerate(("ann", "ben")):
        (root / "speech" / who).mkdir(parents=True)
        for clip in range(3):
            write(root / "speech" / who / f"{clip}.wav", noise_like(1.6 + 0.1 * clip, 10 * number + clip), "FLOAT")
    (root / "songs").mkdir()
    write(root / "songs" / "song.wav", noise_like(1.7, 99), "FLOAT")
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.verbs.codec_suite.cache_folder", lambda: tmp_path / "cache")


def suite(room: Path, *codecs: Any, **more: Any) -> CodecReport:
    asked: dict[str, Any] = {
        "rates_kbps": (64, 96),
        "metrics": ["snr", "si_sdr", "mel_mae"],
        "laws": False,
        "jobs": 1,
        **more,
    }
    return codec_suite([room / "speech"], codecs=codecs, **asked)


# bits


def page(laces: list[int], body: bytes, number: int = 0) -> bytes:
    """A page of Ogg by RFC 3533, section 6; nothing looks at its checksum."""
    return struct.pack("<4sBBqIIIB", b"OggS", 0, 0, 0, 7, number, 0, len(laces)) + bytes(laces) + body


def test_the_payload_of_ogg_is_its_packets_without_headers() -> None:
    head, tags = b"OpusHead" + bytes(11), b"OpusTags" + bytes(300)
    first, second, third = bytes([1]) * 255, bytes([2]) * 700, bytes([3]) * 30
    data = page([len(head)], head) + page([255, len(tags) - 255], tags, 1)
    # a packet of 255 bytes ends with a lace of 0; one of 700 goes on over the page's end
    data += page([255, 0, 255, 255], first + second[:510], 2) + page([190, 30], second[510:] + third, 3)
    assert ogg.packets(data) == [head, tags, first, second, third]
    assert ogg.payload_bytes(data) == 255 + 700 + 30


@pytest.mark.parametrize("broken", ["cut", "open", "other", "headers"])
def test_what_is_no_whole_ogg_is_refused(broken: str) -> None:
    whole = page([19], bytes(19)) + page([20], bytes(20), 1) + page([30], bytes(30), 2)
    given = {
        "cut": whole[:-1], "open": whole + page([255], bytes(255), 3), "other": b"RIFF" + whole,
        "headers": page([19], bytes(19)) + page([20], bytes(20), 1),
    }  # fmt: skip
    with pytest.raises(MelpactError):
        ogg.payload_bytes(given[broken])


def test_the_modes_of_codec_2_have_the_rates_that_their_frames_give() -> None:
    assert {kbps: mode.bits * 8000 / mode.samples / 1000 for kbps, mode in MODES.items()} == {kbps: kbps for kbps in MODES}
    assert {mode.name: mode.frame_bytes for mode in MODES.values()} == {
        "700C": 4, "1200": 6, "1300": 7, "1600": 8, "2400": 6, "3200": 8,
    }  # fmt: skip


def test_a_codec_of_our_own_counts_packets_and_the_whole_stream() -> None:
    codec = PcmCodec(8000)
    own = Own(codec, "quality", packet_ms=500)
    audio = Audio.of(speech_like(1.3, 8000, seed=1).samples[0], 8000)
    made = own.code(audio, 3.0, "speech")
    assert kinds_of(codec) == ("quality",) and own.unit == "step" and own.rates((6, 12)) == (0, 1, 2, 3)
    assert own.name == "pcm_test-quality" and Own(codec, "quality", label="x").name == "x-quality"
    assert made.audio.n_samples == audio.n_samples
    # by the container's page: 40 bytes of header; each of three packets 2 bytes of length here and 4 of checksum
    assert made.file_bytes == made.payload_bits // 8 + 40 + 3 * 6
    assert np.abs(made.audio.samples - audio.samples).max() <= 0.5 / 32768 + 1e-7
    assert own.code(audio, 0.0, "speech").payload_bits < made.payload_bits


def test_a_codec_of_our_own_is_named_by_name_or_file_with_its_kind(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Both(PcmCodec):
        rates = ("adaptive", "constant", "quality")

    monkeypatch.setattr(codec_suite_coders, "SHIPPED", {"pcm_test": PcmCodec})
    monkeypatch.setattr(codec_suite_coders, "FILES", {".pcm": Both})
    monkeypatch.setattr(
        codec_suite_coders, "opened", lambda name, hertz: (PcmCodec if name == "pcm_test" else Both)(hertz or 16000)
    )
    assert [one.name for one in named("pcm_test")] == ["pcm_test-quality"]
    assert [one.name for one in named("runs/my.pcm")] == ["my-constant", "my-adaptive"]
    (one,) = named("my.pcm@24000:quality")
    assert one.name == "my-24k-quality" and one.sample_rate == 24000
    wrong = {"pcm_test:constant": "no such rate", "my.mp3": "no such codec", "my.pcm:fast": "no such codec"}
    for text, message in wrong.items():
        with pytest.raises(MelpactError, match=message):
            named(text)
    table = suite(room, "pcm_test", Rounding(), rates_kbps=(64,), clips=2).table
    points = [point for point in table.group("speech").points if point.system == "pcm_test-quality"]
    assert [point.row for point in points] == [f"pcm_test-quality step {step}" for step in range(4)]
    assert all(point.asked_kbps is None and point.payload_kbps for point in points)
    assert "pcm_test-quality: has 4 steps of quality in place of rates" in table.left_out
    # lossless for 16 bits: nothing but the ceiling itself
    assert points[3].scores["snr"].value == pytest.approx(points[3].scores["snr"].ceiling, abs=0.01)
    assert not table.group("speech").differences


# alignment


@pytest.mark.parametrize("lag", [0.0, 0.5, -0.38, 7.03125, -41.25, 0.9 * LIMIT_S * RATE])
def test_a_delay_is_taken_back_to_a_part_of_a_sample(lag: float) -> None:
    original = speech_like(1.5, RATE, seed=3, f0_hz=140.0).samples[0].copy()
    fade = np.minimum(1, np.arange(original.size) / 1600)
    original *= (fade * fade[::-1]).astype(np.float32)  # nothing at the ends, which a late sound loses
    quiet = np.zeros(1200, np.float32)
    original = np.concatenate([quiet, original, quiet])
    found = laid(original, late(original, lag).astype(np.float32), RATE)
    assert not found.whole and found.lag_s * RATE == pytest.approx(lag, abs=0.004)
    error = np.sum((found.wave - original) ** 2) / np.sum(original**2)
    assert 10 * np.log10(error) < -50
    # whole samples alone would cost this much
    if lag == 0.5:
        plain = late(original, lag)
        assert 10 * np.log10(np.sum((plain - original) ** 2) / np.sum(original**2)) > -26


def test_level_and_polarity_are_the_codecs_own_and_another_waveform_is_not_moved_by_parts() -> None:
    original = speech_like(1.2, RATE, seed=4).samples[0]
    found = laid(original, -0.5 * original, RATE)
    np.testing.assert_array_equal(found.wave, -0.5 * original)
    other = np.random.default_rng(0).normal(0, 0.1, original.size + 5).astype(np.float32)
    found = laid(original, other, RATE)
    assert found.whole and abs(found.lag_s) <= LIMIT_S and found.wave.size == original.size
    assert laid(original, np.zeros(10, np.float32), RATE).lag_s == 0


def test_moving_by_whole_samples_is_moving() -> None:
    wave = speech_like(0.3, RATE, seed=5).samples[0]
    for lag in (3.0, -3.0):
        moved = shifted(wave, lag, wave.size)
        expected = np.concatenate([wave[3:], np.zeros(3)]) if lag > 0 else np.concatenate([np.zeros(3), wave[:-3]])
        np.testing.assert_allclose(moved[3:-3], expected[3:-3], atol=1e-6)


# numbers


def test_rates_and_noise_are_those_of_rounding(room: Path, tmp_path: Path) -> None:
    table = suite(room, Rounding(late=0.4), out=tmp_path / "out").table
    group = table.group("speech")
    assert [point.row for point in group.points] == ["rounding 64", "rounding 96"] and not table.failed
    assert len(group.clips) == 6 and group.speakers == 2 and group.seconds == pytest.approx(2 * (1.6 + 1.7 + 1.8))
    for point in group.points:
        assert point.payload_kbps == pytest.approx(point.asked_kbps, rel=1e-9)
        # 100 bytes of header in six clips of 10.2 s
        assert point.file_kbps == pytest.approx(point.asked_kbps + 6 * 8 * 100 / 10.2 / 1000, rel=1e-3)
        assert point.encode_speed == pytest.approx(10.2 / 1.2) and point.decode_speed == pytest.approx(10.2 / 0.6)
        assert point.lag_ms == pytest.approx(1000 * 0.4 / RATE, abs=1e-3 / 16)
        bits = round(point.asked_kbps / 16)
        # power of uniform noise over that of the error of rounding to steps of 2^(1 - bits)
        theory = 10 * math.log10((0.5**2 / 3) / ((2.0 ** (1 - bits)) ** 2 / 12))
        score = point.scores["snr"]
        # white noise that begins and ends sharply cannot be moved by 0.4 samples and back without any loss
        assert score.value == pytest.approx(theory, abs=0.4) and score.n == 6
        assert score.low <= score.value <= score.high
        assert score.null == pytest.approx(0, abs=0.01) and score.ceiling_anchor == "16-bit PCM 16 kHz"
        # 16-bit PCM errs by a step of 2^-15, so its SNR is as far above
        assert score.ceiling == pytest.approx(10 * math.log10((0.5**2 / 3) / ((2.0**-15) ** 2 / 12)), abs=0.2)
    prompt = suite(room, Rounding(late=0)).table
    for row in ("rounding 64", "rounding 96"):
        # the delay costs next to nothing; left there, it would cap the SNR of white noise at 3 dB
        assert table.score(row, "snr").value == pytest.approx(prompt.score(row, "snr").value, abs=0.4)


def test_two_codecs_at_one_rate_are_compared_clip_by_clip(room: Path) -> None:
    class Worse(Rounding):
        def code(self, audio: Audio, rate: float, domain: Domain) -> Coded:
            return super().code(audio, rate - 16, domain)

    table = suite(room, Rounding(), Worse(name="worse")).table
    group = table.group("speech")
    one = next(d for d in group.differences if (d.metric, d.a, d.b) == ("snr", "rounding 64", "worse 64"))
    assert one.value == pytest.approx(20 * math.log10(2), abs=0.2) and one.winner == "rounding 64" and one.n == 6
    assert not [d for d in group.differences if d.a.split()[1] != d.b.split()[1]]
    # one bit less, and so 16 kbit/s less: on its own curve the worse codec is as good where it has as many bits
    assert group.point("worse 64").payload_kbps == pytest.approx(48)
    assert all(e.other != e.system for e in group.equal) and len(group.equal) == 2 * 2 * 3
    beside = next(e for e in group.equal if (e.metric, e.row, e.other) == ("snr", "rounding 64", "worse"))
    # between 48 and 80 kbit/s the true curve is a line over bits; over log2 of them it is a little off
    assert beside.other_kbps == pytest.approx(64, rel=0.05)
    assert beside.factor == pytest.approx(64 / beside.other_kbps)


def test_equal_quality_is_found_between_points_only() -> None:
    curve = [(4.0, 3.0), (1.0, 1.0)]
    assert needed(curve, 2.0, higher=True) == (pytest.approx(2.0), None)  # half way over log2
    assert needed(curve, 3.0, higher=True) == (pytest.approx(4.0), None)
    assert needed([(1.0, 5.0), (4.0, 1.0)], 3.0, higher=False) == (pytest.approx(2.0), None)
    low, why = needed(curve, 0.5, higher=True)
    assert low is None and "lowest rate already, 1 kbit/s" in str(why)
    high, why = needed(curve, 3.1, higher=True)
    assert high is None and "up to 4 kbit/s" in str(why)
    assert needed([], 1.0, higher=True)[0] is None
    # a curve that turns: the lowest rate that gets there
    assert needed([(1.0, 1.0), (2.0, 4.0), (4.0, 2.0), (8.0, 5.0)], 3.0, higher=True)[0] == pytest.approx(2 ** (2 / 3))


def test_speakers_are_drawn_whole() -> None:
    means = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 9.0}
    values = {f"{who}{i}": mean for who, mean in means.items() for i in range(25)}
    low, high = over_speakers(values, {clip: clip[0] for clip in values}) or (0.0, 0.0)
    draws = np.random.default_rng(5).choice(list(means.values()), (20000, 4)).mean(axis=1)
    assert low == pytest.approx(np.quantile(draws, 0.025), abs=0.3)
    assert high == pytest.approx(np.quantile(draws, 0.975), abs=0.3)
    assert over_speakers({"a1": 1.0, "b1": 2.0}, {"a1": "a", "b1": "b"}) is None


def test_metrics_made_for_speech_say_nothing_of_music(room: Path) -> None:
    table = codec_suite(
        [room / "speech"], music=[room / "songs"], codecs=[Rounding()], rates_kbps=(64,), metrics=["stoi", "snr"],
        laws=False, jobs=1, clips=2,
    ).table  # fmt: skip
    assert set(table.group("music").points[0].scores) == {"snr"} and table.group("music").points[0].n == 1
    assert len(table.group("speech").clips) == 2 and table.group("speech").speakers == 2
    null = table.group("music").anchors["shuffled"]["snr"]
    assert null.value is None and "one utterance" in str(null.reason)


def test_clips_are_spread_over_speakers_and_over_each_ones_clips() -> None:
    speakers = {who: [Clip(f"{who}{i}", Path(who), who) for i in range(n)] for who, n in (("a", 9), ("b", 2), ("c", 30))}
    found = [clip.id for clip in spread(speakers, 9)]
    assert [sum(one[0] == who for one in found) for who in "abc"] == [4, 2, 3] and len(set(found)) == 9
    assert found[-3:] == ["c4", "c14", "c24"]  # the middle of each third
    assert len(spread(speakers, 99)) == 41


# what fails


@pytest.mark.parametrize("breaks", ["refuses", "raises"])
def test_a_broken_codec_and_a_broken_file_cost_themselves(room: Path, tmp_path: Path, breaks: str) -> None:
    shutil.copytree(room / "speech", tmp_path / "speech")
    (tmp_path / "speech" / "ann" / "9.wav").write_bytes(b"RIFF nonsense")
    table = suite(tmp_path, Rounding(breaks=breaks, name="bad"), Rounding(), rates_kbps=(64,)).table
    group = table.group("speech")
    assert any("9.wav" in line for line in table.failed) and len(group.clips) == 6
    assert group.point("rounding 64").n == 6 and group.point("rounding 64").scores["snr"].value is not None
    bad = group.point("bad 64")
    if breaks == "refuses":
        assert bad.n == 0 and bad.payload_kbps is None and bad.scores["snr"].value is None
        assert sum("does not like this" in line for line in table.failed) == 6
    else:
        assert bad.n == 5 and bad.scores["snr"].n == 5 and "IndexError" in " ".join(table.failed)


def test_a_run_that_was_killed_goes_on_and_says_the_same(room: Path, tmp_path: Path) -> None:
    def quiet(group: Group) -> list[Any]:
        return [point.model_dump(exclude={"encode_speed", "decode_speed"}) for point in group.points]

    whole = suite(room, Rounding(), cache=False).table
    first, second, third = Rounding(stop_at=5), Rounding(), Rounding()
    with pytest.raises(KeyboardInterrupt):
        suite(room, first)
    assert not list(tmp_path.rglob("*.part"))
    resumed = suite(room, second).table
    again = suite(room, third).table
    # one call more than sounds to warm up, in either run
    assert len(first.calls) == 6 and len(second.calls) == 12 - 4 + 1 and not third.calls
    assert quiet(whole.groups[0]) == quiet(resumed.groups[0]) == quiet(again.groups[0])
    assert whole.clips[0].files == {} and all(Path(path).is_file() for path in resumed.clips[0].files.values())
    assert [group.differences for group in whole.groups] == [group.differences for group in resumed.groups]


def test_what_is_not_installed_is_named_with_its_package(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MelpactError, match="none of the codecs can be run here") as error:
        coders(["opus", "codec2"])
    assert "apt install opus-tools" in str(error.value) and "apt install codec2" in str(error.value)
    found, absent = coders(["opus-cbr", Rounding()])
    assert [one.name for one in found] == ["rounding"] and "needs the programs opusenc and opusdec" in absent[0]
    table = suite(room, "opus", Rounding(), rates_kbps=(64,)).table
    assert list(table.systems) == ["rounding"] and "opus-cbr, opus-vbr, opus-cbr-24k, opus-vbr-24k" in table.left_out[0]
    with pytest.raises(MelpactError, match="could not be run"):
        program.ran(["opusenc"])


def test_what_is_asked_for_wrongly_is_said(room: Path) -> None:
    for codecs, message in ((["mp3"], "no such codec"), ([Rounding(), Rounding()], "named once")):
        with pytest.raises(MelpactError, match=message):
            coders(codecs)
    for rates, message in (((), "no bit rates"), ((-3.0,), "no bit rates"), ((2.0,), "no codec has any of these rates")):
        with pytest.raises(MelpactError, match=message):
            rows_of([Rounding()], rates)
    rows, without = rows_of([Rounding(), Codec2()], (2.0, 64.0))
    assert [rate for coder, rate in rows if coder.name == "rounding"] == [64.0] and len(rows) == 1 + len(MODES)
    assert "rounding: does not go to 2 kbit/s" in without and any("rates of its own" in line for line in without)
    with pytest.raises(CorpusError):
        codec_suite([room / "nowhere"], codecs=[Rounding()])
    with pytest.raises(MelpactError, match="nothing can be coded"):
        codec_suite([room / "nowhere.wav"], codecs=[Rounding()])
    with pytest.raises(MelpactError, match="no such metric"):
        suite(room, Rounding(), metrics=["pesq_wide"])
    wrong = {"longest_s": 1.0, "clips": 0, "rate": 800, "jobs": 0}
    messages = ("too short", "at least one clip", "no rate to", "at least one job")
    for (name, given), message in zip(wrong.items(), messages, strict=True):
        with pytest.raises(MelpactError, match=message):
            suite(room, Rounding(), **{name: given})


def test_a_metric_that_cannot_be_computed_has_a_reason_in_its_place(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.bench.metric.importlib.util.find_spec", lambda name: None)
    table = suite(room, Rounding(), metrics=["pesq_wb", "snr"], rates_kbps=(64,), clips=2).table
    assert "pesq_wb" not in table.metrics and "needs the package" in table.unavailable["pesq_wb"]
    with pytest.raises(MelpactError, match="no metric is left"):
        suite(room, Rounding(), metrics=["pesq_wb"])


# programs


@opus
def test_opus_packets_of_a_constant_rate_are_as_large_as_the_rate_says() -> None:
    audio = Audio.of(0.5 * speech_like(2.0, RATE, seed=8, f0_hz=130.0).samples[0], RATE)
    found = {}
    for rate in (6.0, 12.0, 24.0):
        made = Opus(True).code(audio, rate, "speech")
        each = rate * 1000 * 0.02 / 8
        # 2 s of frames of 20 ms; one or two more hold the encoder's delay
        assert made.payload_bits / 8 / each in (100, 101, 102)
        assert made.file_bytes > made.payload_bits / 8 and made.audio.n_samples == audio.n_samples
        assert made.encode_s > 0 and made.decode_s > 0
        laid_back = laid(audio.samples[0], made.audio.samples[0], RATE)
        error = np.sum((laid_back.wave - audio.samples[0]) ** 2) / np.sum(audio.samples**2)
        plain = np.sum((made.audio.samples - audio.samples) ** 2) / np.sum(audio.samples**2)
        found[rate] = -10 * np.log10(error)
        assert error <= plain * 1.001 and abs(laid_back.lag_s) < 0.001
    assert found[6.0] < found[12.0] < found[24.0]


@codec2
def test_codec_2_gives_a_sound_as_long_as_what_it_was_given() -> None:
    audio = Audio.of(0.5 * speech_like(1.03, 8000, seed=9, f0_hz=130.0).samples[0], 8000)
    for kbps, mode in MODES.items():
        made = Codec2().code(audio, kbps, "speech")
        frames = math.ceil(audio.n_samples / mode.samples)
        assert made.payload_bits == frames * mode.bits and made.file_bytes == frames * mode.frame_bytes
        assert made.audio.n_samples == audio.n_samples and made.audio.sample_rate == 8000 and made.audio.peak > 0.01


@opus
def test_the_command_writes_page_tables_and_sounds(room: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    asked = ["evaluate", "--suite", "codec", "--sources", str(room / "speech"), "--music", str(room / "songs" / "song.wav"),
             "--codecs", "opus-vbr,opus-cbr", "--rates", "12,24", "--metrics", "snr,mel_mae", "--clips", "2", "--no-laws",
             "-j", "1", "-o", str(out)]  # fmt: skip
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "opus-vbr 12" in said and "16-bit PCM" in said and "kbit/s" in said
    found = json.loads((out / "codec.json").read_text(encoding="utf-8"))
    with (out / "points.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # per kind: four rows, three nulls and a ceiling, two metrics each
    assert len(rows) == 2 * 8 * 2
    point = found["groups"][0]["points"][0]
    line = next(one for one in rows if (one["domain"], one["row"], one["metric"]) == ("speech", "opus-vbr 12", "snr"))
    assert float(line["payload_kbps"]) == point["payload_kbps"] and float(line["value"]) == point["scores"]["snr"]["value"]
    shown = (out / "codec.html").read_text(encoding="utf-8")
    assert shown.count("<svg viewBox") == 4 and "audio/flac" in shown and "Equal quality" in shown
    assert "| opus-cbr 24 |" in (out / "codec.md").read_text(encoding="utf-8")
    files = found["clips"][0]["files"]
    assert set(files) == {"original", "opus-vbr 12", "opus-vbr 24", "opus-cbr 12", "opus-cbr 24"}
    original, made = (read(out / files[row]).samples[0] for row in ("original", "opus-vbr 24"))
    assert abs(made.size - original.size) <= 1
    assert main([*asked, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["groups"] == found["groups"] and "codec.html" in again["written"]


def test_the_command_tells_the_two_suites_apart(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = ["--sources", str(room / "speech")]
    assert main(["evaluate", "--suite", "codec", *sources, "--targets", "x"]) == 2
    assert main(["evaluate", "--suite", "conversion", *sources, "--targets", "x", "--rates", "6"]) == 2
    assert main(["evaluate", "--suite", "codec", *sources, "--rates", "six"]) == 2
    assert "kbit/s with commas between" in capsys.readouterr().err


def test_a_made_sound_says_where_it_lies(room: Path) -> None:
    table = suite(room, Rounding(), rates_kbps=(64,), clips=1).table
    path = Path(table.clips[0].files["rounding 64"])
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert set(facts) == {one for one in Made.__dataclass_fields__ if one != "path"}
    assert read(path).sample_rate == RATE
