"""Retrieval, part by part, with an encoder that hears what is drawn: what is looked up, kept of the source, and moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from scipy.fft import dct

from laws.converters import pitch, speechlike
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.models.convert import retrieval as home
from melpact.models.convert.learning import learn
from melpact.models.convert.lines import smooth, voicedness
from melpact.models.convert.retrieval import RetrievalConverter
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Blend, Voice

SPEC = dialect("hifigan_22k").spec


@dataclass(frozen=True)
class Cepstrum:
    """Hears the first numbers of a cepstrum."""

    hears: ClassVar = "mel"
    spec: ClassVar = SPEC
    size: ClassVar = 6
    fingerprint: ClassVar = "cepstrum"

    def __call__(self, values: np.ndarray) -> np.ndarray:
        made = smooth(np.asarray(dct(values, axis=0, norm="ortho")[1:7], np.float32), 3)
        return np.asarray(made - made.mean(1, keepdims=True), np.float32)


def moving(frames: int, seed: int, tilt: float = 0.0) -> Mel:
    """What changes as slowly as speech does."""
    mel = speechlike(frames, seed, tilt=tilt, spread=3.0)
    slow = 2 * smooth(mel.values - mel.values.mean(), 4)
    return replace(mel, values=np.maximum(mel.values.mean(1, keepdims=True) + slow, -11))


def someone(seed: int, tilt: float = 1.5, frames: int = 400) -> Voice:
    return learn([moving(frames, seed, tilt)], [pitch(frames, 300)])


def picked(one: RetrievalConverter, mel: Mel, target: Voice | Blend, neighbours: int = 8) -> np.ndarray:
    """The mean of the target's frames for each of a mel."""
    known = one._about(mel.values, SPEC, one.knowing(target), Converting(neighbours=neighbours), pitch(mel.n_frames))
    assert isinstance(known, home.Known)
    return known.picked


def test_half_is_looked_up_and_half_is_said() -> None:
    mel, target, ears = moving(200, 1), someone(2), Cepstrum()
    found, said = (picked(RetrievalConverter(ears, looked_up=share), mel, target) for share in (1.0, 0.0))
    assert home.LOOKED_UP == 0.5 and np.abs(found - said).mean() > 0.05
    np.testing.assert_allclose(picked(RetrievalConverter(ears), mel, target), (found + said) / 2, atol=1e-5)
    kept = target.frames.mels[:, target.frames.active]
    own = Cepstrum()(target.frames.mels)[:, target.frames.active]
    heard = Cepstrum()(mel.values)
    alike = (heard / np.linalg.norm(heard, axis=0)).T @ (own / np.linalg.norm(own, axis=0))
    nearest = picked(RetrievalConverter(ears, looked_up=1.0), mel, target, 1)
    np.testing.assert_allclose(nearest, kept[:, alike.argmax(1)], atol=1e-5)


def test_long_mels_are_looked_up_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    one, mel, target = RetrievalConverter(Cepstrum(), looked_up=1.0), moving(100, 1), someone(2)
    whole = picked(one, mel, target)
    monkeypatch.setattr(home, "_ROWS", 32)
    np.testing.assert_array_equal(picked(one, mel, target), whole)


def test_a_blend_is_picked_from_by_its_weights() -> None:
    one, mel, (a, b) = RetrievalConverter(Cepstrum()), moving(120, 1), (someone(2), someone(3, -1.0))
    wanted = 0.75 * picked(one, mel, a) + 0.25 * picked(one, mel, b)
    np.testing.assert_allclose(picked(one, mel, Blend.of([(a, 3), (b, 1)])), wanted, atol=1e-4)
    np.testing.assert_array_equal(picked(one, mel, Blend.of([(a, 1), (b, 0)])), picked(one, mel, a))


def parts(mel: Mel, target: Voice, energy: np.ndarray | None = None) -> tuple[home.Known, np.ndarray]:
    """What is known of a mel, and what is added up before the last moments are moved."""
    one, hz = RetrievalConverter(Cepstrum()), pitch(mel.n_frames)
    known = one._about(mel.values, SPEC, one.knowing(target), Converting(), hz)
    assert isinstance(known, home.Known)
    level = home.loudness_db(mel.values, SPEC) if energy is None else energy
    return known, one._added(mel.values, level, SPEC, known, 0)


def test_what_is_added_is_the_frames_difference_from_the_moments_averaged() -> None:
    mel, target = moving(150, 1), someone(2)
    known, added = parts(mel, target)
    moved = known.first(mel.values, voicedness(pitch(150)))
    assert np.abs(moved - mel.values).mean() > 0.5
    cut = dct(known.picked - mel.values, axis=0, norm="ortho")
    cut[24:] = 0
    made = mel.values + dct(cut, axis=0, norm="ortho", type=3)
    made += np.log(10) / 20 * (home.loudness_db(mel.values, SPEC) - home.loudness_db(made.astype(np.float32), SPEC))
    np.testing.assert_allclose(added, moved + smooth((made - moved).astype(np.float32), 5), atol=1e-3)
    assert (home.ENVELOPE, home.SMOOTHED, home.FURTHER) == (24, 5, 1.0)
    louder = home.loudness_db(mel.values, SPEC) + np.float32(6)
    np.testing.assert_allclose(parts(mel, target, louder)[1] - added, 6 * np.log(10) / 20, atol=1e-3)


def test_in_the_end_envelopes_of_either_kind_have_the_targets_moments_and_harmonics_are_the_sources() -> None:
    mel, target, hz = moving(400, 1), someone(2, 3.0), pitch(400)
    made = RetrievalConverter(Cepstrum())(mel, target, f0_hz=hz).values
    sounding = home.active(mel.values, SPEC)
    kept = np.abs(dct((made - mel.values).astype(float), axis=0, norm="ortho")[40:]).max(axis=0) < 1e-4
    assert home.WITHOUT_HARMONICS == 40 and kept[(made > SPEC.floor_value + 1e-3).all(axis=0)].mean() > 0.9
    for kind in (True, False):
        own, wanted = (hz > 0) == kind, target.frames.mels[:, ((target.frames.f0_hz > 0) == kind) & target.frames.active]
        away = np.abs(dct(made[:, own & sounding].mean(1) - wanted.mean(1), norm="ortho")[:20])
        assert away.mean() < 0.25, (kind, away.mean())
    change = dct(made - mel.values, axis=0, norm="ortho")
    free = (made > SPEC.floor_value + 0.01).all(axis=0) & (made < made.max(1, keepdims=True) - 0.01).all(axis=0)
    assert np.abs(change[40:, free]).max() < 1e-3, "the harmonics are the source's"
