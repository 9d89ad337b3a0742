"""What a plan for rebuilding sound from a latent claimed for each step, beside what the step gives: one table.

    python -m benchmarks.rebuild_report PACKED -o docs_table.md [--vae NAME] [--clips 12]

The clips are those that the corpus holds out. Each claim is a difference in dB of waveform SNR; beside it stand the same
difference in SI-SDR and PESQ, and the two arms that it is between.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.run import Entry, Plan, bench
from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.models.codec.rate import Rate
from melpact.train.data import CorpusData
from melpact.verbs.mel_codec import mel_codec, speaker
from melpact.vocoders.griffin_lim.true_phase import with_true_phase
from melpact.vocoders.griffin_lim.vocoder import invert

METRICS = ("snr", "si_sdr", "pesq_wb", "stoi", "mel_mae")
SECONDS = 4.0
ARMS: Mapping[str, str] = {
    "coded, inverted": "bytes → mel → Griffin-Lim (fast)",
    "coded, vocoder": "bytes → mel → melpact_small",
    "scaled per file, vocoder": "the mel stretched to the whole range before the VAE and back behind it",
    "not quantised, vocoder": "the latent as it was",
    "true mel, inverted": "80 bands → Griffin-Lim (fast)",
    "true mel, 160 bands, inverted": "the same with twice the bands",
    "true mel, vocoder": "80 bands → melpact_small: what the best VAE would give",
    "coded, true phase": "magnitudes of the coded mel, phase of the sound",
    "true mel, true phase": "80 bands",
    "true mel, 160 bands, true phase": "160 bands",
}
CLAIMS: tuple[tuple[str, str, str, str], ...] = (
    ("a vocoder", "+5 to 10", "coded, inverted", "coded, vocoder"),
    ("a vocoder, on true mels", "+5 to 10", "true mel, inverted", "true mel, vocoder"),
    ("more bands", "+2 to 3", "true mel, inverted", "true mel, 160 bands, inverted"),
    ("more bands, phase known", "+2 to 3", "true mel, true phase", "true mel, 160 bands, true phase"),
    ("no scaling per file", "+1 to 2", "scaled per file, vocoder", "coded, vocoder"),
    ("a finer latent", "+3 to 5", "coded, vocoder", "not quantised, vocoder"),
    ("the best possible VAE", "+3 to 5", "coded, vocoder", "true mel, vocoder"),
    ("all of it", "+10", "coded, inverted", "true mel, vocoder"),
    ("the phase (not in the plan)", "-", "coded, vocoder", "coded, true phase"),
)  # fmt: skip


def arms(vae: str | None, quality: int | None) -> tuple[Callable[[Audio], tuple[dict[str, Audio], int]], int]:
    """What makes every arm of a sound, with the stream's bytes; and the sample rate."""
    codec = mel_codec(vae)
    own, spec = codec.vae, codec.vae.spec
    rate = codec.usual if quality is None else Rate.quality(quality)
    speak = speaker("melpact_small", spec)
    wide = spec.replace_quietly(n_mels=2 * spec.n_mels)

    def cut(mel: Mel, like: Mel) -> Mel:
        return Mel(np.ascontiguousarray(mel.values[:, : like.n_frames]), mel.spec)

    def coded(mel: Mel) -> Mel:
        step = rate.step or 0
        return own.decode(codec.prior.restored(codec.prior.quantised(own.encode(mel), step), step), mel.n_frames)

    def made(audio: Audio) -> tuple[dict[str, Audio], int]:
        true, fine = extract(audio, spec), extract(audio, wide)
        stream = codec.encode(audio, rate=rate)
        heard = cut(codec.mel_of(stream), true)
        low, high = float(true.values.min()), float(true.values.max())
        least, most = spec.floor_value, float(np.mean(own.facts.statistics.ceiling))
        slope = (most - least) / (high - low)
        scaled = coded(true.with_raw((true.values - low) * slope + least))
        scaled = scaled.with_raw((scaled.values - least) / slope + low)
        sounds = {
            "coded, inverted": invert(heard, effort="fast"), "coded, vocoder": speak(heard),
            "scaled per file, vocoder": speak(scaled),
            "not quantised, vocoder": speak(own.decode(own.encode(true), true.n_frames)),
            "true mel, inverted": invert(true, effort="fast"),
            "true mel, 160 bands, inverted": invert(fine, effort="fast"), "true mel, vocoder": speak(true),
            "coded, true phase": Audio.of(with_true_phase(audio, heard), audio.sample_rate),
            "true mel, true phase": Audio.of(with_true_phase(audio, true), audio.sample_rate),
            "true mel, 160 bands, true phase": Audio.of(with_true_phase(audio, fine), audio.sample_rate),
        }  # fmt: skip
        return sounds, len(stream)

    return made, spec.sample_rate


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("packed")
    asked.add_argument("-o", "--out", required=True)
    asked.add_argument("--vae")
    asked.add_argument("--quality", type=int)
    asked.add_argument("--clips", type=int, default=12)
    wishes = asked.parse_args()
    make, rate = arms(wishes.vae, wishes.quality)
    entries, size, seconds = [], 0, 0.0
    for name, audio in CorpusData(wishes.packed).validation(wishes.clips):
        clip = Audio.of(audio.samples[0][: int(SECONDS * rate)], rate)
        sounds, used = make(clip)
        size, seconds = size + used, seconds + clip.n_samples / rate
        entries.append(Entry(name, clip, sounds))
    report = bench(entries, tuple(ARMS), Plan(suite="vocoder", metrics=METRICS, laws=False))
    values = {arm: {metric: report.scores[arm][metric].value for metric in METRICS} for arm in ARMS}
    differences = {(one.metric, one.a, one.b): one for one in report.differences}

    def gain(metric: str, before: str, after: str) -> str:
        found = differences.get((metric, after, before))
        sign = 1.0
        if found is None:
            found, sign = differences[metric, before, after], -1.0
        if found.value is None or found.low is None or found.high is None:
            return "-"
        low, high = sorted((sign * found.low, sign * found.high))
        return f"{sign * found.value:+.2f} [{low:+.2f}, {high:+.2f}]"

    lines = [f"{len(entries)} held-out clips, {seconds:.0f} s, {8 * size / seconds / 1000:.2f} kbit/s", ""]
    lines += ["| arm | " + " | ".join(METRICS) + " | what it is |", "|---" * (len(METRICS) + 2) + "|"]
    for arm, meaning in ARMS.items():
        cells = ("-" if (value := values[arm][metric]) is None else f"{value:.2f}" for metric in METRICS)
        lines.append(f"| {arm} | {' | '.join(cells)} | {meaning} |")
    lines += ["", "| claim | claimed, dB SNR | SNR, dB | SI-SDR, dB | PESQ | from | to |", "|---" * 7 + "|"]
    for title, claimed, before, after in CLAIMS:
        cells = (gain(metric, before, after) for metric in ("snr", "si_sdr", "pesq_wb"))
        lines.append(f"| {title} | {claimed} | {' | '.join(cells)} | {before} | {after} |")
    Path(wishes.out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path(wishes.out).with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
