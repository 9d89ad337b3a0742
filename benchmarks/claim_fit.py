"""Simulated mels that are and are not what they claim, and the fit of the table that `melpact.diagnose.claim` ships.

    python -m benchmarks.claim_fit DATA --keep FOLDER [--rounds 20] [--jobs 2]

DATA holds one folder of recordings per speaker or language; FOLDER keeps what was simulated, so that an interrupted run goes
on (twenty rounds and the fit: eight minutes of one core). Needs torch (for the fit alone). Claims are the published dialects
and random neighbours of them; faults are those of the laboratory at random doses, and changes of one field in either
direction.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from benchmarks.confusion import published
from benchmarks.identify_fit import FIT_SETS, clips, colour, natural_variation
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.dialect import dialect, dialects
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.claim import network
from melpact.diagnose.claim.compared import compared
from melpact.diagnose.claim.expected import analysed
from melpact.diagnose.claim.traits import N_TRAITS
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.faults import faults
from melpact.diagnose.faults._making import extracted
from melpact.features.analysis import extract, to_rate

_SECONDS = (1.2, 2.0, 3.0, 4.0, 5.0)
_TABLE = Path(network.__file__).with_name("network.npz")
_EXPECTED = _TABLE.with_name("expected.npz")


def neighbour(spec: MelSpec, rng: np.random.Generator) -> MelSpec:
    """A description near a published one, so that the table is not one of names."""
    changes = {
        "mel_scale": "htk" if spec.mel_scale == "slaney" else "slaney",
        "mel_norm": "none" if spec.mel_norm == "slaney" else "slaney",
        "f_min": float(rng.choice([0, 20, 40, 55, 80, 95])),
        "f_max": min(spec.bank_sample_rate / 2, float(rng.choice([7600, 8000, 10000, 11025, 12000]))),
        "hop_length": round(spec.hop_length * rng.uniform(0.75, 1.3)),
        "win_length": 2 * round(spec.win_length * rng.uniform(0.7, 1.0) / 2),
    }
    for name in rng.permutation(list(changes))[: rng.integers(1, 3)]:
        try:
            spec = spec.replace_quietly(**{name: changes[name]})
        except MelpactError:
            continue
    return spec


def changed(code: str, spec: MelSpec, audio: Audio, rng: np.random.Generator) -> Mel | None:
    """A mel with one field changed at random, in either direction; None for a code that is no field."""
    up = rng.random() < 0.5
    factor = float(np.exp((1 if up else -1) * rng.uniform(0.06, 0.75)))
    mild = float(np.exp((1 if up else -1) * rng.uniform(0.06, 0.4)))
    nyquist, short = spec.bank_sample_rate / 2, spec.n_fft // (1 if up else 2)
    made: dict[str, dict[str, object]] = {
        "hop": {"hop_length": round(spec.hop_length * factor)},
        "f_max": {"f_max": min(nyquist, spec.f_max * mild)},
        "f_min": {"f_min": max(0.0, spec.f_min + float(rng.uniform(-100, 100)))},
        "bank_rate": {"bank_sample_rate": round(max(spec.bank_sample_rate * factor, 2 * spec.f_max))},
        "window_length": {"win_length": min(spec.n_fft, 2 * round(spec.win_length * factor / 2))},
        "n_fft": {"n_fft": 2 * round(spec.n_fft * (2.0 if up else 0.5) / 2), "win_length": min(spec.win_length, short)},
        "mel_norm": {"mel_norm": "none" if spec.mel_norm == "slaney" else "slaney"},
        "mel_scale": {"mel_scale": "htk" if spec.mel_scale == "slaney" else "slaney"},
    }  # fmt: skip
    if code == "sample_rate":
        rate = 25 * round(spec.sample_rate * factor / 25)
        slower = resample(audio.mono(), rate)
        return extracted(Audio.of(slower.samples, spec.sample_rate), spec, spec)
    if code not in made:
        return None
    other = spec.replace_quietly(**made[code])
    return None if other.fingerprint == spec.fingerprint else extracted(audio, other, spec)


def planted(code: str, spec: MelSpec, audio: Audio, rng: np.random.Generator, wild: bool) -> Mel | None:
    """A mel with a fault; None where this description or sound does not have it."""
    try:
        if wild:
            found = changed(code, spec, audio, rng)
            if found is not None:
                return found
        fault = faults()[code]
        if not fault.applies(spec):
            return None
        mel = extract(audio, spec)
        low, high = min(fault.doses), max(fault.doses)
        if fault.variants:
            dose = float(rng.integers(0, len(fault.variants)))
        elif low > 0 and code not in ("f_max", "window_length", "sample_rate") and rng.random() < 0.5:
            dose = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        else:
            dose = float(fault.doses[rng.integers(0, 3)])
        return fault.inject(mel, dose, rng, audio)
    except MelpactError:
        return None


def shown(mel: Mel) -> np.ndarray | None:
    """What the networks see of a mel."""
    with np.errstate(all="ignore"):
        found = compared(Evidence(mel))
    return None if found is None else found.astype(np.float32)


def simulate(job: tuple[Path, int, int]) -> list[tuple[str, str, str, np.ndarray]]:
    """One worker's share: (code, set, claim, what the network sees). Every fifth is of clean mels alone."""
    root, cuts, seed = job
    rng = np.random.default_rng(seed)
    names, alone = published(), seed % 5 == 4
    rows = []
    for name, audio in clips(root, FIT_SETS, cuts, _SECONDS, rng):
        varied = _varied(audio, rng)
        at: dict[int, Audio] = {}
        for claim in rng.choice(names, 25 if alone else 5, replace=False).tolist():
            spec = dialect(claim).spec
            if rng.random() < 0.25:
                spec = neighbour(spec, rng)
            if spec.sample_rate not in at:
                at[spec.sample_rate] = to_rate(varied, spec.sample_rate)
            sound = at[spec.sample_rate]
            try:
                clean = extract(sound, spec)
            except MelpactError:
                continue
            for code in ("clean", *(() if alone else rng.choice(network.CODES[1:], 5, replace=False))):
                mel = clean if code == "clean" else planted(code, spec, sound, rng, bool(rng.random() < 0.4))
                seen = None if mel is None else shown(mel)
                if seen is not None:
                    rows.append((code, name, claim, seen))
    return rows


def _varied(audio: Audio, rng: np.random.Generator) -> Audio:
    """As recorded, or a little louder, quieter, cut or coloured; never faster, for that is a fault that is looked for."""
    if rng.random() < 0.5:
        audio = natural_variation(audio, rng)
    if rng.random() < 0.35:
        x, rate = audio.samples[0].astype(np.float64), audio.sample_rate
        spectrum, hz = np.fft.rfft(x), np.fft.rfftfreq(x.size, 1 / rate)
        knots = np.array([0, 100, 250, 600, 1500, 3500, 8000, 24000])
        spectrum *= 10 ** (np.interp(hz, knots, rng.normal(0, 2.5, knots.size)) / 20)
        audio = Audio.of(np.clip(np.fft.irfft(spectrum, x.size), -1, 1).astype(np.float32), rate)
    elif rng.random() < 0.15:
        audio = colour(audio, rng)
    return audio


def _work(job: tuple[Path, int, int, Path]) -> Path:
    root, cuts, seed, out = job
    rows = simulate((root, cuts, seed))
    np.savez(
        out, code=np.array([r[0] for r in rows]), set=np.array([r[1] for r in rows]), claim=np.array([r[2] for r in rows]),
        x=np.array([r[3] for r in rows]),
    )  # fmt: skip
    return out


def keep_expected() -> None:
    """What the listed dialects give known speech, written beside the networks."""
    rows: dict[str, np.ndarray] = {}
    for found in dialects().values():
        if not found.asks and found.spec.fingerprint not in rows:
            usual = analysed(found.spec)
            if usual is not None:
                rows[found.spec.fingerprint] = usual.astype(np.float32)
    np.savez_compressed(_EXPECTED, fingerprint=np.array(list(rows)), traits=np.array(list(rows.values())))
    print(f"{_EXPECTED}: {len(rows)} dialects, {_EXPECTED.stat().st_size} bytes")


_HIDDEN = (96, 64)
_SPLIT = "nitsong_singing_ja"
"""Nearly all the singing there is: halves of it are left out, not all of it."""
_JITTER = 0.4
"""Deviations of noise on what the networks are given while they learn."""
_FALSE = 0.005
"""Share of clean mels of any one set, which the network was not fitted on, that may exceed the threshold."""


def _network(z: np.ndarray, y: np.ndarray, seed: int, epochs: int = 16) -> list[np.ndarray]:
    """Weights and biases in turn."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    first, second = _HIDDEN
    net = torch.nn.Sequential(
        torch.nn.Linear(z.shape[1], first), torch.nn.ReLU(), torch.nn.Dropout(0.25), torch.nn.Linear(first, second),
        torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(second, len(network.CODES)),
    )  # fmt: skip
    x, truth = torch.tensor(z.astype(np.float32)), torch.tensor(y)
    batch = 128
    steps = epochs * (len(truth) // batch)
    adam = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 3e-3, total_steps=steps + 1)
    for _ in range(epochs):
        order = torch.randperm(len(truth))
        for start in range(0, len(order) - batch + 1, batch):
            j = order[start : start + batch]
            loss = torch.nn.functional.cross_entropy(net(x[j] + _JITTER * torch.randn_like(x[j])), truth[j])
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    net.eval()
    return [p.detach().numpy().T.copy() if p.ndim == 2 else p.detach().numpy().copy() for p in net.parameters()]


def _logs(z: np.ndarray, members: list[list[np.ndarray]]) -> np.ndarray:
    pairs = [tuple((m[2 * i].astype(np.float64), m[2 * i + 1].astype(np.float64)) for i in range(3)) for m in members]
    return np.asarray(np.mean([network.forward(z, layers) for layers in pairs], axis=0))


def odds(logs: np.ndarray) -> np.ndarray:
    """Log odds of some fault against none."""
    return np.asarray(np.logaddexp.reduce(logs[:, 1:], axis=1) - logs[:, 0])


def load(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All that was simulated: differences, codes as numbers, sets."""
    parts = [np.load(p) for p in sorted(folder.glob("sim_*.npz"))]
    x = np.concatenate([p["x"] for p in parts])
    code = np.concatenate([p["code"] for p in parts])
    return x, np.array([network.CODES.index(c) for c in code]), np.concatenate([p["set"] for p in parts])


def fit(x: np.ndarray, y: np.ndarray, sets: np.ndarray, members: int = 3, folds: int = 3) -> dict[str, np.ndarray]:
    """Networks on everything, and their threshold from networks that each left out a third of the sets."""
    names = np.array(sorted(set(sets)))
    left_out = np.full((len(y), len(network.CODES)), np.nan)
    for k in range(folds):
        held = np.isin(sets, names[k::folds]) & (sets != _SPLIT) | (sets == _SPLIT) & (
            np.arange(len(y)) * folds // len(y) == k
        )
        z = network.whitened(x, scales(x[~held], y[~held]))
        left_out[held] = _logs(z[held], [_network(z[~held], y[~held], 10 * k + m) for m in range(2)])
    found = odds(left_out)
    threshold = float(max(np.quantile(found[(y == 0) & (sets == name)], 1 - _FALSE) for name in names))
    report(left_out, y, threshold)
    tables: dict[str, np.ndarray] = {"members": np.array(members), "threshold": np.array(threshold)}
    for name, values in scales(x, y)._asdict().items():
        tables[name] = values.astype(np.float16 if name == "factors" else np.float32)
    # as they will be read
    z = network.whitened(x, network.Scales(*(tables[name].astype(np.float64) for name in network.Scales._fields)))
    for m in range(members):
        for i, part in enumerate(_network(z, y, 100 + m)):
            tables[f"{m}_{'wb'[i % 2]}{i // 2}"] = part.astype(np.float16 if part.ndim == 2 else np.float32)
    return tables


def scales(x: np.ndarray, y: np.ndarray, k: int = 100) -> network.Scales:
    """How the traits of clean mels scatter: their correlation as [traits, k] factors and a variance of its own per trait."""
    with np.errstate(all="ignore"):
        clean = x[y == 0][:, :N_TRAITS].astype(np.float64)
        mean, spread = np.nan_to_num(np.nanmean(clean, axis=0)), np.nan_to_num(np.nanstd(clean, axis=0))
        rest, wide = np.nanmean(x[:, N_TRAITS:], axis=0), np.nanstd(x[:, N_TRAITS:], axis=0)
    spread = np.maximum(spread, 1e-2)
    z = np.clip(np.nan_to_num((clean - mean) / spread), -4.0, 4.0)
    values, vectors = np.linalg.eigh(np.cov(z.T))
    factors = vectors[:, -k:] * np.sqrt(values[-k:])
    own = np.maximum(z.var(axis=0) - (factors**2).sum(axis=1), 0.02)
    return network.Scales(mean, spread, factors, own, rest, np.where(wide > 1e-5, 1 / (wide + 1e-3), 0.0))


def report(logs: np.ndarray, y: np.ndarray, threshold: float) -> None:
    """Per fault: found at the threshold, and named first or second, on the sets that were left out."""
    found = odds(logs)
    order = np.argsort(-logs[:, 1:], axis=1)[:, :2] + 1
    named = (found > threshold) & (order == y[:, None]).any(axis=1)
    print(
        f"threshold {threshold:.2f} nat; clean {np.sum(y == 0)}, of these above it {np.mean(found[y == 0] > threshold):.2%}"
    )
    for i, code in enumerate(network.CODES[1:], 1):
        mine = y == i
        above = np.mean(found[mine] > threshold)
        print(f"  {code:22s} n {mine.sum():5d}  found {above:5.0%}  named {np.mean(named[mine]):5.0%}")
    print(f"  all: found {np.mean(found[y > 0] > threshold):.1%}, named {np.mean(named[y > 0]):.1%}")


def main() -> None:
    """Simulate what is missing, fit, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    keep_expected()
    jobs = [(arguments.data, arguments.cuts, s, arguments.keep / f"sim_{s}.npz") for s in range(100, 100 + arguments.rounds)]
    jobs = [job for job in jobs if not job[3].exists()]
    with multiprocessing.get_context("fork").Pool(arguments.jobs) as pool:
        for done in pool.imap_unordered(_work, jobs):
            print(done, flush=True)
    x, y, sets = load(arguments.keep)
    tables = fit(x.astype(np.float64), y, sets)
    np.savez_compressed(_TABLE, **tables)
    print(f"{_TABLE}: {_TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
