"""Two processes, and two machines of one process each, train the weights that one process trains from the same batches."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("torch without gloo", allow_module_level=True)

from melpact.contract import artifact  # noqa: E402
from melpact.train import checkpoint, journal  # noqa: E402
from melpact.train.room import CHECKPOINTS  # noqa: E402
from train.worker import trained  # noqa: E402

WORKER = Path(__file__).with_name("worker.py")
GAN = {
    "steps": 3, "save_every": 3, "validate_every": 100, "keep_best": 0, "clip_norm": 5.0,
    "optimiser.eps": 1e-3, "discriminator_optimiser.eps": 1e-3,
}  # fmt: skip
"""AdamW divides a gradient by its size: with the usual eps the rounding of a gradient near 0 would be a whole step."""

NOISY = {**GAN, "family": "univnet", "preset": "small", "scales.first_norm": "weight"}
"""Noise is drawn by part, so that two parts in one process are one part in each of two. (Spectral normalisation iterates
with every part, which makes the two differ.)"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def launched(arguments: list[str], folder: Path, changes: dict[str, Any]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", *arguments, str(WORKER), str(folder), "hifigan"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*command, json.dumps(changes)], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said[-3000:]
        assert "Warning" not in said, said


def tensors(folder: Path) -> dict[str, np.ndarray]:
    found = checkpoint.kept(folder / CHECKPOINTS)[-1]
    assert found.step == 3
    return dict(artifact.read(found.path).tensors)


def assert_same(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> None:
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=2e-6, err_msg=name)


def test_two_processes_are_one(tmp_path: Path) -> None:
    finished(launched(["--standalone", "--nproc-per-node", "2"], tmp_path / "two", NOISY))
    trained(tmp_path / "one", "hifigan", {**NOISY, "accumulate": 2})
    one, two = tensors(tmp_path / "one"), tensors(tmp_path / "two")
    assert_same(one, two)
    trained(tmp_path / "other", "hifigan", {**NOISY, "accumulate": 2, "optimiser.lr": 2.1e-3})
    moved = max(float(np.abs(one[name] - value).max()) for name, value in tensors(tmp_path / "other").items())
    assert moved > 100 * 2e-6  # what the comparison would see
    assert [entry["world"] for entry in journal.read(tmp_path / "two") if entry["kind"] == "process"] == [2]


def test_two_machines_are_one(tmp_path: Path) -> None:
    port = str(free_port())
    finished(
        *(
            launched(
                ["--nnodes", "2", "--node-rank", rank, "--nproc-per-node", "1", "--master-addr", "127.0.0.1",
                 "--master-port", port], tmp_path / "two", GAN,
            )
            for rank in ("0", "1")
        )
    )  # fmt: skip
    trained(tmp_path / "one", "hifigan", GAN)
    assert_same(tensors(tmp_path / "one"), tensors(tmp_path / "two"))
