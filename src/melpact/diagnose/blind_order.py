"""What the values alone tell of order and texture: bands or axes exchanged, detail lost, noise on every value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.blind_scaling import normal
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.natural import measure, named, ranges
from melpact.diagnose.severity import certainty, severity

Floats = NDArray[np.float64]
Look = Callable[[Evidence], Finding | None]


def other_order(code: str) -> Look:
    """Bands in another order: neighbours that do not go together, or a spectrum that falls the wrong way."""

    def look(evidence: Evidence) -> Finding | None:
        if not evidence.has_level or evidence.values.shape[1] < 20 or not evidence.finite.all():
            return None
        numbers = measure(evidence)
        if numbers is None or normal(evidence) is not None:
            return None
        level = evidence.raw
        n = level.shape[0]
        bands = np.arange(n)
        joint = _roughness(level, bands)
        orders = {
            "even before odd": np.argsort(np.concatenate([bands[::2], bands[1::2]])),
            "upper half before lower half": np.roll(bands, n - n // 2),
        }
        for words, order in orders.items():
            if words.startswith("even"):
                better = joint / max(_roughness(level, order), 1e-9)
                odd = better > 1.35
            else:
                steps = np.abs(np.diff(level - level.mean(), axis=0)).mean(axis=1)
                seam = float(steps[n // 2 - 1]) if n % 2 == 0 else float(max(steps[n // 2 - 1 : n // 2 + 1]))
                ends = float(np.abs(level[0] - level[-1]).mean())
                better = seam / max(float(np.median(steps)), 1e-9)
                odd = better > 4.5 and ends < 0.6 * seam and seam >= 0.999 * float(steps.max())
            if odd:
                return _order_finding(
                    code, f"the bands are in another order ({words})", better, 1.0, "times as rough as in order"
                )
        tilt = numbers["tilt"]
        low = ranges()["tilt"].least
        if tilt < low - 0.15:
            return _order_finding(
                code, "the bands run from high to low: the upper third is louder", tilt, ranges()["tilt"].middle, "tilt"
            )
        return None

    return look


def _order_finding(code: str, words: str, measured: float, null: float, unit: str) -> Finding:
    return Finding(
        code=code,
        severity=severity(code),
        certainty=0.75,
        measured=measured,
        null=null,
        unit=unit,
        sentence=f"{words} ({measured:.2f}; clean mels: {null:.2f})",
        remedy="put the bands in order from low to high (values[::-1] where they are reversed), then melpact doctor PRED",
    )


def _roughness(level: Floats, order: NDArray[np.intp]) -> float:
    return float(np.abs(np.diff(level[order], axis=0)).mean())


def other_axes(code: str) -> Look:
    """Time and band exchanged: time runs rough and the bands smooth, or both in blocks."""

    def look(evidence: Evidence) -> Finding | None:
        if not evidence.has_level or evidence.values.shape[1] < 20 or not evidence.finite.all():
            return None
        level = evidence.raw
        n, frames = level.shape
        centred = level - level.mean()
        spread = float(centred.std())
        if spread == 0:
            return None
        # a transposed square: the level of a column does not move, the level of a row does; a seam every n frames
        between_rows = float(level.mean(axis=1).var()) / spread**2
        between_columns = float(level.mean(axis=0).var()) / spread**2
        steps = np.abs(np.diff(level, axis=1)).mean(axis=0)
        seams = steps[n - 1 :: n]
        if seams.size and frames % n == 0:
            ratio = float(np.median(seams) / max(np.median(steps), 1e-9))
            if ratio > 4 and float(seams.min()) > np.quantile(np.delete(steps, np.arange(n - 1, steps.size, n)), 0.97):
                return _axes_finding(code, f"a seam stands every {n} frames, as many as there are bands", ratio, 1.0)
        square = frames == n and between_columns > 0.1
        falling = np.polyfit(np.arange(frames), level.mean(axis=0), 1)[0] * frames / spread
        if square and falling < -1.0 and between_columns > between_rows:
            return _axes_finding(code, "the level falls along time as it should over the bands", -falling, 0.0)
        # a reshape: the columns repeat with the period in which a row of the true array holds n_mels values
        if frames > n:
            rows = np.ascontiguousarray(level).reshape(frames, n)
            back = float(np.abs(np.diff(rows, axis=0)).mean() + np.abs(np.diff(rows, axis=1)).mean())
            here = float(np.abs(np.diff(level, axis=0)).mean() + np.abs(np.diff(level, axis=1)).mean())
            if here > 1.35 * back:
                return _axes_finding(
                    code, "reshaped to [frames, n_mels] the array is smooth, as it is it is not", here / back, 1.0
                )
        return None

    return look


def _axes_finding(code: str, words: str, measured: float, null: float) -> Finding:
    return Finding(
        code=code,
        severity=severity(code),
        certainty=0.85,
        measured=measured,
        null=null,
        sentence=f"time and band were taken for one another: {words} ({measured:.2f}; clean: {null:.2f})",
        remedy="transpose the array (values.T, not reshape) then melpact doctor PRED --axes mel-time",
    )


def texture(code: str) -> Look:
    """Steps between neighbours that are too small (detail lost) or turn back at once (noise)."""

    def look(evidence: Evidence) -> Finding | None:
        if (
            not evidence.has_level
            or evidence.spec.log_gain is None
            or not evidence.finite.all()
            or normal(evidence) is not None
        ):
            return None
        numbers = measure(evidence)
        if numbers is None:
            return None
        if code == "noise_added":
            r = ranges()[named("turn_t", evidence.spec)]
            odd = numbers["turn_t"] < r.least - 0.03 and numbers["turn_f"] < ranges()["turn_f"].low - 0.05
            value, null = numbers["turn_t"], r.middle
            words = "every value jitters: steps from frame to frame turn back at once (correlation "
            words += f"{value:.2f}; clean mels of this "
            words += f"overlap: {r.least:.2f} to {r.most:.2f}; noise alone: -0.50)"
            remedy = "let the sampler run to its end (more steps), or lower its temperature; then melpact doctor PRED"
            sure = certainty(r.middle - value, 0.0, r.middle - r.least)
        else:
            r = ranges()[named("turn_t", evidence.spec)]
            rt, rf = ranges()[named("step_t", evidence.spec)], ranges()["turn_f"]
            odd = numbers["turn_t"] > r.most + 0.02 and (numbers["turn_f"] > rf.high or numbers["turn_t"] > r.most + 0.1)
            value, null = numbers["step_t"], rt.middle
            words = f"detail is lost: from frame to frame the values move by {value:.2f} of their "
            words += f"spread (clean mels: {rt.low:.2f} to "
            words += f"{rt.high:.2f}), and smoothly (correlation of steps {numbers['turn_t']:.2f}; at most {r.most:.2f})"
            remedy = (
                "train on: add a loss on variance or an adversarial one; no calibration brings detail back; "
                "then melpact doctor PRED"
            )
            sure = certainty(numbers["turn_t"] - r.middle, 0.0, r.most - r.middle)
        if not odd:
            return None
        return Finding(
            code=code,
            severity=severity(code),
            certainty=sure,
            measured=value,
            null=null,
            unit="",
            sentence=words,
            remedy=remedy,
        )

    return look
