"""The nets have no holes: one fact of a dialect, changed a little, moves the mel beyond its parity limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from laws.signals import speech
from melpact.contract.dialect import dialects
from melpact.contract.filterbank import filterbank
from melpact.contract.spec import MelSpec
from melpact.features.oracle import oracle_raw

FAMILIES = sorted({d.family_name for d in dialects().values()})
# Well above what `test_parity_packages` lets pass: 1e-9 for its float64 recipes, 1e-3 for Kaldi's kind in
# float32.
MOVES_BY, KALDI_MOVES_BY = 1e-6, 3e-3
LOGS = {"ln": "log10", "log10": "ln", "db_amplitude": "db_power", "db_power": "db_amplitude"}


def mutations(spec: MelSpec) -> Iterator[tuple[str, dict]]:
    """(name, changed fields), each a mistake that somebody has made."""
    if spec.log != "none":
        yield "log base", {"log": LOGS[spec.log]}
        yield "clamp or add", {"floor_kind": "add" if spec.floor_kind == "clamp" else "clamp"}
        if _floor_is_reached(spec):
            yield "floor", {"floor": spec.floor * 1.1}
    if spec.padding in ("centre", "same"):
        sides = {"padding": "explicit", "pad_left": spec.left_pad + 1, "pad_right": spec.left_pad - 1}
        yield "one sample later", sides
        yield "zero or reflect", {"pad_mode": "reflect" if spec.pad_mode == "zero" else "zero"}
        other = "same" if spec.padding == "centre" else "centre"
        yield "half a hop", {"padding": other}
    yield "area norm", {"mel_norm": "none" if spec.mel_norm == "slaney" else "slaney"}
    yield "mel scale", {"mel_scale": "htk" if spec.mel_scale == "slaney" else "slaney"}
    yield "triangles", {"mel_triangles": "mel" if spec.mel_triangles == "hz" else "hz"}
    yield "window symmetry", {"window_periodic": not spec.window_periodic}
    yield "window", {"window": "hamming" if spec.window != "hamming" else "hann"}
    if spec.epsilon_kind == "none" or spec.power == 2:
        yield "power", {"power": 3 - spec.power}
    yield "hop", {"hop_length": spec.hop_length - 1}
    yield (
        "window length",
        {"win_length": spec.win_length - 2, "hop_length": min(spec.hop_length, spec.win_length - 2)},
    )
    yield "highest frequency", {"f_max": spec.f_max * 0.99}
    yield "lowest frequency", {"f_min": spec.f_min + 20.0}
    yield "one band less", {"n_mels": spec.n_mels - 1}
    if spec.preemphasis:
        yield "pre-emphasis", {"preemphasis": 0.95}
    if spec.remove_dc:
        yield "DC", {"remove_dc": False}


def _floor_is_reached(spec: MelSpec) -> bool:
    """Not where the epsilon alone lies above it in every band (VITS, RVC): then no sound can tell."""
    return bool((spec.epsilon ** (spec.power / 2) * filterbank(spec).sum(axis=1) < spec.floor).any())


def distance(spec: MelSpec, other: MelSpec, x: np.ndarray) -> float:
    """Largest difference over the frames that both have, in ln units or relative to the loudest value."""
    a, b = oracle_raw(x, spec), oracle_raw(x, other)
    if a.shape[0] != b.shape[0] or a.shape[1] != b.shape[1]:
        frames, bands = min(a.shape[1], b.shape[1]), min(a.shape[0], b.shape[0])
        a, b = a[:bands, :frames], b[:bands, :frames]
    unit = spec.log_gain or float(a.max())
    return float(np.abs(a - b).max() / unit)


@pytest.mark.parametrize("head", FAMILIES)
def test_no_fact_can_change_unseen(head):
    spec = dialects()[head].family.spec
    x = speech(spec.sample_rate)[round(1.2 * spec.sample_rate) : round(1.9 * spec.sample_rate)]  # 0.3 s of it are silent
    limit, unseen = KALDI_MOVES_BY if spec.window_placement == "start" else MOVES_BY, {}
    for name, changes in mutations(spec):
        moved = distance(spec, spec.replace_quietly(**changes), x)
        if moved <= limit:
            unseen[name] = moved
    assert not unseen, f"{head}: these changes would pass: {unseen}"
