"""What every metric has to obey, checked by measuring: a metric that breaks one is not printed.

The cases are changes of the shipped recordings whose order of worth nobody disputes; they go through the bench like any
system. Not here: what a metric computes. A verdict is kept in the user's cache folder under the digest of the code that
it is about.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from melpact.audio.audio import Audio
from melpact.bench.cache import metric_digest, sources_digest
from melpact.bench.metric import Metric
from melpact.bench.sound import dialect_for
from melpact.bench.task import METRICS, Outcome, Settings, Task
from melpact.bench.workers import run
from melpact.core.errors import MelpactError
from melpact.core.plugins import plugins
from melpact.core.records import Record, digest

SNRS_DB = (30, 20, 10, 0)
SECONDS = 3.0
LAWS: Mapping[str, str] = {
    "itself": "a sound against itself gets the perfect value",
    "noise": "more noise is never better, and 0 dB is worse than 30 dB",
    "gain": "half the level moves nothing",
    "polarity": "a flipped polarity moves nothing",
    "delay": "a delay of 0.5 or 5 ms moves nothing",
    "silence": "silence never beats a real output",
    "shaped_noise": "noise of the same spectrum never beats a real output",
    "reason": "silence or a single frame as the original gives a reason, not a number",
}
_CHANGES = {"gain": ("half_level",), "polarity": ("flipped",), "delay": ("delay_0.5_ms", "delay_5_ms")}
_STEP, _MOVED, _PERFECT = 0.05, 0.05, 0.01


class Broken(Record):
    """One law that a metric breaks: what was measured, and what would have been right, in words with figures."""

    law: str
    measured: str
    wanted: str


class Verdict(Record):
    """What became of one metric.

    Attributes:
        tried: whether it could be measured here at all; `reason` says why not.
        values: case → value over the shipped recordings (None where there is a reason instead).
        broken: the laws it breaks.
    """

    metric: str
    tried: bool
    reason: str | None = None
    values: dict[str, float | None] = Field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    @property
    def lawful(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.broken


def cases(names: Sequence[str] = ()) -> list[Task]:
    """The recordings, each with every change as a system, and the two originals that nothing can be said of.

    Args:
        names: of shipped recordings; all by default.
    """
    from melpact.audio import samples

    tasks = []
    for name in names or samples.names():
        whole = samples.load(name)
        x = whole.samples[0][: int(SECONDS * whole.sample_rate)]
        tasks.append(Task(name, Audio(x[None].copy(), whole.sample_rate), _changed(x, whole.sample_rate)))
    rate = 16000
    tone = Audio((0.1 * np.sin(np.arange(rate) * 0.1)).astype(np.float32)[None], rate)
    frame = Audio(tone.samples[:, : rate // 100].copy(), rate)
    silence = Audio(np.zeros((1, rate), np.float32), rate)
    tasks.append(Task("silent original", silence, {"degenerate": tone}))
    tasks.append(Task("one frame", frame, {"degenerate": frame}))
    return tasks


def _changed(x: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> dict[str, Audio]:
    from melpact.bench.anchor import Scene, anchors

    rng = np.random.default_rng(x.size)
    noise = rng.standard_normal(x.size)
    level = np.sqrt(np.mean(np.square(x, dtype=np.float64)) / np.mean(noise * noise))

    def sound(wave: Any) -> Audio:
        return Audio(np.asarray(wave, np.float32).reshape(1, -1).copy(), rate)

    noisy = {f"noise_{snr}_db": x + noise * level * 10 ** (-snr / 20) for snr in SNRS_DB}
    base = noisy["noise_30_db"]
    late = {f"delay_{ms:g}_ms": np.concatenate([np.zeros(int(ms * rate / 1000)), base]) for ms in (0.5, 5.0)}
    changes = {"identity": x, **noisy, "half_level": 0.5 * base, "flipped": -base, **late}
    made = {name: sound(wave[: x.size]) for name, wave in changes.items()}
    scene = Scene(sound(x), None, None, dialect_for(rate), rng)
    made |= {name: anchors()[name].make(scene) for name in ("silence", "shaped_noise", "true_phase")}
    return {**made, "griffin_lim": _from_magnitudes(x, rate)}


def _from_magnitudes(x: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> Audio:
    """The phase made anew from the true STFT magnitudes: what a good vocoder gives, and no waveform metric knows."""
    from melpact.vocoders.griffin_lim import griffin_lim
    from melpact.vocoders.griffin_lim.fast import Framing

    n_fft, hop = 512, 128
    window = np.hanning(n_fft + 1)[:n_fft]
    frames = 1 + (x.size + n_fft) // hop
    framing = Framing.of(n_fft=n_fft, window=window, hop_length=hop, left_pad=n_fft // 2, frames=frames)
    padded = np.pad(x, (n_fft // 2, framing.scale.size))[: framing.scale.size]
    magnitude = np.abs(framing.analyse(padded, 0, frames)).T
    y = griffin_lim(
        np.ascontiguousarray(magnitude, np.float32), n_fft=n_fft, window=window, hop_length=hop, left_pad=n_fft // 2,
        n_samples=x.size, iterations=60, rng=np.random.default_rng(0),
    )  # fmt: skip
    return Audio(np.asarray(y, np.float32)[None].copy(), rate)


def judge(
    names: Sequence[str],
    *,
    package: str = METRICS,
    jobs: int = 1,
    cache: Path | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> dict[str, Verdict]:
    """The verdict over each metric; measured where none is kept.

    Args:
        names: of metrics in the folder `package`.
        cache: folder for verdicts; None: nothing is read or kept.
    """
    known = plugins(package)
    verdicts: dict[str, Verdict] = {}
    for name in names:
        if reason := known[name].missing():
            verdicts[name] = Verdict(metric=name, tried=False, reason=reason)
        elif (kept := _kept(cache, package, name, known[name])) is not None:
            verdicts[name] = kept
    left = tuple(name for name in names if name not in verdicts)
    if left:
        settings = Settings(16000, dialect_for(16000), left, (), package=package, cache=cache)
        outcomes = run(cases(), settings, jobs=jobs, advance=advance)
        for name in left:
            verdicts[name] = verdict(name, known[name], outcomes)
            if verdicts[name].tried:
                _keep(cache, package, known[name], verdicts[name])
    return {name: verdicts[name] for name in names}


def kept(name: str, package: str = METRICS, cache: Path | None = None) -> Verdict | None:
    """The verdict that is kept of a metric as it is now, or None."""
    return _kept(cache, package, name, plugins(package)[name])


def verdict(name: str, metric: Metric, outcomes: Sequence[Outcome]) -> Verdict:
    """Judge what the cases gave."""
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    recordings = [outcome for outcome in outcomes if "degenerate" not in outcome.found]
    for case in recordings[0].found:
        found = [outcome.found[case][name] for outcome in recordings]
        seen = [one.observation for one in found if one.reason is None]
        reasons |= dict.fromkeys([case], next((str(one.reason) for one in found if one.reason is not None), ""))
        try:
            values[case] = metric.value(seen) if 2 * len(seen) > len(found) else None
        except (MelpactError, ArithmeticError, ValueError) as error:
            values[case], reasons[case] = None, str(error)
    if values["noise_30_db"] is None:
        return Verdict(metric=name, tried=False, reason=reasons.get("noise_30_db", "no value"), values=values)
    broken = [*_itself(metric, values), *_noise(metric, values), *_unmoved(metric, values), *_nulls(metric, values)]
    for outcome in outcomes:
        one = outcome.found.get("degenerate", {}).get(name)
        if one is not None and (one.reason is None or one.fault):
            got = "a number" if one.reason is None else one.reason
            broken.append(Broken(law="reason", measured=f"{outcome.name}: {got}", wanted="a reason"))
    return Verdict(metric=name, tried=True, values=values, broken=tuple(broken))


def _sign(metric: Metric) -> int:
    return 1 if metric.better == "higher" else -1


def _range(values: Mapping[str, float | None]) -> float:
    """How far the metric goes from nearly clean to 0 dB."""
    clean, worst = values["noise_30_db"], values["noise_0_db"]
    return abs(clean - worst) if clean is not None and worst is not None else 0.0


def _said(value: float | None, metric: Metric) -> str:
    return "no value" if value is None else f"{value:.4g} {metric.unit}".strip()


def _itself(metric: Metric, values: Mapping[str, float | None]) -> list[Broken]:
    found = values["identity"]
    if metric.perfect is None:
        return []
    if found is not None and abs(found - metric.perfect) <= _PERFECT * max(0.1, abs(metric.perfect)):
        return []
    return [Broken(law="itself", measured=_said(found, metric), wanted=_said(metric.perfect, metric))]


def _noise(metric: Metric, values: Mapping[str, float | None]) -> list[Broken]:
    if "noise" in metric.ignores:
        return []
    sign, slack = _sign(metric), _STEP * _range(values)
    row = [values["identity"], *(values[f"noise_{snr}_db"] for snr in SNRS_DB)]
    known = [value for value in row if value is not None]
    steps = all(sign * (later - before) <= slack for before, later in pairwise(known))
    first, last = values["noise_30_db"], values["noise_0_db"]
    if steps and first is not None and last is not None and sign * (first - last) > 0:
        return []
    labels = ("clean", *(f"{snr} dB" for snr in SNRS_DB))
    said = ", ".join(f"{label} {_said(value, metric)}" for label, value in zip(labels, row))
    return [Broken(law="noise", measured=said, wanted=f"ever {'lower' if sign > 0 else 'higher'}")]


def _unmoved(metric: Metric, values: Mapping[str, float | None]) -> list[Broken]:
    base, broken = values["noise_30_db"], []
    assert base is not None
    for law, changes in _CHANGES.items():
        if law not in metric.ignores:
            continue
        for change in changes:
            found = values[change]
            if found is None or abs(found - base) > _MOVED * _range(values) + 1e-6 * max(1.0, abs(base)):
                measured = f"{change.replace('_', ' ')}: {_said(found, metric)}"
                broken.append(Broken(law=law, measured=measured, wanted=_said(base, metric)))
    return broken


def _nulls(metric: Metric, values: Mapping[str, float | None]) -> list[Broken]:
    """A real output is one that people would take: the true phase for waveforms, else a phase made anew."""
    real_name = "true_phase" if metric.waveform_exact else "griffin_lim"
    real, sign, broken = values[real_name], _sign(metric), []
    for law in ("silence", "shaped_noise"):
        null = values[law]
        if null is not None and (real is None or sign * (null - real) > 1e-9 * max(1.0, abs(null))):
            measured = f"{law.replace('_', ' ')} {_said(null, metric)}, {real_name.replace('_', ' ')} {_said(real, metric)}"
            broken.append(Broken(law=law, measured=measured, wanted="a worse value than a real output's"))
    return broken


def _path(cache: Path, package: str, name: str, metric: Metric) -> Path:
    here = Path(__file__).parent
    about = [metric_digest(package, name, metric.packages), sources_digest((here / "laws.py", here / "anchors"))]
    return cache / "laws" / f"{package.rpartition('.')[2]}-{name}-{digest(about)}.json"


def _kept(cache: Path | None, package: str, name: str, metric: Metric) -> Verdict | None:
    if cache is None:
        return None
    try:
        return Verdict.model_validate(json.loads(_path(cache, package, name, metric).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _keep(cache: Path | None, package: str, metric: Metric, found: Verdict) -> None:
    if cache is None:
        return
    path = _path(cache, package, found.metric, metric)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(found.model_dump(mode="json"), file)
        os.replace(temporary, path)
    except OSError:
        return
