"""The torch mel against the float64 oracle and the production engine, in every dialect, and its gradients.

In natural-log units on speech-like sound: in float64 within 1e-9 of the oracle, in float32 within 2e-3, and 1e-5 on average,
of the engine.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from laws.signals import errors, speech
from melpact.contract.dialect import dialects
from melpact.contract.scaling import (
    BandAffine,
    DynamicRange,
    NoScaling,
    Percentile,
    Scaling,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
    measure,
)
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioError, AudioTooShort
from melpact.features.analysis import analyse
from melpact.features.oracle import oracle, oracle_raw
from test_parity_engine import FORMS, NAMES, spec_of

torch = pytest.importorskip("torch")

from melpact.nn.mel import MelSpectrogram  # noqa: E402

SECONDS = 1.9

TINY = MelSpec(
    sample_rate=8000, n_fft=16, hop_length=4, padding="centre", pad_mode="reflect", power=1, n_mels=3, mel_scale="htk",
    mel_norm="none", log="ln", floor=1e-3, floor_kind="clamp", f_min=300.0,
)  # fmt: skip

SCALINGS: list[Scaling] = [
    BandAffine(scale=(0.5, 2.0, -1.0), shift=(1.0, 0.0, -1.0)),
    Window.clipping(-4.0, 2.0, -1.0, 1.0),
    Window(low=-4.0, high=2.0, clip_low=0.25),
    Percentile(low=-3.0, high=1.0),
    Percentile(low=-3.0, high=1.0, clip=False),
    Tanh(centre=-1.0, width=2.0, amplitude=4.0),
    DynamicRange(range=2.0),
    UtteranceMinMax(out_low=-1.0),
    UtteranceStandard(),
    UtteranceStandard(spread="added", epsilon=1e-5, ddof=1),
    UtteranceStandard(spread="inside", epsilon=1e-5),
]

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "power": {"power": 2},
    "epsilon inside": {"epsilon": 1e-6, "epsilon_kind": "inside"},
    "epsilon outside": {"epsilon": 1e-3, "epsilon_kind": "outside"},
    "epsilon clamped": {"epsilon": 1e-6, "epsilon_kind": "clamp"},
    "floor added": {"floor_kind": "add"},
    "decibels": {"log": "db_amplitude", "reference": 20.0},
    "linear": {"log": "none", "floor": 0.0, "floor_kind": "none"},
    "filter": {"preemphasis": 0.9, "preemphasis_kind": "filter"},
    "filter, mirrored start": {"preemphasis": 0.9, "preemphasis_kind": "filter_reflect"},
    "Kaldi": {
        "preemphasis": 0.97, "preemphasis_kind": "frame", "remove_dc": True, "window": "povey", "window_periodic": False,
        "window_placement": "start", "win_length": 12, "padding": "nearest", "pad_mode": "symmetric",
        "waveform_scale": 32768.0, "power": 2, "mel_triangles": "mel", "bank_drops": "nyquist",
    },
    "constant edge": {"padding": "explicit", "pad_mode": "constant", "pad_value": 0.1, "pad_left": 3, "pad_right": 5},
    "end": {"padding": "end", "pad_mode": "zero"},
    "no edge": {"padding": "none", "pad_mode": "none", "win_length": 10, "window": "blackman"},
    "another bank": {"bank_sample_rate": 7000, "f_max": 3000.0, "mel_scale": "slaney", "mel_norm": "slaney", "drop_last": 1},
}  # fmt: skip


def tiny(change: str, scaling: Scaling | None = None) -> MelSpec:
    return TINY.replace_quietly(**CHANGES[change], scaling=scaling or NoScaling())


def batch(count: int, n_samples: int, seed: int = 3) -> np.ndarray:
    return 0.3 * np.random.default_rng(seed).standard_normal((count, n_samples))


@pytest.mark.parametrize("label", NAMES + FORMS)
def test_every_dialect_equals_the_oracle_and_the_engine(label: str) -> None:
    spec = spec_of(label)
    x = speech(spec.sample_rate, SECONDS)
    raw = oracle_raw(x, spec)
    want = spec.scaling.apply(raw, measure([raw]) if spec.scaling.needs() else {})
    module = MelSpectrogram(spec)
    with torch.no_grad():
        single = module(torch.tensor(x)[None])
        double = module.double()(torch.tensor(x, dtype=torch.float64)[None])
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert errors(double[0].numpy(), want, raw, spec)[0] <= 1e-9
    engine, _ = analyse(x, spec)
    worst, mean = errors(single[0].numpy(), engine.astype(np.float64), raw, spec)
    assert worst <= 2e-3
    assert mean <= 1e-5


@pytest.mark.parametrize("label", NAMES)
def test_silence_is_the_floor_and_its_gradient_is_finite(label: str) -> None:
    spec = spec_of(label)
    count = spec.min_samples() + 3 * spec.hop_length
    x = torch.zeros(1, count, requires_grad=True)
    mel = MelSpectrogram(spec)(x)
    np.testing.assert_allclose(mel[0].detach().numpy(), oracle(np.zeros(count), spec), rtol=2e-6, atol=2e-5)
    mel.square().sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("change", CHANGES)
def test_every_field_equals_the_oracle_item_by_item(change: str) -> None:
    spec = tiny(change, UtteranceMinMax())
    x = batch(3, 57)
    got = MelSpectrogram(spec).double()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, np.stack([oracle(item, spec) for item in x]), atol=1e-11)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("count", [13, 20, 41])
def test_an_edge_longer_than_the_sound_turns_round_at_its_end(mode: str, count: int) -> None:
    spec = TINY.replace_quietly(padding="explicit", pad_mode=mode, pad_left=12, pad_right=40)
    x = batch(2, count)
    got = MelSpectrogram(spec).double()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, np.stack([oracle(item, spec) for item in x]), atol=1e-11)


@pytest.mark.parametrize("scaling", SCALINGS, ids=lambda s: s.kind)
def test_every_scaling_equals_its_arithmetic_item_by_item(scaling: Scaling) -> None:
    spec = tiny("as it is", scaling)
    x = batch(3, 57) * np.array([[1.0], [0.1], [3.0]])
    got = MelSpectrogram(spec).double()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, np.stack([oracle(item, spec) for item in x]), atol=1e-11)


@pytest.mark.parametrize("change", CHANGES)
def test_gradients_are_the_differences_quotients(change: str) -> None:
    module = MelSpectrogram(tiny(change)).double()
    x = torch.from_numpy(batch(2, 23)).requires_grad_()
    assert torch.autograd.gradcheck(module, (x,), eps=1e-7, atol=1e-4)


@pytest.mark.parametrize("scaling", SCALINGS, ids=lambda s: s.kind)
def test_gradients_go_through_every_scaling(scaling: Scaling) -> None:
    module = MelSpectrogram(tiny("as it is", scaling)).double()
    x = torch.from_numpy(batch(2, 23)).requires_grad_()
    assert torch.autograd.gradcheck(module, (x,), eps=1e-7, atol=1e-4)
    for floor_kind in ("clamp", "add"):  # a clamp's gradient of 0 hides what comes from behind it
        module = MelSpectrogram(tiny("as it is", scaling).replace_quietly(floor_kind=floor_kind)).double()
        silent = torch.zeros(1, 23, dtype=torch.float64, requires_grad=True)
        module(silent).square().sum().backward()
        assert torch.isfinite(silent.grad).all()


def test_descent_through_the_mel_finds_a_sound_of_that_mel() -> None:
    """The mean squared distance of mels falls to a twentieth from quiet noise: the gradient points where it should."""
    spec = TINY.replace_quietly(n_fft=64, win_length=64, hop_length=16, n_mels=8)
    module = MelSpectrogram(spec)
    tone = torch.sin(2 * np.pi * 0.07 * torch.arange(256.0))
    target = (tone * torch.hann_window(256))[None] + torch.from_numpy(0.05 * batch(1, 256, 4)).float()
    x = torch.from_numpy(0.1 * batch(1, 256)).float().requires_grad_()
    with torch.no_grad():
        want = module(target)
        before = (module(x) - want).square().mean()
    descent = torch.optim.Adam([x], lr=0.01)
    for _ in range(300):
        descent.zero_grad()
        (module(x) - want).square().mean().backward()
        descent.step()
    assert (module(x) - want).square().mean() < 0.05 * before


def test_tables_made_in_float32_are_exact_after_double() -> None:
    """Widened float32 tables would be off by 6e-8; there and back loses nothing, and no table is in the state dict."""
    spec = spec_of("hifigan_22k")
    x = torch.tensor(speech(22050, SECONDS), dtype=torch.float64)[None, :8000]
    there = MelSpectrogram(spec).double()
    again = copy.deepcopy(there).float().to(torch.bfloat16).double()
    want = oracle(x[0].numpy(), spec)
    assert np.abs(there(x)[0].numpy() - want).max() <= 1e-10
    assert torch.equal(there(x), again(x))
    assert there.state_dict() == {}


def test_sixteen_bit_modules_and_autocast_compute_in_float32() -> None:
    module = MelSpectrogram(spec_of("hifigan_22k"))
    x = torch.tensor(speech(22050, SECONDS))[None, :8000]
    want = module(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(module(x), want)
    coarse = copy.deepcopy(module).to(torch.bfloat16)(x)
    assert coarse.dtype == torch.float32 and torch.equal(coarse, want)


def test_the_module_follows_a_device_without_numbers() -> None:
    """On "meta" there are shapes only: a table left on the CPU would be refused by the transform or the product."""
    for name in ("hifigan_22k", "kaldi_fbank", "whisper_16k_80", "pwg_22k"):
        spec = spec_of(name)
        module = MelSpectrogram(spec).to("meta")
        assert all(buffer.is_meta for buffer in module.buffers())
        assert module(torch.empty(2, 16000, device="meta")).shape == (2, spec.n_mels, spec.frames(16000))


def test_a_transform_in_float64_holds_what_float32_drowns() -> None:
    """Quiet speech on a loud offset: a float32 transform is off by more than a tenth there, a float64 one by no more than
    its result rounds."""
    spec = spec_of("vocos_24k")
    x = (0.9 + 1e-4 * speech(24000, SECONDS).astype(np.float64)).astype(np.float32)
    want = oracle(x, spec)
    rough, fine = (
        np.abs(MelSpectrogram(spec, precise)(torch.tensor(x)[None])[0].numpy() - want) for precise in (False, True)
    )
    assert rough.max() > 0.1
    assert fine.max() < 1e-5


@pytest.mark.parametrize(
    ("samples", "error"),
    [
        (torch.zeros(400), AudioError),
        (torch.zeros(1, 1, 400), AudioError),
        (torch.zeros(1, 400, dtype=torch.int16), AudioError),
        (torch.zeros(1, 8), AudioTooShort),
    ],
    ids=["no batch", "channels", "integers", "too short"],
)
def test_what_is_not_a_batch_of_samples_is_refused(samples: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        MelSpectrogram(TINY)(samples)


def test_every_record_was_compared() -> None:
    assert len(NAMES) == len(dialects()) - 1 and any(f.startswith("dac_loss_44k:") for f in FORMS)
