"""Streaming extraction: the numbers of the whole, in flat memory, resumable."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from melpact.audio import synthetic
from melpact.audio.audio import Audio
from melpact.audio.files import write
from melpact.contract.artifact import read_header
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.features.extract_file import MelBlocks, extract_file

# one for every way in which blocks can go wrong: mirrored ends, snipped edges, a dropped last frame, rules over
# the whole utterance, per-band statistics, clipping windows, pre-emphasis at the seams, a scaled waveform
DIALECTS = [
    "hifigan_22k",
    "kaldi_fbank",
    "whisper_16k_80",
    "nemo_asr_16k:normalised",
    "myxtts_22k",
    "tortoise_cond_22k",
    "tacotron_20k",
    "tacotron2_rayhane_22k",
    "campplus_fbank_16k",
    "clap_48k_unfused",
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "three channels.wav"
    parts = [synthetic.speech_like(1.7, 32000, seed=seed).samples[0] for seed in (3, 4, 5)]
    write(path, Audio.of(np.stack(parts) * np.array([[0.9], [0.3], [0.2]]), 32000), "FLOAT")
    return path


@pytest.mark.parametrize("name", DIALECTS)
def test_blocks_of_any_size_give_the_bits_of_the_whole(
    sound: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = extract(sound, name)
    for block_samples, write_values in ((777, 1), (20_011, 3000), (5000, 1 << 20), (1 << 20, 1)):
        monkeypatch.setattr("melpact.features.extract_file._WRITE_VALUES", write_values)
        extract_file(sound, name, tmp_path / "out.mel", block_samples=block_samples)
        made = Mel.load(tmp_path / "out.mel")
        assert made.spec == whole.spec
        np.testing.assert_array_equal(made.values, whole.values)
        assert made.utterance.keys() == whole.utterance.keys()
        for fact, value in whole.utterance.items():
            np.testing.assert_array_equal(made.utterance[fact], value)
        assert {k: v for k, v in made.provenance.items() if k != "source_bytes"} == dict(whole.provenance)


def test_two_passes_over_the_file_equal_one_in_memory(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = dialect("nemo_asr_16k:normalised").spec
    in_memory = np.concatenate(list(MelBlocks(sound, spec)), axis=1)
    monkeypatch.setattr("melpact.features.extract_file._IN_MEMORY_VALUES", 0)
    twice = np.concatenate(list(MelBlocks(sound, "nemo_asr_16k:normalised", block_samples=5000)), axis=1)
    np.testing.assert_array_equal(twice, in_memory)
    # standardised per band: mean 0 and unbiased deviation 1, whatever the sound was
    np.testing.assert_allclose(twice.mean(axis=1, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose(twice.std(axis=1, dtype=np.float64, ddof=1), 1, atol=2e-3)


def test_the_header_knows_its_source(sound: Path, tmp_path: Path) -> None:
    done = extract_file(sound, "hifigan_22k", tmp_path / "deep" / "er" / "a.mel")
    header = read_header(done.path)
    assert header.provenance["source_bytes"] == sound.stat().st_size
    assert header.provenance["channels"] == 3
    assert header.provenance["source_rate"] == 32000
    # 1.7 s at 22050 Hz, frames of hop 256 with (1024 - 256) // 2 mirrored on each side
    assert done.n_samples == round(1.7 * 22050)
    assert done.n_frames == 1 + (done.n_samples + 768 - 1024) // 256 == header.tensors["mel"][1][1]


def test_npy_is_a_plain_array(sound: Path, tmp_path: Path) -> None:
    extract_file(sound, "hifigan_22k", tmp_path / "a.npy", format="npy", block_samples=9000)
    values = np.load(tmp_path / "a.npy")
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, extract(sound, "hifigan_22k").values)


_MEASURE = """
import resource, sys
from melpact.features.extract_file import extract_file
done = extract_file(sys.argv[1], "hifigan_22k", sys.argv[2])
print(done.n_frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _noise_wav(path: Path, minutes: int) -> int:
    rng = np.random.default_rng(minutes)
    minute = (0.1 * rng.standard_normal(60 * 22050) * 32767).astype(np.int16)
    with soundfile.SoundFile(path, "w", 22050, 1, "PCM_16") as sound:
        for _ in range(minutes):
            sound.write(minute)
    return minutes * minute.size


def _frames_and_peak_kib(sound: Path, out: Path) -> tuple[int, int]:
    command = [sys.executable, "-c", _MEASURE, str(sound), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    frames, peak = done.stdout.split()
    return int(frames), int(peak)


def _is_flat(tmp_path: Path, short: int, long: int) -> None:
    peaks = []
    for minutes in (short, long):
        sound, out = tmp_path / f"{minutes}.wav", tmp_path / f"{minutes}.mel"
        samples = _noise_wav(sound, minutes)
        frames, peak = _frames_and_peak_kib(sound, out)
        assert frames == 1 + (samples + 768 - 1024) // 256
        peaks.append(peak)
        sound.unlink()
    assert peaks[1] < peaks[0] + 24 * 1024, f"{peaks} KiB"


def test_memory_does_not_grow_with_ten_minutes(tmp_path: Path) -> None:
    _is_flat(tmp_path, 2, 10)


@pytest.mark.heavy
def test_memory_does_not_grow_with_an_hour(tmp_path: Path) -> None:
    _is_flat(tmp_path, 5, 60)
