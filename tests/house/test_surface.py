"""The frozen surface: what people may rely on, on the command line and in Python. A change here is a decision."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

import melpact
from melpact.cli.catalogue import COMMANDS
from melpact.cli.main import main

EVERY = {"-h, --help", "--json", "-q, --quiet"}
FOREIGN = {"-d NAME, --dialect NAME", "--set FIELD=VALUE", "--axes {None,mel-time,time-mel}", "--key NAME"}
SURFACE = {
    "extract": (
        ["INPUTS"],
        {
            "-o PATH, --out PATH",
            "-d NAME, --dialect NAME",
            "--set FIELD=VALUE",
            "--format {mel,npy}",
            "-j N, --jobs N",
            "--skip-existing",
        },
    ),
    "show": (["FILE"], set()),
    "diff": (["A", "B"], {"--tolerance X", "--every"}),
    "dialects": (["WORDS"], {"--name NAME"}),
    "stats": (["INPUTS"], {"-o FILE, --out FILE", "-j N, --jobs N"} | FOREIGN),
    "vocode": (
        ["INPUTS"],
        {
            "-o PATH, --out PATH",
            "--with CKPT",
            "--config FILE",
            "--stream",
            "--device NAME",
            "--dtype {float32,bfloat16}",
            "--allow {exact,fitted,lossy}",
            "--f0 FILE",
            "--audio FILE",
            "--effort {None,fast,best}",
            "--seed N",
            "-j N, --jobs N",
        }
        | FOREIGN,
    ),
    "run": (
        ["INPUT"],
        {
            "-o DIR, --out DIR",
            "-d NAME, --dialect NAME",
            "--set FIELD=VALUE",
            "--with CKPT",
            "--refine NAME",
            "--allow {exact,fitted,lossy}",
            "--effort {None,fast,best}",
            "--seed N",
        },
    ),
    "identify": (["MEL"], {"--audio PATH", "--key NAME"}),
    "doctor": (
        ["PRED"],
        {"--target PATH", "--audio PATH", "--for NAME", "--picture PATH", "--report PATH", "-j N, --jobs N"}
        | FOREIGN - {"--set FIELD=VALUE"},
    ),
    "translate": (["INPUTS"], {"--to NAME", "-o PATH, --out PATH", "--allow-lossy", "-j N, --jobs N"} | FOREIGN),
    "calibrate": (
        ["PREDICTIONS", "TARGETS"],
        {"-o PATH, --out PATH", "--model TEXT", "--only STRATEGY", "-j N, --jobs N"} | FOREIGN - {"--set FIELD=VALUE"},
    ),
    "inject": (
        ["FAULT", "SOURCE"],
        {"-o FILE, --out FILE", "--dose DOSE", "--audio PATH", "-d NAME, --dialect NAME", "--seed N"},
    ),
    "sensitivity": (["CLIPS"], {"-o DIR, --out DIR", "-d NAME, --dialect NAME", "--fault FAULT", "--seed N"}),
    "bridges": (["SPEECH"], {"-o FILE, --out FILE", "-j N, --jobs N"}),
    "pipeline": (
        ["PIPE", "INPUTS"],
        {
            "-o PATH, --out PATH",
            "--check",
            "--allow {None,exact,fitted,lossy}",
            "--keep-mel",
            "--key NAME",
            "-j N, --jobs N",
            "--skip-existing",
        },
    ),
    "redescribe": (["INPUTS"], {"-o PATH, --out PATH", "--by TEXT", "-j N, --jobs N"} | FOREIGN),
    "evaluate": (
        ["REF", "SYS"],
        {
            "--suite {speech,singing,vocoder,codec,conversion,tts}",
            "--metrics NAMES",
            "--name NAME",
            "-d NAME, --dialect NAME",
            "--rate HZ",
            "--input PATH",
            "--text TABLE",
            "--sources DIR",
            "--singing DIR",
            "--music DIR",
            "--codecs NAMES",
            "--rates KBITS",
            "--clips N",
            "--references DIR",
            "--vocoder CKPT",
            "--refine NAME",
            "--temperatures NUMBERS",
            "--top-ps NUMBERS",
            "--sentences N",
            "--languages NAMES",
            "--failures N",
            "--heard N",
            "--targets DIR",
            "--methods NAMES",
            "--baseline NAME",
            "--pairs N",
            "--songs N",
            "--reference-seconds S",
            "--seconds S",
            "--with CKPT",
            "--seen NAMES",
            "-o DIR, --out DIR",
            "-j N, --jobs N",
            "--no-laws",
            "--no-cache",
            "--seed N",
        },
    ),
    "metrics": (["NAME"], {"--habits", "--laws", "-j N, --jobs N"}),
    "check": (["REF", "SYS"], {"--tolerance METRIC=VALUE", "--text TABLE", "-o DIR, --out DIR", "-j N, --jobs N"}),
    "ablate": (["AUDIO"], {"-o DIR, --out DIR", "-j N, --jobs N", "--no-cache"}),
    "vocoder": (
        ["ACTION", "PATH"],
        {
            "-o FILE, --out FILE",
            "--config FILE",
            "--stats FILE",
            "-d NAME, --dialect NAME",
            "--set FIELD=VALUE",
            "--ignore KEY",
            "--dtype {float32,float16,int8}",
        },
    ),
    "refine": (
        ["INPUTS"],
        {
            "-o PATH, --out PATH",
            "--with NAME",
            "--degradation NAME",
            "--force",
            "--steps N",
            "--strength X",
            "--guidance X",
            "--solver {None,euler,heun}",
            "--seed N",
            "--stream",
            "--f0 FILE",
            "--audio FILE",
        }
        | FOREIGN,
    ),
    "refiner": (["ACTION", "PATH"], {"-o FILE, --out FILE", "--true DIR", "-d NAME, --dialect NAME", "--half"}),
    "degrade": (
        ["INPUTS"],
        {
            "-o PATH, --out PATH",
            "--with NAME:DOSE",
            "-d NAME, --dialect NAME",
            "--seed N",
            "-j N, --jobs N",
        },
    ),
    "refine-report": (
        ["REFINER"],
        {
            "--audio PATH",
            "--spoil NAME[:DOSE]",
            "--predicted DIR",
            "--vocoder CKPT",
            "--metrics NAMES",
            "--domain {speech,singing}",
            "--steps N,N",
            "--strength X",
            "--clips N",
            "--seconds S",
            "-d NAME, --dialect NAME",
            "-o DIR, --out DIR",
            "--mark",
            "-j N, --jobs N",
            "--no-cache",
            "--seed N",
        },
    ),
    "rebuild": (
        ["INPUTS"],
        {
            "-o DIR, --out DIR",
            "--vae NAME",
            "--quality STEP",
            "--refine NAME",
            "--with CKPT",
            "--post median:WIDTH",
        },
    ),
    "laboratory": (
        ["SOUNDS"],
        {
            "-o DIR, --out DIR",
            "--refiner NAME",
            "--vocoder CKPT",
            "--finetuned CKPT",
            "-d NAME, --dialect NAME",
            "--set FIELD=VALUE",
            "--suite {speech,singing}",
            "--text TABLE",
            "--clips N",
            "--seconds X",
            "--doses N",
            "--quick",
            "--no-cache",
            "--seed N",
        },
    ),
    "corpus": (
        ["ACTION", "SOURCES"],
        {
            "-o PATH, --out PATH",
            "--layout NAME",
            "--audio DIR",
            "--speaker TEXT",
            "--language TEXT",
            "--licence TEXT",
            "--split NAME",
            "--valid SHARE",
            "--test SHARE",
            "--keep WHAT",
            "--put SPEAKER=SPLIT",
            "--fill",
            "--seed N",
            "--rate HZ",
            "--fix CODE",
            "-j N, --jobs N",
        },
    ),
    "train": (
        ["ACTION", "TARGET"],
        {
            "--recipe NAME",
            "--data DIR",
            "--voice REF",
            "-o PATH, --out PATH",
            "--set NAME=VALUE",
            "--debug",
            "--dry-run",
            "--which {best,last}",
            "--finetune CKPT",
            "--mels DIR",
            "--speech RUN",
            "--device NAME",
        },
    ),
    "voice": (
        ["INPUTS"],
        {
            "-o PATH, --out PATH",
            "--to REF",
            "--blend A:X,B:Y",
            "--method NAME",
            "--ratio X",
            "--key SEMITONES",
            "--formant X",
            "--moments {None,exact,exponential}",
            "--neighbours N",
            "--content PATH",
            "--refine NAME",
            "--lookahead-ms MS",
            "--with CKPT",
            "--trace DIR",
        },
    ),
    "converter": (["ACTION", "PATH"], {"-o FILE, --out FILE"}),
    "codec": (
        ["ACTION", "INPUTS"],
        {
            "-o PATH, --out PATH",
            "--kbit N",
            "--quality STEP",
            "--adaptive",
            "--with CODEC",
            "--hz HZ",
            "--packet-ms MS",
            "--check",
            "--conceal",
            "-j N, --jobs N",
        },
    ),
    "speak": (
        ["TEXT"],
        {
            "--text TEXT",
            "-o PATH, --out PATH",
            "--voice REF",
            "--prompt",
            "-l TAG, --language TAG",
            "--languages",
            "--temperature X",
            "--top-p X",
            "--top-k N",
            "--repetition-penalty X",
            "--rate X",
            "--seed N",
            "--longest-s S",
            "--with SPEAKER",
            "-d NAME, --dialect NAME",
            "--set FIELD=VALUE",
            "--axes AXES",
            "--normaliser FILE",
            "--calibration FILE",
            "--tokens FILE",
            "--findings {stop,record}",
            "--vocoder NAME",
            "--refine NAME",
            "--allow {exact,fitted,lossy}",
            "--ssml",
            "--stream",
            "--raw",
            "--device NAME",
            "--record FILE",
            "-v, --verbose",
        },
    ),
    "completion": (["bash|zsh|fish"], set()),
}


def test_the_commands_are_these() -> None:
    assert list(COMMANDS) == list(SURFACE)


@pytest.mark.parametrize("command", SURFACE)
def test_the_flags_are_these(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main([command, "--help"]) == 0
    text = re.sub(r"[╭╮╰╯│─|]", " ", capsys.readouterr().out.replace("bash|zsh|fish", "SHELL"))
    text = text.split("positional arguments")[-1]
    # an argument starts its line; its help stands two or more blanks behind it or on deeper lines
    entries = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines() if re.match(r"^ {1,2}[-A-Z]", line)]
    flags = {entry for entry in entries if re.match(r"-\w|--\w", entry)}
    positional = [entry for entry in entries if re.fullmatch(r"[A-Z]+", entry)]
    wanted_positional, wanted_flags = SURFACE[command]
    assert flags == wanted_flags | EVERY
    assert [name.replace("SHELL", "bash|zsh|fish") for name in positional] == wanted_positional


def test_the_python_names_are_these() -> None:
    assert set(melpact.__all__) == {
        "dialects",
        "dialect",
        "dialect_for",
        "extract",
        "invert",
        "load",
        "save",
        "speak",
        "diff",
        "Stats",
        "Audio",
        "Mel",
        "MelSpec",
        "Dialect",
        "MelpactError",
        "__version__",
        "identify",
        "doctor",
        "evaluate",
        "translate",
        "inject",
        "Calibration",
        "Pipeline",
        "pitch",
        "refiner",
        "vocoder",
    }
    assert len(melpact.__all__) == 26
    for name in melpact.__all__:
        assert getattr(melpact, name) is not None
        assert name in dir(melpact)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        melpact.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dialects", []),
        ("dialect", ["name", "**facts"]),
        ("dialect_for", ["reference_id", "**facts"]),
        ("extract", ["source", "spec", "*sample_rate", "*threads"]),
        ("invert", ["mel", "*effort", "*seed"]),
        ("load", ["path", "spec", "*axes", "*key"]),
        ("pitch", ["source", "spec", "*sample_rate"]),
        ("save", ["thing", "path"]),
        ("diff", ["a", "b"]),
        ("speak", ["text", "*voice", "*language", "*speaker", "*vocoder", "**settings"]),
        ("identify", ["mel", "*audio", "*key", "*n_best"]),
        ("translate", ["mel", "to", "*allow_lossy"]),
        (
            "evaluate",
            [
                "ref",
                "*systems",
                "*suite",
                "*metrics",
                "*names",
                "*dialect",
                "*rate",
                "*input",
                "*text",
                "*jobs",
                "*out",
                "*laws",
                "*cache",
                "*seed",
                "*progress",
            ],
        ),
        ("Pipeline", ["stages", "*allow", "*findings", "*seed"]),
        ("inject", ["source", "code", "dose", "*out", "*audio", "*dialect", "*seed"]),
    ],
)
def test_the_parameters_are_these(name: str, parameters: list[str]) -> None:
    marks = {inspect.Parameter.KEYWORD_ONLY: "*", inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = inspect.signature(getattr(melpact, name)).parameters.values()
    assert [marks.get(parameter.kind, "") + parameter.name for parameter in found] == parameters


def test_diff_takes_whatever_has_a_description() -> None:
    mel = melpact.extract(melpact.Audio.of([0.1] * 3000, 22050), "hifigan_22k")
    for other in (mel, mel.spec, melpact.dialect("hifigan_22k"), "hifigan_22k"):
        assert melpact.diff(mel, other).same
        assert not melpact.diff(other, "vocos_24k").same


def test_importing_melpact_imports_nothing_else() -> None:
    code = "import sys, melpact; print([n for n in sys.modules if n.startswith('melpact.')], 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] False\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from melpact.cli.main import main\n"
        "assert main(['--help']) == 0 and main(['extract', '--help']) == 0\n"
        "heavy = {'numba', 'scipy', 'matplotlib', 'soundfile', 'soxr', 'torch', 'numpy', 'pydantic', 'rich'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
