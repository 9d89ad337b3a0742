"""The values that programs use, field by field, and the steps that the search takes from one description to others.

Each step is a mapping of changed fields; whether it helps is for `search` to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError

Change = dict[str, Any]

RATES = (16000, 22050, 24000, 44100, 48000, 32000, 8000, 40000, 20000, 12000, 11025)
HOPS = (
    64, 80, 100, 110, 120, 125, 128, 150, 160, 180, 192, 200, 220, 221, 240, 250, 256, 275, 276, 300, 320, 360, 384,
    400, 441, 480, 500, 512, 551, 600, 640, 720, 735, 768, 800, 882, 960, 1000, 1024, 1200,
)  # fmt: skip
F_MIN = (
    0.0, 10.0, 20.0, 25.0, 27.5, 30.0, 40.0, 45.0, 50.0, 55.0, 60.0, 64.0, 65.0, 70.0, 75.0, 80.0, 85.0, 90.0, 95.0,
    100.0, 110.0, 120.0, 125.0, 133.0, 150.0, 200.0, 300.0,
)  # fmt: skip
F_MAX = (
    3400.0, 3600.0, 3700.0, 3800.0, 4000.0, 5000.0, 5500.0, 6000.0, 6500.0, 6800.0, 7000.0, 7500.0, 7600.0, 7700.0,
    7800.0, 7900.0, 8000.0, 8500.0, 9000.0, 9500.0, 10000.0, 10500.0, 11000.0, 11025.0, 11500.0, 12000.0, 13000.0,
    14000.0, 15000.0, 16000.0, 17000.0, 18000.0, 19000.0, 20000.0, 22000.0, 22050.0, 24000.0,
)  # fmt: skip
SIZES = (256, 320, 400, 512, 640, 800, 960, 1024, 1100, 1102, 1200, 1280, 1536, 1600, 1764, 1920, 2048, 2400, 3072, 4096)
WINS = (*SIZES, 240, 480, 551, 552, 600, 720, 882, 1000, 1103, 1104, 2000, 2205, 2206, 1323)
PREEMPHASIS = (0.0, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
WINDOWS = ("hann", "hamming", "povey", "blackman", "ones")
EPSILONS = (
    ("none", 0.0), ("inside", 1e-10), ("inside", 1e-9), ("inside", 1e-8), ("inside", 2e-7), ("inside", 1e-6),
    ("inside", 1e-5), ("outside", 1e-9), ("clamp", 1e-10), ("clamp", 1e-8), ("clamp", 1e-7),
)  # fmt: skip
PADDINGS = (
    ("centre", "reflect"), ("same", "reflect"), ("centre", "zero"), ("same", "zero"), ("none", "none"), ("centre",
    "symmetric"), ("same", "symmetric"), ("end", "zero"), ("nearest", "symmetric"),
)  # fmt: skip


def changed(spec: MelSpec, change: Change) -> MelSpec | None:
    """The description with that change; None where the fields then contradict each other or nothing changes."""
    if all(getattr(spec, name) == value for name, value in change.items()):
        return None
    try:
        return spec.replace_quietly(**change)
    except MelpactError:
        return None


def framed(spec: MelSpec, rate: int, hop: int) -> MelSpec | None:
    """The description at another rate and hop; sizes in samples stay where they can, f_max stays or follows Nyquist."""
    change: Change = {"sample_rate": rate, "hop_length": hop}
    if rate != spec.sample_rate:
        bank = rate if spec.bank_sample_rate == spec.sample_rate else spec.bank_sample_rate
        top = rate / 2 if spec.f_max == spec.bank_sample_rate / 2 else min(spec.f_max, bank / 2)
        change |= {"bank_sample_rate": bank, "f_max": top}
    if hop > spec.win_length:
        change |= {"win_length": hop, "n_fft": max(spec.n_fft, hop + hop % 2)}
    return spec if (rate, hop) == (spec.sample_rate, spec.hop_length) else changed(spec, change)


def sizes(s: MelSpec) -> Iterator[Change]:
    """FFT and window lengths together."""
    own = (4 * s.hop_length, 5 * s.hop_length, round(0.05 * s.sample_rate), 1000)
    for n in dict.fromkeys((s.n_fft, *SIZES)):
        if s.hop_length <= n and s.n_fft / 4.1 <= n <= 4.1 * s.n_fft:
            for win in dict.fromkeys((n, s.win_length, *own)):
                if s.hop_length <= win <= n:
                    yield {"n_fft": n, "win_length": win}


def spans(s: MelSpec) -> Iterator[Change]:
    """Other FFT lengths with a window as long, or as long as it is now: few, to see which beginnings are worth refining."""
    for n in (512, 800, 1024, 1200, 1536, 2048, 2400, 4096):
        if max(s.hop_length, s.n_fft / 2.1) <= n <= 2.1 * s.n_fft:
            yield {"n_fft": n, "win_length": n}
    for win in (s.n_fft // 2, 3 * s.n_fft // 4):
        if win >= s.hop_length:
            yield {"win_length": win}


def windows(s: MelSpec) -> Iterator[Change]:
    """Shape and length of the window together: a long narrow one is much like a short wide one."""
    own = (4 * s.hop_length, 5 * s.hop_length, round(0.05 * s.sample_rate), round(0.025 * s.sample_rate), s.n_fft)
    lengths = [w for w in dict.fromkeys((s.win_length, *WINS, *own)) if max(s.hop_length, s.n_fft / 5) <= w <= s.n_fft]
    for name in WINDOWS:
        for win in lengths:
            yield {"window": name, "win_length": win}


def symmetry(s: MelSpec) -> Iterator[Change]:
    """Periodic or symmetric."""
    yield {"window_periodic": not s.window_periodic}


def edges(s: MelSpec) -> Iterator[Change]:
    """Either edge, finely, then both near where they are."""
    half = s.bank_sample_rate / 2
    for low in F_MIN:
        yield {"f_min": low}
    for top in (*F_MAX, half):
        if top <= half:
            yield {"f_max": top}


def corners(s: MelSpec) -> Iterator[Change]:
    """Both edges together, finely, for what the single ones leave."""
    half = s.bank_sample_rate / 2
    tops = [t for t in dict.fromkeys((*F_MAX, half)) if t <= half and 0.7 * s.f_max <= t <= 1.4 * s.f_max]
    for low in F_MIN:
        if abs(low - s.f_min) <= 60.0:
            for top in tops:
                yield {"f_min": low, "f_max": top}


def shapes(s: MelSpec) -> Iterator[Change]:
    """What is forgiven by an offset per band, or hides behind the power: norm, power, pre-emphasis."""
    for power in (s.power, 3 - s.power):
        for norm in ("slaney", "none"):
            for scale in ("slaney", "htk"):
                yield {"power": power, "mel_norm": norm, "mel_scale": scale}


def powers(s: MelSpec) -> Iterator[Change]:
    """The other power."""
    yield {"power": 3 - s.power}


def emphases(s: MelSpec) -> Iterator[Change]:
    """Pre-emphasis with either norm."""
    kind = s.preemphasis_kind if s.preemphasis else "frame" if s.window_placement == "start" else "filter"
    for norm in (s.mel_norm, "none" if s.mel_norm == "slaney" else "slaney"):
        for c in PREEMPHASIS:
            yield {"mel_norm": norm, "preemphasis": c, "preemphasis_kind": kind if c else "none"}


def details(s: MelSpec) -> Iterator[Change]:
    """Small steps: DC, triangles, dropped bins, the bank's own rate, the epsilon, the kind of pre-emphasis."""
    yield {"remove_dc": not s.remove_dc}
    yield {"mel_triangles": "mel" if s.mel_triangles == "hz" else "hz"}
    for drops in ("none", "nyquist", "dc"):
        yield {"bank_drops": drops}
    for rate in (s.sample_rate, 16000, 22050, 24000):
        yield {"bank_sample_rate": rate, "f_max": min(s.f_max, rate / 2)}
    for kind, eps in EPSILONS:
        yield {"epsilon": eps, "epsilon_kind": kind}
    if s.preemphasis:
        for kind in ("filter", "frame"):
            yield {"preemphasis_kind": kind}
    for place in ("centre", "start"):
        yield {"window_placement": place}
