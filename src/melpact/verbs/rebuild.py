"""`rebuild`: sounds through a latent and back in stages, and what each stage adds or costs.

Coarse (a mel codec's bytes) → refiner → vocoder → post-filter. Each stage is taken out, or given what is true in place of
what it gets: the latent unquantised, the true mel, the true phase. Whatever of these gains most is the bottleneck.
How metrics are measured is the bench's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import find, read
from melpact.audio.samples import resolve
from melpact.audio.smoothing import median_smoothed, median_width
from melpact.audio.writing import write
from melpact.bench.run import Entry, Plan, bench
from melpact.bench.score import Score
from melpact.contract.artifact import replacing
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.features.analysis import extract, to_rate
from melpact.models.codec.rate import Rate
from melpact.models.codec.vae.codec import MelCodec
from melpact.models.refine.base import Refiner
from melpact.verbs.batch import Failure
from melpact.verbs.mel_codec import VOCODER, Speak, mel_codec, refining, speaker
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder, sources
from melpact.vocoders.griffin_lim.true_phase import with_true_phase

METRICS = ("snr", "si_sdr", "pesq_wb", "stoi", "mel_mae")
REBUILT = "rebuilt"
MEANING: Mapping[str, str] = {
    REBUILT: "the whole chain, from bytes alone",
    "without post-filter": "the post-filter bypassed",
    "without refiner": "the refiner bypassed",
    "latent as it was": "oracle: the latent not quantised",
    "true mel": "oracle: the mel of the sound itself",
    "rebuilt mel, true phase": "oracle: the phase of the sound itself, no vocoder",
    "true mel, true phase": "oracle: both; what is left is the mel's own loss",
}


@dataclass(frozen=True)
class Chain:
    """The stages.

    Attributes:
        coarse: a mel codec; only its mels are taken. quality: its step.
        refiner: mel → mel, knowing nothing but the decoded mel; None: there is none.
        post: width of the median; 1 does nothing.
    """

    coarse: MelCodec
    quality: int
    refiner: Refiner | None
    speak: Speak
    post: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The variants that differ."""
        lacking = {name for name, there in (("without post-filter", self.post > 1), ("without refiner", bool(self.refiner)))
                   if not there}  # fmt: skip
        return tuple(name for name in MEANING if name not in lacking)

    def variants(self, audio: Audio) -> tuple[dict[str, Audio], int, dict[str, float]]:
        """Every variant of a mono sound at the codec's rate, the stream's bytes, and the mean error of each mel."""
        stream = self.coarse.encode(audio, rate=Rate.quality(self.quality))
        true = extract(audio, self.coarse.vae.spec)
        coded = self._cut(self.coarse.mel_of(stream), true)
        whole = self._cut(self.coarse.vae.decode(self.coarse.vae.encode(true)), true)
        better = self._refined(coded)
        made = {
            REBUILT: self._sound(better, audio), "latent as it was": self._sound(self._refined(whole), audio),
            "true mel": self._sound(true, audio),
            "rebuilt mel, true phase": Audio.of(with_true_phase(audio, better), audio.sample_rate),
            "true mel, true phase": Audio.of(with_true_phase(audio, true), audio.sample_rate),
        }  # fmt: skip
        if self.refiner is not None:
            made["without refiner"] = self._sound(coded, audio)
        if self.post > 1:
            made["without post-filter"] = self._sound(better, audio, post=1)
        mels = {REBUILT: better, "without refiner": coded, "latent as it was": whole, "null": _mean(true)}
        errors = {name: _away(mel, true) for name, mel in mels.items()}
        return made, len(stream), errors

    def _refined(self, mel: Mel) -> Mel:
        return mel if self.refiner is None else self.refiner(mel)

    def _sound(self, mel: Mel, like: Audio, post: int | None = None) -> Audio:
        made = self.speak(mel).samples[:, : like.n_samples]
        made = np.pad(made, ((0, 0), (0, like.n_samples - made.shape[1])))
        return median_smoothed(Audio(made, like.sample_rate), self.post if post is None else post)

    @staticmethod
    def _cut(mel: Mel, like: Mel) -> Mel:
        return Mel(np.ascontiguousarray(mel.values[:, : like.n_frames]), mel.spec)


@dataclass(frozen=True)
class Stages:
    """What the variants scored.

    Attributes:
        scores: variant → metric → score. mel_errors: variant → mean error of its mel, in the mel's unit; "null": its mean.
        kbit_s: of the streams. bottleneck: metric → the oracle that gains most over the chain, and its gain.
    """

    scores: Mapping[str, Mapping[str, Score]]
    mel_errors: Mapping[str, float]
    kbit_s: float
    seconds: float
    bottleneck: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    def gain(self, variant: str, metric: str) -> float | None:
        """Of the chain over a variant, positive where the chain is better; None where either was not measured."""
        ours, theirs = self.scores[REBUILT][metric].value, self.scores[variant][metric].value
        if ours is None or theirs is None:
            return None
        return (ours - theirs) * (-1 if metric == "mel_mae" else 1)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "scores": {v: {m: s.model_dump(mode="json") for m, s in row.items()} for v, row in self.scores.items()},
            "mel_errors": dict(self.mel_errors), "kbit_s": self.kbit_s, "seconds": self.seconds,
            "bottleneck": {metric: list(found) for metric, found in self.bottleneck.items()},
        }  # fmt: skip


@dataclass(frozen=True)
class RebuildReport:
    """The stages, what was written, and what could not be rebuilt."""

    stages: Stages
    files: tuple[Path, ...]
    failed: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        failed = [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed]
        return {**self.stages.to_json(), "files": [str(path) for path in self.files], "failed": failed}


def rebuild(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    vae: str | Path | None = None,
    quality: int | None = None,
    refine: str | Path | None = None,
    vocoder: str | Path = VOCODER,
    post: str | None = None,
    metrics: Sequence[str] = METRICS,
    progress: Progress | None = None,
) -> RebuildReport:
    """Rebuild sounds in stages, and measure every stage against its bypass and against what is true.

    Args:
        inputs: sounds, folders, patterns; the first channel counts.
        out: folder: NAME.wav of each, and stages.json.
        vae: a VAE's file with a prior, or one that comes with the package.
        quality: its step; the codec's usual one by default.
        refine: a refiner behind it. vocoder: as `mel_codec.speaker`. post: "median:WIDTH".
        metrics: of the bench, in this order.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, names that lead to nothing, stages of several mels; or no input could be rebuilt.
    """
    progress = progress if progress is not None else Silent()
    coarse = mel_codec(vae, vocoder=vocoder)
    spec = coarse.vae.spec
    step = coarse.usual.step if quality is None else quality
    chain = Chain(coarse, coarse.asked(Rate.quality(step or 0)).step or 0, refining(refine, spec), speaker(vocoder, spec),
                  median_width(post))  # fmt: skip
    median_smoothed(Audio.of(np.zeros(1, np.float32), spec.sample_rate), chain.post)
    folder, files, failed = output_folder(out), [], []
    found = sources([resolve(one) for one in inputs], find)
    clips: dict[str, Audio] = {}
    variants: dict[str, dict[str, Audio]] = {}
    sizes, errors = [], []
    progress.start(len(found), "files")
    for one in found:
        name = one.place.with_suffix("").as_posix()
        try:
            heard = read(one.path)
            audio = to_rate(Audio.of(heard.samples[0], heard.sample_rate), spec.sample_rate)
            made, size, away = chain.variants(audio)
            target = folder / f"{name}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, made[REBUILT])
        except (MelpactError, OSError) as error:
            failed.append(Failure(str(one.path), str(error), type(error).__name__))
            continue
        finally:
            progress.advance(1)
        clips[name], variants[name] = audio, made
        files.append(target)
        sizes.append(size)
        errors.append(away)
    progress.done()
    if not clips:
        raise MelpactError("nothing could be rebuilt", where="rebuild", got=failed[0].message if failed else "no sounds")
    stages = staged(clips, variants, chain.names, metrics, sizes, errors)
    with replacing(folder / "stages.json") as file:
        file.write((json.dumps(stages.to_json(), indent=1) + "\n").encode())
    return RebuildReport(stages, tuple(files), tuple(failed))


def staged(
    clips: Mapping[str, Audio],
    variants: Mapping[str, Mapping[str, Audio]],
    names: Sequence[str],
    metrics: Sequence[str],
    sizes: Sequence[int],
    errors: Sequence[Mapping[str, float]],
) -> Stages:
    """The variants of some clips as the bench scores them; what they cost and how far their mels are."""
    entries = [Entry(name, clips[name], variants[name]) for name in clips]
    plan = Plan(suite="vocoder", metrics=tuple(metrics), laws=False)
    report = bench(entries, tuple(names), plan)
    scores = {name: report.scores[name] for name in names}
    seconds = sum(audio.n_samples / audio.sample_rate for audio in clips.values())
    means = {name: float(np.mean([one[name] for one in errors])) for name in errors[0]}
    made = Stages(scores, means, 8 * sum(sizes) / seconds / 1000, seconds)
    oracles = [name for name in names if MEANING[name].startswith("oracle") and name != "true mel, true phase"]
    found = {}
    for metric in scores[REBUILT]:
        gains = {name: -gain for name in oracles if (gain := made.gain(name, metric)) is not None}
        if gains:
            best = max(gains, key=lambda name: gains[name])
            found[metric] = (best, gains[best])
    return Stages(scores, means, made.kbit_s, seconds, found)


def _away(made: Mel, true: Mel) -> float:
    return float(np.abs(made.raw().values - true.raw().values).mean(dtype=np.float64))


def _mean(mel: Mel) -> Mel:
    return mel.with_raw(np.repeat(mel.raw().values.mean(1, keepdims=True), mel.n_frames, axis=1))
