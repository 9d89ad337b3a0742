"""A folder of sounds → mels → refined mels → sounds, with the flags and the configuration of the programs that do it so.

In melpact's own files, and in bare .npy files as those programs write them; at the end a checkpoint of HiFi-GAN's first
layout with random weights.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from laws.checkpoints import CHECKPOINTS
from melpact.audio.files import read
from melpact.audio.samples import resolve
from melpact.cli.main import main
from melpact.contract.foreign import load
from melpact.verbs.meaning import described

NAME = "en_noservice"


def command(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.err


@pytest.mark.parametrize("kind", ["mel", "npy"])
def test_three_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    theirs = CHECKPOINTS["original_hifigan"](tmp_path / "cp")
    config = tmp_path / "config_v1.json"
    config.write_text(json.dumps({**theirs.said(), "sampling_rate": 48000}))
    wavs, mels, refined, made = (tmp_path / name for name in ("wavs", "mels", "refined", "made"))
    wavs.mkdir()
    shutil.copy(resolve(f"sample:{NAME}"), wavs / f"{NAME}.flac")
    bare = ["--format", "npy"] if kind == "npy" else []
    meaning = ["--config", config] if kind == "npy" else []

    said = command(capsys, "extract", "--config", config, "--input_wavs_dir", wavs, "--output_mel_dir", mels, *bare)
    assert "few_bins" in said and "nothing_above" in said
    command(capsys, "refine", "--input_mel_dir", mels, "--output_mel_dir", refined, "--with", "identity", *meaning)
    spec = described(str(config))
    before, after = load(mels / f"{NAME}.{kind}", spec), load(refined / f"{NAME}.mel", spec)
    assert before.spec == after.spec and np.array_equal(before.values, after.values)

    command(capsys, "vocode", "--input_mel_dir", refined, "--output_dir", made, *meaning, "--effort", "fast")
    sound, original = read(made / f"{NAME}.wav"), read(wavs / f"{NAME}.flac")
    assert sound.sample_rate == 48000 and abs(sound.duration_s - original.duration_s) < 2 * 256 / 48000

    words = ["--checkpoint_file", theirs.weights, "--config", config]
    command(capsys, "vocode", "--input_mels_dir", refined, "--output_dir", tmp_path / "neural", *words)
    assert read(tmp_path / "neural" / f"{NAME}.wav").n_samples == after.n_samples

