"""DNSMOS: predicted opinions on speech without an original, by the weights that the package speechmos ships.

The two networks are run here rather than by the package: several times as fast, because convolutions take Winograd's form
and windows that overlap share what they have in common; to the package's own figures within 1e-3 (held by a test). Source:
Reddy, Gopal & Cutler 2021 (P.808) and 2022 (P.835); the polynomials and the windows are those of speechmos 0.0.1.1.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metrics import _convolution as convolution
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

PACKAGES = ("speechmos",)
INSTALL = "pip install speechmos"
RATE_HZ = 16000
SOURCE = "Reddy, Gopal & Cutler 2022, DNSMOS P.835, with the weights and the mapping of the package speechmos 0.0.1.1"
SOURCE_P808 = "Reddy, Gopal & Cutler 2021, DNSMOS, with the weights of the package speechmos 0.0.1.1"
_SHORTEST_S = 0.5
_WINDOW_S, _WINDOW, _HOP, _FRAMES = 9.01, 144160, 160, 900
_STRIP = 64
# Raw signal, background, overall → opinion, highest power first.
_MAPPING = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)

Floats = NDArray[np.float32]


def windows(wave: Floats) -> tuple[Floats, int]:
    """The sound, doubled until it fills 9.01 s, and how many windows, a second apart, are looked at."""
    whole = wave
    while whole.size < int(_WINDOW_S * RATE_HZ):
        whole = np.concatenate([whole, whole])
    hops = int(np.floor(whole.size / RATE_HZ) - _WINDOW_S) + 1
    full = [at for at in range(hops) if min(whole.size, int((at + _WINDOW_S) * RATE_HZ)) - at * RATE_HZ >= _WINDOW]
    if not full or full != list(range(len(full))):
        full = list(range(1 + (whole.size - _WINDOW) // RATE_HZ))
    return whole, len(full)


@dataclass(frozen=True, eq=False)
class _Network:
    """Convolutions and dense layers of one file."""

    first: tuple[Floats, Floats]
    layers: tuple[convolution.Layer, ...]
    dense: tuple[tuple[Floats, Floats], ...]
    stft: Floats | None


@lru_cache(maxsize=2)
def _network(file: str, scope: str, begin: int, convolutions: int, dense: tuple[str, ...]) -> _Network:
    from melpact.bench.metrics import _onnx_weights

    found = importlib.util.find_spec("speechmos")
    if found is None or not found.submodule_search_locations:
        raise NotMeasured(f"needs the package speechmos: {INSTALL}")
    path = Path(next(iter(found.submodule_search_locations))) / "dnsmos_models" / file
    try:
        known: Mapping[str, Floats] = _onnx_weights.weights(path)
        kernels = []
        for at in range(begin, begin + convolutions):
            name = f"conv2d_{at}" if at else "conv2d"
            kernels.append((known[f"{name}/kernel:0"], known[f"{name}/bias:0"]))
        variable = "ReadVariableOp/resource:0"
        head = tuple(
            (known[f"{scope}/{name}/MatMul/{variable}"], known[f"{scope}/{name}/BiasAdd/{variable}"]) for name in dense
        )
        stft = None
        if "time2freq/stft-real/kernel:0" in known:
            parts = [known[f"time2freq/stft-{part}/kernel:0"][:, :, 0].T for part in ("real", "imag")]
            stft = np.ascontiguousarray(np.concatenate(parts, axis=1))
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise NotMeasured(
            f"{path.name} of speechmos is not the file of version 0.0.1.1 ({error}): {INSTALL}==0.0.1.1"
        ) from error
    kernel, bias = kernels[0]
    begun = np.ascontiguousarray(kernel[:, 0].transpose(1, 2, 0)), np.ascontiguousarray(bias)
    return _Network(begun, tuple(convolution.Layer.of(*one) for one in kernels[1:]), head, stft)


def _quality_network() -> _Network:
    return _network("sig_bak_ovr.onnx", "mos_estimator_logpow", 0, 7, ("dense", "dense_1", "dense_3"))


def _p808_network() -> _Network:
    return _network("model_v8.onnx", "mos_estimator_small_1", 5, 5, ("dense_3", "dense_4", "dense_5"))


def _convolved(picture: Floats, layer: convolution.Layer) -> Floats:
    """An image whose picture, as large as the one given, starts at row 0 and column 1."""
    rows, columns, channels = picture.shape
    x = convolution.image(rows, columns, channels)
    x[1 : rows + 1, 1 : columns + 1] = picture
    out = convolution.image(rows, columns, layer.bias.size)
    convolution.convolve(x, rows, columns, layer, out, 0)
    return out


def _convolved_and_halved(picture: Floats, layer: convolution.Layer) -> Floats:
    return convolution.halved(_convolved(picture, layer), picture.shape[0], picture.shape[1], 1)


def _judged(picture: Floats, last: convolution.Layer, dense: tuple[tuple[Floats, Floats], ...]) -> Floats:
    """Last convolution, maximum over the picture, dense layers."""
    rows, columns, _ = picture.shape
    found = _convolved(picture, last)[:rows, 1 : columns + 1].max(axis=(0, 1))
    for at, (matrix, bias) in enumerate(dense):
        found = found @ matrix + bias
        if at < len(dense) - 1:
            found = np.maximum(found, 0)
    return np.asarray(found, np.float32)


def _trunk(spectrum: Floats, network: _Network) -> Floats:
    """All but the last convolution of the P.835 network: [frames, 161] → [frames // 4, 40, 32]. Its rows are frames, and
    beyond the picture there are zeros in every layer; it goes through in strips that stay in the processor's cache."""
    frames, bins = spectrum.shape
    second, third, fourth, fifth, sixth, _ = network.layers
    padded = np.zeros((frames + 8, bins + 2), np.float32)
    padded[4:-4, 1:-1] = spectrum
    a = convolution.image(_STRIP + 4, bins, network.first[1].size)
    b = convolution.image(_STRIP + 4, bins, second.bias.size)
    c = convolution.image(_STRIP + 4, bins, third.bias.size)
    d = convolution.image(_STRIP, bins, fourth.bias.size)
    half = np.empty((frames // 2, bins // 2, fourth.bias.size), np.float32)
    for begin in range(0, frames, _STRIP):
        rows = min(_STRIP, frames - begin)
        convolution.first(padded[begin : begin + rows + 8], *network.first, a, rows + 6, bins)
        _blank(a, begin - 3, rows + 6, frames)
        convolution.convolve(a, rows + 4, bins, second, b, 0)
        _blank(b, begin - 2, rows + 4, frames)
        convolution.convolve(b, rows + 2, bins, third, c, 0)
        _blank(c, begin - 1, rows + 2, frames)
        convolution.convolve(c, rows, bins, fourth, d, 0)
        half[begin // 2 : (begin + rows) // 2] = convolution.halved(d, rows, bins, 1)
    quarter = _convolved_and_halved(half, fifth)
    return np.ascontiguousarray(_convolved(quarter, sixth)[: quarter.shape[0], 1 : quarter.shape[1] + 1])


def _blank(image: Floats, begin: int, rows: int, frames: int) -> None:
    """Zero the rows that lie outside the picture."""
    if begin < 0:
        image[:-begin] = 0
    if begin + rows > frames:
        image[frames - begin : rows] = 0


# Rows of the trunk's output (4 frames each) that feel the zeros beyond the picture's edge, and the frames that decide them.
_EDGE_ROWS, _EDGE_FRAMES = 3, 24


def quality(wave: Floats) -> NDArray[np.float64]:
    """Opinions on signal, background and whole, 1 to 5: mean over windows. `wave`: float32 [time] at 16 kHz, within ±1."""
    network = _quality_network()
    assert network.stft is not None
    whole, count = windows(wave)
    step = RATE_HZ // _HOP
    frames = _FRAMES + step * (count - 1)
    cut = np.lib.stride_tricks.sliding_window_view(whole[: (frames + 1) * _HOP], 2 * _HOP)[::_HOP]
    parts = cut @ network.stft
    bins = parts.shape[1] // 2
    power = np.square(parts[:, :bins]) + np.square(parts[:, bins:])
    spectrum = np.log10(np.maximum(power, np.float32(1e-12)))
    shared = _trunk(spectrum, network)
    opinions = []
    for at in range(count):
        begin, end = step * at, step * at + _FRAMES
        own = shared[begin // 4 : end // 4]
        if count > 1:
            own = own.copy()
            own[:_EDGE_ROWS] = _trunk(spectrum[begin : begin + _EDGE_FRAMES], network)[:_EDGE_ROWS]
            own[-_EDGE_ROWS:] = _trunk(spectrum[end - _EDGE_FRAMES : end], network)[-_EDGE_ROWS:]
        raw = _judged(convolution.halved(own, own.shape[0], own.shape[1]), network.layers[-1], network.dense)
        opinions.append([np.polyval(mapping, value) for mapping, value in zip(_MAPPING, raw.astype(np.float64))])
    return np.asarray(np.mean(opinions, axis=0))


@lru_cache(maxsize=1)
def _p808_mel() -> tuple[Floats, Floats]:
    """Windowed Fourier matrix [321, 322] and mel bank [161, 120] (Slaney's scale and norm, 0 to 8 kHz)."""
    from scipy.signal.windows import hann

    from melpact.contract.filterbank import band_edges_hz

    size = 2 * _HOP + 1
    turn = 2 * np.pi * np.outer(np.arange(size), np.arange(_HOP + 1)) / size
    matrix = np.concatenate([np.cos(turn), np.sin(turn)], axis=1) * hann(size, sym=False)[:, None]
    edges = band_edges_hz(120, 0.0, RATE_HZ / 2, "slaney")
    at_hz = np.arange(_HOP + 1) * RATE_HZ / size
    rising = (at_hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at_hz[:, None]) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return np.ascontiguousarray(matrix, np.float32), np.ascontiguousarray(bank, np.float32)


def p808(wave: Floats) -> float:
    """Opinion after ITU-T P.808, 1 to 5: mean over windows. `wave`: as for `quality`."""
    network = _p808_network()
    matrix, bank = _p808_mel()
    whole, count = windows(wave)
    step = RATE_HZ // _HOP
    padded = np.pad(whole, (_HOP, _HOP))
    cut = np.lib.stride_tricks.sliding_window_view(padded, matrix.shape[0])[::_HOP][: _FRAMES + step * (count - 1)]
    mel = _mel_power(cut, matrix, bank)
    opinions = []
    for at in range(count):
        own = mel[step * at : step * at + _FRAMES].copy()
        begin = at * RATE_HZ
        segment = np.pad(whole[begin : begin + _WINDOW - _HOP], _HOP)
        edges = np.stack([segment[: matrix.shape[0]], segment[(_FRAMES - 1) * _HOP :][: matrix.shape[0]]])
        own[[0, -1]] = _mel_power(edges, matrix, bank)
        level = 10 * np.log10(np.maximum(own, np.float32(1e-10)))
        level -= level.max()
        picture = (np.maximum(level, np.float32(-80)) + 40) / 40
        opinions.append(float(_judged(_p808_trunk(picture, network), network.layers[-1], network.dense)[0]))
    return float(np.mean(opinions))


def _mel_power(frames: Floats, matrix: Floats, bank: Floats) -> Floats:
    parts = frames @ matrix
    half = parts.shape[1] // 2
    found: Floats = (np.square(parts[:, :half]) + np.square(parts[:, half:])) @ bank
    return found


def _p808_trunk(picture: Floats, network: _Network) -> Floats:
    """All but the last convolution of the P.808 network: [900, 120] → [112, 15, 32]."""
    frames, bands = picture.shape
    second, third, fourth, _ = network.layers
    padded = np.pad(picture, 1)
    strip = convolution.image(_STRIP, bands, network.first[1].size)
    half = np.empty((frames // 2, bands // 2, network.first[1].size), np.float32)
    for begin in range(0, frames, _STRIP):
        rows = min(_STRIP, frames - begin)
        convolution.first(padded[begin : begin + rows + 2], *network.first, strip, rows, bands)
        half[begin // 2 : (begin + rows) // 2] = convolution.halved(strip, rows, bands, 1)
    quarter = _convolved_and_halved(half, second)
    rows, columns, _ = quarter.shape
    return _convolved_and_halved(np.ascontiguousarray(_convolved(quarter, third)[:rows, 1 : columns + 1]), fourth)


def _wave(pair: Pair) -> Sound:
    sound = pair.made_whole
    if sound.silent:
        raise NotMeasured("the system's sound is silent")
    if sound.seconds < _SHORTEST_S:
        raise NotMeasured(f"{sound.seconds:.2f} s are too short for an opinion; at least {_SHORTEST_S} s are needed")
    return sound


def observe_quality(pair: Pair, which: int) -> float:
    """Signal (0), background (1) or overall (2) of the system's sound; what lies beyond full scale is clipped."""
    sound = _wave(pair)
    found = sound.keep("dnsmos", lambda: quality(np.clip(sound.at(RATE_HZ), -1, 1)))
    return float(found[which])


def observe_p808(pair: Pair) -> float:
    """P.808 opinion of the system's sound; what lies beyond full scale is clipped."""
    sound = _wave(pair)
    return sound.keep("dnsmos p808", lambda: p808(np.clip(sound.at(RATE_HZ), -1, 1)))
