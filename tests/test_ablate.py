"""`ablate` and its factorial table: effects and interactions that were planted, and grids of real mels."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from melpact.bench.factorial import effects, interactions, shares
from melpact.bench.grid import read_grid, specs_of
from melpact.bench.metric import metrics
from melpact.cli.main import main
from melpact.core.errors import MelpactError
from melpact.verbs.ablate import ablate

FACTORS = {"a": ("0", "1"), "b": ("0", "1", "2"), "c": ("x", "y")}
SNR = metrics()["snr"]


def planted(noise: float = 0.01) -> dict[tuple[str, ...], dict[str, float]]:
    """y = 2 a + 3 b + 1.5 a b + utterance + noise; c does nothing."""
    rng = np.random.default_rng(0)
    own = {f"u{i}": 10 * rng.standard_normal() for i in range(12)}
    return {
        (a, b, c): {
            name: 2 * float(a) + 3 * float(b) + 1.5 * float(a) * float(b) + base + noise * rng.standard_normal()
            for name, base in own.items()
        }
        for a, b, c in product(*FACTORS.values())
    }


def test_planted_effects_are_found_and_covered() -> None:
    found = {(e.factor, e.b): e for e in effects("snr", SNR, FACTORS, planted())}
    assert found["a", "1"].change == pytest.approx(2 + 1.5 * 1.0, abs=0.01)  # b is 1 on average
    assert found["b", "1"].change == pytest.approx(3 + 1.5 / 2, abs=0.01)
    assert found["b", "2"].change == pytest.approx(6 + 3 / 2, abs=0.01)
    assert found["a", "1"].certain and found["b", "2"].certain and not found["c", "y"].certain
    for effect, truth in ((found["a", "1"], 3.5), (found["c", "y"], 0.0)):
        assert effect.low is not None and effect.high is not None
        assert effect.low - 0.01 <= truth <= effect.high + 0.01
        assert effect.n == 12 and effect.settings == 6


def test_planted_interactions_are_found_where_they_are() -> None:
    found = {i.factors: i for i in interactions("snr", SNR, FACTORS, planted())}
    assert found["a", "b"].change == pytest.approx(1.5 * 2, abs=0.02)  # the largest contrast: b from 0 to 2
    assert (found["a", "b"].b, found["a", "b"].d) == ("1", "2")
    assert found["a", "b"].certain
    assert abs(found["a", "c"].change) < 0.02 and abs(found["b", "c"].change) < 0.02


def test_shares_are_those_of_the_analysis_of_variance() -> None:
    values = {setting: float(np.mean(list(row.values()))) for setting, row in planted(0.0).items()}
    found = shares("snr", FACTORS, values)
    assert found is not None
    table = np.array([[2 * a + 3 * b + 1.5 * a * b for b in range(3)] for a in range(2)])
    table -= table.mean()
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    whole = (table**2).sum()
    assert found.factors["a"] == pytest.approx(3 * (rows**2).sum() / whole, abs=1e-9)
    assert found.factors["b"] == pytest.approx(2 * (columns**2).sum() / whole, abs=1e-9)
    assert found.pairs["a × b"] == pytest.approx(((table - rows[:, None] - columns) ** 2).sum() / whole, abs=1e-9)
    assert found.factors["c"] == pytest.approx(0, abs=1e-12)
    assert sum(found.factors.values()) + sum(found.pairs.values()) + found.rest == pytest.approx(1)


def test_a_setting_that_is_missing_leaves_balanced_pairs_only() -> None:
    seen = planted()
    del seen["1", "2", "x"]
    found = {(e.factor, e.b): e for e in effects("snr", SNR, FACTORS, seen)}
    assert found["a", "1"].settings == 5
    assert found["a", "1"].change == pytest.approx(2 + 1.5 * (0 + 0 + 1 + 1 + 2) / 5, abs=0.01)
    assert shares("snr", FACTORS, {s: 1.0 for s in seen}) is None


GRID = {
    "normaliser": ["none", "z_score"],
    "filter": ["none", "median3"],
    "vocoder": "griffin_lim_fast",
    "data": {"seconds": 1.5},
    "mel": {"base": "hifigan_22k", "n_mels": [80, 40]},
    "bench": {"metrics": ["mel_mae", "stoi"]},
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("ablate")
    return ablate(GRID, out=folder, jobs=1, cache=False), folder


def test_a_normaliser_that_is_undone_changes_nothing(table) -> None:  # type: ignore[no-untyped-def]
    found, _ = table
    change = {(e.factor, e.metric): e.change for e in found.effects}
    assert abs(change["normaliser", "mel_mae"]) < 1e-4
    assert abs(change["normaliser", "stoi"]) < 1e-4


def test_median_filtering_and_fewer_bands_cost_what_they_cost(table) -> None:  # type: ignore[no-untyped-def]
    found, _ = table
    change = {(e.factor, e.metric): e for e in found.effects}
    assert change["filter", "mel_mae"].low > 0.05 and change["filter", "stoi"].high < 0
    assert change["n_mels", "stoi"].high < 0
    assert all(cell.n == 4 for cell in found.cells) and len(found.cells) == 8
    assert found.anchors["silence"]["mel_mae"] > found.anchors["true_phase"]["mel_mae"]


def test_the_files_hold_the_table(table) -> None:  # type: ignore[no-untyped-def]
    found, folder = table
    tree = json.loads((folder / "ablation.json").read_text())
    assert len(tree["cells"]) == 8 and tree["units"]["mel_mae"] == "nat"
    rows = list(csv.DictReader((folder / "cells.csv").open()))
    by = {(r["n_mels"], r["normaliser"], r["filter"]): float(r["stoi"]) for r in rows}
    cell = next(c for c in found.cells if c.setting[:3] == ("40", "none", "median3"))
    assert by["40", "none", "median3"] == cell.values["stoi"]
    assert len(list((folder / "sounds" / "original").iterdir())) == 4


def test_settings_that_cannot_exist_are_named_and_the_rest_is_done() -> None:
    grid = read_grid({"mel": {"base": "hifigan_22k", "f_max": [8000.0, 30000.0]}})
    specs, impossible = specs_of(grid)
    assert len(specs) == 1 and len(impossible) == 1
    assert "30000" in str(next(iter(impossible))) and next(iter(impossible.values()))


def test_a_window_follows_its_transform() -> None:
    specs, _ = specs_of(read_grid({"mel": {"base": "hifigan_22k", "n_fft": [1024, 2048]}}))
    assert [spec.win_length for spec in specs.values()] == [1024, 2048]


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"mell": {}}, "mell"),
        ({"mel": {"bands": 80}}, "bands"),
        ({"filter": "median9"}, "median9"),
        ({"vocoder": ["wavenet"]}, "wavenet"),
        ({"bench": {"metrics": ["pesk"]}}, "pesk"),
    ],
)
def test_unknown_words_are_refused_by_name(tree: dict[str, object], said: str) -> None:
    with pytest.raises(MelpactError, match=said):
        read_grid(tree)


def test_the_command_reads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "grid.toml"
    path.write_text('store = ["float32", "uint8"]\n[data]\nseconds = 1.0\nclips = 2\n[bench]\nmetrics = ["mel_mae"]\n')
    assert main(["ablate", str(path), "-j", "1", "--no-cache"]) == 0
    text = capsys.readouterr().out
    assert "store: float32 → uint8" in text and "95 % interval" in text
    path.write_text("[data\n")
    assert main(["ablate", str(path)]) == 2
