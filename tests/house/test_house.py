"""The rules of the house: arrows point down, no torch, small modules that say what they are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import melpact

ROOT = Path(melpact.__file__).parent
PROJECT = ROOT.parents[1]
DATA = {ROOT / "contract" / "dialects", ROOT / "contract" / "tortoise_norms.py"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "v2", "new", "final"}
TRAINING_ONLY = {"torch", "torchaudio", "librosa", "transformers", "tensorflow", "jax", "onnxruntime", "onnx"}
RUNS_MODELS = {
    ROOT / "pipeline" / "torch_file.py": "torch",
    ROOT / "pipeline" / "onnx_file.py": "onnxruntime",
}
"""Each may import this one package, inside a function: it runs a model. `nn` and `train` are made of torch; nothing
loads them unasked."""


def _modules() -> Iterator[Path]:
    yield from sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)


def _is_data(path: Path) -> bool:
    return path in DATA or any(parent in DATA for parent in path.parents)


MODULES = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in _modules()]


@pytest.mark.skipif(not (PROJECT / "pyproject.toml").is_file(), reason="the contracts are in the source tree")
def test_arrows_only_point_down() -> None:
    code = (
        "import sys\n"
        "from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("path", MODULES)
def test_a_module_says_what_it_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    text = ast.get_docstring(tree)
    assert text and len(text.split()) >= (1 if path.name == "__main__.py" else 3)
    assert not FORBIDDEN_NAMES & {path.stem, *path.relative_to(ROOT).parts}
    if not _is_data(path):
        assert source.count("\n") < 500


@pytest.mark.parametrize("path", MODULES)
def test_no_module_imports_torch(path: Path) -> None:
    if path.is_relative_to(ROOT / "nn") or path.is_relative_to(ROOT / "train"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            package = name.split(".")[0]
            allowed = package == RUNS_MODELS.get(path) and node.col_offset > 0
            assert package not in TRAINING_ONLY or allowed, f"{path}:{node.lineno} imports {name}"


@pytest.mark.parametrize("path", MODULES)
def test_no_bare_except_and_no_print_below_the_command_line(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{path}:{node.lineno}"
        if path.relative_to(ROOT).parts[0] != "cli" and isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id == "print"), f"{path}:{node.lineno}"


def test_the_whole_way_there_and_back_never_loads_torch() -> None:
    code = """
import sys, tempfile, importlib, pkgutil
import melpact
from melpact.cli.main import main
from melpact.audio import samples
for module in pkgutil.walk_packages(melpact.__path__, "melpact."):
    if not module.name.endswith("__main__") and not module.name.startswith(("melpact.nn.", "melpact.train.")):
        importlib.import_module(module.name)
with tempfile.TemporaryDirectory() as out:
    assert main(["run", str(samples.path("en_noservice")), "-o", out, "--effort", "fast", "-q"]) == 0
print(sorted(set(sys.modules) & {"torch", "torchaudio", "librosa", "transformers", "h5py", "onnxruntime"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


def test_parsing_a_command_line_loads_nothing_heavy() -> None:
    code = """
import sys
import melpact.cli.main as program
assert program.completion("bash")
print(sorted(set(sys.modules) & {"numba", "scipy", "matplotlib", "soundfile", "soxr", "torch"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
