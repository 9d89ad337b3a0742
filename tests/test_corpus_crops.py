"""Crops: the mel of a crop is the slice of the whole sound's mel, batches are pure functions, packing keeps 16-bit sound."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from melpact.audio import synthetic
from melpact.audio.audio import Audio
from melpact.audio.files import probe, read, write
from melpact.contract.dialect import dialect, dialects
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioFileError, AxisError, CorpusError
from melpact.corpus.crops import Crops, share
from melpact.corpus.manifest import Manifest, Utterance, file_hash
from melpact.corpus.packed import Packed
from melpact.corpus.packing import PackWriter, quantised
from melpact.features.analysis import analyse, extract
from melpact.features.excerpt import excerpt, reach

RATE = 22050


def manifest_of(folder: Path) -> Manifest:
    found = []
    for path in sorted(folder.glob("*.wav")):
        info = probe(path)
        found.append(
            Utterance(
                id=path.stem,
                audio=path.name,
                sample_rate=info.sample_rate,
                n_samples=info.n_samples,
                channels=info.channels,
                speaker=path.stem.split("-")[0],
                language="en" if path.stem < "b" else "de",
                sha256=file_hash(path),
            )
        )
    return Manifest(found, folder)


def pack(manifest: Manifest, folder: Path, rate: int = RATE, order: int = 1) -> Packed:
    writer = PackWriter(folder, manifest, rate)
    for utterance in manifest.utterances[::order]:
        writer.put(utterance)
    return writer.finish()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for name, seconds, rate in (("a-1", 2.0, RATE), ("a-2", 1.3, 16000), ("b-1", 0.9, 44100), ("b-2", 0.08, RATE)):
        sound = synthetic.speech_like(seconds, rate, seed=len(name) + int(seconds * 10))
        write(folder / f"{name}.wav", sound, "PCM_16")
    return folder


@pytest.fixture(scope="module")
def packed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return pack(manifest_of(folder), tmp_path_factory.mktemp("packed"))


@pytest.mark.parametrize("name", sorted(dialects()))
def test_an_excerpt_is_the_slice_of_the_whole_in_every_dialect(name: str) -> None:
    found = dialect(name)
    if found.asks:
        pytest.skip("asks for facts that nobody published")
    spec = found.spec
    rng = np.random.default_rng(5)
    for n in (spec.min_samples(), spec.min_samples() + 3 * spec.hop_length + 7, 9 * spec.n_fft + 31):
        samples = (0.1 * rng.standard_normal(n)).astype(np.float32)
        whole, facts = analyse(samples, spec)
        total = whole.shape[1]
        for first, frames in {(0, total), (0, 1), (total - 1, 1), (total // 2, max(1, total // 4)), (0, max(1, total // 2))}:
            start, stop = reach(spec, n, first, frames)
            part = excerpt(samples[start:stop], spec, start=start, n_samples=n, first=first, frames=frames, utterance=facts)
            np.testing.assert_array_equal(part, whole[:, first : first + frames])


def test_an_excerpt_reads_no_sample_that_it_does_not_name() -> None:
    spec = dialect("hifigan_22k").spec
    n = 30 * spec.hop_length
    # frame t reads t * 256 - 384 .. t * 256 + 640 where nothing is mirrored
    assert reach(spec, n, 10, 3) == (10 * 256 - 384, 12 * 256 + 640)
    # frame 0 mirrors samples 1 .. 384 to the left
    assert reach(spec, n, 0, 1) == (0, 640)
    with pytest.raises(AxisError, match="frames outside the sound"):
        reach(spec, n, 29, 2)
    with pytest.raises(AxisError, match="does not hold"):
        excerpt(np.zeros(1000, np.float32), spec, start=2177, n_samples=n, first=10, frames=3)


SPECS: tuple[Any, ...] = (
    "hifigan_22k",
    dialect("hifigan_22k").spec.replace_quietly(padding="centre", hop_length=300),
    dialect("hifigan_22k").spec.replace_quietly(padding="none", pad_mode="none"),
    dialect("hifigan_22k").spec.replace_quietly(preemphasis=0.97, preemphasis_kind="filter"),
    dialect("hifigan_22k").spec.replace_quietly(preemphasis=0.97, preemphasis_kind="filter_reflect", window="hamming"),
)


@pytest.mark.parametrize("spec", SPECS)
def test_every_crop_is_the_slice_of_the_file(packed: Packed, folder: Path, spec: MelSpec | str) -> None:
    crops = Crops(packed, spec, frames=20, batch=1, seed=0)
    whole = extract(folder / "a-1.wav", crops.spec).values
    sound = read(folder / "a-1.wav").samples[0]
    hop = crops.spec.hop_length
    for first in (0, 1, 7, crops.starts(0) - 1):
        audio, mel, mask = crops.crop(0, first)
        np.testing.assert_array_equal(audio, sound[first * hop : (first + 20) * hop])
        np.testing.assert_array_equal(mel, whole[:, first : first + 20])
        assert mask.all() and audio.dtype == mel.dtype == np.float32
    assert crops.starts(0) == min(2 * RATE // hop, crops.spec.frames(2 * RATE)) - 20 + 1
    with pytest.raises(CorpusError, match="no crop begins there"):
        crops.crop(0, crops.starts(0))


def test_a_sound_shorter_than_the_crop_is_extended_and_marked(packed: Packed, folder: Path) -> None:
    crops = Crops(packed, "hifigan_22k", frames=20, batch=1, seed=0)
    index = [entry.id for entry in packed.entries].index("b-2")
    whole = extract(folder / "b-2.wav", "hifigan_22k").values
    sound = read(folder / "b-2.wav").samples[0]
    audio, mel, mask = crops.crop(index, 0)
    assert audio.shape == (20 * 256,) and mel.shape == (80, 20) and crops.starts(index) == 1
    np.testing.assert_array_equal(audio[: sound.size], sound)
    np.testing.assert_array_equal(audio[sound.size : 2 * sound.size - 1], sound[-2::-1])
    np.testing.assert_array_equal(mel[:, : whole.shape[1]], whole)
    assert mask.tolist() == [t * 256 < sound.size for t in range(20)] and not mask.all()


def test_a_scaling_of_the_utterance_is_that_of_the_whole(packed: Packed) -> None:
    spec = dialect("nemo_asr_16k:normalised").spec.replace_quietly(sample_rate=RATE, bank_sample_rate=RATE, f_max=RATE / 2)
    crops = Crops(packed, spec, frames=10, batch=2, seed=0)
    whole = analyse(packed.samples(1), spec)[0]
    np.testing.assert_array_equal(crops.crop(1, 13)[1], whole[:, 13:23])


def test_batches_are_pure_functions_of_seed_and_step(packed: Packed) -> None:
    crops = Crops(packed, "hifigan_22k", frames=16, batch=6, seed=3)
    again = pickle.loads(pickle.dumps(crops))
    assert again.fingerprint == crops.fingerprint
    later = crops.batch_at(41)
    crops.batch_at(7)
    for name, values in again.batch_at(41).items():
        np.testing.assert_array_equal(values, later[name])
    assert later["audio"].shape == (6, 16 * 256) and later["mel"].shape == (6, 80, 16)
    assert not np.array_equal(later["audio"], crops.batch_at(42)["audio"])
    other = Crops(packed, "hifigan_22k", frames=16, batch=6, seed=4)
    assert not np.array_equal(later["audio"], other.batch_at(41)["audio"])
    assert other.fingerprint != crops.fingerprint


@pytest.mark.parametrize("world", [1, 2, 3, 6])
def test_the_parts_of_all_ranks_are_the_batch_of_one(packed: Packed, world: int) -> None:
    crops = Crops(packed, "hifigan_22k", frames=16, batch=6, seed=3)
    one = crops.batch_at(11)
    parts = [crops.batch_at(11, rank=rank, world=world) for rank in range(world)]
    for name, values in one.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values)


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(CorpusError, match="Take 4 or 8"):
        share(6, 0, 4)
    with pytest.raises(CorpusError, match="no such rank"):
        share(6, 2, 2)


@pytest.mark.parametrize(("weigh", "wanted"), [("duration", 3.3 / 4.28), ("speaker", 0.5), ("utterance", 0.5)])
def test_what_is_drawn_is_weighed(packed: Packed, weigh: Any, wanted: float) -> None:
    crops = Crops(packed, "hifigan_22k", frames=4, batch=600, seed=1, weigh=weigh)
    drawn = crops.batch_at(0)["utterance"]
    share_of_a = np.mean([packed.entries[i].speaker == "a" for i in drawn])
    assert abs(share_of_a - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 600)


def test_every_start_is_drawn_equally_often(packed: Packed) -> None:
    crops = Crops(packed.only(lambda entry: entry.id == "a-1"), "hifigan_22k", frames=160, batch=1200, seed=1)
    counts = np.bincount(crops.batch_at(0)["first"], minlength=crops.starts(0))
    # 172 frames of samples: 13 starts, each 1200 / 13 times give or take five deviations
    assert counts.size == 13 and abs(counts - 1200 / 13).max() < 5 * np.sqrt(1200 / 13)


def test_another_rate_is_refused(packed: Packed) -> None:
    with pytest.raises(CorpusError, match="melpact corpus pack"):
        Crops(packed, "vocos_24k", frames=4, batch=1, seed=0)


def test_packing_keeps_16_bit_sound_exactly_and_any_order_gives_one_file(folder: Path, tmp_path: Path) -> None:
    manifest = manifest_of(folder)
    forwards, backwards = pack(manifest, tmp_path / "a"), pack(manifest, tmp_path / "b", order=-1)
    assert forwards.path.read_bytes() == backwards.path.read_bytes()
    assert forwards.fingerprint == backwards.fingerprint and forwards.entries == backwards.entries
    np.testing.assert_array_equal(forwards.samples(0), read(folder / "a-1.wav").samples[0])
    assert forwards.n_samples.tolist() == [2 * RATE, round(1.3 * RATE), round(0.9 * RATE), round(0.08 * RATE)]
    assert PackWriter(tmp_path / "a", manifest, RATE).is_done()
    assert not PackWriter(tmp_path / "a", manifest, 24000).is_done()


def test_a_peak_beyond_full_scale_is_kept() -> None:
    samples = np.array([0.5, -1.7, 0.25], np.float32)
    integers, scale = quantised(samples)
    assert abs(integers).max() == 32767
    np.testing.assert_allclose(integers * scale, samples, atol=1.7 / 32767 / 2 * 1.001)


def test_a_pack_that_was_not_finished_is_not_one(folder: Path, tmp_path: Path) -> None:
    manifest = manifest_of(folder)
    with pytest.raises(CorpusError, match="never finished"):
        Packed.load(tmp_path)
    writer = PackWriter(tmp_path, manifest, RATE)
    writer.put(manifest.utterances[0])
    with pytest.raises(CorpusError, match="never finished"):
        Packed.load(tmp_path)
    kept = writer.finish()
    assert [entry.id for entry in kept.entries] == ["a-1"] and not kept.damaged()
    with open(kept.path, "r+b") as file:
        file.seek(100)
        file.write(b"\x55\x55")
    assert Packed.load(tmp_path).damaged() == ["a-1"]
    with open(kept.path, "r+b") as file:
        file.truncate(1000)
    with pytest.raises(CorpusError, match="not whole"):
        Packed.load(tmp_path)


def test_a_file_that_changed_since_the_import_is_refused(folder: Path, tmp_path: Path) -> None:
    manifest = manifest_of(folder)
    longer = Manifest([u.replace(n_samples=u.n_samples + 5) for u in manifest], manifest.root)
    with pytest.raises(CorpusError, match="not as long as the manifest says"):
        PackWriter(tmp_path, longer, RATE).put(longer.utterances[0])
    gone = Manifest([manifest.utterances[0].replace(audio="nowhere.wav")], manifest.root)
    with pytest.raises(AudioFileError):
        PackWriter(tmp_path, gone, RATE).put(gone.utterances[0])


def test_a_part_of_a_file_is_an_utterance(folder: Path, tmp_path: Path) -> None:
    whole = manifest_of(folder).utterances[0]
    part = Manifest([whole.replace(id="part", offset_samples=3001, n_samples=7777)], folder)
    packed = pack(part, tmp_path)
    np.testing.assert_array_equal(packed.samples(0), read(folder / "a-1.wav").samples[0, 3001 : 3001 + 7777])


def test_two_channels_become_their_mean(tmp_path: Path) -> None:
    left, right = np.full(900, 0.5), np.full(900, -0.25)
    write(tmp_path / "x-1.wav", Audio.of(np.stack([left, right]), RATE), "PCM_16")
    packed = pack(manifest_of(tmp_path), tmp_path / "packed")
    np.testing.assert_array_equal(packed.samples(0), np.full(900, 0.125, np.float32))
