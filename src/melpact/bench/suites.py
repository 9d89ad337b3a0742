"""Suites: for each kind of system, which metrics count, which nulls a score is held against, and what its ceiling is.

A metric joins a suite by what it says of itself (domain, needs, cost), so that a new file needs no entry here; the tables
below only name what the kind of system makes meaningless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from melpact.bench.metric import Domain, Metric, metrics
from melpact.core.errors import MelpactError

SuiteName = Literal["speech", "singing", "vocoder", "codec", "conversion", "tts"]
_NULLS = ("silence", "shaped_noise", "constant_mel", "shuffled")
_CEILINGS = ("identity", "true_phase", "griffin_lim")
_OTHER_TIMING = frozenset(
    {
        "estoi", "f0_correlation", "f0_rmse", "gross_pitch_error", "log_spectral_distance", "loudness_difference", "mcd",
        "mel_mae", "mel_rmse", "periodicity_error", "pesq_nb", "pesq_wb", "spectral_centroid", "spectral_convergence",
        "spectral_flatness", "stft_distance", "stoi", "voicing_f1",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Suite:
    """One kind of system.

    Args:
        meaning: one sentence.
        domain: of the sound.
        nulls: names of anchors; "unprocessed" joins where the systems' input is known.
        ceilings: names of anchors, the first that has a value better than the null is the ceiling.
        waveform_exact: whether systems are expected to restore the waveform itself.
        without: metrics that say nothing of such systems.
    """

    meaning: str
    domain: Domain
    nulls: tuple[str, ...] = _NULLS
    ceilings: tuple[str, ...] = _CEILINGS
    waveform_exact: bool = False
    without: frozenset[str] = frozenset()

    def chosen(self, *, text: bool) -> tuple[str, ...]:
        """The metrics of this suite; those that need the text only where it is known."""
        return tuple(
            name
            for name, metric in ordered().items()
            if self.domain in metric.domains
            and not metric.heavy
            and (self.waveform_exact or not metric.waveform_exact)
            and name not in self.without
            and (text or "text" not in metric.needs)
        )

    def nulls_of(self, metric: Metric) -> tuple[str, ...]:
        """The nulls that mean something for a metric."""
        paired = "original" in metric.needs and "pairing" not in metric.ignores
        return tuple(name for name in (*self.nulls, "unprocessed") if name != "shuffled" or paired)

    def ceilings_of(self, metric: Metric) -> tuple[str, ...]:
        """Ceilings in the order in which they are asked; a waveform's identity is a cap, not a ceiling."""
        return tuple(name for name in self.ceilings if name != "identity" or not metric.waveform_exact)

    def anchors(self, *, input: bool) -> tuple[str, ...]:
        """All of them."""
        return (*self.nulls, *(("unprocessed",) if input else ()), *_CEILINGS)


_FIRST = (
    "pesq_wb", "pesq_nb", "stoi", "estoi", "dnsmos_overall", "dnsmos_signal", "dnsmos_background", "dnsmos_p808",
    "speaker_similarity", "si_sdr", "snr", "segmental_snr", "mel_mae", "mel_rmse", "stft_distance", "spectral_convergence",
    "log_spectral_distance", "mcd", "mcd_dtw", "f0_rmse", "f0_correlation", "voicing_f1", "gross_pitch_error",
    "periodicity_error",
)  # fmt: skip
"""What a reader looks for first; all others follow by name."""


def ordered() -> dict[str, Metric]:
    """Every metric by name, in the order in which a table shows them."""
    known = metrics()
    return {name: known[name] for name in (*(n for n in _FIRST if n in known), *(n for n in known if n not in _FIRST))}


SUITES: Mapping[SuiteName, Suite] = MappingProxyType(
    {
        "speech": Suite("Speech that should sound like the original, such as enhanced or restored speech.", "speech"),
        "singing": Suite("Singing that should sound like the original: without what only speech has.", "singing"),
        "vocoder": Suite(
            "Sound made from the original's mel: the ceiling is that mel with the true phase.",
            "speech",
            ceilings=("true_phase", "griffin_lim"),
        ),
        "codec": Suite("Sound that was coded and decoded: the waveform itself may be kept.", "speech", waveform_exact=True),
        "conversion": Suite(
            "Another voice saying the same: the original is the target speaker, timing is free.",
            "speech",
            nulls=("silence", "shaped_noise", "shuffled"),
            without=_OTHER_TIMING,
        ),
        "tts": Suite(
            "Speech from text beside a recording of the same text: timing is free.",
            "speech",
            nulls=("silence", "shaped_noise", "shuffled"),
            without=_OTHER_TIMING,
        ),
    }
)


def suite(name: str) -> Suite:
    """A suite by name.

    Raises:
        MelpactError: none of that name.
    """
    for known, found in SUITES.items():
        if known == name:
            return found
    raise MelpactError("there is no such suite", where="suite", got=repr(name), wanted=", ".join(SUITES))


def named(names: Sequence[str]) -> tuple[str, ...]:
    """Names of metrics, checked.

    Raises:
        MelpactError: none of that name; the nearest is suggested.
    """
    import difflib

    known = metrics()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
            raise MelpactError(
                "there is no such metric",
                where="metrics",
                got=repr(name),
                next=f"Did you mean {near[0]}? melpact metrics lists them" if near else "melpact metrics lists them",
            )
    return tuple(dict.fromkeys(names))
