"""Simulated mels of real speech in every dialect, and the fit of the tables that `melpact.diagnose.identify` ships.

    python -m benchmarks.identify --fit DATA

Needs torch (for the fit alone). What is printed afterwards is measured by `benchmarks.identify`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.resample import resample
from melpact.diagnose.identify import scorer
from melpact.diagnose.identify.catalogue import by_bands
from melpact.diagnose.identify.traits import traits
from melpact.features.analysis import analyse

FIT_SETS = (
    "kathleen_en", "ljspeech_en", "kerstin_de", "librispeech_en", "libritts_en", "asterisk_en", "asterisk_es",
    "asterisk_it", "flemishguy_nl", "nitsong_singing_ja", "singing_misc", "speech_misc", "vctk_en_22k",
)  # fmt: skip
HELD_OUT_SETS = (
    "vctk_en_48k", "festvox_ru", "pjs_singing_ja", "aishell3_zh", "asterisk_fr", "asterisk_ru", "nathalie_nl",
    "philipp_en", "vocobox_notes",
)  # fmt: skip


def clips(root: Path, sets: tuple[str, ...], per_set: int, seconds: tuple[float, ...], rng: np.random.Generator
          ) -> Iterator[tuple[str, Audio]]:  # fmt: skip
    """(set, cut): cuts of one of the lengths in turn, `per_set` of each set, with at least some sound in each."""
    for name in sets:
        files = sorted(p for p in (root / name).iterdir() if p.suffix in (".flac", ".wav"))
        order = rng.permutation(len(files))
        for i in range(per_set):
            audio = read(files[order[i % len(files)]]).mono()
            want = int(seconds[i % len(seconds)] * audio.sample_rate)
            if audio.n_samples < want:
                reps = -(-want // audio.n_samples)
                audio = Audio.of(np.tile(audio.samples[0], reps)[:want], audio.sample_rate)
            for _ in range(8):
                start = int(rng.integers(0, audio.n_samples - want + 1))
                cut = audio.samples[0, start : start + want]
                if np.sqrt(np.mean(cut.astype(np.float64) ** 2)) > 0.15 * np.sqrt(
                    np.mean(audio.samples.astype(np.float64) ** 2)
                ):
                    break
            yield name, Audio.of(cut, audio.sample_rate)


def natural_variation(audio: Audio, rng: np.random.Generator) -> Audio:
    """Level and silence as programs differ in them: raw or peak-normalised, 16-bit or float, with silence in front."""
    x = audio.samples[0].astype(np.float64)
    kind = rng.integers(0, 4)
    peak = max(np.abs(x).max(), 1e-6)
    if kind == 1:
        x = x / peak * 0.95
    elif kind == 2:
        x = x / peak * 10 ** (rng.uniform(-12, 0) / 20)
    elif kind == 3:
        x = x * 10 ** (rng.uniform(-12, 0) / 20)
    if rng.random() < 0.25:
        n = int(rng.uniform(0.02, 0.2) * x.size)
        x[:n] = 0.0 if rng.random() < 0.6 else x[:n] * 10 ** (rng.uniform(-60, -30) / 20)
    if rng.random() < 0.1:
        x[x.size - int(rng.uniform(0.02, 0.15) * x.size) :] = 0.0
    if rng.random() < 0.7:
        x = np.clip(np.round(x * 32768), -32768, 32767) / 32768
    return Audio.of(x.astype(np.float32), audio.sample_rate)


def colour(audio: Audio, rng: np.random.Generator) -> Audio:
    """Other voices, rooms and microphones from the same recordings: speed, equaliser, band limit, upper bands, noise."""
    x, rate = audio.samples[0].astype(np.float64), audio.sample_rate
    if rng.random() < 0.5:
        factor = rng.uniform(0.8, 1.25)
        out = resample(Audio.of(x.astype(np.float32), int(rate * factor)), rate).samples[0].astype(np.float64)
        x = np.resize(out, x.size) if out.size < x.size else out[: x.size]
    if rng.random() < 0.5 and rate < 44100:
        up = resample(Audio.of(x.astype(np.float32), rate), 48000).samples[0].astype(np.float64)
        spectrum = np.fft.rfft(up)
        hz = np.fft.rfftfreq(up.size, 1 / 48000)
        top = 0.93 * rate / 2
        upper = np.fft.irfft(spectrum * ((hz > 0.5 * top) & (hz < top)), up.size)
        width = int(48000 * rng.uniform(0.003, 0.02))
        envelope = np.sqrt(np.convolve(upper**2, np.ones(width) / width, "same"))
        noise = np.fft.rfft(envelope * rng.standard_normal(up.size))
        ceiling = rng.choice([9000, 11025, 12000, 16000, 20000, 24000])
        tilt = (np.maximum(hz, top) / top) ** -rng.uniform(0.5, 4.0)
        x = up + np.fft.irfft(noise * tilt * ((hz > 0.97 * top) & (hz < ceiling)), up.size) * 10 ** (
            rng.uniform(-6, 10) / 20
        )
        rate = 48000
    spectrum, hz = np.fft.rfft(x), np.fft.rfftfreq(x.size, 1 / rate)
    if rng.random() < 0.6:
        knots = np.array([0, 100, 250, 600, 1500, 3500, 8000, 24000])
        spectrum *= 10 ** (np.interp(hz, knots, rng.normal(0, 4, knots.size)) / 20)
    if rng.random() < 0.15:
        spectrum *= 1 / (1 + (hz / rng.uniform(3400, 12000)) ** 24)
    if rng.random() < 0.2:
        spectrum *= 1 / (1 + (rng.uniform(40, 120) / np.maximum(hz, 1)) ** 4)
    x = np.fft.irfft(spectrum, x.size)
    if rng.random() < 0.5:
        noise = np.fft.rfft(rng.standard_normal(x.size)) / np.maximum(hz, 50) ** rng.uniform(0, 1)
        noise = np.fft.irfft(noise, x.size)
        x += noise / noise.std() * x.std() * 10 ** (rng.uniform(-80, -25) / 20)
    x *= 10 ** (rng.normal(0, 3) / 20)
    return Audio.of(x.astype(np.float32), rate)


def every_mel(
    audio: Audio, bands: tuple[int, ...] | None = None, only: int | None = None
) -> Iterator[tuple[int, int, np.ndarray]]:
    """(n_mels, index of the hypothesis, values) of that sound for every hypothesis; each rate resampled once."""
    at: dict[int, Audio] = {audio.sample_rate: audio}
    for n_mels, these in by_bands().items():
        if bands is not None and n_mels not in bands:
            continue
        for i, h in enumerate(these):
            rate = h.spec.sample_rate
            if only is not None and i != only:
                continue
            if rate not in at:
                at[rate] = resample(audio, rate)
            if h.spec.frames(at[rate].n_samples) < 6:
                continue
            yield n_mels, i, analyse(at[rate].samples[0], h.spec)[0]


def vectors(
    job: tuple[Path, tuple[str, ...], int, tuple[float, ...], int, bool],
) -> list[tuple[int, int, str, float, np.ndarray]]:
    """One worker's share of the simulation: (n_mels, hypothesis, set, seconds, traits)."""
    root, sets, per_set, seconds, seed, coloured = job
    rng = np.random.default_rng(seed)
    rows = []
    for name, audio in clips(root, sets, per_set, seconds, rng):
        varied = natural_variation(colour(audio, rng) if coloured and rng.random() < 0.75 else audio, rng)
        for n_mels, i, values in every_mel(varied):
            these = by_bands()[n_mels]
            if len(these) < 2:
                continue
            rows.append((n_mels, i, name, audio.duration_s, traits(values, these)[0].astype(np.float32)))
    return rows


_HIDDEN = {80: 96, 128: 64, 100: 48, 64: 32, 125: 16, 40: 8, 23: 8}
_TABLE = Path(scorer.__file__).with_name("model.npz")
_CHECKED_SETS = ("libritts_en", "vctk_en_22k", "nitsong_singing_ja", "asterisk_es")
"""Fit sets that the first fit leaves out, so that temperature and the weight of resynthesis are chosen on other voices."""
_WEIGHTS = (4.0, 8.0, 12.0)
_EXPONENTS = (-0.4, -0.2, 0.0, 0.2, 0.4)
_TEMPERATURES = (0.5, 0.7, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)


def fit(root: Path, sets: tuple[str, ...], rounds: int, seed: int = 0) -> None:
    """Simulate (8 cuts per set and round), fit without `_CHECKED_SETS`, calibrate on them, fit on all, write the tables."""
    rows: dict[int, list[tuple[int, str, np.ndarray]]] = defaultdict(list)
    for k in range(rounds):
        for n_mels, i, name, _, vector in vectors((root, sets, 8, (0.5, 1.0, 2.0, 5.0), seed * 1000 + k, True)):
            rows[n_mels].append((i, name, vector))
        print(f"round {k + 1} of {rounds}", flush=True)
    data = {
        n: (np.array([r[2] for r in rs]), np.array([r[0] for r in rs]), np.array([r[1] for r in rs]))
        for n, rs in rows.items()
    }
    tables: dict[str, np.ndarray] = {}
    for n, (x, y, names) in data.items():
        kept = ~np.isin(names, _CHECKED_SETS)
        tables |= _tables(n, x[kept], y[kept])
    _write(tables)
    calibrations = {f"{n}_calibration": _calibrate(root, n) for n in data}
    tables = {}
    for n, (x, y, _) in data.items():
        tables |= _tables(n, x, y)
    _write(tables | calibrations)
    print(f"{_TABLE}: {_TABLE.stat().st_size} bytes")


def _write(tables: dict[str, np.ndarray]) -> None:
    np.savez_compressed(_TABLE, **tables)
    scorer._tables.cache_clear()
    scorer._network.cache_clear()


def _tables(n_mels: int, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """The network of one number of bands, its columns as int8 with one scale each."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    classes, hidden = len(by_bands()[n_mels]), _HIDDEN[n_mels]
    mean, std = x.mean(axis=0), x.std(axis=0)
    scale = np.where(std > 1e-5, 1.0 / (std + 1e-3), 0.0).astype(np.float32)
    z = torch.tensor(np.clip((x - mean) * scale, -5, 5).astype(np.float32))
    forbidden = torch.tensor((x[:, -2 * classes : -classes] + x[:, -classes:]) > 0).float() * scorer.FORBIDDEN
    truth = torch.tensor(y)
    net = torch.nn.Sequential(
        torch.nn.Linear(z.shape[1], hidden), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(hidden, hidden),
        torch.nn.ReLU(), torch.nn.Linear(hidden, classes),
    )  # fmt: skip
    epochs, batch = 14, 256
    steps = epochs * max(1, len(truth) // batch)
    adam = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 3e-3, total_steps=steps + 1)
    for _ in range(epochs):
        order = torch.randperm(len(truth))
        for start in range(0, len(order) - batch + 1, batch):
            j = order[start : start + batch]
            logits = net(z[j] + 0.15 * torch.randn_like(z[j])) + forbidden[j]
            loss = torch.nn.functional.cross_entropy(logits, truth[j])
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    out = {f"{n_mels}_mean": mean.astype(np.float32), f"{n_mels}_scale": scale}
    layers = [m for m in net if isinstance(m, torch.nn.Linear)]
    for i, layer in enumerate(layers):
        w = layer.weight.detach().numpy().T.copy()
        if i == 0:
            w[scale == 0] = 0.0
        unit = np.abs(w).max(axis=0, keepdims=True) / 127 + 1e-12
        out[f"{n_mels}_w{i}_q"] = np.round(w / unit).astype(np.int8)
        out[f"{n_mels}_w{i}_s"] = unit.astype(np.float32)
        out[f"{n_mels}_b{i}"] = layer.bias.detach().numpy().astype(np.float32)
    return out


def _calibrate(root: Path, n_mels: int, per_set: int = 40, seed: int = 77) -> np.ndarray:
    """Temperature without resynthesis, temperature with it, its weight, and the exponent with which the temperature follows
    the number of frames: of the least log loss on `_CHECKED_SETS`."""
    rng = np.random.default_rng(seed + n_mels)
    cases = []
    for _, cut in clips(root, _CHECKED_SETS, per_set, (0.5, 1.0, 2.0, 5.0), rng):
        mels = {i: v for _, i, v in every_mel(natural_variation(cut, rng), (n_mels,))}
        for i in rng.permutation(sorted(mels))[:3]:
            cases.append((int(i), mels[i].shape[1], scorer.logits_of(np.asarray(mels[i], np.float64))))
    plain = min(_TEMPERATURES, key=lambda t: _loss([(i, n, c.plain) for i, n, c in cases], t, 0.0))
    loss = {
        (t, w, g): _loss([(i, n, c.with_resynthesis(w)) for i, n, c in cases], t, g)
        for t in _TEMPERATURES
        for w in _WEIGHTS
        for g in _EXPONENTS
    }
    best = min(loss, key=lambda k: loss[k])
    chosen = f"temperature {best[0]}, weight {best[1]}, exponent {best[2]}"
    print(f"{n_mels} bands: log loss {loss[best]:.3f} ({chosen}), n = {len(cases)}", flush=True)
    return np.array([plain, *best], np.float32)


def _loss(cases: list[tuple[int, int, np.ndarray]], temperature: float, exponent: float) -> float:
    total = 0.0
    for i, frames, logits in cases:
        z = logits / scorer.temperature_at(temperature, exponent, frames)
        z = z - z.max()
        total -= max(float(z[i] - np.log(np.exp(z).sum())), -14.0)
    return total / max(1, len(cases))
