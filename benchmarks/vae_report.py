"""The card's figures of a mel VAE: rate, the mel's error and the sound's quality at each step of quality, on held-out clips.

    python -m benchmarks.vae_report PACKED -o figures.md [--vae NAME] [--clips 12] [--qualities 0,2,4,6,8] [--refine NAME …]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.run import Entry, Plan, bench
from melpact.bench.score import Score
from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.models.codec.rate import Rate
from melpact.train.data import CorpusData
from melpact.verbs.mel_codec import mel_codec, refining, speaker

METRICS = ("pesq_wb", "stoi", "dnsmos_overall", "mel_mae", "speaker_similarity")
SECONDS = 4.0
UNQUANTISED, VOCODED = "latent not quantised", "mel as it was"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("packed")
    asked.add_argument("-o", "--out", required=True)
    asked.add_argument("--vae")
    asked.add_argument("--clips", type=int, default=12)
    asked.add_argument("--qualities", default="0,2,4,6,8")
    asked.add_argument("--refine", nargs="*", default=[])
    wishes = asked.parse_args()
    codec = mel_codec(wishes.vae)
    spec, own = codec.vae.spec, codec.vae
    speak = speaker("melpact_small", spec)
    steps = [int(one) for one in wishes.qualities.split(",")]
    usual = codec.usual.step or 0
    refiners = {name: refining(name, spec) for name in wishes.refine}
    arms = [*(f"quality {step}" for step in steps), *(f"quality {usual}, {name}" for name in refiners), UNQUANTISED, VOCODED]
    entries, sizes, away, seconds, nulls = [], dict.fromkeys(arms, 0), {arm: [] for arm in arms}, 0.0, []
    for name, audio in CorpusData(wishes.packed).validation(wishes.clips):
        clip = Audio.of(audio.samples[0][: int(SECONDS * spec.sample_rate)], spec.sample_rate)
        true = extract(clip, spec)
        seconds += clip.n_samples / spec.sample_rate
        mels = {UNQUANTISED: own.decode(own.encode(true), true.n_frames), VOCODED: true}
        for step in sorted({*steps, usual}):
            stream = codec.encode(clip, rate=Rate.quality(step))
            heard = codec.mel_of(stream)
            mel = Mel(np.ascontiguousarray(heard.values[:, : true.n_frames]), spec)
            if step in steps:
                mels[f"quality {step}"] = mel
                sizes[f"quality {step}"] += len(stream)
            if step == usual:
                for called, refiner in refiners.items():
                    assert refiner is not None
                    mels[f"quality {usual}, {called}"] = refiner(mel)
                    sizes[f"quality {usual}, {called}"] += len(stream)
        for arm, mel in mels.items():
            away[arm].append(float(np.abs(mel.values - true.values).mean(dtype=np.float64)))
        nulls.append(float(np.abs(true.values - true.values.mean(1, keepdims=True)).mean(dtype=np.float64)))
        entries.append(Entry(name, clip, {arm: speak(mel) for arm, mel in mels.items()}))
    report = bench(entries, tuple(arms), Plan(suite="vocoder", metrics=METRICS, laws=False))
    names = list(report.scores[VOCODED])
    lines = [f"{len(entries)} clips, {seconds:.0f} s; each mel's own mean is off by {np.mean(nulls):.3f}", ""]
    lines += [f"| | kbit/s | mel, nat | {' | '.join(names)} |", "|---" * (len(names) + 3) + "|"]
    for arm in arms:
        rate = f"{8 * sizes[arm] / seconds / 1000:.2f}" if sizes[arm] else "-"
        cells = " | ".join(_cell(report.scores[arm][name]) for name in names)
        lines.append(f"| {arm} | {rate} | {np.mean(away[arm]):.3f} | {cells} |")
    nulls_of = " | ".join("-" if (value := report.scores[VOCODED][name].null) is None else f"{value:.2f}" for name in names)
    lines.append(f"| null | - | {np.mean(nulls):.3f} | {nulls_of} |")
    Path(wishes.out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def _cell(score: Score) -> str:
    if score.value is None:
        return "-"
    return f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]" if score.low is not None else f"{score.value:.2f}"


if __name__ == "__main__":
    main()
