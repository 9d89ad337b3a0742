"""The bench's page: what it says, what it holds, and that nothing in it comes from elsewhere."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.bench.page import page
from melpact.bench.page.page import verdict
from melpact.bench.page.utterances import ranked, standing
from melpact.bench.report import Report
from melpact.verbs.evaluate import evaluate

NAMES = tuple(f"{name}_{i}" for name in samples.names() for i in range(2))


class Tags(HTMLParser):
    """Whether every element that was opened is closed, in order, and every address."""

    EMPTY = frozenset({"meta", "img", "path", "circle", "br", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, str, Path]:
    root = tmp_path_factory.mktemp("page")
    rng = np.random.default_rng(0)
    for name in NAMES:
        whole = samples.load(name[:-2])
        rate = whole.sample_rate
        begin = int(name[-1]) * rate
        x = whole.samples[0, begin : begin + rate]
        noise = rng.standard_normal(x.size).astype(np.float32)
        noise *= np.sqrt(np.mean(x**2) / np.mean(noise**2))
        for system, y in (("ref", x), ("a<b", np.roll(x + 0.03 * noise, 80)), ("rough", x + 0.3 * noise)):
            (root / system).mkdir(exist_ok=True)
            write(root / system / f"{name}.wav", Audio.of(y, rate), "FLOAT")
    report = evaluate(root / "ref", root / "a<b", root / "rough", metrics=("snr", "mel_mae", "stoi"), out=root / "out",
                      laws=False, cache=False, jobs=1)  # fmt: skip
    return report, (root / "out" / "report.html").read_text(), root


def test_it_is_whole_and_self_contained(made: tuple[Report, str, Path]) -> None:
    _, text, _ = made
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)
    assert "http://" not in text and "https://" not in text
    assert "a<b" not in re.sub(r'<script type="application/json">.*?</script>', "", text)
    assert "a&lt;b" in text


def test_every_value_interval_null_and_ceiling_is_on_it(made: tuple[Report, str, Path]) -> None:
    from melpact.bench.tables import number

    report, text, _ = made
    for system in report.systems:
        for score in report.scores[system].values():
            for value in (score.value, score.low, score.high, score.null, score.ceiling):
                assert number(value, score) in text
            assert f"skill {score.skill:.2f}" in text
    for facts in report.metrics.values():
        assert html.escape(facts.meaning) in text


def test_the_sounds_are_those_that_were_measured_and_lie_on_the_original(made: tuple[Report, str, Path]) -> None:
    _, text, root = made
    parts = [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', text, re.S)]
    assert len(parts) == len(NAMES)
    names = re.findall(r'<div class="heard"[^>]*><h3>(.*?)</h3>', text)
    tracks = {track["name"]: track["src"] for track in parts[names.index(NAMES[0])]}
    assert list(tracks) == ["original", "a<b", "rough"]
    heard = {}
    for name, address in tracks.items():
        kind, data = address.split(",", 1)
        assert kind == "data:audio/flac;base64"
        heard[name], rate = soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="float32")
        assert rate == 16000
    there = read(root / "ref" / f"{NAMES[0]}.wav").samples[0]
    gain = float(heard["original"] @ there / (there @ there))
    assert gain <= 1.0001 and np.abs(heard["original"] - gain * there).max() < 2 / 32768
    # the delay of 80 samples has been taken back
    assert np.corrcoef(heard["a<b"][:-100], there[:-100])[0, 1] > 0.99


def test_the_verdict_counts_certain_wins_only(made: tuple[Report, str, Path]) -> None:
    report, text, _ = made
    assert set(report.best.values()) == {"a<b"}
    won = len(report.best)
    assert verdict(report) == f"Of 3 metrics, a<b is better than all others in {won}; {3 - won} cannot be told"
    assert html.escape(verdict(report)) in text
    undecided = report.model_copy(update={"best": {}})
    assert verdict(undecided) == "No system is certainly better than all others in any of 3 metrics"


def test_the_worst_come_first_and_standing_is_the_mean_place(made: tuple[Report, str, Path]) -> None:
    report, text, _ = made
    order = ranked(report)
    assert len(order) == 2 * len(NAMES) and [place for place, *_ in order] == sorted(place for place, *_ in order)
    assert {system for _, _, system in order[: len(NAMES)]} == {"rough"}
    name = NAMES[3]
    side = next(u for u in report.utterances if u.name == name).sides["rough"]
    places = []
    for metric, value in side.values.items():
        score = report.scores["rough"][metric]
        assert value is not None and score.null is not None and score.ceiling is not None
        places.append(min(2.0, max(-1.0, (value - score.null) / (score.ceiling - score.null))))
    assert standing(report, "rough", name) == pytest.approx(float(np.mean(places)))
    table = text[text.index("The worst ten") :]
    assert table.index(order[0][1]) < table.index(order[5][1])


def test_without_files_the_page_says_that_it_cannot_be_heard(made: tuple[Report, str, Path]) -> None:
    report, _, _ = made
    silent = report.model_copy(
        update={"utterances": tuple(u.model_copy(update={"files": {}}) for u in report.utterances)}
    )
    text = page(silent)
    assert "The sounds were not files" in text and "data:audio" not in text


def test_a_file_that_went_away_is_left_out(made: tuple[Report, str, Path], tmp_path: Path) -> None:
    report, _, _ = made
    first = report.utterances[0]
    gone = first.model_copy(update={"files": {**first.files, "original": str(tmp_path / "gone.wav")}})
    text = page(report.model_copy(update={"utterances": (gone, *report.utterances[1:])}))
    names = re.findall(r'<div class="heard"[^>]*><h3>(.*?)</h3>', text)
    assert first.name not in names and len(names) == len(NAMES) - 1
