"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact
from melpact.audio import files, samples, synthetic
from melpact.audio.audio import Audio
from melpact.cli.main import completion, main
from melpact.contract.artifact import read_header
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.normalise.stats import Stats
from melpact.verbs import batch as batch_module

Run = Any


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process: (exit code, standard output, standard error)."""

    def call(*argv: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """speech/a.wav (22.05 kHz, mono) and speech/deep/b.flac (16 kHz, stereo)."""
    folder = tmp_path_factory.mktemp("corpus") / "speech"
    (folder / "deep").mkdir(parents=True)
    files.write(folder / "a.wav", synthetic.speech_like(1.0, 22050, seed=1))
    both = [synthetic.speech_like(0.8, 16000, seed=seed).samples[0] for seed in (2, 3)]
    files.write(folder / "deep" / "b.flac", Audio.of(np.stack(both), 16000))
    return folder


# overview


def test_help_names_every_command_and_exit_code(run: Run) -> None:
    code, out, err = run("--help")
    assert code == 0 and err == ""
    for word in ("extract", "show", "diff", "dialects", "stats", "vocode", "run", "completion", "Exit codes", "130"):
        assert word in out


def test_diff_help_says_that_it_is_like_diff(run: Run) -> None:
    code, out, _ = run("diff", "--help")
    assert code == 0 and "1 when they differ" in re.sub(r"\s+", " ", out)


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"melpact {melpact.__version__}\n", "")


def test_as_a_module_and_as_a_program() -> None:
    script = Path(sys.executable).with_name("melpact")
    for command in ([sys.executable, "-m", "melpact"], *([[str(script)]] if script.exists() else [])):
        done = subprocess.run([*command, "show", "nowhere.mel"], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("melpact: nowhere.mel: does not exist") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        ([], ["no command", "extract", "melpact --help"]),
        (["extrct"], ["no command 'extrct'", "Did you mean: melpact extract"]),
        (["dialect"], ["Did you mean: melpact dialects"]),
        (["zzz"], ["no command 'zzz'", "wanted one of extract"]),
        (["extract"], ["melpact extract", "--out PATH", "--dialect NAME", "melpact extract --help"]),
        (["extract", "a", "-o", "b", "--dialct", "x"], ["needs", "--dialect", "has no --dialct"]),
        (["extract", "-o", "b", "-d", "hifigan_22k"], ["no paths were given"]),
        (["extract", "a", "-o", "b", "-d", "hifigan_22k", "-j", "two"], ["--jobs", "two"]),
        (["extract", "a", "-o", "b", "-d", "hifigan_22k", "--format", "pt"], ["--format", "'pt'", "'mel', 'npy'"]),
        (["show", "a", "--loud"], ["Unrecognized", "--loud", "melpact show --help"]),
        (["diff", "hifigan_22k"], ["melpact diff", "needs B"]),
        (["completion", "cmd"], ["'cmd'", "bash"]),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(run: Run, argv: list[str], parts: list[str]) -> None:
    code, out, err = run(*argv)
    assert code == 2 and out == ""
    assert err.startswith("melpact: ") and err.count("\n") == 1
    for part in parts:
        assert part in err


def test_the_message_survives_a_terminal_without_unicode() -> None:
    words = [sys.executable, "-m", "melpact", "extract", "a.wav", "--dialct", "x"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    for part in ("melpact extract: needs -o PATH, --out PATH and -d NAME, --dialect NAME", "has no --dialct"):
        assert part in done.stderr


def test_a_fault_of_ours_shows_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: object) -> None:
        raise RuntimeError("screw loose")

    monkeypatch.setattr("melpact.verbs.show.show", broken)
    code, out, err = run("show", "x.mel")
    assert code == 70 and out == ""
    assert "Traceback" in err and "RuntimeError: screw loose" in err and "fault of melpact" in err


def test_json_errors_are_json_too(run: Run) -> None:
    code, out, err = run("extract", "a.wav", "-o", "b", "-d", "hifigan_44", "--json")
    error = json.loads(out)["error"]
    assert code == 2 and error["type"] == "UnknownDialect"
    assert "no dialect 'hifigan_44'" in error["what"] and "Nearest" in error["next"]
    assert err.count("\n") == 1


def test_completion_scripts_name_commands_and_flags(run: Run) -> None:
    for shell, sign in (("bash", "complete"), ("zsh", "#compdef"), ("fish", "complete")):
        code, out, _ = run("completion", shell)
        assert code == 0 and sign in out
        for word in ("extract", "vocode", "skip-existing"):
            assert word in out, (shell, word)
    assert completion("bash") == completion("bash")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_accepts_the_completion_script(tmp_path: Path) -> None:
    (tmp_path / "melpact.bash").write_text(completion("bash"))
    done = subprocess.run(["bash", "-n", tmp_path / "melpact.bash"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# extract


def test_extract_keeps_the_structure_of_a_folder(run: Run, speech: Path, tmp_path: Path) -> None:
    code, out, err = run("extract", speech, "-o", tmp_path / "out", "-d", "hifigan_22k", "-j", 2)
    assert (code, err) == (0, "")
    assert "2 mels of 1.80 s" in out
    for source, target in (("a.wav", "a.mel"), ("deep/b.flac", "deep/b.mel")):
        made, wanted = Mel.load(tmp_path / "out" / target), extract(speech / source, "hifigan_22k")
        assert made.dialect == "hifigan_22k"
        np.testing.assert_array_equal(made.values, wanted.values)
    assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == ["a.mel", "b.mel"]


def test_extract_one_file_to_a_named_file(run: Run, speech: Path, tmp_path: Path) -> None:
    code, out, _ = run("extract", speech / "a.wav", "-o", tmp_path / "named.mel", "-d", "whisper_16k_80", "--json")
    report = json.loads(out)
    assert code == 0 and report["dialect"] == "whisper_16k_80" and report["failed"] == []
    # 22050 samples are 16000 at 16 kHz: 100 frames of 160, the last of 101 dropped
    assert report["done"][0]["frames"] == 100 and report["done"][0]["n_mels"] == 80
    assert read_header(tmp_path / "named.mel").tensors["mel"][1] == (80, 100)


def test_extract_patterns_keep_what_follows_the_first_wildcard(run: Run, speech: Path, tmp_path: Path) -> None:
    code, _, _ = run("extract", f"{speech}/**/*.flac", "-o", tmp_path, "-d", "hifigan_22k", "-q")
    assert code == 0 and (tmp_path / "deep" / "b.mel").is_file()


def test_extract_with_changed_fields(run: Run, speech: Path, tmp_path: Path) -> None:
    words = ["-d", "hifigan_22k", "--set", "f_max=7600", "--set", "log=log10"]
    code, out, _ = run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", *words, "--json")
    wanted = dialect("hifigan_22k").spec.replace(f_max=7600, log="log10")
    assert code == 0 and json.loads(out)["dialect"] is None
    assert Mel.load(tmp_path / "a.mel").spec == wanted


def test_extract_gives_a_dialect_the_facts_it_asks_for(run: Run, speech: Path, tmp_path: Path) -> None:
    code, _, err = run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", "-d", "sovits_diffusion_44k")
    assert code == 2 and "f_min" in err and "--set f_min=" in err
    facts = ["--set", "f_min=40", "--set", "f_max=16000"]
    code, _, _ = run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", "-d", "sovits_diffusion_44k", *facts)
    assert code == 0 and Mel.load(tmp_path / "a.mel").spec.f_max == 16000


def test_extract_from_a_json_spec(run: Run, speech: Path, tmp_path: Path) -> None:
    spec = dialect("vocos_24k").spec
    (tmp_path / "mine.json").write_text(json.dumps(spec.facts()))
    code, _, _ = run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", "-d", tmp_path / "mine.json")
    assert code == 0 and Mel.load(tmp_path / "a.mel").spec == spec


def test_extract_npy(run: Run, speech: Path, tmp_path: Path) -> None:
    code, _, _ = run("extract", speech / "a.wav", "-o", tmp_path, "-d", "hifigan_22k", "--format", "npy")
    assert code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), extract(speech / "a.wav", "hifigan_22k").values)
    words = ["-d", "hifigan_22k", "--format", "npy", "--skip-existing"]
    code, _, err = run("extract", speech / "a.wav", "-o", tmp_path, *words)
    assert code == 2 and "no one can tell whether it is finished" in err


def test_extract_skips_only_what_is_finished(run: Run, speech: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(speech, folder)
    words = ["extract", folder, "-o", out, "-d", "hifigan_22k", "--skip-existing", "--json"]

    def redone() -> list[str]:
        code, text, _ = run(*words)
        report = json.loads(text)
        assert code == 0 and len(report["done"]) + len(report["skipped"]) == 2
        return [Path(item["path"]).name for item in report["done"]]

    assert redone() == ["a.mel", "b.mel"]
    assert redone() == []
    with open(out / "a.mel", "r+b") as file:
        file.truncate(2000)
    assert redone() == ["a.mel"]
    files.write(folder / "a.wav", synthetic.speech_like(1.1, 22050, seed=1))
    assert redone() == ["a.mel"]
    run("extract", folder / "a.wav", "-o", out, "-d", "vocos_24k")
    assert redone() == ["a.mel"]


def test_two_inputs_with_one_target_are_refused_before_work(run: Run, speech: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(speech / "a.wav", other / "a.wav")
    words = [speech / "a.wav", other / "a.wav", "-o", tmp_path / "out", "-d", "hifigan_22k"]
    code, _, err = run("extract", *words)
    assert code == 2 and "two inputs would be written to one file" in err
    assert str(speech / "a.wav") in err and str(other / "a.wav") in err
    assert not (tmp_path / "out").exists()


def test_one_output_file_for_two_inputs_is_refused(run: Run, speech: Path, tmp_path: Path) -> None:
    code, _, err = run("extract", speech, "-o", tmp_path / "all.mel", "-d", "hifigan_22k")
    assert code == 2 and "names one file, but there are several" in err


def test_the_same_file_given_twice_is_done_once(run: Run, speech: Path, tmp_path: Path) -> None:
    a = speech / "a.wav"
    code, out, _ = run("extract", a, a, speech / "deep" / ".." / "a.wav", "-o", tmp_path, "-d", "hifigan_22k", "--json")
    assert code == 0 and len(json.loads(out)["done"]) == 1


# show


def test_show_a_mel(run: Run, speech: Path, tmp_path: Path) -> None:
    run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", "-d", "whisper_16k_80")
    code, out, _ = run("show", tmp_path / "a.mel", "--json")
    shown = json.loads(out)
    mel = Mel.load(tmp_path / "a.mel")
    facts = shown["facts"]
    assert code == 0 and shown["kind"] == "mel" and facts["dialect"] == "whisper_16k_80"
    assert facts["shape"] == [80, 100] and facts["duration_s"] == pytest.approx(1.0)
    assert facts["min"] == float(mel.values.min()) and facts["max"] == float(mel.values.max())
    assert facts["mean"] == pytest.approx(float(mel.values.mean(dtype=np.float64)), abs=1e-12)
    # Whisper lets nothing lie more than 8 decades, that is 2 after its division by 4, below the loudest value
    bottom = mel.values.max() - 2
    assert facts["clipped_below"] == int((mel.values <= bottom + 1e-6).sum()) > 0
    assert facts["utterance"]["max"] == pytest.approx(4 * facts["max"] - 4, abs=1e-5)
    assert facts["provenance"]["audio"] == "a.wav"
    code, text, _ = run("show", tmp_path / "a.mel")
    assert code == 0 and "whisper_16k_80" in text and "provenance" in text and "Next: melpact vocode" in text


def test_show_in_blocks_counts_like_the_whole(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    values = rng.uniform(-0.3, 1.3, (80, 301)).clip(0, 1).astype(np.float32)
    Mel(values, dialect("tacotron_20k").spec).save(tmp_path / "a.mel")
    monkeypatch.setattr("melpact.verbs.mel_blocks.BLOCK_VALUES", 80 * 7)
    facts = json.loads(run("show", tmp_path / "a.mel", "--json")[1])["facts"]
    assert facts["values"] == 80 * 301
    assert facts["clipped_below"] == int((values == 0).sum())
    assert facts["clipped_above"] == int((values == 1).sum())
    log_mel = np.log(rng.uniform(0.5e-5, 2e-5, (80, 301)).clip(1e-5)).astype(np.float32)
    Mel(log_mel, dialect("hifigan_22k").spec).save(tmp_path / "b.mel")
    facts = json.loads(run("show", tmp_path / "b.mel", "--json")[1])["facts"]
    assert facts["at_floor"] == int((log_mel == np.float32(np.log(1e-5))).sum()) > 1000


def test_show_a_sound_names_dialects_of_its_rate(run: Run, speech: Path) -> None:
    code, out, _ = run("show", speech / "deep" / "b.flac", "--json")
    facts = json.loads(out)["facts"]
    assert code == 0 and (facts["sample_rate"], facts["channels"], facts["n_samples"]) == (16000, 2, 12800)
    assert "whisper_16k_80" in facts["dialects_of_this_rate"]
    assert "hifigan_22k" not in facts["dialects_of_this_rate"]
    audio = files.read(speech / "deep" / "b.flac")
    assert facts["peak"] == pytest.approx(audio.peak) and facts["rms_db"] == pytest.approx(audio.rms_db, abs=1e-6)


def test_shipped_prompts_go_by_name(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("show", "sample:en_noservice", "--json")
    assert code == 0 and json.loads(out)["facts"]["sample_rate"] == 16000
    assert run("extract", "sample:en_noservice", "-o", tmp_path, "-d", "whisper_16k_80", "-q")[0] == 0
    wanted = extract(samples.path("en_noservice"), "whisper_16k_80").values
    np.testing.assert_array_equal(Mel.load(tmp_path / "en_noservice.mel").values, wanted)
    code, _, err = run("show", "sample:nobody")
    assert code == 2 and "no such speech sample" in err and "en_noservice" in err


def test_show_a_foreign_mel_guesses_nothing(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.linspace(-11, 2, 80 * 37, dtype=np.float32).reshape(80, 37))
    code, out, _ = run("show", tmp_path / "m.npy", "--json")
    shown = json.loads(out)
    array = shown["facts"]["arrays"]["array"]
    assert code == 0 and shown["kind"] == "foreign" and shown["spec"] is None
    assert array["shape"] == [80, 37] and array["dtype"] == "float32" and array["min"] == -11
    assert [axis["n_mels"] for axis in array["axes_that_could_be_mels"]] == [80]
    assert any("dialect" in line and "does not guess" in line for line in shown["unknown"])
    assert "dialect" not in shown["facts"]


def test_show_statistics(run: Run, speech: Path, tmp_path: Path) -> None:
    run("stats", speech, "-d", "hifigan_22k", "-o", tmp_path / "s.stats")
    code, out, _ = run("show", tmp_path / "s.stats", "--json")
    assert code == 0 and json.loads(out)["facts"]["files"] == 2


# diff


def test_diff_exit_codes_are_those_of_diff(run: Run, speech: Path, tmp_path: Path) -> None:
    assert run("diff", "hifigan_22k", "hifigan_22k")[0] == 0
    code, out, _ = run("diff", "hifigan_22k", "vocos_24k")
    assert code == 1 and "sample_rate" in out and "22050" in out and "24000" in out
    assert run("diff", "hifigan_22k", "nonsense_99k")[0] == 2
    run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", "-d", "hifigan_22k")
    assert run("diff", tmp_path / "a.mel", "hifigan_22k")[0] == 0
    assert run("diff", tmp_path / "a.mel", tmp_path / "a.mel")[0] == 0


def test_diff_of_two_mels_gives_numbers(run: Run, tmp_path: Path) -> None:
    spec = dialect("hifigan_22k").spec
    values = np.zeros((80, 50), np.float32)
    Mel(values - 3, spec).save(tmp_path / "a.mel")
    moved = values - 3
    moved[7, 11] += 0.5
    Mel(moved, spec).save(tmp_path / "b.mel")
    code, out, _ = run("diff", tmp_path / "a.mel", tmp_path / "b.mel", "--json")
    found = json.loads(out)
    assert code == 1 and found["spec"]["same"] and not found["same"]
    assert found["numbers"]["max_difference"] == 0.5
    assert found["numbers"]["mean_difference"] == pytest.approx(0.5 / 4000)
    assert run("diff", tmp_path / "a.mel", tmp_path / "b.mel", "--tolerance", 0.5)[0] == 0
    assert run("diff", tmp_path / "a.mel", tmp_path / "b.mel", "--tolerance", 0.49)[0] == 1
    Mel(moved[:, :-1], spec).save(tmp_path / "c.mel")
    found = json.loads(run("diff", tmp_path / "b.mel", tmp_path / "c.mel", "--json")[1])
    assert (found["numbers"]["frames_a"], found["numbers"]["frames_b"]) == (50, 49) and not found["same"]


# dialects


def test_dialects_lists_and_filters(run: Run) -> None:
    rows = json.loads(run("dialects", "--json")[1])
    assert len(rows) == len(melpact.dialects()) >= 113
    code, out, _ = run("dialects", "n_mels=100", "sample_rate=24000", "--json")
    named = {row["name"] for row in json.loads(out)}
    assert code == 0 and {"vocos_24k", "f5tts_24k"} <= named
    assert all(melpact.dialect(name).spec.n_mels == 100 for name in named)
    assert {row["name"] for row in json.loads(run("dialects", "WHISPER", "--json")[1])} >= {"whisper_16k_80"}
    code, _, err = run("dialects", "bands=100")
    assert code == 2 and "no field 'bands'" in err
    assert run("dialects", "no_such_system_at_all")[0] == 1


def test_dialects_in_full(run: Run) -> None:
    code, out, _ = run("dialects", "--name", "hifigan_22k")
    assert code == 0
    for part in ("hifigan-22k-80", "Quirks", "Sources", "jik876/hifi-gan", "1024"):
        assert part in out
    asking = json.loads(run("dialects", "--name", "sovits_diffusion_44k", "--json")[1])
    assert {ask["field"] for ask in asking["asks"]} == {"f_min", "f_max"} and asking["spec"] is None


def test_dialects_piped_into_head_does_not_complain() -> None:
    command = f"'{sys.executable}' -m melpact dialects | head -n 2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == "" and done.stdout.splitlines()[0].split()[0] == "name"


# stats


def test_stats_do_not_depend_on_threads_or_on_the_way(run: Run, speech: Path, tmp_path: Path) -> None:
    run("extract", speech, "-o", tmp_path / "mels", "-d", "hifigan_22k")
    code, out, _ = run("stats", tmp_path / "mels", "-o", tmp_path / "one.stats", "-j", 1, "--json")
    assert code == 0
    run("stats", speech, "-d", "hifigan_22k", "-o", tmp_path / "two.stats", "-j", 2)
    assert (tmp_path / "one.stats").read_bytes() == (tmp_path / "two.stats").read_bytes()
    values = np.concatenate([Mel.load(p).values.ravel() for p in (tmp_path / "mels").rglob("*.mel")]).astype(float)
    told = json.loads(out)["stats"]
    assert told["count"] == values.size and told["files"] == 2
    assert told["mean"] == pytest.approx(values.mean(), abs=1e-12)
    assert told["std"] == pytest.approx(values.std(), abs=1e-12)


def test_stats_of_parts_add_up(run: Run, speech: Path, tmp_path: Path) -> None:
    run("stats", speech / "a.wav", "-d", "hifigan_22k", "-o", tmp_path / "a.stats")
    run("stats", speech / "deep", "-d", "hifigan_22k", "-o", tmp_path / "b.stats")
    run("stats", tmp_path / "a.stats", tmp_path / "b.stats", "-o", tmp_path / "ab.stats")
    run("stats", speech, "-d", "hifigan_22k", "-o", tmp_path / "all.stats")
    assert Stats.load(tmp_path / "ab.stats") == Stats.load(tmp_path / "all.stats")


def test_stats_refuse_a_second_description(run: Run, speech: Path, tmp_path: Path) -> None:
    run("extract", speech / "a.wav", "-o", tmp_path / "a.mel", "-d", "hifigan_22k")
    run("extract", speech / "a.wav", "-o", tmp_path / "b.mel", "-d", "vocos_24k")
    code, _, err = run("stats", tmp_path, "-o", tmp_path / "x.stats")
    assert code == 2 and "b.mel" in err and "got vocos_24k; wanted hifigan_22k" in err and "melpact diff" in err
    assert not (tmp_path / "x.stats").exists()


def test_stats_of_sounds_need_a_dialect_and_one_kind_per_folder(run: Run, speech: Path, tmp_path: Path) -> None:
    code, _, err = run("stats", speech / "a.wav")
    assert code == 2 and "is a sound" in err and "--dialect NAME" in err
    shutil.copy(speech / "a.wav", tmp_path / "a.wav")
    run("extract", tmp_path / "a.wav", "-o", tmp_path / "a.mel", "-d", "hifigan_22k")
    code, _, err = run("stats", tmp_path, "-d", "hifigan_22k")
    assert code == 2 and "holds both sounds and mels" in err


# vocode and run


def test_vocode_writes_sounds_and_counts_what_is_lost(run: Run, speech: Path, tmp_path: Path) -> None:
    run("extract", speech, "-o", tmp_path / "mels", "-d", "tacotron_20k")
    words = ["vocode", tmp_path / "mels", "-o", tmp_path / "wavs", "--effort", "fast", "--json"]
    code, out, _ = run(*words)
    done = {Path(item["path"]).name: item for item in json.loads(out)["done"]}
    assert code == 0 and set(done) == {"a.wav", "b.wav"}
    mel = Mel.load(tmp_path / "mels" / "a.mel")
    assert done["a.wav"]["clipped_below"] == int((mel.values <= mel.spec.scaling.bounds()[0]).sum())
    sound = files.read(tmp_path / "wavs" / "a.wav")
    assert (sound.sample_rate, sound.n_samples) == (20000, 20000)
    assert sound.rms_db == pytest.approx(files.read(speech / "a.wav").rms_db, abs=1.5)


def test_vocode_a_foreign_mel_with_its_dialect(run: Run, speech: Path, tmp_path: Path) -> None:
    mel = extract(speech / "a.wav", "hifigan_22k")
    np.save(tmp_path / "a.npy", mel.values.T)
    code, _, err = run("vocode", tmp_path / "a.npy", "-o", tmp_path / "a.wav")
    assert code == 2 and "does not say what its numbers mean" in err and "--dialect" in err
    words = ["-d", "hifigan_22k", "--effort", "fast"]
    assert run("vocode", tmp_path / "a.npy", "-o", tmp_path / "a.wav", *words)[0] == 0
    again = extract(tmp_path / "a.wav", "hifigan_22k")
    assert np.abs(again.values - mel.values[:, : again.n_frames]).mean() < 0.3


def test_run_does_the_main_job(run: Run, tmp_path: Path) -> None:
    source = samples.path("it_noservice")
    code, out, _ = run("run", source, "-o", tmp_path, "--effort", "fast", "--json")
    report = json.loads(out)
    assert code == 0 and report["dialect"] == "hifigan_22k"
    rows = {row["metric"]: row for row in report["kept"]}
    nulls = [value for name, value in rows["mel error"].items() if name.startswith("null: ")]
    assert len(nulls) == 3 and rows["mel error"]["from the mel"] < 0.5 * min(nulls)
    for name in report["files"].values():
        assert (tmp_path / name).stat().st_size > 0
    assert (tmp_path / report["files"]["picture"]).read_bytes().startswith(b"\x89PNG")


# quiet, progress, interruption


def test_quiet_prints_nothing(run: Run, speech: Path, tmp_path: Path) -> None:
    assert run("extract", speech, "-o", tmp_path, "-d", "hifigan_22k", "--quiet") == (0, "", "")
    for words in (["show", tmp_path / "a.mel"], ["stats", tmp_path], ["dialects"], ["diff", "hifigan_22k", "hifigan_22k"]):
        assert run(*words, "-q") == (0, "", "")


def test_progress_is_told_in_files_and_for_one_file_in_frames(speech: Path, tmp_path: Path) -> None:
    from melpact.verbs.extract import extract as extract_all

    class Notes:
        def __init__(self) -> None:
            self.said: list[Any] = []

        def start(self, total: int, what: str) -> None:
            self.said.append((total, what))

        def advance(self, n: int) -> None:
            self.said.append(n)

        def done(self) -> None:
            self.said.append("done")

    many, one = Notes(), Notes()
    extract_all([speech], tmp_path, "hifigan_22k", progress=many)
    assert many.said == [(2, "files"), 1, 1, "done"]
    extract_all([speech / "a.wav"], tmp_path, "hifigan_22k", progress=one)
    assert one.said[0] == (86, "frames") and one.said[-1] == "done" and sum(one.said[1:-1]) == 86


def test_jobs_are_capped_by_the_files() -> None:
    assert batch_module.jobs_for(3, 8) == 3
    assert batch_module.jobs_for(1000, 8) == 8
    assert 1 <= batch_module.jobs_for(1000) <= (os.cpu_count() or 1)
    with pytest.raises(melpact.MelpactError, match="at least one job"):
        batch_module.jobs_for(3, 0)


def test_results_keep_the_order_of_the_items() -> None:
    def slow_first(item: int, tick: batch_module.Tick) -> int:
        time.sleep(0.05 if item == 0 else 0)
        if item == 3:
            raise melpact.MelpactError("no threes", where="item")
        return item * item

    result = batch_module.batch(slow_first, range(6), jobs=3)
    assert result.done == [0, 1, 4, 16, 25]
    assert [(f.item, f.message, f.trace) for f in result.failed] == [("3", "item: no threes.", "")]
    with pytest.raises(melpact.MelpactError, match="1 of 6 failed"):
        result.check()


def test_a_bug_in_one_item_keeps_its_traceback() -> None:
    def work(item: int, tick: batch_module.Tick) -> int:
        return 1 // item

    result = batch_module.batch(work, [1, 0, 1], jobs=1)
    assert result.done == [1, 1]
    assert result.failed[0].error == "ZeroDivisionError" and "Traceback" in result.failed[0].trace


def test_an_interrupted_batch_stops_its_running_items_at_their_next_tick() -> None:
    cleaned = []

    def endless(item: int, tick: batch_module.Tick) -> int:
        try:
            for _ in range(1000):
                tick(1)
                time.sleep(0.01)
        finally:
            cleaned.append(item)
        return item

    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            batch_module.batch(endless, range(100), jobs=3)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 5
    assert sorted(cleaned) == [0, 1, 2]


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    files.write(source / "0.wav", synthetic.noise(np.random.default_rng(0), 120, 22050))
    for i in range(1, 60):
        os.link(source / "0.wav", source / f"{i}.wav")
    process = subprocess.Popen(
        [sys.executable, "-m", "melpact", "extract", str(source), "-o", str(out), "-d", "hifigan_22k", "-j", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    deadline = time.monotonic() + 60
    while not list(out.glob("*.mel")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err and "Traceback" not in err
    assert list(out.glob(".*")) == []
    done = list(out.glob("*.mel"))
    assert 1 <= len(done) < 60
    for path in done:
        assert Mel.load(path).values.shape == (80, 10335)


def test_an_exact_dialect_name_is_shown_in_full(run: Run) -> None:
    code, out, _ = run("dialects", "styletts2_24k")
    assert code == 0 and "corner 1050 Hz" in out and "yl4579/StyleTTS2" in out
    code, rows, _ = run("dialects", "styletts2")
    assert code == 0 and "corner 1050 Hz" not in rows and "starganv2vc_24k" not in rows and "styletts2_24k" in rows
