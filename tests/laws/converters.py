"""Converters to hold laws to, one of each method, and voices for them; everything drawn, nothing recorded."""

from __future__ import annotations

from functools import cache

import numpy as np

from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.models.convert.base import Converter
from melpact.models.convert.content import listener
from melpact.models.convert.gan import GanConverter
from melpact.models.convert.gan_facts import Facts
from melpact.models.convert.learning import learn
from melpact.models.convert.opening import converter as opened
from melpact.models.convert.shipped import content_file
from melpact.models.convert.voice import Voice
from melpact.normalise.band_statistics import Statistics

SPEC = dialect("hifigan_22k").spec


def speechlike(frames: int, seed: int = 0, spec: MelSpec = SPEC, *, tilt: float = 0.0, spread: float = 1.0) -> Mel:
    """A mel with about the levels of speech, before any scaling; well above the floor."""
    rng = np.random.default_rng(seed)
    centre = np.linspace(-2.0, -5.0 + tilt, spec.n_mels)[:, None]
    values = np.maximum(centre + rng.normal(0.0, spread, (spec.n_mels, frames)), SPEC.floor_value)
    return Mel(spec.scaling.apply(values.astype(np.float32), {}), spec)


def pitch(frames: int, hz: float = 200.0) -> np.ndarray:
    """A voice that rises and falls by 20 %, with a pause every fifty frames."""
    t = np.arange(frames)
    made: np.ndarray = np.where(t % 50 < 40, hz * 1.2 ** np.sin(t / 30), 0.0).astype(np.float32)
    return made


@cache
def voice(seed: int = 7, tilt: float = 1.5, spread: float = 1.4, hz: float = 300.0) -> Voice:
    """A voice of two utterances."""
    mels = [speechlike(n, seed + n, tilt=tilt, spread=spread) for n in (260, 140)]
    return learn(mels, [pitch(mel.n_frames, hz) for mel in mels])


@cache
def trained(seed: int = 0, voices: tuple[str, ...] = ("a", "a/1")) -> GanConverter:
    """A small network of drawn weights, on torch, with the shipped content encoder."""
    from melpact.nn.converters.voice_changer import Converting, VoiceChangerConfig, receptive_field
    from melpact.nn.torch_runtime import seeded, weights_of

    heard = listener(content_file(".content"))
    sizes = VoiceChangerConfig(n_mels=80, content=heard.size, width=32, blocks=2, style=8, reference_width=16)
    with seeded(seed):
        weights = weights_of(Converting(sizes, len(voices)))
    rng = np.random.default_rng(seed)
    for name in ("changer.out.weight", "changer.film.weight"):
        value = rng.normal(0, 0.5 / np.sqrt(weights[name][0].size), weights[name].shape)
        weights[name] = value.astype(np.float16).astype(np.float32)
    level = np.linspace(-8, -10, 80)
    statistics = Statistics(level, np.full(80, 1.8), np.full(80, SPEC.floor_value), np.full(80, 2.0))
    plain = sizes.model_dump(mode="json")
    facts = Facts(heard.spec, statistics, plain, receptive_field(sizes), heard.fingerprint, voices, {"trained": {"step": 7}})
    return GanConverter.build(facts, weights, heard)


@cache
def converter(method: str) -> Converter:
    """One of each method; of the trained one, one of drawn weights."""
    return trained() if method == "gan" else opened(method)
