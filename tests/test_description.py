"""A description that comes from a vocoder's configuration, and what is found in it before a mel is made."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from melpact.cli.main import main
from melpact.cli.other_names import in_our_words
from melpact.contract.dialect import dialect
from melpact.core.errors import ContractError, MissingFact
from melpact.diagnose.description import DESCRIPTION_CODES, bins_per_filter, lint, notes, share_above
from melpact.verbs.description import description
from melpact.verbs.meaning import described

SINGING_CONFIG = {
    "resblock": "1", "num_gpus": 0, "batch_size": 2, "learning_rate": 0.0002, "adam_b1": 0.8, "adam_b2": 0.99,
    "lr_decay": 0.999, "seed": 1234, "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 512, "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]], "segment_size": 8192, "num_mels": 80, "num_freq": 1025,
    "n_fft": 1024, "hop_size": 256, "win_size": 1024, "sampling_rate": 48000, "fmin": 0, "fmax": 8000,
    "fmax_for_loss": None, "num_workers": 4, "dist_config": {"dist_backend": "nccl", "world_size": 1},
}  # fmt: skip
"""HiFi-GAN's first configuration with the rate of a singing corpus written over its 22050 Hz."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config_v1.json"
    path.write_text(json.dumps(SINGING_CONFIG))
    return path


def triangles(n: int, rate: int, top_hz: float, n_fft: int) -> list[int]:
    """FFT bins strictly inside each of Slaney's triangles, from the definition of the scale alone."""

    def hertz(mel: float) -> float:
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * math.log(top_hz / 1000) / math.log(6.4)
    corners = [hertz(top * i / (n + 1)) for i in range(n + 2)]
    step = rate / n_fft
    return [sum(low < k * step < high for k in range(n_fft // 2 + 1)) for low, high in zip(corners, corners[2:])]


def test_a_configuration_is_a_description(config: Path) -> None:
    spec = described(str(config))
    assert spec == dialect("hifigan_22k").spec.replace_quietly(sample_rate=48000, bank_sample_rate=48000)
    assert described(str(config), {"f_max": 24000.0}).f_max == 24000.0


def test_bins_and_loss_are_those_of_the_definition(config: Path) -> None:
    spec = described(str(config))
    wanted = triangles(80, 48000, 8000.0, 1024)
    assert bins_per_filter(spec).tolist() == wanted
    in_hz, in_mel = share_above(spec)
    assert in_hz == pytest.approx(2 / 3)
    mel = [15 + 27 * math.log(f) / math.log(6.4) for f in (8.0, 24.0)]
    assert in_mel == pytest.approx(1 - mel[0] / mel[1])
    found = {one.code: one for one in lint(spec, "config_v1.json")}
    assert set(found) == set(DESCRIPTION_CODES)
    assert f"{wanted.count(1)} hold one FFT bin and {wanted.count(2)} hold two" in found["few_bins"].sentence
    assert found["few_bins"].severity == pytest.approx((wanted.count(1) + wanted.count(2)) / 80)
    assert found["few_bins"].null == min(triangles(80, 22050, 8000.0, 1024)) == 3
    assert found["nothing_above"].measured == pytest.approx(66.667, abs=1e-3)
    assert found["nothing_above"].null == pytest.approx(100 * (1 - 8000 / 11025), abs=1e-3)


def test_the_next_command_names_a_description_without_the_fault(config: Path) -> None:
    for one in lint(described(str(config))):
        words = one.remedy.split()
        assert words[:2] == ["melpact", "extract"]
        other = dialect(words[words.index("-d") + 1]).spec
        assert not lint(other) and abs(other.sample_rate - 48000) < 4800


def test_the_usual_description_is_clean_and_the_moved_rate_is_said(config: Path) -> None:
    assert not lint(dialect("hifigan_22k").spec) and not notes(dialect("hifigan_22k").spec)
    looked = description(str(config))
    assert any("hifigan_22k" in note and "11.6 ms" in note and "5.3 ms" in note for note in looked.notes)
    assert any("num_freq 1025" in note for note in looked.notes)


def test_a_configuration_that_cannot_be_understood_is_refused(config: Path) -> None:
    config.write_text(json.dumps({**SINGING_CONFIG, "log_base": 10}))
    with pytest.raises(ContractError, match="log_base"):
        described(str(config))
    config.write_text(json.dumps({**SINGING_CONFIG, "hop_size": 512}))
    with pytest.raises(ContractError, match="256"):
        described(str(config))
    config.write_text(json.dumps({k: v for k, v in SINGING_CONFIG.items() if k != "win_size"}))
    with pytest.raises(MissingFact, match="win_size"):
        described(str(config))


def test_doctor_looks_at_a_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(config), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in told["findings"]] == ["few_bins", "nothing_above"]
    config.write_text(json.dumps({**SINGING_CONFIG, "sampling_rate": 22050}))
    assert main(["doctor", str(config)]) == 0
    assert "clean" in capsys.readouterr().out


def test_other_programs_flags_are_read_as_ours() -> None:
    words = ["--config", "c.json", "--input_wavs_dir", "A", "--output_mel_dir=B", "-q"]
    assert in_our_words("extract", words) == ["A", "--dialect", "c.json", "--out=B", "-q"]
    assert in_our_words("extract", ["--input-wavs-dir=A"]) == ["A"]
    theirs = ["--checkpoint_file", "g_00", "--input_mels_dir", "C", "--output_dir", "D", "--config", "c.json"]
    assert in_our_words("vocode", theirs) == ["C", "--with", "g_00", "--out", "D", "--config", "c.json"]
    assert in_our_words("vocoder", ["show", "g_00", "--config", "c.json"]) == ["show", "g_00", "--config", "c.json"]


def test_a_named_dialect_is_not_lectured_about(tmp_path: Path, capsys: pytest.CaptureFixture[str], config: Path) -> None:
    out = tmp_path / "a.mel"
    assert main(["extract", "sample:en_noservice", "-d", "clap_48k_fused", "-o", str(out)]) == 0
    assert "warning" not in capsys.readouterr().err
    assert main(["extract", "sample:en_noservice", "-d", str(config), "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert said.count("melpact: warning: few_bins") == 1 and "nothing_above" in said
    assert np.isfinite(described(str(config)).f_max)
