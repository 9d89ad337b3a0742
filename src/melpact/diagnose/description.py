"""What is wrong with a description itself, before a mel is made in it: filters that hold hardly a bin, and what lies above.

Computed from the filterbank alone. What is wrong with the values of a mel is asked by `melpact.diagnose.probes`, whose codes
are another vocabulary.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import dialect, dialects, name_of
from melpact.contract.filterbank import band_edges_hz, filterbank, hz_to_mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.finding import Finding

DESCRIPTION_CODES = ("few_bins", "nothing_above")
USUAL = "hifigan_22k"
"""The description that most published vocoders take; a description is measured against what it does itself."""
FEWEST_BINS = 3


def bins_per_filter(spec: MelSpec) -> NDArray[np.int64]:
    """How many FFT bins each filter weighs with more than zero, int64 [n_mels]."""
    return np.asarray(np.count_nonzero(filterbank(spec) > 0, axis=1), np.int64)


def share_above(spec: MelSpec) -> tuple[float, float]:
    """What lies between f_max and half the rate: its share of the spectrum in Hz, and on the mel scale; each 0 to 1."""
    half = spec.sample_rate / 2
    top = min(spec.f_max, half)
    mels = [float(hz_to_mel(f, spec.mel_scale)) for f in (top, half)]
    return 1.0 - top / half, 1.0 - mels[0] / mels[1]


def lint(spec: MelSpec, name: str = "the description") -> tuple[Finding, ...]:
    """Findings, the worst first; none for a description that resolves its bands and reaches as far as is usual.

    Args:
        name: how it is called in sentences, such as its file.
    """
    found = [one for one in (_few_bins(spec, name), _nothing_above(spec, name)) if one is not None]
    return tuple(sorted(found, key=lambda one: -one.weight))


def notes(spec: MelSpec) -> tuple[str, ...]:
    """Facts that are no faults: the known description that it equals in all but the rate."""
    if name_of(spec) is not None:
        return ()
    same = []
    for name, known in dialects().items():
        if known.asks:
            continue
        moved = known.spec.replace_quietly(sample_rate=spec.sample_rate, bank_sample_rate=spec.bank_sample_rate)
        if moved == spec:
            rate = known.spec.sample_rate
            frame = 1000 * spec.hop_length / spec.sample_rate
            usual = 1000 * spec.hop_length / rate
            same.append(
                f"all but the rate is {name}'s ({rate} Hz): a checkpoint made for that takes frames of {usual:.1f} ms, "
                f"these are {frame:.1f} ms, and its bands lie elsewhere; use it only with {name}"
            )
    return tuple(same[:1])


def _few_bins(spec: MelSpec, name: str) -> Finding | None:
    bins = bins_per_filter(spec)
    poor = np.flatnonzero(bins < FEWEST_BINS)
    if not poor.size:
        return None
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)
    counts = {n: int((bins[poor] == n).sum()) for n in range(FEWEST_BINS)}
    said = " and ".join(f"{counts[n]} {_bins(n)}" for n in (0, 1, 2) if counts[n])
    low, high = edges[poor[0]], edges[poor[-1] + 2]
    apart = spec.bank_sample_rate / spec.n_fft
    width = float(np.median(edges[poor + 2] - edges[poor]))
    sentence = (
        f"{name}: of {spec.n_mels} filters {said} ({low:.0f} to {high:.0f} Hz): bins lie {apart:.1f} Hz apart, and these "
        f"filters are {width:.0f} Hz wide; what is between two bins, such as a low voice's harmonics, is not told apart"
    )
    return Finding(
        code="few_bins", severity=float(poor.size / spec.n_mels), measured=float(bins.min()),
        null=float(bins_per_filter(dialect(USUAL).spec).min()), unit="bins in the poorest filter", sentence=sentence,
        remedy=_another(spec), field="n_fft",
    )  # fmt: skip


def _bins(n: int) -> str:
    return {0: "hold no FFT bin", 1: "hold one FFT bin", 2: "hold two"}[n]


def _nothing_above(spec: MelSpec, name: str) -> Finding | None:
    share, heard = share_above(spec)
    usual = share_above(dialect(USUAL).spec)[0]
    if share <= usual + 1e-9:
        return None
    half = spec.sample_rate / 2
    sentence = (
        f"{name}: nothing above {spec.f_max:g} Hz is in the mel, at {spec.sample_rate} Hz {100 * share:.0f} % of the "
        f"spectrum up to {half:g} Hz ({100 * heard:.0f} % of the mel scale): it is lost, and a vocoder has to invent it"
    )
    return Finding(
        code="nothing_above", severity=float(heard), measured=round(100 * share, 3), null=round(100 * usual, 3),
        unit="% of the spectrum", sentence=sentence, remedy=_another(spec), field="f_max",
    )  # fmt: skip


def _another(spec: MelSpec) -> str:
    """A known description of the rate, or near it, without these faults; the one whose frames are nearest in time."""
    best: tuple[float, str] | None = None
    for name, known in dialects().items():
        if known.asks or known.alias_of is not None or known.variant_of is not None:
            continue
        other = known.spec
        apart = abs(np.log(other.sample_rate / spec.sample_rate))
        if apart > 0.1 or bins_per_filter(other).min() < FEWEST_BINS or share_above(other)[0] > 0.1:
            continue
        frames = abs(float(np.log(other.frame_rate_hz / spec.frame_rate_hz)))
        if best is None or (10 * apart + frames, name) < best:
            best = (10 * apart + frames, name)
    if best is not None:
        return f"melpact extract SOUNDS -d {best[1]} -o MELS"
    return f"melpact dialects sample_rate={spec.sample_rate}"
