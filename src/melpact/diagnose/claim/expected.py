"""What the traits of a description are on known speech: the shipped prompts, with an upper band put on, analysed in it.

For the listed dialects they are kept in expected.npz (made by `python -m benchmarks.claim_fit`), so that a mel without
sound is judged without analysing anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.claim.traits import ABSOLUTE, N_TRAITS, traits
from melpact.diagnose.evidence import Evidence

Floats = NDArray[np.float64]
_PROMPTS = ("en_noservice", "ru_nocallback", "en_unidentified")
_SECONDS = 3.0
_RATE = 48000
_FROM_HZ = 6500.0


@lru_cache(maxsize=1)
def speech() -> tuple[Audio, ...]:
    """Three prompts at 48 kHz; above 6.5 kHz, where they end, noise that follows the loudness of the band below."""
    from melpact.audio import samples
    from melpact.audio.resample import resample

    rng = np.random.default_rng(0)
    made = []
    for name in _PROMPTS:
        clip = samples.load(name).mono()
        part = Audio.of(clip.samples[:, : round(_SECONDS * clip.sample_rate)], clip.sample_rate)
        x = resample(part, _RATE).samples[0].astype(np.float64)
        spectrum, hz = np.fft.rfft(x), np.fft.rfftfreq(x.size, 1 / _RATE)
        below = np.fft.irfft(spectrum * ((hz > 3500) & (hz < _FROM_HZ)), x.size)
        width = _RATE // 100
        envelope = np.sqrt(np.convolve(below**2, np.ones(width) / width, "same"))
        noise = np.fft.rfft(envelope * rng.standard_normal(x.size))
        above = hz > _FROM_HZ
        noise *= above * (np.maximum(hz, _FROM_HZ) / _FROM_HZ) ** -1.0
        made.append(Audio.of((x + np.fft.irfft(noise, x.size)).astype(np.float32), _RATE))
    return tuple(made)


@lru_cache(maxsize=8)
def _at(rate: int) -> tuple[Audio, ...]:
    from melpact.audio.resample import resample

    return tuple(resample(audio, rate) for audio in speech())


def expected(spec: MelSpec) -> Floats | None:
    """Mean traits of the prompts in a description, [traits], nan where none shows one; None where it cannot analyse them."""
    return found if (found := _listed().get(spec.fingerprint)) is not None else analysed(spec)


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, Floats]:
    with (files("melpact.diagnose.claim") / "expected.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
        names, rows = archive["fingerprint"], archive["traits"].astype(np.float64)
    rows.flags.writeable = False
    return MappingProxyType(dict(zip(names.tolist(), rows, strict=True)) if rows.shape[1] == N_TRAITS else {})


@lru_cache(maxsize=256)
def analysed(spec: MelSpec) -> Floats | None:
    """The same, always from the prompts."""
    from melpact.features.analysis import extract

    found = []
    for audio in _at(spec.sample_rate):
        try:
            vector = traits(Evidence(extract(audio, spec)))
        except MelpactError:
            continue
        if vector is not None:
            found.append(vector)
    if not found:
        return None
    stack = np.array(found)
    known = np.isfinite(stack)
    n = known.sum(axis=0)
    mean = np.where(n > 0, np.where(known, stack, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
    mean[ABSOLUTE] = 0.0
    mean.flags.writeable = False
    return mean
