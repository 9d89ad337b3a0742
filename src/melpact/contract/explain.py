"""`explain`: a description in words a student understands, in the order of the computation, with
samples, ms and Hz.

Nothing here is measured on sound; readings of silence and of a full-scale tone follow from window and
filterbank.
"""

from __future__ import annotations

import cmath
import math
import textwrap

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import dialects, name_of
from melpact.contract.diff.limits import limits, linear_to_raw, silence_raw, tanh_error
from melpact.contract.diff.pair import figure, unit
from melpact.contract.filterbank import band_edges_hz, filterbank
from melpact.contract.scaling import (
    Affine,
    BandAffine,
    DynamicRange,
    NoScaling,
    Percentile,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
)
from melpact.contract.spec import MelSpec

_WIDTH = 100
_COSINES = {"hann": (0.5, 0.5, 0.0), "povey": (0.5, 0.5, 0.0), "hamming": (0.54, 0.46, 0.0)}
_COSINES |= {"blackman": (0.42, 0.5, 0.08), "ones": (1.0, 0.0, 0.0)}
_TONE_HZ = 1000.0


def explain(spec: MelSpec) -> str:
    """The description in plain words, wrapped at about 100 columns."""
    sections = (
        ("", _who(spec)),
        ("Sound", _sound(spec)),
        ("Frames", _frames(spec)),
        ("Spectrum", _spectrum(spec)),
        ("Bands", _bands(spec)),
        ("Values", _values(spec)),
        ("Scaling", _scaling(spec)),
        ("Readings", _readings(spec)),
        ("Weaknesses", " ".join(_sentence(w) for w in spec.weaknesses)),
        ("Cannot be undone", " ".join(_sentence(w) for w in _losses(spec))),
    )
    blocks = []
    for title, text in sections:
        if text:
            said = f"{title}: {text}" if title else text
            blocks.append(
                textwrap.fill(
                    said,
                    _WIDTH,
                    subsequent_indent="  " if title else "",
                    break_on_hyphens=False,
                    break_long_words=False,
                )
            )
    return "\n".join(blocks)


def tone_linear(spec: MelSpec, f_hz: float = _TONE_HZ) -> NDArray[np.float64]:
    """Linear mel before the floor of a steady full-scale sine, [n_mels]; its mirror image at -f is
    left out."""
    turn = 2j * math.pi * f_hz / spec.sample_rate
    n = np.arange(spec.win_length)
    amplitude = spec.waveform_scale * abs(1 - spec.preemphasis * cmath.exp(-turn)) / 2
    lines = amplitude * np.abs(np.fft.fft(_taper(spec) * np.exp(turn * n), spec.n_fft)[: spec.n_bins])
    power = lines**2
    if spec.epsilon_kind == "inside":
        power = power + spec.epsilon
    elif spec.epsilon_kind == "clamp":
        power = np.maximum(power, spec.epsilon)
    if spec.power == 2:
        return np.asarray(filterbank(spec) @ power)
    outside = spec.epsilon if spec.epsilon_kind == "outside" else 0.0
    return np.asarray(filterbank(spec) @ (np.sqrt(power) + outside))


def _taper(spec: MelSpec) -> NDArray[np.float64]:
    """The window, [win_length]: a sum of cosines (Harris, 1978), for Povey's to the power 0.85 (Kaldi)."""
    period = max(spec.win_length if spec.window_periodic else spec.win_length - 1, 1)
    turn = 2 * np.pi * np.arange(spec.win_length) / period
    a0, a1, a2 = _COSINES[spec.window]
    w = a0 - a1 * np.cos(turn) + a2 * np.cos(2 * turn)
    return np.asarray(np.maximum(w, 0.0) ** 0.85 if spec.window == "povey" else w)


def _who(spec: MelSpec) -> str:
    name = name_of(spec)
    if name is None:
        _, near = _relatives("", spec)
        text = f"A description without a name (fingerprint {spec.fingerprint})."
        return f"{text} The same analysis, other values: {', '.join(near)}." if near else text
    found = dialects()[name]
    text = f"{name}, the mel of {found.member.system} (fingerprint {spec.fingerprint})."
    same, scaled = _relatives(name, spec)
    if same:
        text += f" The same to the last field: {', '.join(same)}."
    if scaled:
        text += f" The same analysis, other values: {', '.join(scaled)}."
    return text


def _relatives(name: str, spec: MelSpec) -> tuple[list[str], list[str]]:
    known = [d for d in dialects().values() if d.name != name and not d.asks]
    same = [d.name for d in known if d.spec == spec]
    analysis = spec.analysis_fingerprint
    scaled = [d.name for d in known if d.name not in same and d.spec.analysis_fingerprint == analysis]
    return same, scaled


def _sound(spec: MelSpec) -> str:
    text = f"{spec.sample_rate} samples per second, from -1 to 1"
    if spec.waveform_scale != 1:
        text += f", multiplied by {figure(spec.waveform_scale, 7)}"
    text += "."
    if spec.preemphasis:
        where = "inside each frame" if spec.preemphasis_kind == "frame" else "over the whole signal"
        text += f" Pre-emphasis takes {figure(spec.preemphasis)} of the sample before from every sample, {where}."
    return text


def _frames(spec: MelSpec) -> str:
    text = (
        f"Every {_span(spec.hop_length, spec)} a frame of {_span(spec.win_length, spec)}, "
        f"{figure(spec.frame_rate_hz)} frames per second."
    )
    if spec.remove_dc:
        text += " Its mean is taken off."
    symmetry = "periodic" if spec.window_periodic else "symmetric"
    shape = "no window" if spec.window == "ones" else f"a {symmetry} {spec.window.capitalize()} window"
    text += f" It is weighted by {shape}"
    if spec.win_length < spec.n_fft:
        where = "in the middle of" if spec.window_placement == "centre" else "at the start of"
        text += f" and stands {where} {spec.n_fft} samples of the FFT, zeros around it"
    text += f". {_padding(spec)}"
    middle = ((spec.n_fft - spec.win_length) // 2 if spec.window_placement == "centre" else 0) + spec.win_length // 2
    centre = middle - spec.left_pad
    where = "on the first sample" if centre == 0 else f"{_span(abs(centre), spec)} {'into' if centre > 0 else 'before'}"
    text += f" The first frame is centred {where}{' the audio' if centre else ''}."
    if spec.drop_last:
        last = "frame is" if spec.drop_last == 1 else f"{spec.drop_last} frames are"
        text += f" The last {last} thrown away."
    return text + f" Ten seconds give {spec.frames(10 * spec.sample_rate)} frames."


def _padding(spec: MelSpec) -> str:
    modes = {
        "reflect": "a mirror image",
        "symmetric": "a mirror image with the edge repeated",
        "zero": "zeros",
    }
    with_ = f" of {modes.get(spec.pad_mode, f'the value {figure(spec.pad_value)}')}"
    if spec.padding == "none":
        return "The audio is not padded."
    if spec.padding in ("end", "nearest"):
        rule = "every hop has a frame" if spec.padding == "end" else "there is one frame per hop, rounded"
        left = f"{_span(spec.left_pad, spec)} before it and " if spec.left_pad else ""
        return f"The audio gets {left}as much behind it as is needed so that {rule}:{with_.removeprefix(' of')}."
    if spec.left_pad == spec.right_pad(0):
        return f"The audio gets {_span(spec.left_pad, spec)}{with_} on each side."
    sides = f"{_span(spec.left_pad, spec)} before and {_span(spec.right_pad(0), spec)} behind"
    return f"The audio gets {sides},{with_.removeprefix(' of')}."


def _spectrum(spec: MelSpec) -> str:
    kind = "magnitude" if spec.power == 1 else "power (squared magnitude)"
    text = f"The {kind} of {spec.n_bins} FFT bins, {figure(spec.sample_rate / spec.n_fft)} Hz apart."
    eps = figure(spec.epsilon)
    inside = " before the root" if spec.power == 1 else ""
    return (
        text
        + {
            "none": "",
            "inside": f" {eps} is added to the power{inside}, so that silence is not 0.",
            "outside": f" {eps} is added to the magnitude, so that silence is not 0.",
            "clamp": f" Powers below {eps} are raised to it{inside}.",
        }[spec.epsilon_kind]
    )


def _bands(spec: MelSpec) -> str:
    real = spec.sample_rate / spec.bank_sample_rate
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale) * real
    text = (
        f"{spec.n_mels} triangles from {figure(edges[0])} to {figure(edges[-1], 5)} Hz, evenly spaced on the "
        f"{'HTK' if spec.mel_scale == 'htk' else 'Slaney'} mel scale: the lowest is "
        f"{figure(edges[2] - edges[0])} Hz wide, the highest {figure(edges[-1] - edges[-3])} Hz."
    )
    if spec.mel_triangles == "mel":
        text += " Their sides are straight over mel, not over Hz."
    text += (
        " Each has area 1 over Hz (Slaney norm)."
        if spec.mel_norm == "slaney"
        else " Each has a peak of 1, so that wide bands read more."
    )
    if spec.bank_drops != "none":
        text += f" The {'Nyquist' if spec.bank_drops == 'nyquist' else 'DC'} bin counts for nothing."
    if spec.bank_sample_rate != spec.sample_rate:
        text += (
            f" The bank was built for {spec.bank_sample_rate} Hz audio: its {figure(spec.f_max, 5)} Hz "
            f"are {figure(spec.physical_f_max_hz, 5)} Hz of this audio."
        )
    return text


def _values(spec: MelSpec) -> str:
    floor = figure(spec.floor)
    first = {
        "none": "",
        "clamp": f"Values below {floor} are raised to {floor}",
        "add": f"{floor} is added to every value",
    }[spec.floor_kind]
    log = {
        "ln": "the natural logarithm is taken (nat)",
        "log10": "the decimal logarithm is taken (decades)",
        "db_amplitude": "20 log10 is taken (dB)",
        "db_power": "10 log10 is taken (dB)",
        "none": "no logarithm is taken: the values stay linear",
    }[spec.log]
    text = f"{first}; then {log}." if first else f"{log[0].upper()}{log[1:]}."
    if spec.log == "db_amplitude" and spec.power == 2:
        text += " 20 log10 of a power counts every dB twice."
    if spec.reference:
        text += f" {figure(spec.reference)} {unit(spec)} are subtracted."
    return text


def _scaling(spec: MelSpec) -> str:
    s, said = spec.scaling, unit(spec)
    if isinstance(s, Affine):
        return f"Every value times {figure(s.scale)}, plus {figure(s.shift)}."
    if isinstance(s, BandAffine):
        low, high = min(map(abs, s.scale)), max(map(abs, s.scale))
        return f"Each band has its own factor ({figure(low)} to {figure(high)}) and its own shift."
    if isinstance(s, Window | Percentile):
        pairs = ((s.low, s.out_low), (s.high, s.out_high))
        text = " and ".join(f"{figure(x)} {said} become {figure(y)}" for x, y in pairs)
        low, high = s.bounds()
        ends = [f"below {figure(low)}"] * math.isfinite(low) + [f"above {figure(high)}"] * math.isfinite(high)
        return f"{text}; what would lie {' or '.join(ends)} is clipped." if ends else f"{text}; nothing is clipped."
    if isinstance(s, Tanh):
        return (
            f"{figure(s.amplitude)} tanh of the distance from {figure(s.centre)} {said} in units of "
            f"{figure(s.width)}: never beyond ±{figure(s.amplitude)}."
        )
    if isinstance(s, DynamicRange):
        return (
            f"What lies more than {figure(s.range)} {said} below the loudest value of the utterance "
            f"is raised to that level; then plus {figure(s.shift)}, divided by {figure(s.divisor)}."
        )
    if isinstance(s, UtteranceMinMax):
        return f"The lowest value of an utterance becomes {figure(s.out_low)}, the highest {figure(s.out_high)}."
    if isinstance(s, UtteranceStandard):
        text = "In each utterance every band loses its mean over time"
        return f"{text}." if s.spread == "none" else f"{text} and is divided by its spread."
    return ""


def _readings(spec: MelSpec) -> str:
    raw = np.stack([silence_raw(spec), linear_to_raw(spec, tone_linear(spec))], axis=1)
    fixed = not spec.scaling.needs()
    values = spec.scaling.apply(raw) if fixed else raw
    low, high = (figure(float(x)) for x in (values[:, 0].min(), values[:, 0].max()))
    said = "" if fixed and not isinstance(spec.scaling, NoScaling) else f" {unit(spec)}" if spec.log != "none" else ""
    silence = f"{low}{said}" if low == high else f"{low} to {high}{said}, depending on the band"
    text = f"Digital silence reads {silence}"
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)
    real = spec.sample_rate / spec.bank_sample_rate
    if edges[0] * real < _TONE_HZ < min(edges[-1] * real, spec.sample_rate / 2):
        band = int(np.argmax(raw[:, 1]))
        text += (
            f"; a full-scale 1 kHz sine reads about {figure(float(values[band, 1]))}{said} "
            f"in its strongest band, number {band} (around {figure(edges[band + 1] * real)} Hz)"
        )
    return f"{text}." if fixed else f"{text}. Both before the scaling, which depends on the utterance."


def _losses(spec: MelSpec) -> list[str]:
    found = ["the phase", "how the energy is spread inside one band"]
    here = limits(spec)
    if here.floor > float(here.least.min()) and here.floor >= here.clip_low:
        found.append(f"anything quieter than the floor of {figure(here.floor)} (linear mel)")
    if here.added and here.blur:
        found.append(f"anything quieter than {figure(here.blur)} (linear mel), which drowns in float32")
    if here.clip_low > max(here.floor, float(here.least.min())):
        found.append(f"anything quieter than {_level(spec, here.clip_low)}, the lower clip")
    if math.isfinite(here.clip_high):
        found.append(f"anything louder than {_level(spec, here.clip_high)}, the upper clip")
    if spec.remove_dc:
        found.append("the mean of each frame")
    sentences = ["; ".join(found)]
    if isinstance(spec.scaling, DynamicRange):
        sentences.append(f"What lay more than {figure(spec.scaling.range)} {unit(spec)} below the loudest value is gone")
    elif spec.scaling.needs():
        needed = ", ".join(spec.scaling.needs())
        sentences.append(f"Without the utterance's own statistics ({needed}) the scaling cannot be undone either")
    if isinstance(spec.scaling, Tanh):
        sentences.append(f"Float32 brings the outermost values back only to {figure(tanh_error(spec))} {unit(spec)}")
    return sentences


def _level(spec: MelSpec, linear: float) -> str:
    raw = float(linear_to_raw(spec, np.array([linear]))[0])
    return f"{figure(raw)} {unit(spec)}"


def _span(samples: int, spec: MelSpec) -> str:
    return f"{_count(samples, 'sample')} ({1000 * samples / spec.sample_rate:.1f} ms)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
