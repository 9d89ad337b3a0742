"""The rules of `diff` for the grid a mel stands on: waveform, framing, spectrum and filterbank.

Each takes a `Pair` and gives a kind with one sentence. None of these differences can be undone on the
values; what is "same" here is spelled differently. The rules for values are in `value_rules`.
"""

from __future__ import annotations

import cmath
import math

import numpy as np
from numpy.typing import NDArray

from melpact.contract.diff.pair import Pair, Verdict, figure
from melpact.contract.filterbank import band_edges_hz, filterbank
from melpact.contract.spec import MelSpec


def centres_hz(spec: MelSpec) -> NDArray[np.float64]:
    """Centre frequencies of the bands in Hz of the audio, [n_mels]."""
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)
    return np.asarray(edges[1:-1] * (spec.sample_rate / spec.bank_sample_rate))


def physical_f_min_hz(spec: MelSpec) -> float:
    """`f_min` in Hz of the audio."""
    return spec.f_min * spec.sample_rate / spec.bank_sample_rate


def sample_rate(p: Pair) -> Verdict:
    nyquist = p.a.sample_rate / 2
    beyond = int(np.count_nonzero(centres_hz(p.b) > nyquist))
    if beyond > 1:
        return "impossible", (
            f"{beyond} of {p.b.n_mels} bands of the target lie above {figure(nyquist)} Hz, "
            f"half of this mel's sample rate: its audio holds nothing there"
        )
    periods = [1000 * s.hop_length / s.sample_rate for s in (p.a, p.b)]
    return (
        "lossy",
        f"another clock: a frame every {periods[0]:.4g} ms here and every {periods[1]:.4g} ms there",
    )


def preemphasis(p: Pair) -> Verdict:
    if p.a.preemphasis == p.b.preemphasis:
        if "frame" in (p.a.preemphasis_kind, p.b.preemphasis_kind):
            return (
                "lossy",
                "the same filter, over the whole signal in the one and inside each frame in the other",
            )
        return "lossy", "only the first sample differs: frames that read it"
    low, high = (_tilt_db(p.b, f) - _tilt_db(p.a, f) for f in (100.0, p.a.sample_rate / 2))
    return (
        "lossy",
        f"tilts the spectrum: {low:+.1f} dB at 100 Hz and {high:+.1f} dB at the top; phases are gone",
    )


def _tilt_db(spec: MelSpec, f_hz: float) -> float:
    return 20 * math.log10(abs(1 - spec.preemphasis * cmath.exp(-2j * math.pi * f_hz / spec.sample_rate)))


def remove_dc(p: Pair) -> Verdict:
    spread = 2 * p.a.sample_rate / p.a.win_length
    return (
        "lossy",
        f"each frame's mean moves the bands below about {figure(spread)} Hz, by an amount that is not kept",
    )


def n_fft(p: Pair) -> Verdict:
    bins = [s.bank_sample_rate / s.n_fft for s in (p.a, p.b)]
    return (
        "lossy",
        f"FFT bins {figure(bins[0])} Hz apart here and {figure(bins[1])} Hz there: other bins in every band",
    )


def win_length(p: Pair) -> Verdict:
    spans = [1000 * s.win_length / s.sample_rate for s in (p.a, p.b)]
    return "lossy", f"each frame sees {spans[0]:.4g} ms here and {spans[1]:.4g} ms there"


def hop_length(p: Pair) -> Verdict:
    rates = [s.frame_rate_hz for s in (p.a, p.b)]
    return "lossy", f"{figure(rates[0])} frames per second here and {figure(rates[1])} there"


def window(p: Pair) -> Verdict:
    return "lossy", "another weight for every sample of a frame: other leakage between bins"


def window_periodic(p: Pair) -> Verdict:
    if p.a.window == p.b.window == "ones":
        return "same", "a rectangular window is the same either way"
    return (
        "lossy",
        f"a period of {p.a.win_length} samples or of one less: small, but in every frame",
    )


def window_placement(p: Pair) -> Verdict:
    if all(s.win_length == s.n_fft for s in (p.a, p.b)):
        return "same", "the window fills n_fft: there is nothing to place"
    shift = (p.a.n_fft - p.a.win_length) // 2
    return (
        "lossy",
        f"the window stands {shift} samples ({_ms(shift, p.a)} ms) further along in n_fft when centred",
    )


def padding(p: Pair) -> Verdict:
    other = _padded_like(p)
    here, there = _frame_counts(p.a), _frame_counts(other)
    if here == there and p.a.left_pad == other.left_pad:
        return (
            "same",
            f"spelled differently: {p.a.left_pad} samples before the audio and the same frames in both",
        )
    parts = []
    shift = p.a.left_pad - other.left_pad
    if shift:
        half = "half a hop, " if 2 * abs(shift) == p.a.hop_length else ""
        way = "later" if shift > 0 else "earlier"
        parts.append(f"frames sit {half}{abs(shift)} samples ({_ms(abs(shift), p.a)} ms) {way}")
    changes = sorted({t - h for h, t in zip(here, there, strict=True)})
    if changes != [0]:
        parts.append(" or ".join(_more_or_fewer(c) for c in changes))
    return "lossy", "; ".join(parts)


def _padded_like(p: Pair) -> MelSpec:
    names = ("padding", "pad_mode", "pad_value", "pad_left", "pad_right")
    return p.a.replace_quietly(**{name: getattr(p.b, name) for name in names})


def _frame_counts(spec: MelSpec) -> list[int]:
    start = 100 * spec.hop_length + spec.n_fft
    return [spec.frames(n) for n in range(start, start + spec.hop_length)]


def _more_or_fewer(change: int) -> str:
    count = {1: "one frame", 0: "as many frames"}.get(abs(change), f"{abs(change)} frames")
    return count + (" more" if change > 0 else " fewer" if change < 0 else "")


def pad_mode(p: Pair) -> Verdict:
    modes = [(s.pad_value if s.pad_mode == "constant" else 0.0) for s in (p.a, p.b)]
    plain = all(s.pad_mode in ("zero", "constant") for s in (p.a, p.b))
    if plain and modes[0] * p.b.waveform_scale == modes[1] * p.a.waveform_scale:
        return "same", "spelled differently: the same constant"
    touched = [edge_frames(s) for s in (p.a, p.b)]
    if touched == [(0, 0), (0, 0)]:
        return "same", "no frame reads any padding"
    first, last = (max(t[i] for t in touched) for i in (0, 1))
    return "lossy", f"only the first {first} and last {last} frames see it"


def edge_frames(spec: MelSpec) -> tuple[int, int]:
    """How many frames at the start and at the end read padding through the window (for audio of whole
    hops)."""
    n_samples = 100 * spec.hop_length + spec.n_fft // spec.hop_length * spec.hop_length
    frames = spec.frames(n_samples)
    offset = 0 if spec.window_placement == "start" else (spec.n_fft - spec.win_length) // 2
    starts = np.arange(frames) * spec.hop_length + offset
    first = int(np.count_nonzero(starts < spec.left_pad))
    last = int(np.count_nonzero(starts + spec.win_length > spec.left_pad + n_samples))
    return first, last


def n_mels(p: Pair) -> Verdict:
    spacings = [
        float(np.interp(1000.0, c[:-1], np.diff(c))) if c.size > 1 else math.nan for c in map(centres_hz, (p.a, p.b))
    ]
    return (
        "lossy",
        f"bands lie {figure(spacings[0])} Hz apart near 1 kHz here and {figure(spacings[1])} Hz there",
    )


def f_min(p: Pair) -> Verdict:
    ours, theirs = physical_f_min_hz(p.a), physical_f_min_hz(p.b)
    if math.isclose(ours, theirs, abs_tol=1e-9):
        return "same", f"both start at {figure(ours)} Hz of the audio"
    below = int(np.count_nonzero(centres_hz(p.b) < ours))
    if below:
        lie = "bands of the target lie" if below > 1 else "bands of the target lies"
        return "impossible" if below > 1 else "lossy", (
            f"{below} of {p.b.n_mels} {lie} below {figure(ours)} Hz, where this mel holds nothing"
        )
    return "lossy", f"the target starts at {figure(theirs)} Hz{_moved_centres(p, 'f_min')}"


def f_max(p: Pair) -> Verdict:
    ours, theirs = p.a.physical_f_max_hz, p.b.physical_f_max_hz
    if math.isclose(ours, theirs):
        return "same", f"both reach {figure(ours)} Hz of the audio"
    return _beyond(p) or (
        "lossy",
        f"the target ends at {figure(theirs)} Hz, within this mel{_moved_centres(p, 'f_max')}",
    )


def _beyond(p: Pair) -> Verdict | None:
    ours = p.a.physical_f_max_hz
    above = int(np.count_nonzero(centres_hz(p.b) > ours))
    if not above:
        return None
    lie = "bands of the target lie" if above > 1 else "bands of the target lies"
    return "impossible" if above > 1 else "lossy", (
        f"{above} of {p.b.n_mels} {lie} above {figure(ours)} Hz, where this mel holds nothing"
    )


def mel_scale(p: Pair) -> Verdict:
    return "lossy", f"the bands lie elsewhere{_moved_centres(p, 'mel_scale')}"


def bank_sample_rate(p: Pair) -> Verdict:
    if p.a.sample_rate / p.a.bank_sample_rate == p.b.sample_rate / p.b.bank_sample_rate:
        return "same", "each bank believes in the rate of its own audio"
    if p.a.f_max == p.b.f_max and (beyond := _beyond(p)) and beyond[0] == "impossible":
        return beyond
    apart = ""
    if p.a.n_mels == p.b.n_mels:
        apart = f", up to {figure(float(np.abs(centres_hz(p.a) - centres_hz(p.b)).max()))} Hz apart in all"
    return "lossy", (
        f"the bank takes {p.a.sample_rate} Hz audio for {p.a.bank_sample_rate} Hz here "
        f"and {p.b.sample_rate} Hz audio for {p.b.bank_sample_rate} Hz there: the bands lie elsewhere{apart}"
    )


def _moved_centres(p: Pair, name: str) -> str:
    """How far this one field moves the bands, with everything else as it is here."""
    scale = p.a.sample_rate / p.a.bank_sample_rate
    ends = {n: getattr(p.a, n) for n in ("f_min", "f_max", "mel_scale")}
    value = getattr(p.b, name)
    if name != "mel_scale":
        value *= p.b.sample_rate / p.b.bank_sample_rate / scale
    moved = {**ends, name: value}
    if moved["f_min"] >= moved["f_max"]:
        return ""
    here, there = (band_edges_hz(p.a.n_mels, e["f_min"], e["f_max"], e["mel_scale"])[1:-1] * scale for e in (ends, moved))
    return f" (band centres up to {figure(float(np.abs(here - there).max()))} Hz apart)"


def bank_drops(p: Pair) -> Verdict:
    kept, dropped = (filterbank(p.a.replace_quietly(bank_drops=s.bank_drops)) for s in (p.a, p.b))
    peak = float(max(kept.max(), dropped.max()))
    changed = np.abs(kept - dropped) > 1e-12 * peak
    if not changed.any():
        return "same", "no band reaches the dropped bin"
    bands = int(np.count_nonzero(changed.any(axis=1)))
    return "lossy", (
        f"{bands} band{'s' if bands > 1 else ''} change{'' if bands > 1 else 's'} by one bin with up to "
        f"{figure(float(np.abs(kept - dropped).max()) / peak)} of the peak weight"
    )


def mel_triangles(p: Pair) -> Verdict:
    one, other = (filterbank(p.a.replace_quietly(mel_norm="none", mel_triangles=s.mel_triangles)) for s in (p.a, p.b))
    return (
        "lossy",
        f"filter weights differ by up to {figure(float(np.abs(one - other).max()), 2)} of the peak",
    )


def _ms(samples: int, spec: MelSpec) -> str:
    return f"{1000 * samples / spec.sample_rate:.1f}"
