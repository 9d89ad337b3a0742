"""Do side streams pay? The waveform codec told pitch, speaker, both, neither, or another sound's, at equal total bits.

    python -m benchmarks.codec_side --data PACKED --begin RUN_DIR -o DIR [--seeds 0 1] [--steps 300] [--sounds 12]

One network per seed learns with each stream withheld from half of the items, so that all conditions have the same weights
and differ in what is told alone; --begin names the folder with prior.checkpoint and sound.checkpoint that it starts from.
The step of every sound, condition and rate is the finest (in 32nds of an octave) with which coefficients, latent and side
streams together keep within the rate. Bits are code lengths under the distributions that a range coder is given; container
and checksums are the same for all and left out. Sounds: the corpus' part for validation, 4 s of each at 16 kHz.
Training resumes; what is measured of a sound is kept in DIR/figures. Writes DIR/table.md and DIR/table.json.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
import torch
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.bench import bootstrap
from melpact.bench.metrics import f0_correlation, mel_mae, pesq_wb, voicing_f1
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.contract import artifact
from melpact.contract.artifact import replacing
from melpact.models.codec.waveform.codec import COARSEST, FINEST
from melpact.models.codec.waveform.noise import signs
from melpact.models.codec.waveform.side import STREAMS, Stream, Told, numbers
from melpact.models.codec.waveform.steps import FRAMES_S, TOGETHER
from melpact.nn.codecs import coefficients, latent
from melpact.nn.codecs.coefficients import CoefficientPrior, PriorConfig
from melpact.nn.codecs.mdct import Mdct
from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig, coefficients_of
from melpact.nn.losses.loudness import LoudnessLoss
from melpact.train import checkpoint
from melpact.train.coded import quantised
from melpact.train.data import CorpusData
from melpact.train.export import weights_in
from melpact.train.recipes import recipe
from melpact.train.recipes._codec_side import counted
from melpact.train.room import CHECKPOINTS, Run, go

RATES_KBIT_S = (1.5, 2.0, 3.0, 4.0, 8.0)
FEW_BELOW_KBIT_S = 2.2
HZ, SECONDS, FOLLOWING = 16000, 4, 0.25
FINENESS = 32
MOST = round((COARSEST - FINEST) * FINENESS)
"""Steps per octave, and how many of them below the coarsest are looked at."""
CONDITIONS: dict[str, tuple[tuple[Stream, ...], bool]] = {
    "none": ((), False), "f0": (("f0",), False), "speaker": (("speaker",), False), "f0 + speaker": (STREAMS, False),
    "another sound's": (STREAMS, True),
}  # fmt: skip
METRICS = {
    "PESQ": pesq_wb.PLUGIN,
    "mel MAE": mel_mae.PLUGIN,
    "F0 correlation": f0_correlation.PLUGIN,
    "voicing F1": voicing_f1.PLUGIN,
}
COLUMNS = ("PESQ", "loudness distance", "mel MAE", "F0 correlation", "voicing F1", "SNR dB")
BITS = ("coefficients", "latent", "side")
DRAWS = 10000
CLOSE = 0.03
"""A rate is met within this; sounds for which it is not, whatever is told, are left out at that rate."""


@dataclass(frozen=True)
class Point:
    """A sound at one step: what is coded of it, and bits of coefficients and latent."""

    coded: Any
    values: torch.Tensor
    parts: tuple[float, float]


@dataclass
class Coding:
    """One sound, ready to be coded at any step; what coefficients cost is the same for all networks and kept.

    Args:
        samples: float32 [time] at 16 kHz, whole latent frames. bins: of the networks. prior: of coefficients.
    """

    samples: NDArray[np.float32]
    bins: int
    prior: CoefficientPrior
    kept: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        narrow = self.bins * 2 // 3
        given = torch.tensor(self.samples)[None]
        self.transform = Mdct(narrow)
        true = self.transform(torch.nn.functional.pad(given, (narrow, 0)))
        self.real = self.transform.inverse(true)
        self.true = torch.nn.functional.pad(true, (0, self.bins - narrow))
        self.known = (torch.arange(self.bins) < narrow).float()[None, None]
        self.pairs = true.shape[1] // TOGETHER
        self.loudness = LoudnessLoss(HZ)

    def at(self, place: int, sound: WaveformCodecNetwork, seen: torch.Tensor, few: bool) -> Point:
        """Coded with steps `place` 32nds of an octave below the coarsest."""
        one = torch.ones(1)
        coded = quantised(self.true, self.known, (COARSEST - place / FINENESS) * one, FOLLOWING * one)
        if place not in self.kept:
            cost = coefficients.bits(coded.values, self.prior(coded.values, coded.indices), self.known)
            self.kept[place] = float(cost.sum())
        size = sound.config.size
        sent = (torch.arange(size) < (size // 2 if few else size)).float()[None, None]
        values = sound.latent(coded.true, coded.values, sent, seen)
        more = float((latent.bits(values, sound.spread(values, coded.values, seen)) * sent).sum())
        return Point(coded, values, (self.kept[place], more))

    def met(
        self, bits: float, sound: WaveformCodecNetwork, seen: torch.Tensor, few: bool, near: int | None = None
    ) -> tuple[int, Point]:
        """The finest step that keeps within so many bits, and what it gives; the coarsest where none does."""
        low, high = (0, MOST) if near is None else (max(0, near - 8), min(MOST, near + 8))
        found = self.at(low, sound, seen, few)
        if sum(found.parts) > bits:
            return (low, found) if low == 0 else self.met(bits, sound, seen, few)
        place = low
        while high - place > 1:
            middle = (place + high) // 2
            tried = self.at(middle, sound, seen, few)
            place, high, found = (middle, high, tried) if sum(tried.parts) <= bits else (place, middle, found)
        return place, found

    def heard(self, point: Point, sound: WaveformCodecNetwork, seen: torch.Tensor) -> torch.Tensor:
        """The samples that a decoder makes of it, [1, N]."""
        coded = point.coded
        noise = torch.from_numpy(signs(0, coded.values.shape[1], self.bins)).float()[None]
        made = coefficients_of(coded.values, sound.decoder(coded.values, point.values, seen), noise) * coded.known
        return self.transform.inverse((made * coded.step)[:, :, : self.transform.bins])

    def scores(self, name: str, heard: torch.Tensor) -> dict[str, float]:
        """Of what was heard, against the sound."""
        away = (heard - self.real).square().sum()
        made = {"SNR dB": float(10 * torch.log10(self.real.square().sum() / away)),
                "loudness distance": float(self.loudness(heard, self.real).both)}  # fmt: skip
        sounds = [Sound(Audio.of(np.clip(x[0].numpy(), -1, 1), HZ), HZ) for x in (self.real, heard)]
        pair = Pair(name, sounds[0], sounds[1], sounds[1])
        for title, metric in METRICS.items():
            try:
                made[title] = float(metric.value([metric.observe(pair)]))
            except NotMeasured:
                made[title] = float("nan")
        return made


@torch.no_grad()
def measured(
    name: str, coding: Coding, sound: WaveformCodecNetwork, told: Told, other: Told, rates: tuple[float, ...]
) -> dict[str, Any]:
    """Every condition at every rate."""
    table: dict[str, Any] = {}
    seconds = coding.pairs * TOGETHER / FRAMES_S
    for rate in rates:
        place, few = None, rate < FEW_BELOW_KBIT_S
        for condition, (wanted, swapped) in CONDITIONS.items():
            shown, cost = (told.instead(other) if swapped else told).given(wanted, STREAMS)
            seen = torch.from_numpy(shown)[None]
            here, point = coding.met(1000 * rate * seconds - cost, sound, seen, few, place)
            place = here if place is None else place
            spent = [part / seconds / 1000 for part in (*point.parts, cost)]
            table[f"{condition} at {rate:g}"] = {
                **coding.scores(name, coding.heard(point, sound, seen)), **dict(zip(BITS, spent, strict=True)),
                "kbit/s": sum(spent),
            }  # fmt: skip
    return table


def trained(asked: argparse.Namespace, seed: int, data: CorpusData) -> WaveformCodecNetwork:
    """The network of a seed, trained as far as it is not yet."""
    folder = asked.out / f"seed_{seed}"
    if not (folder / "run.json").exists():
        settings = recipe("codec").made({
            "turns": ["sound"], "side": list(STREAMS), "withheld_ratio": 0.5, "batch_size": 6, "segment_frames": 60,
            "augment": [], "following": 0.35, "latent_pressure": 0.02, "fetch_threads": 1, "fetch_ahead": 2, "seed": seed,
            "steps": asked.steps, "careful": -3.75, "coarse": 2.0,
            "validate_every": asked.steps, "save_every": 50, "log_every": 25, "validation_sounds": 1, "optimiser.lr": 8e-4,
            "optimiser.warmup_steps": 30,
            "begin": {player: str(asked.begin / f"{player}.checkpoint") for player in ("sound", "prior")},
        })  # fmt: skip
        run = Run("codec", settings, str(asked.data))
    else:
        run = Run.load(folder)
    if not any(found.step >= run.settings.steps for found in checkpoint.kept(folder / CHECKPOINTS)):
        go(run, folder, data, device="cpu")
    last = checkpoint.kept(folder / CHECKPOINTS)[-1].path
    network = WaveformCodecNetwork(WaveformConfig(side=numbers(STREAMS)))
    _load(network, last, "sound")
    return network.eval()


def start(folder: Path) -> tuple[CoefficientPrior, WaveformCodecNetwork]:
    """What --begin names: what is expected of coefficients, and a network that is told nothing besides."""
    prior, sound = CoefficientPrior(PriorConfig()), WaveformCodecNetwork(WaveformConfig())
    for network, player in ((prior, "prior"), (sound, "sound")):
        _load(network, folder / f"{player}.checkpoint", player)
    return prior.eval(), sound.eval()


def _load(network: torch.nn.Module, file: Path, player: str) -> None:
    weights = weights_in(artifact.read(file, checkpoint.KIND), player)
    network.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})


def all_of_it(asked: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """What was measured: "condition at rate" → column → one value per sound, the mean over seeds."""
    data = CorpusData(asked.data)
    networks = {seed: trained(asked, seed, data) for seed in asked.seeds}
    prior = start(asked.begin)[0]
    chances = counted(data.utterances(), data.sample_rate)[0]
    sounds: dict[str, tuple[NDArray[np.float32], Told]] = {}
    for name, audio in data.validation(asked.sounds):
        samples = resample(audio, HZ).samples[0][: SECONDS * HZ]
        samples = np.ascontiguousarray(samples[: len(samples) // 320 * 320])
        sounds[name] = samples, Told.of(samples, HZ, len(samples) // 320, chances)
    every: dict[str, dict[str, list[float]]] = {}
    (asked.out / "figures").mkdir(parents=True, exist_ok=True)
    for name, (samples, told) in sounds.items():
        coding = None
        rows = []
        for seed, network in networks.items():
            file = asked.out / "figures" / f"{seed}_{name.replace('/', '_')}.json"
            if not file.exists():
                coding = coding or Coding(samples, network.config.bins, prior)
                found = measured(name, coding, network, told, another(name, sounds), tuple(asked.rates))
                with replacing(file) as out:
                    out.write(json.dumps(found).encode())
                print(name, seed, {key: round(row["PESQ"], 3) for key, row in found.items()}, flush=True)
            rows.append(json.loads(file.read_text()))
        for key in rows[0]:
            for column in rows[0][key]:
                every.setdefault(key, {}).setdefault(column, []).append(float(np.mean([row[key][column] for row in rows])))
    return every


def another(name: str, sounds: Mapping[str, tuple[Any, Told]]) -> Told:
    """The streams of the next sound of another corpus."""
    names = list(sounds)
    place = names.index(name)
    return next(
        sounds[other][1] for other in names[place + 1 :] + names[:place] if other.split("/")[0] != name.split("/")[0]
    )


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % of a mean over sounds."""
    drawn = values[np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))].mean(1)
    return bootstrap.bca(values, drawn)


def _met(row: dict[str, list[float]], rate: float) -> NDArray[np.bool_]:
    """Which sounds could be coded at a rate: some are too noisy for the coarsest steps, some too plain for the finest."""
    return np.abs(np.array(row["kbit/s"]) / rate - 1) < CLOSE


def _of(row: dict[str, list[float]], sounds: NDArray[np.bool_]) -> dict[str, list[float]]:
    return {column: list(np.array(values)[sounds]) for column, values in row.items()}


def table(every: dict[str, dict[str, list[float]]], rates: tuple[float, ...]) -> tuple[str, dict[str, Any]]:
    """As text, with differences from "none" at the same rate over the same sounds, and as plain values."""
    lines = ["| kbit/s | told | " + " | ".join(f"Δ {name}" for name in COLUMNS) + " | coefficients + latent + side, bit/s |",
             "|" + "---|" * (len(COLUMNS) + 3)]  # fmt: skip
    facts: dict[str, Any] = {}
    for rate in rates:
        met = np.all([_met(every[f"{condition} at {rate:g}"], rate) for condition in CONDITIONS], 0)
        plain = _of(every[f"none at {rate:g}"], met)
        for condition in CONDITIONS:
            row, cells = _of(every[f"{condition} at {rate:g}"], met), []
            for column in COLUMNS:
                values, base = np.array(row[column]), np.array(plain[column])
                both = np.isfinite(values) & np.isfinite(base)
                if condition == "none":
                    cells.append(f"({np.mean(base[np.isfinite(base)]):.3f})")
                    continue
                change = values[both] - base[both]
                low, high = interval(change)
                facts[f"{condition} at {rate:g}: {column}"] = [float(change.mean()), low, high, len(change)]
                cells.append(f"{change.mean():+.3f} [{low:+.3f}, {high:+.3f}]")
            bits = " + ".join(f"{1000 * np.mean(row[name]):.0f}" for name in BITS)
            lines.append(
                f"| {rate:g} (n = {met.sum()}) | {condition} | "
                + " | ".join(cells)
                + f" | {bits} = {1000 * np.mean(row['kbit/s']):.0f} |"
            )
    return "\n".join(lines) + "\n", facts


def main() -> None:
    """Train what is missing, measure what is missing, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--begin", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--sounds", type=int, default=12)
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES_KBIT_S))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    every = all_of_it(asked)
    text, facts = table(every, tuple(asked.rates))
    print(text)
    for name, content in (("table.md", text), ("table.json", json.dumps(facts, indent=1))):
        with replacing(asked.out / name) as out:
            out.write(content.encode())


if __name__ == "__main__":
    main()
