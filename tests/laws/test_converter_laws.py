"""Laws that every converter of the package obeys."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import replace

import numpy as np
import pytest

import melpact.models.convert as home
from laws.converters import SPEC, converter, pitch, speechlike, voice
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import Affine
from melpact.core.errors import ContractError, SpecMismatch
from melpact.models.convert.base import HEADROOM_DB, STREAM_TOLERANCE, Converter
from melpact.models.convert.opening import METHODS
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Blend

every = pytest.mark.parametrize("method", list(METHODS))


def test_every_converter_of_the_folder_is_held_to_these_laws() -> None:
    found = set()
    for module in pkgutil.iter_modules(home.__path__, f"{home.__name__}."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, Converter) and not inspect.isabstract(kind):
                found.add(kind.method)
    assert found == set(METHODS)


@every
@pytest.mark.parametrize("frames", [1, 2, 33, 300])
def test_the_description_the_length_and_the_provenance_stay(method: str, frames: int) -> None:
    mel = replace(speechlike(frames), provenance={"n_samples": 17, "audio": "a.wav"})
    made = converter(method)(mel, voice(), f0_hz=pitch(frames))
    assert made.spec == mel.spec and made.values.shape == mel.values.shape
    assert made.values.dtype == np.float32 and np.isfinite(made.values).all()
    assert dict(made.provenance) == {"n_samples": 17, "audio": "a.wav"}
    assert not np.array_equal(made.values, mel.values)


@every
def test_ratio_0_gives_the_input_bit_for_bit(method: str) -> None:
    mel, asked = speechlike(70), Converting(ratio=0.0)
    assert np.array_equal(converter(method)(mel, voice(), asked, f0_hz=pitch(70)).values, mel.values)
    parts = list(converter(method).stream(mel, voice(), asked, f0_hz=pitch(70), block_frames=16))
    assert np.array_equal(np.concatenate(parts, axis=1), mel.values)


@every
def test_the_same_twice_and_from_a_blend_of_one(method: str) -> None:
    mel, asked = speechlike(60, 2), Converting()
    first = converter(method)(mel, voice(), asked, f0_hz=pitch(60)).values
    assert np.array_equal(converter(method)(mel, voice(), asked, f0_hz=pitch(60)).values, first)
    alone = converter(method)(mel, Blend.of([(voice(), 2.5)]), asked, f0_hz=pitch(60)).values
    np.testing.assert_allclose(alone, first, atol=1e-5)


@every
def test_no_value_below_the_floor_or_above_the_ceiling_and_silence_stays(method: str) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(-4.0, 12.0, (80, 90)).astype(np.float32)
    values[:, 40:60] = np.log(1e-5)
    mel = Mel(np.maximum(values, np.float32(np.log(1e-5))), SPEC)
    made = converter(method)(mel, voice(), f0_hz=pitch(90)).values
    loudest = np.maximum(mel.values.max(axis=1), voice().stats.band_max())
    assert HEADROOM_DB == 6.0
    assert (made >= np.float32(np.log(1e-5))).all()
    assert (made <= loudest[:, None] + np.log(10 ** (6 / 20)) + 1e-4).all()
    assert (made[:, 40:60] == np.float32(np.log(1e-5))).all()
    silent = Mel(np.full((80, 20), np.log(1e-5), np.float32), SPEC)
    assert np.array_equal(converter(method)(silent, voice(), f0_hz=np.zeros(20, np.float32)).values, silent.values)


@every
@pytest.mark.parametrize("block_frames", [1, 16, 100, 1000])
def test_in_windows_as_in_the_whole(method: str, block_frames: int) -> None:
    frames = 20 if block_frames == 1 else 300
    mel, hz = speechlike(frames, 5), pitch(frames)
    whole = converter(method)(mel, voice(), f0_hz=hz).values
    parts = list(converter(method).stream(mel, voice(), f0_hz=hz, block_frames=block_frames))
    assert all(part.shape[1] <= block_frames for part in parts)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=0, atol=STREAM_TOLERANCE)


@every
def test_a_scaled_mel_is_converted_before_its_scaling(method: str) -> None:
    plain, hz = speechlike(80, 6), pitch(80)
    scaled = Mel(plain.values * np.float32(0.5) + np.float32(2), SPEC.replace_quietly(scaling=Affine(scale=0.5, shift=2.0)))
    made = converter(method)(scaled, voice(), f0_hz=hz)
    assert made.spec == scaled.spec
    wanted = converter(method)(plain, voice(), f0_hz=hz).values * 0.5 + 2
    np.testing.assert_allclose(made.values, wanted, atol=2e-4)


@every
def test_what_is_refused(method: str) -> None:
    one, mel = converter(method), speechlike(30)
    hz = pitch(30)
    broken = mel.values.copy()
    broken[3, 4] = np.nan
    for bad in (Mel(broken, SPEC), Mel(mel.values[None], SPEC), Mel(mel.values[:, :0], SPEC)):
        with pytest.raises(ContractError):
            one(bad, voice(), f0_hz=hz)
    other = dialect("speecht5_16k").spec
    with pytest.raises(SpecMismatch, match="another mel"):
        one(Mel(mel.values, other), voice(), f0_hz=hz)
    for wrong in ({"f0_hz": hz[:-1]}, {"f0_hz": -hz}, {"f0_hz": hz, "energy": hz[:3]}):
        with pytest.raises(ContractError, match="does not belong"):
            one(mel, voice(), **wrong)
    if one.takes_f0:
        with pytest.raises(ContractError, match="pitch"):
            one(mel, voice())
    with pytest.raises(ContractError, match="at least one frame"):
        list(one.stream(mel, voice(), f0_hz=hz, block_frames=0))


class Stepping(Converter):
    """Says only where its window began: what is between two windows shows their weights."""

    method = "stepping"
    spec = None
    title = fingerprint = "stepping"  # type: ignore[assignment]

    def _convert(self, given, target, settings, f0_hz, energy, known, first_frame):  # type: ignore[no-untyped-def]
        return np.full_like(given, -3.0 - first_frame / 100)


def test_windows_fade_into_each_other_with_weights_that_add_up_to_1() -> None:
    made = np.concatenate(list(Stepping().stream(speechlike(200), voice(), block_frames=100)), axis=1)[0]
    assert np.allclose(made[:100], -3.0) and np.allclose(made[132:], -4.0)
    np.testing.assert_allclose(made[100:132], -3.0 - (np.arange(32) + 0.5) / 32, atol=1e-5)
