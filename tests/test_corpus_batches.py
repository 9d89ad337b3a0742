"""Batches of whole utterances, feeds with a position, and augmented crops: the same numbers however they are asked for."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from melpact.audio import synthetic
from melpact.audio.files import write
from melpact.core.errors import CorpusError
from melpact.corpus.augment import augmentation
from melpact.corpus.buckets import Buckets
from melpact.corpus.crops import Crops
from melpact.corpus.feed import Feed
from melpact.corpus.manifest import Manifest, Utterance
from melpact.corpus.packed import Packed
from melpact.corpus.packing import PackWriter
from melpact.features.analysis import analyse

RATE = 22050
SECONDS = [0.31 + 0.11 * i for i in range(13)]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    folder: Path = tmp_path_factory.mktemp("sounds")
    utterances = []
    for i, seconds in enumerate(SECONDS):
        sound = synthetic.speech_like(seconds, RATE, seed=i)
        write(folder / f"{i:02}.wav", sound, "PCM_16")
        utterances.append(Utterance(id=f"{i:02}", audio=f"{i:02}.wav", sample_rate=RATE, n_samples=sound.n_samples))
    writer = PackWriter(folder / "packed", Manifest(utterances, folder), RATE)
    for utterance in utterances:
        writer.put(utterance)
    return writer.finish()


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_every_utterance_once_per_epoch_and_little_padding(packed: Packed) -> None:
    buckets = Buckets(packed, "hifigan_22k", frames=400, seed=5, padding=0.15)
    lengths = np.array([packed.n_samples[i] // 256 for i in range(len(packed))])
    for epoch in range(4):
        batches = buckets.batches(epoch)
        assert sorted(np.concatenate(batches).tolist()) == list(range(13))
        for batch in batches:
            area = lengths[batch].max() * batch.size
            assert area <= 400 and lengths[batch].sum() >= 0.85 * area
    assert any(
        [b.tolist() for b in buckets.batches(0)] != [b.tolist() for b in buckets.batches(epoch)] for epoch in (1, 2, 3)
    )


def test_a_batch_of_utterances_holds_their_mels(packed: Packed) -> None:
    buckets = Buckets(packed, "hifigan_22k", frames=400, seed=5)
    batch = buckets.batch_at(2)
    for row, index in enumerate(batch["utterance"]):
        samples = packed.samples(int(index))
        values = analyse(samples, buckets.spec)[0]
        np.testing.assert_array_equal(batch["mel"][row, :, : values.shape[1]], values)
        assert batch["mask"][row].sum() == values.shape[1] == samples.size // 256
        np.testing.assert_array_equal(batch["audio"][row, : 256 * values.shape[1]], samples[: 256 * values.shape[1]])
    assert batch["mask"].any(axis=0).all()


def test_steps_run_on_over_the_epochs_and_ranks_share_them(packed: Packed) -> None:
    buckets = Buckets(packed, "hifigan_22k", frames=600, seed=1, multiple=2)
    first = len(buckets.batches(0))
    late = pickle.loads(pickle.dumps(buckets)).batch_at(first + 1)
    assert same(late, buckets.batch_at(first + 1))
    assert late["utterance"].tolist() == buckets.batches(1)[1].tolist()
    parts = [buckets.batch_at(first + 1, rank=rank, world=2) for rank in (0, 1)]
    for rank, part in enumerate(parts):
        for name in late:
            np.testing.assert_array_equal(part[name], late[name][rank::2])
    with pytest.raises(CorpusError, match="cannot be shared"):
        buckets.batch_at(0, rank=0, world=4)
    with pytest.raises(CorpusError, match="does not fit"):
        Buckets(packed, "hifigan_22k", frames=100, seed=1)


@pytest.mark.parametrize("workers", [0, 3])
def test_a_feed_that_is_resumed_gives_what_would_have_come(packed: Packed, workers: int) -> None:
    crops = Crops(packed, "hifigan_22k", frames=12, batch=4, seed=9)
    with Feed(crops, workers=workers) as feed:
        whole = [next(feed) for _ in range(8)]
    with Feed(crops, workers=workers) as feed:
        for _ in range(3):
            next(feed)
        kept = feed.state()
        assert kept["step"] == 3
    with Feed(crops, workers=workers) as feed:
        next(feed)
        feed.restore(kept)
        assert all(same(next(feed), wanted) for wanted in whole[3:])


def test_a_feed_is_resumed_in_a_world_of_another_size(packed: Packed) -> None:
    crops = Crops(packed, "hifigan_22k", frames=12, batch=4, seed=9)
    one = Feed(crops)
    for _ in range(2):
        next(one)
    two = [Feed(crops, rank=rank, world=2) for rank in (0, 1)]
    for feed in two:
        feed.restore(one.state())
    whole, parts = next(one), [next(feed) for feed in two]
    for name in whole:
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), whole[name])


def test_a_position_of_other_data_is_refused(packed: Packed) -> None:
    kept = Feed(Crops(packed, "hifigan_22k", frames=12, batch=4, seed=9)).state()
    with pytest.raises(CorpusError, match="belongs to other data"):
        Feed(Crops(packed, "hifigan_22k", frames=12, batch=4, seed=8)).restore(kept)
    fewer = packed.only(lambda entry: entry.id != "03")
    with pytest.raises(CorpusError, match="belongs to other data"):
        Feed(Crops(fewer, "hifigan_22k", frames=12, batch=4, seed=9)).restore(kept)


def test_the_mel_of_a_changed_crop_is_that_of_the_changed_sound(packed: Packed) -> None:
    half = augmentation("gain", low_db=-6.0206, high_db=-6.0206)
    plain = Crops(packed, "hifigan_22k", frames=12, batch=8, seed=2)
    quiet = Crops(packed, "hifigan_22k", frames=12, batch=8, seed=2, augment=[half])
    a, b = plain.batch_at(5), quiet.batch_at(5)
    assert a["utterance"].tolist() == b["utterance"].tolist() and a["first"].tolist() == b["first"].tolist()
    np.testing.assert_allclose(b["audio"], a["audio"] / 2, rtol=1e-4, atol=1e-7)
    # a natural log well above its floor and its epsilon: half the sound is ln 2 less
    high = a["mel"] > -8
    np.testing.assert_allclose(b["mel"][high], a["mel"][high] - np.log(2), atol=1e-3)
    assert quiet.fingerprint != plain.fingerprint


def test_augmented_batches_are_pure_too(packed: Packed) -> None:
    changes = [augmentation("speed", chance=0.5), augmentation("noise", chance=0.5), augmentation("gain")]
    crops = Crops(packed, "hifigan_22k", frames=12, batch=4, seed=2, augment=changes)
    whole = crops.batch_at(3)
    crops.batch_at(0)
    assert same(pickle.loads(pickle.dumps(crops)).batch_at(3), whole)
    part = crops.batch_at(3, rank=1, world=2)
    for name in whole:
        np.testing.assert_array_equal(part[name], whole[name][2:])
    # the context around a crop is changed with it: its mel is the mel of the sound that it lies in
    inner = analyse(np.ascontiguousarray(whole["audio"][0]), crops.spec)[0]
    np.testing.assert_allclose(whole["mel"][0][:, 3:9], inner[:, 3:9], atol=1e-4)


def test_a_faster_tape_reads_more_of_the_sound_and_leaves_no_hole(packed: Packed) -> None:
    crops = Crops(packed, "hifigan_22k", frames=20, batch=1, seed=2, augment=[augmentation("speed", semitones=12)])
    middle = crops.starts(12) // 2
    for seed in range(8):
        audio, _, _ = crops.crop(12, middle, np.random.default_rng(seed))
        quiet = np.convolve(np.abs(audio) < 1e-6, np.ones(64), "valid")
        assert quiet.max() < 64
