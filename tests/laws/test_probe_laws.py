"""Laws of the probes: each fires on its own planted fault, names it among the first two, and is silent on clean mels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.contract.dialect import dialect, dialects
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.diagnose.examine import examine
from melpact.diagnose.faults import faults
from melpact.diagnose.finding import CODES, Finding
from melpact.diagnose.probes import Probe, probes
from melpact.features.analysis import extract

NAME = "hifigan_22k"
DISTINCT = sorted({d.spec.fingerprint: name for name, d in dialects().items() if not d.asks}.values())


@lru_cache(maxsize=1)
def speech() -> Audio:
    clip = samples.load("it_noservice")
    return Audio.of(clip.samples[0, : 3 * clip.sample_rate], clip.sample_rate)


@lru_cache(maxsize=4)
def clean(name: str) -> Mel:
    return extract(speech(), name)


def predicted(mel: Mel, seed: int = 0) -> Mel:
    """The mel with the smooth error of a good model, 0.15 nat: a target's copy would be a leak."""
    from scipy.ndimage import gaussian_filter

    error = gaussian_filter(np.random.default_rng(seed).standard_normal(mel.values.shape), 2.0)
    return Mel(np.maximum(mel.values + 0.15 * error / error.std(), mel.spec.floor_value).astype(np.float32), mel.spec)


@pytest.mark.parametrize("name", list(probes()))
def test_a_probe_speaks_the_shared_words(name: str) -> None:
    probe = probes()[name]
    assert isinstance(probe, Probe)
    assert set(probe.codes) <= set(CODES)
    assert name in probe.codes


def test_every_word_has_a_probe() -> None:
    spoken = {code for probe in probes().values() for code in probe.codes}
    assert spoken == set(CODES) == set(faults())


@pytest.mark.parametrize("dose", [0, 1, 2])
@pytest.mark.parametrize("code", list(faults()))
def test_a_planted_fault_is_named_first_or_second(code: str, dose: int) -> None:
    fault, mel = faults()[code], clean(NAME)
    if not fault.applies(mel.spec):
        pytest.skip(f"{NAME} cannot have it")
    try:
        wrong = fault.inject(mel, fault.doses[dose], np.random.default_rng(5), speech())
    except ContractError as error:
        pytest.skip(str(error))
    found = examine(wrong, target=mel, audio=speech())
    assert {code, *fault.also} & {f.code for f in found[:2]}, [(f.code, f.weight) for f in found]
    for one in found:
        assert isinstance(one, Finding)
        assert one.sentence and one.remedy
        assert np.isfinite([one.measured, one.null]).all()


@pytest.mark.parametrize("name", DISTINCT)
def test_a_clean_mel_of_any_dialect_gives_no_finding(name: str) -> None:
    assert examine(extract(speech(), name)) == []


@pytest.mark.parametrize("name", [NAME, "vocos_24k", "pwg_24k", "whisper_16k_80", "rtvc_synth_16k"])
def test_a_clean_mel_with_its_sound_gives_no_finding(name: str) -> None:
    assert examine(extract(speech(), name), audio=speech()) == []


def test_a_good_prediction_with_its_target_gives_no_finding() -> None:
    assert examine(predicted(clean(NAME)), target=clean(NAME)) == []


@pytest.mark.parametrize("shape", ["quiet", "padded", "short"])
def test_quiet_padded_and_short_speech_gives_no_finding(shape: str) -> None:
    clip = speech()
    x, rate = clip.samples[0], clip.sample_rate
    rest = np.zeros(rate // 2, np.float32)
    made = {"quiet": 0.1 * x, "padded": np.concatenate([rest, x, rest]), "short": x[rate : 2 * rate]}[shape]
    for name in (NAME, "vocos_24k", dialect("pwg_24k").name):
        assert examine(extract(Audio.of(made, rate), name)) == []
