"""The audio layer: the value, files whole and broken, resampling, loudness, test signals, samples."""

from __future__ import annotations

import errno
import math
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
import soundfile

from melpact.audio import Audio, files, loudness, samples, synthetic, writing
from melpact.audio.resample import StreamResampler, output_length, resample, resampled_blocks
from melpact.core.errors import AudioError, AudioFileError, AudioNotFinite, AudioTooShort, AudioWarning


def tone(n=1000, rate=16000, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    noise = 0.3 * rng.standard_normal((channels, n))
    return Audio(noise.clip(-0.99, 0.99).astype(np.float32), rate)


# ---------------------------------------------------------------- the value


def test_importing_the_layer_loads_numpy_only():
    code = (
        "import sys, melpact.audio, melpact.audio.files, melpact.audio.resample, melpact.audio.loudness, "
        "melpact.audio.synthetic, melpact.audio.samples, melpact.audio.writing;"
        "heavy = ('soundfile', 'scipy', 'soxr', 'numba', 'matplotlib', 'torch');"
        "print([m for m in heavy if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.array([0, 16384, -32768], np.int16), [0.0, 0.5, -1.0]),
        (np.array([0, 2**30, -(2**31)], np.int32), [0.0, 0.5, -1.0]),
        (np.array([128, 192, 0], np.uint8), [0.0, 0.5, -1.0]),
        (np.array([0, 64, -128], np.int8), [0.0, 0.5, -1.0]),
        (np.array([0.0, 0.5, -2.5], np.float64), [0.0, 0.5, -2.5]),
        (np.array([0.0, 0.5, -1.0], np.float16), [0.0, 0.5, -1.0]),
    ],
)
def test_every_number_type_has_its_own_full_scale(given, expected):
    audio = Audio.of(given, 8000)
    assert audio.samples.dtype == np.float32 and audio.samples.tolist() == [expected]


@pytest.mark.parametrize(
    "given", [np.zeros(3, np.int64), np.zeros(3, bool), np.zeros(3, complex), np.zeros((1, 1, 3))]
)
def test_ambiguous_number_types_and_axes_are_refused(given):
    with pytest.raises(AudioError):
        Audio.of(given, 8000)


def test_time_first_is_refused_with_the_mend():
    with pytest.raises(AudioError, match=r"got shape \[500, 2\].*Transpose it: Audio.of\(array.T"):
        Audio.of(np.zeros((500, 2)), 8000)
    assert Audio.of(np.zeros((2, 500)), 8000).channels == 2


def test_not_finite_names_how_many_and_where():
    x = np.zeros((2, 100))
    x[1, 7], x[0, 30] = np.nan, np.inf
    with pytest.raises(
        AudioNotFinite, match="2 of 200 values are not finite; got nan first in channel 1 at sample 7"
    ):
        Audio.of(x, 8000)


@pytest.mark.parametrize("given", [np.zeros(0), np.zeros((2, 0)), []])
def test_empty_is_refused(given):
    with pytest.raises(AudioTooShort, match="no samples"):
        Audio.of(given, 8000)


@pytest.mark.parametrize("rate", [0, -1, 22050.5, math.nan, math.inf, "16000", None, True])
def test_a_sample_rate_is_a_positive_whole_number(rate):
    with pytest.raises(AudioError, match="sample rate"):
        Audio.of(np.zeros(3), rate)


def test_audio_cannot_be_changed_from_inside_or_outside():
    source = np.ones((1, 8), np.float32)
    view = Audio(source[:, 2:6], 8000)
    source[:] = 7.0
    assert view.samples.tolist() == [[1.0] * 4]
    with pytest.raises(ValueError, match="read-only"):
        view.samples[0, 0] = 2.0
    with pytest.raises(AttributeError):
        view.sample_rate = 1
    copy = pickle.loads(pickle.dumps(view))
    assert copy == view and not copy.samples.flags.writeable


def test_levels_equality_and_mono():
    audio = Audio.of([[0.5, -1.5, 0.0], [0.5, 0.5, 0.0]], 3)
    assert audio.peak == 1.5 and audio.duration_s == 1.0
    assert audio.rms_db == pytest.approx(10 * math.log10((0.25 * 3 + 2.25) / 6), abs=1e-12)
    assert audio.mono().samples.tolist() == [[0.5, -0.5, 0.0]]
    assert synthetic.silence(1, 8000).rms_db == -math.inf
    same = Audio.of(np.array(audio.samples), 3)
    assert same == audio and hash(same) == hash(audio)
    assert audio != Audio(audio.samples, 4) and audio != Audio.of(audio.samples * 2, 3) and audio != "audio"
    assert repr(audio) == "Audio(2 ch × 3 samples at 3 Hz, 1.000 s, peak 1.500, rms -3.0 dB)"


# ---------------------------------------------------------------- whole files


@pytest.mark.parametrize(
    ("name", "subtype", "step"),
    [
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", None, 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "PCM_32", 2**-24),
        ("a.wav", "FLOAT", 0.0),
        ("a.wav", "DOUBLE", 0.0),
        ("a.flac", None, 2**-15),
        ("a.flac", "PCM_24", 2**-23),
        ("a.w64", None, 2**-15),
        ("a.rf64", "FLOAT", 0.0),
        ("a.aiff", "PCM_24", 2**-23),
        ("a.caf", None, 2**-15),
        ("a.au", "FLOAT", 0.0),
    ],
)
@pytest.mark.parametrize(
    ("n", "rate", "channels"), [(1, 8000, 1), (1, 44100, 3), (12345, 12347, 2), (300_001, 96000, 1)]
)
def test_lossless_round_trip_is_exact_to_half_a_step(tmp_path, name, subtype, step, n, rate, channels):
    audio = tone(n, rate, channels)
    assert files.write(tmp_path / name, audio, subtype) == 0
    back = files.read(tmp_path / name)
    info = files.probe(tmp_path / name)
    assert (
        (info.n_samples, info.sample_rate, info.channels)
        == (n, rate, channels)
        == (back.n_samples, rate, back.channels)
    )
    assert np.abs(back.samples - audio.samples).max() <= step / 2 * 1.0001
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "format"), [("a.ogg", "VORBIS"), ("a.opus", "OPUS"), ("a.mp3", "MPEG_LAYER_III")]
)
def test_lossy_files_keep_their_length_and_sound(tmp_path, name, format):
    if not soundfile.check_format("MP3" if format.startswith("MPEG") else "OGG", format):
        pytest.skip(f"this libsndfile has no {format}")
    audio = synthetic.sine(440, 1.0, 16000)
    files.write(tmp_path / name, audio)
    back = files.read(tmp_path / name)
    assert files.probe(tmp_path / name).subtype == format and back.n_samples == audio.n_samples
    inner = slice(2000, -2000)
    assert np.corrcoef(back.samples[0, inner], audio.samples[0, inner])[0, 1] > 0.99


def test_16_bit_rounds_to_nearest_and_keeps_every_code(tmp_path):
    codes = np.arange(-32768, 32768, dtype=np.int16)
    files.write(tmp_path / "a.wav", Audio.of(codes, 16000))
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], codes)
    files.write(tmp_path / "b.wav", Audio.of(np.array([1.4, 1.6, -1.4, -1.6]) / 32768, 16000))
    assert soundfile.read(tmp_path / "b.wav", dtype="int16")[0].tolist() == [1, 2, -1, -2]


@pytest.mark.parametrize(
    ("subtype", "top"), [("PCM_16", 1 - 2**-15), ("PCM_24", 1 - 2**-23), ("PCM_U8", 1 - 2**-7)]
)
def test_beyond_full_scale_is_clipped_counted_and_never_wrapped(tmp_path, subtype, top):
    audio = Audio.of([0.5, 1.0, 1.001, 3.0, -1.0, -1.001, -70000.0], 8000)
    with pytest.warns(AudioWarning, match=r"4 of 7 samples lay beyond full scale \(peak 70000"):
        assert files.write(tmp_path / "a.wav", audio, subtype) == 4
    assert files.read(tmp_path / "a.wav").samples[0].tolist() == [0.5, top, top, top, -1.0, -1.0, -1.0]
    assert files.write(tmp_path / "f.wav", audio, "FLOAT") == 0
    assert files.read(tmp_path / "f.wav") == audio


def test_parts_of_a_file_are_the_same_samples(tmp_path):
    audio = tone(16000, 16000, 2)
    files.write(tmp_path / "a.wav", audio, "FLOAT")
    part = files.read(tmp_path / "a.wav", start_s=0.25, duration_s=0.1)
    assert np.array_equal(part.samples, audio.samples[:, 4000:5600])
    assert files.read(tmp_path / "a.wav", start_s=0.9, duration_s=5).n_samples == 1600
    with pytest.raises(AudioTooShort, match=r"start_s = 1.0; wanted less than 1 s"):
        files.read(tmp_path / "a.wav", start_s=1.0)
    with pytest.raises(AudioTooShort, match="less than one sample"):
        files.read(tmp_path / "a.wav", duration_s=1e-6)
    with pytest.raises(AudioError, match="start_s"):
        files.read(tmp_path / "a.wav", start_s=-1)


@pytest.mark.parametrize("block", [1, 7, 999, 1000, 5000])
def test_blocks_join_to_the_whole(tmp_path, block):
    audio = tone(1000, 16000, 2)
    files.write(tmp_path / "a.flac", audio)
    parts = list(files.blocks(tmp_path / "a.flac", block))
    assert [p.shape[1] for p in parts[:-1]] == [block] * (len(parts) - 1) and 1 <= parts[-1].shape[1] <= block
    assert np.array_equal(np.concatenate(parts, axis=1), files.read(tmp_path / "a.flac").samples)


def sparse_wav(path, n_samples, rate=16000, rf64=False):
    """A mono 16-bit file of zeros that takes no room on disk."""
    size = 2 * n_samples
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    if rf64:
        ds64 = struct.pack("<4sIQQQI", b"ds64", 28, size + 72, size, n_samples, 0)
        head = (
            struct.pack("<4sI4s", b"RF64", 0xFFFFFFFF, b"WAVE")
            + ds64
            + fmt
            + struct.pack("<4sI", b"data", 0xFFFFFFFF)
        )
    else:
        head = struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE") + fmt + struct.pack("<4sI", b"data", size)
    path.write_bytes(head)
    os.truncate(path, len(head) + size)


@pytest.mark.parametrize(("hours", "rf64"), [(10, False), (50, True)])
def test_hours_are_probed_at_once_and_a_late_part_is_read_at_once(tmp_path, hours, rf64):
    sparse_wav(tmp_path / "long.wav", hours * 3600 * 16000, rf64=rf64)
    start = time.perf_counter()
    assert files.probe(tmp_path / "long.wav").duration_s == hours * 3600
    assert files.read(tmp_path / "long.wav", start_s=hours * 3600 - 1).n_samples == 16000
    assert time.perf_counter() - start < 1.0
    os.truncate(tmp_path / "long.wav", os.path.getsize(tmp_path / "long.wav") - 1000)
    with pytest.raises(AudioFileError, match="cut short"):
        files.probe(tmp_path / "long.wav")


def test_blocks_need_the_same_memory_for_any_length(tmp_path):
    peaks = []
    for n in (1_000_000, 16_000_000):
        sparse_wav(tmp_path / "long.wav", n)
        tracemalloc.start()
        assert sum(b.shape[1] for b in files.blocks(tmp_path / "long.wav", 65536)) == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2 + 100_000 and peaks[1] < 4_000_000


# ---------------------------------------------------------------- broken files


@pytest.mark.parametrize("call", [files.probe, files.read, lambda p: files.blocks(p, 100)])
def test_what_is_no_sound_file_says_what_it_is(tmp_path, call):
    files.write(tmp_path / "speech_01.wav", tone())
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("dear reader,\nthis is no sound é")
    (tmp_path / "noise.wav").write_bytes(np.random.default_rng(0).bytes(999))
    cases = {
        "Speech_01.wav": rf"Speech_01.wav: no such file; .*Did you mean '{tmp_path}/speech_01.wav'\?",
        "zzz.wav": "no such file; wanted an existing sound file. See what is there: ls",
        "nowhere/a.wav": rf"got no folder '{tmp_path}/nowhere' either",
        "": "this is a folder; wanted one sound file. List",
        "empty.wav": "the file is empty; got 0 bytes",
        "text.wav": "this is text, not sound; got 'dear reader,'",
        "noise.wav": "libsndfile cannot read this; got 999 bytes that start with .*Convert it: ffmpeg -i",
    }
    for name, message in cases.items():
        with pytest.raises(AudioFileError, match=message):
            call(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["a.wav", "a.flac", "a.rf64", "a.w64", "a.aiff", "a.au", "a.caf", "a.ogg", "a.opus"]
)
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_cut_file_is_refused_at_once(tmp_path, name, kept):
    files.write(tmp_path / name, tone(48000))
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * kept)])
    for call in (files.probe, files.read, lambda p: files.blocks(p, 100)):
        with pytest.raises(
            AudioFileError, match=r"cut short; got .* as its header promises. Copy or download it again"
        ):
            call(tmp_path / name)
    (tmp_path / name).write_bytes(whole)
    assert files.probe(tmp_path / name).n_samples == 48000


def test_a_cut_wav_names_both_sizes(tmp_path):
    files.write(tmp_path / "a.wav", tone(1000))
    os.truncate(tmp_path / "a.wav", 44 + 1200)
    with pytest.raises(
        AudioFileError, match="got 1200 bytes of sound; wanted 2000 bytes, as its header promises"
    ):
        files.read(tmp_path / "a.wav")


def test_a_wav_with_an_odd_chunk_before_the_data(tmp_path):
    files.write(tmp_path / "a.wav", tone(1000))
    data = (tmp_path / "a.wav").read_bytes()
    odd = data[:36] + struct.pack("<4sI3sx", b"note", 3, b"abc") + data[36:]
    (tmp_path / "odd.wav").write_bytes(odd)
    assert files.read(tmp_path / "odd.wav") == files.read(tmp_path / "a.wav")
    (tmp_path / "odd.wav").write_bytes(odd[:-2])
    with pytest.raises(AudioFileError, match="got 1998 bytes of sound; wanted 2000 bytes"):
        files.read(tmp_path / "odd.wav")


def test_an_ogg_cut_between_two_pages(tmp_path):
    files.write(tmp_path / "a.ogg", tone(200_000))
    data = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(data[: data.rfind(b"OggS")])
    assert soundfile.info(tmp_path / "a.ogg").frames < 200_000  # libsndfile says nothing
    with pytest.raises(AudioFileError, match=r"cut short; got .* no last page"):
        files.probe(tmp_path / "a.ogg")


def test_a_cut_mp3_is_refused_when_it_is_read(tmp_path, capfd):
    if not soundfile.check_format("MP3", "MPEG_LAYER_III"):
        pytest.skip("this libsndfile has no MP3")
    files.write(tmp_path / "a.mp3", tone(48000))
    os.truncate(tmp_path / "a.mp3", os.path.getsize(tmp_path / "a.mp3") // 2)
    with pytest.raises(AudioFileError, match=r"cut short; got .* samples; wanted 48000"):
        files.read(tmp_path / "a.mp3")


def test_damage_in_the_middle_of_flac_is_noticed(tmp_path):
    files.write(tmp_path / "a.flac", tone(200_000))
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20000] = bytes(20000)
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(AudioFileError, match=r"decoding failed|cut short"):
        files.read(tmp_path / "a.flac")


def test_lengths_that_were_never_written(tmp_path):
    files.write(tmp_path / "a.wav", tone(1000))
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "pipe.wav").write_bytes(data)
    assert files.read(tmp_path / "pipe.wav") == files.read(tmp_path / "a.wav")
    data[40:44] = bytes(4)
    (tmp_path / "killed.wav").write_bytes(data)
    with pytest.raises(
        AudioFileError, match="says 0 samples, and 2000 bytes after it: the recording was never closed"
    ):
        files.read(tmp_path / "killed.wav")
    (tmp_path / "none.wav").write_bytes(data[:44])
    with pytest.raises(AudioFileError, match="the file has no samples; got 0 samples"):
        files.read(tmp_path / "none.wav")
    files.write(tmp_path / "a.flac", tone(1000))
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "pipe.flac").write_bytes(data)
    with pytest.raises(AudioFileError, match="does not say how long"):
        files.probe(tmp_path / "pipe.flac")


def test_nan_in_a_file_is_found_with_its_place(tmp_path):
    x = np.zeros((2000, 2), np.float32)
    x[1500, 1] = np.nan
    x[1600, 0] = -np.inf
    soundfile.write(tmp_path / "nan.wav", x, 8000, subtype="FLOAT")
    with pytest.raises(AudioNotFinite, match=r"nan.wav: 2 of 4000 .* nan first in channel 1 at sample 1500"):
        files.read(tmp_path / "nan.wav")
    with pytest.raises(AudioNotFinite, match="first in channel 1 at sample 1500"):
        files.read(tmp_path / "nan.wav", start_s=0.1)
    with pytest.raises(AudioNotFinite, match="first in channel 1 at sample 1500"):
        list(files.blocks(tmp_path / "nan.wav", 400))
    assert files.read(tmp_path / "nan.wav", duration_s=0.1).peak == 0.0
    soundfile.write(tmp_path / "huge.wav", np.array([0.0, 1e300]), 8000, subtype="DOUBLE")
    with pytest.raises(AudioNotFinite, match="inf first in channel 0 at sample 1"):
        files.read(tmp_path / "huge.wav")


# ---------------------------------------------------------------- writing that fails


@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), AssertionError(), KeyboardInterrupt()]
)
def test_a_failed_write_leaves_the_target_and_no_rest(tmp_path, monkeypatch, failure):
    files.write(tmp_path / "a.wav", tone(seed=1))
    before = (tmp_path / "a.wav").read_bytes()

    def break_off(sound, samples):
        sound._sound.write(samples[:, :10].T)
        raise failure

    monkeypatch.setattr(writing.OpenSound, "write", break_off)
    with pytest.raises(
        KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else AudioFileError
    ) as caught:
        files.write(tmp_path / "a.wav", tone(seed=2))
    assert (tmp_path / "a.wav").read_bytes() == before and os.listdir(tmp_path) == ["a.wav"]
    if isinstance(failure, OSError):
        message = str(caught.value)
        assert message.startswith(
            f"{tmp_path}/a.wav: the file could not be written; nothing was changed; got No space left"
        )
        assert "wanted about 2000 bytes" in message and f"df -h '{tmp_path}'" in message


def test_the_target_changes_only_by_a_rename(tmp_path, monkeypatch):
    files.write(tmp_path / "a.wav", tone(seed=1))
    before = (tmp_path / "a.wav").read_bytes()

    def refuse(source, target):
        assert files.read(tmp_path / "a.wav").n_samples == 1000 and soundfile.info(source).frames == 2000
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(AudioFileError, match=r"got Permission denied; .*Write to another folder"):
        files.write(tmp_path / "a.wav", tone(2000, seed=2))
    assert (tmp_path / "a.wav").read_bytes() == before and os.listdir(tmp_path) == ["a.wav"]


def test_a_disk_that_takes_only_the_beginning(tmp_path):
    code = f"""
import resource, signal
import numpy as np
from melpact.audio import synthetic, files
from melpact.core.errors import AudioFileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
for name in ("a.wav", "a.flac"):
    try:
        files.write({str(tmp_path)!r} + "/" + name, synthetic.noise(np.random.default_rng(0), 60, 16000))
    except AudioFileError as error:
        print(error)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.count("nothing was changed") == 2, out
    assert os.listdir(tmp_path) == []


def test_killed_while_writing_leaves_no_half_file(tmp_path):
    code = f"""
import numpy as np
from melpact.audio import Audio, files, synthetic
files.write({str(tmp_path)!r} + "/a.wav", synthetic.sine(440, 1, 8000))
long = synthetic.noise(np.random.default_rng(0), 120, 48000)
print("now", flush=True)
while True:
    files.write({str(tmp_path)!r} + "/a.wav", long)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "now\n"
    deadline = time.time() + 20
    half: list = []
    while not half and time.time() < deadline:
        process.send_signal(signal.SIGSTOP)
        half = [p for p in tmp_path.glob(".a.wav.*.part") if p.stat().st_size > 100_000]
        if not half:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert half, "it was not killed in the middle"
    assert files.read(tmp_path / "a.wav").n_samples in (8000, 120 * 48000)
    assert files.find([tmp_path]) == [tmp_path / "a.wav"]


def test_targets_that_cannot_be(tmp_path):
    cases = {
        "a.xyz": (AudioError, "no sound format goes by this extension; got '.xyz'"),
        "no/a.wav": (AudioFileError, f"Make it: mkdir -p '{tmp_path}/no'"),
        "d.wav": (AudioFileError, "this is a folder"),
        "a.opus": (
            AudioFileError,
            "got Opus only supports sample rates of .* nothing|cannot write this sound in this format",
        ),
    }
    (tmp_path / "d.wav").mkdir()
    for name, (kind, message) in cases.items():
        with pytest.raises(kind, match=message):
            files.write(tmp_path / name, tone(rate=22050))
    with pytest.raises(AudioError, match=r"FLAC has no such coding; got subtype = 'FLOAT'; wanted .*PCM_16"):
        files.write(tmp_path / "a.flac", tone(), "FLOAT")
    assert os.listdir(tmp_path) == ["d.wav"]


def test_rewriting_keeps_links_and_permissions(tmp_path):
    files.write(tmp_path / "real.wav", tone(seed=1))
    os.chmod(tmp_path / "real.wav", 0o640)
    (tmp_path / "link.wav").symlink_to("real.wav")
    files.write(tmp_path / "link.wav", tone(seed=2))
    assert (tmp_path / "link.wav").is_symlink() and (tmp_path / "real.wav").stat().st_mode & 0o777 == 0o640
    assert files.read(tmp_path / "real.wav") == files.read(tmp_path / "link.wav")


# ---------------------------------------------------------------- finding


def test_find_takes_files_folders_and_patterns(tmp_path):
    (tmp_path / "x" / "y").mkdir(parents=True)
    for name in ("b.wav", "x/a.FLAC", "x/y/c.mp3", "x/.hidden.wav", "x/notes.txt", "odd.bin", "x/[1].ogg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link.wav").symlink_to(tmp_path / "b.wav")
    at = tmp_path.joinpath
    assert files.find([tmp_path / "x"]) == [at("x/[1].ogg"), at("x/a.FLAC"), at("x/y/c.mp3")]
    assert files.find([tmp_path / "odd.bin", tmp_path / "b.wav", tmp_path / "b.wav"]) == [
        at("b.wav"),
        at("odd.bin"),
    ]
    assert files.find([str(tmp_path / "*.wav")]) == [at("b.wav")]
    assert files.find([str(tmp_path / "**" / "*.mp3"), tmp_path / "x" / "y"]) == [at("x/y/c.mp3")]
    assert files.find([tmp_path / "x" / "[1].ogg"]) == [at("x/[1].ogg")]
    for given, message in [
        ("c.wav", "Did you mean|See what is there"),
        ("*.aiff", "no sound files here"),
        ("", None),
    ]:
        if message:
            with pytest.raises(AudioFileError, match=message):
                files.find([str(tmp_path / given)])
    with pytest.raises(AudioFileError, match="no paths"):
        files.find([])


# ---------------------------------------------------------------- resampling

PAIRS = [
    (44100, 22050),
    (48000, 22050),
    (16000, 24000),
    (22050, 44100),
    (11025, 16000),
    (22050, 16000),
    (8000, 48000),
]


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_output_length_is_known_beforehand(rate_in, rate_out):
    rng = np.random.default_rng(1)
    for n in [*range(1, 25), 147, 160, 441, 1023, 1024, 44099, 44100, 44101]:
        expected = math.floor(n * rate_out / rate_in + 0.5)
        assert output_length(n, rate_in, rate_out) == expected
        audio = Audio.of(rng.standard_normal(n), rate_in)
        if expected == 0:
            with pytest.raises(AudioTooShort, match="nothing is left of 1 sample"):
                resample(audio, rate_out)
        else:
            assert resample(audio, rate_out).n_samples == expected


@pytest.mark.parametrize(("rate_in", "rate_out"), [*PAIRS, (16000, 16000), (44100, 44099)])
@pytest.mark.parametrize("channels", [1, 3])
def test_streamed_equals_whole_bit_for_bit(rate_in, rate_out, channels):
    rng = np.random.default_rng(2)
    audio = tone(20011, rate_in, channels)
    whole = resample(audio, rate_out)
    cuts = np.sort(rng.integers(0, 20012, 40))
    for pieces in (
        np.split(audio.samples, cuts, axis=1),
        np.split(audio.samples, range(1, 200), axis=1),
        np.split(audio.samples, range(4096, 20011, 4096), axis=1),
    ):
        streamed = list(resampled_blocks(pieces, rate_in, rate_out))
        assert all(block.shape[1] > 0 for block in streamed)
        assert np.array_equal(np.concatenate(streamed, axis=1), whole.samples)
    for channel in range(channels):
        assert np.array_equal(
            resample(Audio.of(audio.samples[channel], rate_in), rate_out).samples[0], whole.samples[channel]
        )


def test_resampling_keeps_a_tone_its_place_and_its_level():
    for rate_in, rate_out in PAIRS:
        low = resample(synthetic.sine(1000, 1.0, rate_in), rate_out)
        ideal = synthetic.sine(1000, 1.0, rate_out)
        inner = slice(rate_out // 20, -rate_out // 20)
        assert np.abs(low.samples[0, inner] - ideal.samples[0, inner]).max() < 2e-5, (rate_in, rate_out)
    gone = resample(synthetic.sine(15000, 0.5, 44100), 22050)
    assert np.abs(gone.samples[0, 1000:-1000]).max() < 1e-5


def test_resampling_refuses_what_makes_no_sense():
    for rate in (0, -1, 1.5, "x", True):
        with pytest.raises(AudioError, match="sample rate"):
            resample(tone(), rate)
    with pytest.raises(AudioError, match="QQ, LQ, MQ, HQ, VHQ"):
        resample(tone(), 8000, "best")
    stream = StreamResampler(16000, 8000, 2)
    with pytest.raises(AudioError, match=r"float32 \[2, n\]"):
        stream.push(np.zeros((1, 10), np.float32))
    stream.finish()
    with pytest.raises(AudioError, match="finished"):
        stream.push(np.zeros((2, 10), np.float32))
    assert list(resampled_blocks([], 16000, 8000)) == []
    audio = tone()
    assert resample(audio, audio.sample_rate) is audio


# ---------------------------------------------------------------- loudness


def test_levels_of_a_full_scale_sine():
    audio = synthetic.sine(1000, 1.0, 48000, amplitude=1.0)
    assert loudness.rms_db(audio) == pytest.approx(-3.0103, abs=1e-4)
    assert loudness.peak_db(Audio.of([0.1, -0.5], 8000)) == pytest.approx(20 * math.log10(0.5))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
def test_the_calibration_tone_of_the_standard_at_every_rate(rate):
    # BS.1770-4, Annex 1: 0 dB FS at 997 Hz in one channel reads -3.01; two equal channels read 3.01 more.
    one = synthetic.sine(997, 5.0, rate, amplitude=1.0)
    assert loudness.integrated_lufs(one) == pytest.approx(-3.01, abs=0.005)
    two = Audio(np.repeat(one.samples, 2, axis=0), rate)
    assert loudness.integrated_lufs(two) == pytest.approx(0.0, abs=0.005)


def test_gates_leave_out_the_quiet_parts():
    # EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS (stereo 1 kHz) reads -23.0 ± 0.1 LUFS.
    def part(level_db, seconds):
        mono = synthetic.sine(1000, seconds, 48000, amplitude=10 ** (level_db / 20)).samples
        return np.repeat(mono, 2, axis=0)

    programme = np.concatenate([part(-36, 10), part(-23, 60), part(-36, 10)], axis=1)
    assert loudness.integrated_lufs(Audio(programme, 48000)) == pytest.approx(-23.0, abs=0.1)
    padded = np.concatenate([part(-72, 10), part(-23, 20)], axis=1)
    assert loudness.integrated_lufs(Audio(padded, 48000)) == pytest.approx(-23.0, abs=0.1)


def test_loudness_agrees_with_pyloudnorm_at_its_own_rate():
    pyloudnorm = pytest.importorskip("pyloudnorm")
    for channels in (1, 2, 5):
        x = np.concatenate([synthetic.speech_like(3.05, 48000, seed).samples for seed in range(channels)])
        theirs = pyloudnorm.Meter(48000, filter_class="DeMan").integrated_loudness(x.T.astype(np.float64))
        assert loudness.integrated_lufs(Audio.of(x, 48000)) == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("name", samples.names())
def test_loudness_does_not_depend_on_the_sample_rate(name):
    speech = samples.load(name)
    values = [
        loudness.integrated_lufs(resample(speech, rate)) for rate in (16000, 22050, 44100, 48000, 96000)
    ]
    assert max(values) - min(values) < 0.03


def test_no_loudness_is_a_reason_and_not_a_number():
    quiet = synthetic.sine(1000, 1.0, 16000, amplitude=10 ** (-80 / 20))
    for measure in (loudness.rms_db, loudness.peak_db, loudness.integrated_lufs):
        with pytest.raises(AudioError, match="digital silence does not have"):
            measure(synthetic.silence(1.0, 16000))
    with pytest.raises(AudioError, match=r"too quiet to have a loudness; got -83\.\d LUFS at most"):
        loudness.integrated_lufs(quiet)
    with pytest.raises(AudioTooShort, match=r"got 0.399 s; wanted 0.4 s"):
        loudness.integrated_lufs(synthetic.sine(1000, 0.399, 16000))
    assert loudness.integrated_lufs(synthetic.sine(1000, 0.4, 16000)) < 0
    with pytest.raises(AudioError, match="got 4; wanted 1, 2, 3, 5 or 6 channels"):
        loudness.integrated_lufs(tone(16000, channels=4))
    with pytest.raises(AudioError, match="K-weighting needs more bandwidth"):
        loudness.integrated_lufs(tone(16000, rate=4000))


# ---------------------------------------------------------------- signals and samples


def test_a_sine_is_the_formula():
    audio = synthetic.sine(1234.5, 0.1, 22050, amplitude=0.3, phase=0.7)
    expected = [0.3 * math.sin(2 * math.pi * 1234.5 * k / 22050 + 0.7) for k in range(2205)]
    assert np.abs(audio.samples[0] - expected).max() < 3e-8
    with pytest.raises(AudioError, match="below 11025 Hz"):
        synthetic.sine(11025, 0.1, 22050)


def test_a_sweep_passes_each_frequency_when_it_should():
    audio = synthetic.sweep(100, 6400, 3.0, 44100)
    for second, expected in ((0.5, 200), (1.0, 400), (1.5, 800), (2.0, 1600), (2.5, 3200)):
        middle = audio.samples[0, round(second * 44100) - 1024 : round(second * 44100) + 1024]
        crossings = np.count_nonzero(np.diff(np.signbit(middle)))
        assert crossings / 2 / (2048 / 44100) == pytest.approx(expected, rel=0.07)


@pytest.mark.parametrize(("colour", "slope_db"), [("white", 0.0), ("pink", -3.01), ("brown", -6.02)])
def test_noise_falls_by_its_colour(colour, slope_db):
    audio = synthetic.noise(np.random.default_rng(0), 10, 32000, colour, rms=0.05, channels=2)
    assert 10 ** (audio.rms_db / 20) == pytest.approx(0.05, rel=1e-5)
    power = np.abs(np.fft.rfft(audio.samples[1])) ** 2
    octaves = [power[f * 10 : 2 * f * 10].mean() for f in (250, 500, 1000, 2000, 4000)]
    assert np.diff(10 * np.log10(octaves)) == pytest.approx([slope_db] * 4, abs=0.4)


def test_impulses_and_silence_are_exact():
    audio = synthetic.impulses(0.5, 8000, every_s=0.1, amplitude=0.75)
    assert np.flatnonzero(audio.samples[0]).tolist() == [0, 800, 1600, 2400, 3200]
    assert set(audio.samples[0, ::800].tolist()) == {0.75}
    assert (
        synthetic.silence(0.5, 8000, 2).samples.shape == (2, 4000) and synthetic.silence(0.5, 8000).peak == 0
    )


def test_a_voice_has_harmonics_formants_and_silent_pauses():
    audio = synthetic.harmonic_voice(100, (500, 1500, 2500), 2.0, 16000, vibrato_cents=0, pauses=[(0.5, 1.0)])
    assert audio.peak == pytest.approx(0.7) and np.abs(audio.samples[0, 8000:16001]).max() == 0.0
    spectrum = np.abs(np.fft.rfft(audio.samples[0, 16000:24000] * np.hanning(8000)))  # 2 Hz per bin
    harmonics = spectrum[50::50][:79]
    between = spectrum[75::50][:79]
    assert np.all(harmonics[:40] > 100 * between[:40])
    assert (
        harmonics[4] > 3 * harmonics[8]
        and harmonics[14] > 3 * harmonics[10]
        and harmonics[24] > 1.5 * harmonics[20]
    )
    with pytest.raises(AudioError):
        synthetic.harmonic_voice(9000, seconds=0.1, sample_rate=16000)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
def test_speech_like_sound_is_deterministic_and_has_the_range_of_speech(rate):
    audio = synthetic.speech_like(6, rate, 5)
    assert audio == synthetic.speech_like(
        6, rate, np.random.default_rng(5)
    ) and audio != synthetic.speech_like(6, rate, 6)
    assert audio.n_samples == 6 * rate and audio.peak == pytest.approx(0.7)
    frame = rate // 50
    frames = audio.samples[0, : audio.n_samples // frame * frame].reshape(-1, frame).astype(np.float64)
    level = 10 * np.log10((frames**2).mean(axis=1))
    assert 45 < np.percentile(level, 98) - np.percentile(level, 2) < 70
    assert 0.08 < np.mean(level < -60) < 0.4
    assert synthetic.speech_like(0.001, rate).n_samples == rate // 1000


def test_the_shipped_speech_is_what_its_attribution_says():
    assert len(samples.names()) == 4
    total = sum(samples.path(name).stat().st_size for name in samples.names())
    assert total < 700_000
    for name in samples.names():
        info = files.probe(samples.path(name))
        assert (info.format, info.subtype, info.sample_rate, info.channels) == ("FLAC", "PCM_16", 16000, 1)
        assert 3.0 < info.duration_s < 6.0
        assert f"{name}.flac" in samples.attribution()
        speech = samples.load(name)
        assert 0.3 < speech.peak < 1.0 and -22 < loudness.integrated_lufs(speech) < -14
    for word in (
        "Allison Smith",
        "CC-BY-SA-3.0",
        "Carlo Flora",
        "CC-BY-3.0",
        "Maxim Topal",
        "1.6.1-1",
        "G.722",
    ):
        assert word in samples.attribution()
    folder = {p.name for p in samples.path("it_noservice").parent.iterdir()}
    assert folder == {f"{name}.flac" for name in samples.names()} | {"ATTRIBUTION.txt"}
    with pytest.raises(AudioError, match="wanted en_noservice, "):
        samples.path("../../secret")


def test_a_length_that_ends_in_a_half_is_rounded_up() -> None:
    """55125 samples at 22050 Hz are 49977.5 at 19991 Hz; libsoxr alone gives 49977."""
    audio = Audio.of(np.sin(np.arange(55125) * 0.05), 22050)
    assert resample(audio, 19991).n_samples == output_length(55125, 22050, 19991) == 49978
