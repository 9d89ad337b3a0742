"""`doctor` and `examine`: the published cases, what is explained away, bad input, files and JSON."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tyro

from melpact import diagnose
from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.cli.catalogue import COMMANDS
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.examine import examine
from melpact.diagnose.faults import faults
from melpact.diagnose.probes import probes
from melpact.features.analysis import extract
from melpact.verbs.doctor import doctor

NAME = "hifigan_22k"


@lru_cache(maxsize=2)
def mel(name: str = "en_noservice") -> Mel:
    return extract(samples.path(name), NAME)


def changed(values: np.ndarray, spec: MelSpec | None = None) -> Mel:
    return Mel(values.astype(np.float32), spec or mel().spec)


def first(wrong: Mel, **beside: object) -> str:
    found = examine(wrong, **beside)  # type: ignore[arg-type]
    return found[0].code if found else "nothing"


# the table of measured faults


def test_log10_read_as_ln() -> None:
    found = examine(changed(mel().values / np.log(10)), target=mel())[0]
    assert found.code == "log_base"
    assert found.measured > 0.999 and found.null < 0.5


def test_decibels_read_as_ln() -> None:
    assert first(changed(mel().values * 20 / np.log(10)), target=mel()) == "log_unit_db"


@pytest.mark.parametrize("times", [1 / np.log(10), np.log(10) ** 2])
def test_a_log10_that_was_converted_once_too_often(times: float) -> None:
    """A log10 divided by ln 10 again, or turned into ln twice: neither is the ln that a single mistake gives."""
    right = extract(samples.path("it_noservice"), "pwg_24k")
    wrong = Mel((right.values * times).astype(np.float32), right.spec)
    best = next(f for f in examine(wrong) if f.code == "log_base")
    assert "once too often" in best.sentence


def test_a_log10_read_as_if_it_were_ln_is_not_called_converted_twice() -> None:
    right = extract(samples.path("it_noservice"), "pwg_24k")
    found = examine(Mel((right.values * np.log(10)).astype(np.float32), right.spec))
    assert found[0].code == "log_base"
    assert "the values are ln where log10 is believed" in found[0].sentence


def test_a_normalised_mel_is_not_undone() -> None:
    assert first(changed((mel().values + 5.4) / 2.1), target=mel()) == "not_denormalised"


def test_undone_twice() -> None:
    x = mel().values
    assert first(changed(x * 2.1 + float(x.mean())), target=mel()) == "denormalised_twice"


def test_bands_reversed() -> None:
    assert first(changed(mel().values[::-1]), target=mel()) == "bands_reversed"


def test_another_hop_and_another_f_max() -> None:
    clip = samples.load("en_noservice")
    for field, value in (("hop_length", 300), ("f_max", 11025.0)):
        other = extract(clip, mel().spec.replace(**{field: value}))
        wrong = Mel(other.values, mel().spec)
        assert first(wrong, audio=clip) == {"hop_length": "hop", "f_max": "f_max"}[field]


def test_a_gain_and_an_offset_are_scale_only() -> None:
    found = examine(changed(0.8 * mel().values + 0.3), target=mel())
    scale = next(f for f in found if f.code == "scale_offset")
    assert "scale only: R² is 1.000" in scale.sentence


def test_matched_moments_carry_no_signal() -> None:
    x = mel().values
    noise = np.random.default_rng(0).standard_normal(x.shape) * x.std(axis=1, keepdims=True) + x.mean(axis=1, keepdims=True)
    found = examine(changed(np.maximum(noise, mel().spec.floor_value)), target=mel())
    assert found[0].code == "no_signal"
    assert found[0].measured < 0.02 and "No rescaling can help" in found[0].sentence


# explained away


def test_a_cause_hides_its_consequences() -> None:
    x = mel().values
    wrong = changed(x * 20 / np.log(10))
    assert (wrong.values < mel().spec.floor_value - 1).mean() > 0.3
    codes = [f.code for f in examine(wrong, target=mel())]
    assert codes[0] == "log_unit_db" and "below_floor" not in codes[:2]


def test_values_below_the_floor_alone_are_a_finding() -> None:
    x = mel().values.copy()
    x[3, 5:9] = -13.58
    found = examine(changed(x))
    assert [f.code for f in found] == ["below_floor"]
    assert found[0].measured == pytest.approx(-13.58) and found[0].null == pytest.approx(np.log(1e-5), abs=1e-6)


def test_a_description_that_is_believed_replaces_the_files_own() -> None:
    clip = samples.load("en_noservice")
    power = extract(clip, mel().spec.replace(power=2))
    assert examine(power, audio=clip) == []
    assert examine(power, audio=clip, spec=mel().spec)[0].code == "power_for_magnitude"


# bad input


def test_nan_is_said_and_counted() -> None:
    x = mel().values.copy()
    x[0, :7] = np.nan
    found = examine(changed(x), target=mel())
    assert found[0].code == "not_finite" and found[0].measured == 7


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_a_mel_of_few_frames_is_examined(frames: int) -> None:
    assert isinstance(examine(changed(mel().values[:, :frames]), target=mel()), list)


def test_a_constant_mel() -> None:
    for level in (0.0, -5.0):
        assert first(changed(np.full((80, 200), level)), target=mel()) == "constant"
    assert first(changed(np.full((80, 200), mel().spec.floor_value))) == "silent"


def test_a_batch_is_refused() -> None:
    with pytest.raises(ContractError, match="must be one mel"):
        examine(changed(np.zeros((2, 80, 30))))


def test_another_number_of_bands_is_refused() -> None:
    with pytest.raises(MelpactError, match="number of bands"):
        doctor(mel(), for_="vocos_24k")


# files


def test_one_bad_pair_never_ends_the_run(tmp_path: Path) -> None:
    for folder in ("pred", "target"):
        (tmp_path / folder).mkdir()
    for name in ("en_noservice", "it_noservice"):
        mel(name).save(tmp_path / "target" / f"{name}.mel")
    x = mel("en_noservice")
    Mel(0.8 * x.values + 0.3, x.spec).save(tmp_path / "pred" / "en_noservice.mel")
    (tmp_path / "pred" / "broken.mel").write_bytes(b"no mel")
    (tmp_path / "target" / "broken.mel").write_bytes(b"no mel")
    report = doctor(tmp_path / "pred", tmp_path / "target", picture=tmp_path / "pictures")
    assert [Path(one.name).name for one in report.done] == ["en_noservice.mel"]
    assert [Path(f.item).name for f in report.failed] == ["broken.mel"]
    assert len(report.missing) == 1 and "it_noservice.mel" in report.missing[0]
    assert (tmp_path / "pictures" / "en_noservice.png").read_bytes()[:4] == b"\x89PNG"
    assert not report.clean


def test_the_json_has_the_promised_keys(tmp_path: Path) -> None:
    path = changed(mel().values / np.log(10)).save(tmp_path / "pred.mel")
    plain = doctor(path, mel()).to_json()
    keys = {"code", "severity", "measured", "null", "unit", "sentence", "remedy"}
    assert keys <= set(plain["findings"][0])
    assert plain["findings"][0]["code"] == "log_base"
    assert plain["clean"] is False and plain["failed"] == [] and plain["missing"] == []
    weights = [f["severity"] * f["certainty"] for f in plain["findings"]]
    assert weights == sorted(weights, reverse=True)
    assert plain["done"][0]["frames"] == mel().n_frames


def test_a_clean_mel_is_clean() -> None:
    report = doctor(mel(), audio=samples.path("en_noservice"))
    assert report.clean and report.to_json()["findings"] == []


# remedies


def remedies_of(code: str) -> Iterator[str]:
    """What a planted fault brings up: from the values alone, and the alternatives of its own probe beside the truth."""
    whole = samples.load("it_noservice")
    clip = Audio.of(whole.samples[0, : 2 * whole.sample_rate], whole.sample_rate)
    right = extract(clip, NAME)
    try:
        wrong = faults()[code].inject(right, faults()[code].doses[2], np.random.default_rng(5), clip)
    except ContractError as error:
        pytest.skip(str(error))
    for found in examine(wrong):
        yield found.remedy
    probe = probes()[code]
    for alternative in probe.alternatives(Evidence(wrong, right, clip)) if probe.alternatives else ():
        yield alternative.remedy or "melpact calibrate compare PRED TARGET"


def remedies_written() -> Iterator[str]:
    """Every remedy that stands in the source as one text: `remedy=` in a call, `remedy` and `REMEDY` by assignment."""
    for path in Path(diagnose.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [node.arg] if isinstance(node, ast.keyword) else []
            if isinstance(node, ast.Assign):
                named = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if any((name or "").strip("_").lower() == "remedy" for name in named):
                value = node.value  # type: ignore[attr-defined]
                if isinstance(value, ast.Constant) and value.value:
                    yield str(value.value)


def commands_in(remedy: str) -> list[list[str]]:
    """The commands of a remedy, in words: each runs to a comma, a bracket, a stop or two blanks."""
    return [found.split() for found in re.findall(r"melpact (.+?)(?=\s\s|\s*[,;()]|$)", remedy)]


def check(remedy: str) -> None:
    """It names a command, and every command in it is taken by the command line as it stands."""
    commands = commands_in(remedy)
    assert commands, f"no command in {remedy!r}"
    for name, *words in commands:
        assert name in COMMANDS, remedy
        try:
            tyro.cli(COMMANDS[name], args=words, console_outputs=False)
        except SystemExit:
            pytest.fail(f"melpact {name} does not take {words}: {remedy}")


@pytest.mark.parametrize("code", list(faults()))
def test_the_remedies_of_a_planted_fault_exist(code: str) -> None:
    for remedy in set(remedies_of(code)):
        check(remedy)


def test_every_remedy_that_is_written_exists() -> None:
    written = set(remedies_written())
    assert len(written) > 15
    for remedy in written:
        check(remedy)


def test_a_remedy_that_does_not_exist_would_be_seen() -> None:
    assert commands_in("melpact stats A -o B, then melpact show C  (words)") == [["stats", "A", "-o", "B"], ["show", "C"]]
    for wrong in ("calibrate compare A --target B", "translate A --to B", "show A --axes time-mel", "extract A -o B"):
        name, *words = wrong.split()
        with pytest.raises(SystemExit):
            tyro.cli(COMMANDS[name], args=words, console_outputs=False)


# two rebuilt predictions: one that carries nothing, one that is only scaled


@lru_cache(maxsize=1)
def rebuilt() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "calibration_cases.py"
    spec = importlib.util.spec_from_file_location("calibration_cases", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_rebuilt_case_without_signal_is_called_so_in_every_utterance() -> None:
    for name, prediction, target in rebuilt().no_signal():
        found = examine(prediction, target=target)[0]
        assert found.code == "no_signal", name
        assert "No rescaling can help" in found.sentence and found.measured < 0.05, name


def test_the_rebuilt_case_that_is_only_scaled_is_called_scale_only_in_every_utterance() -> None:
    for name, prediction, target in rebuilt().scale_only():
        found = examine(prediction, target=target)
        said = re.search(r"scale only: R² is ([.\d]+)", found[0].sentence)
        assert said is not None and float(said[1]) > 0.9, (name, found[0].sentence)
        assert "no_signal" not in {f.code for f in found}, name


def test_a_prediction_with_another_shape_is_not_called_scale_only() -> None:
    rng = np.random.default_rng(0)
    wrong = changed(0.5 * (mel().values + 2.0 * rng.standard_normal(mel().values.shape)) + 2.0)
    assert not any("scale only" in f.sentence for f in examine(wrong, target=mel()))


# what a model's own error explains


def test_values_at_the_floor_are_carried_below_it_by_a_models_error_and_that_is_no_finding() -> None:
    # a floor inside the square root, on which pauses rest
    right = extract(samples.path("en_noservice"), "vits_22k")
    rng = np.random.default_rng(3)
    wrong = changed(right.values + 0.1 * rng.standard_normal(right.values.shape), right.spec)
    assert "below_floor" not in {f.code for f in examine(wrong, target=right)}


def test_values_below_the_floor_where_the_target_is_above_it_are_a_finding() -> None:
    right = mel()
    values = right.values.copy()
    values[:, 40:60] = np.log(1e-5) - 1.0
    found = {f.code: f for f in examine(changed(values), target=right)}
    assert "below_floor" in found
    assert found["below_floor"].measured == pytest.approx(np.log(1e-5) - 1.0, abs=1e-3)
