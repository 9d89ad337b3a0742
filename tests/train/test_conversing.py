"""Batches and losses of the converter: what is picked is never what is to be made, and no loss lets its judge be taught."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.contract.dialect import dialect  # noqa: E402
from melpact.core.errors import TrainingError  # noqa: E402
from melpact.features.analysis import extract  # noqa: E402
from melpact.models.convert.content import listener  # noqa: E402
from melpact.models.convert.lines import Kinds  # noqa: E402
from melpact.models.convert.shipped import content_file  # noqa: E402
from melpact.nn.converters.voice_changer import Converting, VoiceChangerConfig  # noqa: E402
from melpact.train import conversing  # noqa: E402
from melpact.train.conversing import APART, Conversing, Said, said  # noqa: E402
from melpact.train.recipes import recipe  # noqa: E402
from melpact.train.recipes._converting import Changing, Hearing  # noqa: E402
from train.material import Tone, Tones, tone  # noqa: E402

SPEC = dialect("hifigan_22k").spec
LENGTHS = (300, 400, 260)
SPEAKERS = ("anna", "anna", "ben")
FRAMES = 32


def numbered(samples: np.ndarray, *about: Any) -> Said:
    """An utterance whose every frame is a number, in the mel and in the content: 1000 × which it is + the frame."""
    which, frames = int(samples[0]), int(samples[1])
    number = (1000.0 * which + np.arange(frames)).astype(np.float32)
    mel = np.zeros((SPEC.n_mels, frames), np.float32)
    mel[0] = number
    f0_hz = np.full(frames, 100.0 * (1 + which // 2), np.float32)
    content, sounds = np.stack([np.cos(number), np.sin(number)]), np.ones(frames, np.bool_)
    share = np.ones(frames, np.float32)
    return Said(mel, content, f0_hz, number[None], sounds, share, Kinds.of(mel, sounds, share))  # type: ignore[arg-type]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Conversing:
    monkeypatch.setattr(conversing, "said", numbered)
    hop_s = SPEC.hop_length / SPEC.sample_rate
    spoken = [
        SimpleNamespace(name=f"u{i}", speaker=who, seconds=n * hop_s, samples=lambda i=i, n=n: np.array([i, n], np.float32))
        for i, (who, n) in enumerate(zip(SPEAKERS, LENGTHS, strict=True))
    ]
    return Conversing(
        spoken, SPEC, SimpleNamespace(fingerprint="none", size=2), frames=FRAMES, reference=24, batch=6, seed=3, variants=2,
        pool=(40, 200),
    )  # type: ignore[arg-type]  # fmt: skip


def picked_from(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The numbers of the frames of every pool that is asked, in order: own and other of each item."""
    seen: list[np.ndarray] = []

    def kept(self: conversing.Pool, content: np.ndarray) -> np.ndarray:
        seen.append(self.mels[0].copy())
        return np.repeat(self.mels[:, :1], content.shape[1], 1)

    monkeypatch.setattr(conversing.Pool, "picked", kept)
    return seen


def test_no_frame_near_the_crop_can_be_picked(source: Conversing, monkeypatch: pytest.MonkeyPatch) -> None:
    pools = picked_from(monkeypatch)
    found: list[Mapping[str, Any]] = [source.batch_at(step, rank=0, world=1) for step in range(20)]
    crops = np.concatenate([batch["mel"][:, 0] for batch in found])
    own, others = pools[::2], pools[1::2]
    assert len(own) == len(crops) == 120
    for crop, pool, other in zip(crops, own, others, strict=True):
        assert np.array_equal(np.diff(crop), np.ones(FRAMES - 1))
        assert len(pool) >= 40
        same = pool[pool // 1000 == crop[0] // 1000]
        assert not ((same > crop[0] - APART - 1) & (same < crop[-1] + APART + 1)).any()
        assert {SPEAKERS[int(n)] for n in pool // 1000} == {SPEAKERS[int(crop[0] // 1000)]}
        assert {SPEAKERS[int(n)] for n in other // 1000}.isdisjoint({SPEAKERS[int(crop[0] // 1000)]})
    assert {int(n) for pool in own for n in pool // 1000} == {0, 1, 2}


def test_a_batch_follows_from_seed_and_step_and_falls_into_parts(source: Conversing) -> None:
    whole = source.batch_at(7, rank=0, world=1)
    parts = [source.batch_at(7, rank=rank, world=3) for rank in range(3)]
    for name, value in whole.items():
        assert np.array_equal(value, np.concatenate([part[name] for part in parts])), name
        if name not in ("sounds", "heard", "other_heard"):
            assert not np.array_equal(value, source.batch_at(8, rank=0, world=1)[name]), name
    assert source.voices == 4
    assert set(np.unique(whole["voice"])) <= {0, 1, 2, 3}


def test_another_voice_is_sung_at_its_own_pitch(source: Conversing) -> None:
    batch = source.batch_at(0, rank=0, world=1)
    octaves = batch["other_pitch"][:, 0, 0] - batch["pitch"][:, 0, 0]
    wanted = np.where(batch["voice"] < 2, 1.0, -1.0)
    assert np.allclose(octaves, wanted, atol=1e-5), "anna lies at 100 Hz, ben at 200"


def test_nobody_who_speaks_long_enough_is_said() -> None:
    short = [Tone("a", "a", tone(0, 0.5))]
    with pytest.raises(TrainingError, match="long enough") as caught:
        Conversing(short, SPEC, SimpleNamespace(fingerprint="", size=2), frames=32, reference=8, batch=2, seed=0)  # type: ignore[arg-type]
    assert "s of one" in str(caught.value)


def test_a_moved_utterance_says_the_same_at_the_same_moment_at_another_pitch() -> None:
    heard = listener(content_file(".content"))
    sound = tone(5, 2.0)
    plain, moved = said(sound, SPEC, heard), said(sound, SPEC, heard, 4.0, 1.1)
    assert plain.frames == moved.frames
    both = (plain.f0_hz > 0) & (moved.f0_hz > 0)
    assert both.mean() > 0.8
    assert np.allclose(12 * np.log2(moved.f0_hz[both] / plain.f0_hz[both]), 4.0, atol=0.01)
    track = extract(Audio.of(sound, SPEC.sample_rate), SPEC).values
    level = np.quantile(10 * np.log10((np.exp(track.astype(np.float64)) ** 2).sum(0)), 0.95)
    assert np.allclose(plain.mel, track - level * np.log(10) / 20, atol=0.02), "at level 0 dB"


def test_the_ear_hears_what_the_encoder_hears() -> None:
    heard = listener(content_file(".content"))
    mel = extract(Audio.of(tone(2, 1.5), SPEC.sample_rate), SPEC).values
    made = Hearing(heard)(torch.from_numpy(np.array(mel))[None])[0].numpy()
    assert np.abs(made - heard.uncentred(mel)).max() < 1e-3
    given = torch.from_numpy(np.array(mel))[None].requires_grad_()
    Hearing(heard)(given).square().sum().backward()
    assert float(given.grad.abs().max()) > 0  # type: ignore[union-attr]


def test_whose_a_made_mel_is_teaches_only_who_made_it() -> None:
    config = VoiceChangerConfig(n_mels=SPEC.n_mels, content=4, width=16, blocks=1, style=8, reference_width=8)
    torch.manual_seed(0)
    network = Converting(config, 3)
    own = Changing(network, SPEC, SimpleNamespace(), SimpleNamespace(), ("a", "b", "c"), 3)  # type: ignore[arg-type]
    mels = torch.randn(2, SPEC.n_mels, 20, requires_grad=True)
    own.style_of_made(mels, torch.ones(2, 20)).sum().backward()
    assert mels.grad is not None and float(mels.grad.abs().max()) > 0
    assert all(value.grad is None for value in network.reference.parameters())


def test_the_measure_is_worse_for_a_network_that_gives_noise() -> None:
    one = recipe("converter")
    task = one.build(one.debug, Tones())
    assert task.measure is not None
    good = task.measure()["brought back"]["converted_mae"]
    with torch.no_grad():
        task.players["converter"].changer.out.bias.fill_(2.0)  # type: ignore[union-attr]
    bad = task.measure()["brought back"]["converted_mae"]
    assert good.value == pytest.approx(good.null if good.null_anchor == "moments moved" else good.value)
    assert bad.value is not None and good.value is not None and bad.value > good.value + 5
