"""The page of the doctor: what it holds, that it needs nothing else, its figures; and what cannot be compared or planted."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
import zlib
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.writing import write
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.diagnose.dose_response import distance_nat
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.examine import diagnose
from melpact.diagnose.faults import faults
from melpact.diagnose.report import FULL
from melpact.diagnose.report.costs import measured
from melpact.diagnose.report.repair import repaired
from melpact.features.analysis import extract
from melpact.page.charts import Chart, ticks
from melpact.page.images import CHANGE, LEVEL, png, thinned
from melpact.verbs.doctor import doctor

NAME = "hifigan_22k"
_VOID = {"meta", "img", "br"}


@lru_cache(maxsize=2)
def sound(name: str = "en_noservice") -> Audio:
    clip = samples.load(name)
    return Audio.of(clip.samples[0, : 2 * clip.sample_rate], clip.sample_rate)


@lru_cache(maxsize=2)
def mel() -> Mel:
    return extract(sound(), NAME)


def changed(values: np.ndarray) -> Mel:
    return Mel(np.ascontiguousarray(values, np.float32), mel().spec)


class Page(HTMLParser):
    """Checks that what is opened is closed, and keeps tags, addresses and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "data")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A scaled mel beside its target and its sound."""
    path = tmp_path_factory.mktemp("report") / "deep" / "out.html"
    doctor(changed(0.7 * mel().values + 0.5), mel(), sound(), report=path)
    return path.read_text(encoding="utf-8")


def test_it_loads_nothing_from_anywhere(page: str) -> None:
    found = Page(page)
    assert found.addresses and all(
        a.startswith(("data:image/png;base64,", "data:audio/wav;base64,")) for a in found.addresses
    )
    assert "http" not in page and "url(" not in page and "script" not in found.tags and "link" not in found.tags
    assert len(page) < 6_000_000


def test_it_holds_what_it_promises(page: str) -> None:
    found = Page(page)
    for words in (
        "This mel", "What it should be", "Difference, same scale", "Values before scaling, with floor and ceiling",
        "Mean ± deviation per band", "Error per band", "This mel against its reference", "What scale_offset costs",
        "How it sounds", "After the remedy for scale_offset", "Its target", "The original", "What dialect is it in?",
        "What would the way to hifigan_22k cost?",
    ):  # fmt: skip
        assert words in found.text, words
    assert found.tags.count("audio") == 4
    title = re.search(r"<h1>(.*?)</h1>", page)
    assert title is not None and "scale_offset" in title[1] and "scale only" in title[1]
    assert "@media print" in page and "prefers-color-scheme:dark" in page and "width=device-width" in page


def test_every_sound_is_a_whole_wave_file(page: str) -> None:
    for data in re.findall(r"data:audio/wav;base64,([^\"]+)", page):
        with wave.open(io.BytesIO(base64.b64decode(data))) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            assert values.size / file.getframerate() == pytest.approx(2.0, abs=0.05)
            assert 300 < np.abs(values).max() <= 32767


def test_mel_and_reference_share_one_scale_and_the_difference_has_its_step(page: str) -> None:
    bars = re.findall(r'<div class="bar">.*?<div>(.*?)</div>', page)
    ends = [[float(v.replace("\u2212", "-")) for v in re.findall(r"<span>(.*?)</span>", bar)] for bar in bars]
    (low, _, high), (below, middle, above) = ends
    assert high - low == pytest.approx(above - below, abs=0.02) and middle == 0
    both = np.concatenate([(0.7 * mel().values + 0.5).ravel(), mel().values.ravel()])
    assert (low, high) == pytest.approx(np.percentile(both, [0.5, 99.9]), abs=0.02)


def test_the_line_in_the_scatter_is_the_planted_one(page: str) -> None:
    assert "y = 0.700 x + 0.500; R² 1.0000" in Page(page).text


def test_a_clean_mel_without_anything_beside_it(tmp_path: Path) -> None:
    doctor(mel(), report=tmp_path / "out.html")
    found = Page((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert "Clean: nothing wrong was found" in found.text and found.tags.count("audio") == 1
    assert "against its reference" not in found.text


def test_no_signal_is_said_on_top_and_offers_no_remedy_to_hear(tmp_path: Path) -> None:
    x = mel().values
    noise = np.random.default_rng(0).standard_normal(x.shape) * x.std() + x.mean()
    doctor(changed(np.maximum(noise, mel().spec.floor_value)), mel(), report=tmp_path / "out.html")
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "No signal: this mel carries nothing of its target" in re.search(r"<h1>(.*?)</h1>", text)[1]  # type: ignore[index]
    assert "No remedy can be heard" in text


@pytest.mark.parametrize("frames", [1, 7])
def test_few_frames_and_holes_have_a_page(tmp_path: Path, frames: int) -> None:
    short = mel().values[:, :frames].copy()
    short[3, 0] = np.nan
    doctor(changed(short), report=tmp_path / "out.html")
    text = Page((tmp_path / "out.html").read_text(encoding="utf-8")).text
    assert "1 values that are no numbers" in text and "too short to be compared or judged" in text and "No sound" in text


def test_names_are_escaped(tmp_path: Path) -> None:
    path = mel().save(tmp_path / "a<b>&c.mel")
    doctor(path, report=tmp_path / "out.html")
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "a&lt;b&gt;&amp;c.mel" in text and "<b>&c" not in text


def test_a_folder_has_an_overview_with_what_failed_and_what_is_alone(tmp_path: Path) -> None:
    for side in ("p", "t"):
        (tmp_path / side).mkdir()
    piece = mel().values[:, 40:120]
    for i in range(FULL + 1):
        changed(piece / np.log(10)).save(tmp_path / "p" / f"m{i}.mel")
        changed(piece).save(tmp_path / "t" / f"m{i}.mel")
    changed(piece).save(tmp_path / "p" / "alone.mel")
    for side in ("p", "t"):
        (tmp_path / side / "z_broken.mel").write_bytes(b"no mel")
    doctor(tmp_path / "p", tmp_path / "t", report=tmp_path / "out.html", jobs=1)
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    found = Page(text)
    assert f"{FULL + 1} of {FULL + 1} mels have findings; 1 could not be examined; 1 without a partner." in found.text
    assert found.tags.count("audio") == 3 * FULL and found.tags.count("section") == FULL + 1
    assert "alone.mel: no target of that name" in found.text and "broken.mel" in found.text
    for i in range(FULL + 1):
        assert f'href="#m{i}"' in text and f'id="m{i}"' in text


# its parts


def test_the_png_is_what_was_put_in() -> None:
    values = np.array([[0.0, 1.0], [2.0, 5.0]])
    data = png(values, 0.0, 4.0, LEVEL)
    body = data[data.index(b"IDAT") + 4 :]
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(2, 3)
    assert rows.tolist() == [[0, 128, 255], [0, 0, 64]]
    assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == 2


def test_both_colour_maps_are_even_in_lightness() -> None:
    def lightness(anchors: tuple[str, ...]) -> np.ndarray:
        rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (0, 2, 4)] for c in anchors])
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        y = linear @ [0.2126, 0.7152, 0.0722]
        return np.asarray(116 * np.cbrt(y) - 16)

    level, change = lightness(LEVEL), lightness(CHANGE)
    assert (np.diff(level) > 5).all()
    half = len(CHANGE) // 2
    assert (np.diff(change[: half + 1]) > 5).all() and (np.diff(change[half:]) < -5).all()
    assert np.abs(change[:half] - change[:half:-1]).max() < 2


def test_long_mels_are_thinned_by_means() -> None:
    values = np.arange(2 * 6000.0).reshape(2, 6000)
    shown, each = thinned(values)
    assert each == 3 and shown.shape == (2, 2000) and shown[0, :2].tolist() == [1.0, 4.0]


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 30.0) == [0, 5, 10, 15, 20, 25, 30]
    assert ticks(-11.5, 3.2) == pytest.approx([-10, -7.5, -5, -2.5, 0, 2.5])
    chart = Chart("x", (0, 10), (0, 1), "a", "b")
    assert chart.px(5) - chart.px(0) == pytest.approx(chart.px(10) - chart.px(5)) and chart.py(1) < chart.py(0)


def test_the_distance_of_a_scaled_mel_is_that_of_its_values() -> None:
    wrong = changed(0.7 * mel().values + 0.5)
    assert distance_nat(wrong, mel()) == pytest.approx(float(np.abs(wrong.values - mel().values).mean()), rel=1e-6)


def test_the_shipped_curves_are_of_every_fault_and_fall_with_the_dose() -> None:
    found = measured()
    assert set(found["faults"]) == set(faults())
    assert found["nulls"]["noise"]["pesq"] < 1.2 < 3.5 < found["ceiling"]["pesq"]
    for code in ("scale_offset", "noise_added", "f_max", "quantised", "over_smoothed"):
        points = found["faults"][code]["points"]
        assert points[0][0] < points[-1][0] and points[0][1] > points[-1][1] + 0.5, code


def test_what_is_heard_after_the_remedy_is_nearly_the_target() -> None:
    for wrong in (0.7 * mel().values + 0.5, mel().values[::-1], mel().values / np.log(10)):
        evidence = Evidence(changed(wrong), mel())
        made = repaired(evidence, diagnose(evidence))
        assert made is not None and made.mel is not None
        assert float(np.abs(made.mel.values - mel().values).mean()) < 0.02


# bad input, from the command line


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    mel().save(tmp_path / "a.mel")
    changed(mel().values[:, :1]).save(tmp_path / "one.mel")
    changed(mel().values[:, :60]).save(tmp_path / "cut.mel")
    changed(np.full((80, 60), -5.0)).save(tmp_path / "constant.mel")
    holes = mel().values.copy()
    holes[0, 0] = np.nan
    changed(holes).save(tmp_path / "holes.mel")
    for name, values in (("sound", sound().samples[0]), ("silent", np.zeros(32000)), ("tiny", np.full(9, 0.1))):
        write(tmp_path / f"{name}.wav", Audio.of(np.asarray(values, np.float32), 16000))
    half = Audio.of(sound().samples[0, :16000], 16000)
    write(tmp_path / "half.wav", half)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctor", "a.mel", "--audio", "silent.wav"], "digital silence"),
        (["doctor", "a.mel", "--audio", "tiny.wav"], "too short for one frame"),
        (["doctor", "a.mel", "--target", "holes.mel"], "target holds NaN"),
        (["doctor", "a.mel", "--target", "constant.mel"], "every value of the target is the same"),
        (["doctor", "a.mel", "--target", "one.mel"], "nothing could be compared"),
        (["doctor", "a.mel", "--for", "vocos_24k"], "melpact translate"),
        (["identify", "a.mel", "--audio", "silent.wav"], "digital silence"),
        (["inject", "hop", "a.mel", "-o", "w.mel"], "--audio FILE"),
        (["inject", "hop", "a.mel", "-o", "w.mel", "--audio", "silent.wav"], "digital silence"),
        (["inject", "hop", "a.mel", "-o", "w.mel", "--audio", "half.wav"], "does not belong to this mel"),
        (["inject", "scale_offset", "a.mel", "-o", "w.mel", "--dose", "nan"], "no such dose"),
        (["inject", "scale_offset", "a.mel", "-o", "w.mel", "--dose", "-1"], "no such dose"),
        (["calibrate", "compare", "one.mel", "a.mel"], "no pair can be used"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_one_line(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(files)
    code, plain = say(capsys, *words)
    assert code == 2 and said in str(plain["error"]["message"])  # type: ignore[index]
    assert not (files / "w.mel").exists()


def test_other_lengths_are_said(files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    whole = mel().n_frames
    _, plain = say(capsys, "doctor", "cut.mel", "--target", "a.mel")
    (one,) = plain["done"]  # type: ignore[misc]
    assert f"the target has {whole} frames, the mel 60" in one["notes"][0] and "the first 60" in one["notes"][0]
    assert one["expected_frames"] == whole
    _, plain = say(capsys, "doctor", "a.mel", "--audio", "half.wav")
    (one,) = plain["done"]  # type: ignore[misc]
    assert "the sound lasts 1.00 s" in one["notes"][0] and one["expected_frames"] < whole
    _, plain = say(capsys, "doctor", "one.mel")
    assert "1 frame: too short" in plain["done"][0]["notes"][0]  # type: ignore[index]


def test_the_json_of_doctor_and_identify_is_as_promised(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    changed(mel().values / np.log(10)).save(files / "wrong.mel")
    code, plain = say(capsys, "doctor", "wrong.mel", "--target", "a.mel")
    first = plain["findings"][0]  # type: ignore[index]
    assert code == 1 and first["code"] == "log_base"
    assert set(first) == {"code", "severity", "measured", "null", "unit", "sentence", "remedy", "field", "certainty"}
    assert all(type(first[k]) is float for k in ("severity", "measured", "null"))
    assert say(capsys, "doctor", "a.mel", "--audio", "sound.wav")[0] == 0
    code, plain = say(capsys, "identify", "a.mel", "--audio", "sound.wav")
    assert code == 0 and set(plain["candidates"][0]) == {"dialect", "reference_id", "probability"}  # type: ignore[index]
    assert plain["candidates"][0]["dialect"] == NAME  # type: ignore[index]
    assert isinstance(plain["same_values_as"], list) and "bigvgan_22k_fmax8k" in plain["same_values_as"]
    chances = [c["probability"] for c in plain["candidates"]]  # type: ignore[attr-defined]
    assert chances == sorted(chances, reverse=True) and sum(chances) <= 1 + 1e-9
    assert say(capsys, "identify", "nowhere.mel")[0] == 2


def test_a_sound_that_does_not_belong_leaves_the_claim_unjudged(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    write(files / "other.wav", samples.load("it_noservice"))
    code, plain = say(capsys, "identify", "a.mel", "--audio", "other.wav")
    assert code == 0 and plain["agrees"] is None and "another recording" in plain["notes"][0]  # type: ignore[index]
