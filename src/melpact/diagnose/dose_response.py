"""What a fault costs once the mel is sound: distances of the inverted wrong mel from the original, by fault and dose.

Always beside the ceiling (the same vocoder on the right mel) and nulls (silence, noise, a constant mel). Any vocoder can be
asked; the measured costs of the library's own are in `faults/cost.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.diagnose.evidence import Evidence, shared
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import unscaled
from melpact.features.analysis import extract, to_rate
from melpact.features.oracle import spectrum

Vocode = Callable[[Mel], Audio]
Scores = dict[str, float | str]
"""A number per metric, or the sentence that says why there is none."""

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "pesq": "PESQ wide band at 16 kHz, 1 to 4.64",
        "log_spectral_distance_db": "rms over bins of the dB difference, 80 dB range",
        "spectral_convergence_db": "|STFT| error relative to the original; 0 is silence",
        "mel_error": "mean |difference| of the two mels, in the unit of the log",
        "duration_ratio": "seconds made / seconds of the original",
    }
)
NULLS = ("silence", "noise", "constant mel")


def pesq_score(original: Audio, made: Audio) -> float | str:
    """PESQ-wb (ITU-T P.862.2) of the common length at 16 kHz, or why there is none."""
    try:
        from pesq import NoUtterancesError, PesqError, pesq  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return "PESQ needs the package pesq: pip install pesq"
    a, b = (to_rate(audio, 16000).samples[0] for audio in (original, made))
    n = min(a.size, b.size)
    if n < 4000:
        return "less than a quarter of a second is left"
    if not np.any(b[:n]):
        return "nothing but zeros"
    try:
        return float(pesq(16000, a[:n], b[:n], "wb"))
    except NoUtterancesError:
        return "PESQ finds no speech in it"
    except (PesqError, ValueError) as error:
        return f"PESQ refuses it: {error}"


def scores(original: Audio, made: Audio | str, spec: MelSpec, *, quality: bool = True) -> Scores:
    """Every metric of `METRICS` for one sound; `made` may be the reason why there is none.

    Args:
        original, made: sounds at the description's rate; the common length is compared.
        spec: the description whose framing and mel are used, without its scaling.
        quality: whether to compute PESQ (the slow one).
    """
    if isinstance(made, str):
        return dict.fromkeys(METRICS, made)
    n = min(original.n_samples, made.n_samples)
    short = f"{made.duration_s:.2f} s are too short to compare"
    found: Scores = dict.fromkeys(METRICS, short)
    found["duration_ratio"] = made.n_samples / original.n_samples
    if n < spec.min_samples():
        return found
    x, y = (audio.samples[0][:n] for audio in (original, made))
    plain = unscaled(spec)
    mels = [extract(Audio.of(wave, spec.sample_rate), plain).values.astype(np.float64) for wave in (x, y)]
    found["mel_error"] = float(np.mean(np.abs(mels[0] - mels[1])))
    amplitude = plain.replace_quietly(power=1, epsilon=0.0, epsilon_kind="none")
    found |= _of_spectra(spectrum(x, amplitude), spectrum(y, amplitude))
    found["pesq"] = pesq_score(original, made) if quality else "not asked for"
    return found


def _of_spectra(a: NDArray[np.float64], b: NDArray[np.float64]) -> Scores:
    top, loud = float(a.max()), float(np.sqrt((a * a).sum()))
    if top == 0:
        silent = "the original is silent"
        return {"log_spectral_distance_db": silent, "spectral_convergence_db": silent}
    logs = [20 * np.log10(np.maximum(s, top * 1e-4)) for s in (a, b)]
    distance = float(np.sqrt(((a - b) ** 2).sum()))
    return {
        "log_spectral_distance_db": float(np.sqrt(((logs[0] - logs[1]) ** 2).mean(axis=0)).mean()),
        "spectral_convergence_db": 20 * math.log10(max(distance / loud, 1e-10)),
    }


def sounded(mel: Mel, vocode: Vocode) -> Audio | str:
    """The sound of a mel, or why the vocoder gives none that can be used."""
    try:
        with np.errstate(all="ignore"):
            made = vocode(mel)
    except (MelpactError, FloatingPointError, OverflowError) as error:
        return f"no sound: {error}"
    if made.peak == 0:
        return made
    # a wrong unit can ask for 10^20 of full scale; what is judged is the sound at a level that fits a file
    return Audio.of(made.samples / np.float32(made.peak), made.sample_rate) if made.peak > 1e3 else made


def doses_of(fault: Fault, n: int) -> tuple[float, ...]:
    """`n` doses from mild to gross; the kinds, for a fault that has kinds."""
    if fault.variants:
        return fault.doses
    places = np.linspace(0.0, 2.0, n)
    if min(fault.doses) > 0:
        return tuple(float(v) for v in np.exp(np.interp(places, range(3), np.log(fault.doses))))
    return tuple(float(v) for v in np.interp(places, range(3), fault.doses))


@dataclass(frozen=True)
class Point:
    """One dose of one fault, averaged over the clips on which each metric could be computed.

    `distance_nat` is how far the wrong mel lies from the right one before anything is made of it, see `distance_nat`; NaN
    where the fault could be planted nowhere.
    """

    dose: float
    name: str
    n: int
    scores: Scores
    distance_nat: float = math.nan


@dataclass(frozen=True)
class Curves:
    """The dose-response of a vocoder."""

    dialect: str
    n_clips: int
    ceiling: Scores
    nulls: Mapping[str, Scores]
    faults: Mapping[str, tuple[Point, ...]]
    refused: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; a metric that could not be computed is {"reason": …}."""
        return {
            "dialect": self.dialect,
            "clips": self.n_clips,
            "metrics": dict(METRICS),
            "ceiling": _plain(self.ceiling),
            "nulls": {name: _plain(found) for name, found in self.nulls.items()},
            "faults": {
                code: [
                    {
                        "dose": p.dose,
                        "name": p.name,
                        "n": p.n,
                        "mel_distance_nat": None if math.isnan(p.distance_nat) else round(p.distance_nat, 5),
                        **_plain(p.scores),
                    }
                    for p in points
                ]
                for code, points in self.faults.items()
            },
            "refused": dict(self.refused),
        }


def _plain(found: Scores) -> dict[str, Any]:
    return {k: {"reason": v} if isinstance(v, str) else round(v, 5) for k, v in found.items()}


def distance_nat(mel: Mel, right: Mel) -> float:
    """Mean |difference| of two mels of one description in nat of amplitude, over the frames and values that both have.

    Before any sound is made: the common measure of how wrong a mel is, whatever the fault. Values that are no numbers are
    left out; NaN where none is left, or where the scaling of either cannot be undone.
    """
    a, b = Evidence(mel), Evidence(right)
    if not (a.has_level and b.has_level):
        return math.nan
    with np.errstate(all="ignore"):
        x, y = shared(np.where(a.finite, a.level, np.nan), np.where(b.finite, b.level, np.nan))
        apart = np.abs(x - y)
    kept = apart[np.isfinite(apart)]
    return float(kept.mean()) if kept.size else math.nan


def averaged(found: Sequence[Scores]) -> Scores:
    """The mean of each metric over the clips that have it; the first reason where none has."""
    result: Scores = {}
    for name in METRICS:
        numbers = [v for s in found if not isinstance(v := s.get(name, "not measured"), str)]
        result[name] = float(np.mean(numbers)) if numbers else next(iter(str(s.get(name)) for s in found), "no clip")
    return result


def null_sounds(clip: Audio, mel: Mel, vocode: Vocode, rng: np.random.Generator) -> dict[str, Audio | str]:
    """What carries nothing of the clip: silence, noise as loud as it, and the vocoder's sound of its mean frame."""
    noise = rng.standard_normal(clip.n_samples) * 10 ** (clip.rms_db / 20)
    mean = np.repeat(mel.values.mean(axis=1, keepdims=True), mel.n_frames, axis=1)
    return {
        "silence": Audio.of(np.zeros(clip.n_samples, np.float32), clip.sample_rate),
        "noise": Audio.of(noise.astype(np.float32), clip.sample_rate),
        "constant mel": sounded(Mel(mean, mel.spec, mel.utterance), vocode),
    }


def curves(
    clips: Sequence[Audio],
    spec: MelSpec,
    vocode: Vocode,
    faults: Sequence[Fault],
    *,
    n_doses: int = 5,
    seed: int = 0,
    quality: bool = True,
    advance: Callable[[int], None] = lambda n: None,
) -> Curves:
    """Ask a vocoder what each fault costs it.

    Args:
        clips: natural sound, any rate.
        spec: the description that the vocoder expects.
        vocode: mel → sound of the description's rate.
        faults: those to plant; one that the description cannot have is listed as refused.
        n_doses: doses per fault that has sizes.
        seed: of every random choice.
        quality: whether to compute PESQ.
        advance: told 1 after each fault and once at the start.

    Raises:
        ContractError: no clips.
    """
    if not clips:
        raise ContractError("a dose-response curve needs sound", got="no clips")
    originals = [to_rate(clip, spec.sample_rate) for clip in clips]
    mels = [extract(clip, spec) for clip in originals]
    rng = np.random.default_rng(seed)
    pairs = list(zip(originals, mels, strict=True))
    ceiling = averaged([scores(c, sounded(m, vocode), spec, quality=quality) for c, m in pairs])
    nulls = [null_sounds(c, m, vocode, rng) for c, m in pairs]
    measured_nulls = {
        name: averaged([scores(c, n[name], spec, quality=quality) for (c, _), n in zip(pairs, nulls, strict=True)])
        for name in NULLS
    }
    advance(1)
    found: dict[str, tuple[Point, ...]] = {}
    refused: dict[str, str] = {}
    for fault in faults:
        reason = fault.refuses(spec)
        if reason is not None:
            refused[fault.code] = reason
        else:
            points = [_point(fault, dose, pairs, spec, vocode, seed, quality) for dose in doses_of(fault, n_doses)]
            found[fault.code] = tuple(points)
        advance(1)
    name = mels[0].dialect or spec.fingerprint
    return Curves(name, len(clips), ceiling, measured_nulls, found, refused)


def _point(
    fault: Fault, dose: float, pairs: Sequence[tuple[Audio, Mel]], spec: MelSpec, vocode: Vocode, seed: int, quality: bool
) -> Point:
    rows: list[Scores] = []
    apart: list[float] = []
    reason = ""
    for i, (clip, mel) in enumerate(pairs):
        try:
            wrong = fault.inject(mel, dose, np.random.default_rng([seed, i]), clip)
        except ContractError as error:
            reason = str(error)
            continue
        apart.append(distance_nat(wrong, mel))
        rows.append(scores(clip, sounded(wrong, vocode), spec, quality=quality))
    found: Scores = averaged(rows) if rows else dict.fromkeys(METRICS, reason)
    known = [d for d in apart if not math.isnan(d)]
    return Point(dose, fault.name_of_dose(dose), len(rows), found, float(np.mean(known)) if known else math.nan)


@lru_cache(maxsize=1)
def measured_costs() -> Mapping[str, Any]:
    """`faults/cost.json`: what each fault cost the library's own inversion, with the command that measured it."""
    text = files("melpact.diagnose.faults").joinpath("cost.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))
