"""Silence: values on the floor where there should be sound, or nearly all of them."""

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.evidence import Evidence, shared
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import severity

_ALL = 0.985
_ONE_RUN = 0.55
_BESIDE_SOUND = 0.15


def _look(evidence: Evidence) -> Finding | None:
    if not evidence.has_level or not evidence.finite.all():
        return None
    tolerance = 0.05 * abs(evidence.gain)
    if evidence.spec.log_gain is None:
        tolerance = 1e-7 + 1e-3 * float(evidence.floor.max())
    at = np.abs(evidence.raw - evidence.floor[:, None]) <= tolerance
    share, frames = float(at.mean()), at.mean(axis=0) > 0.97
    null, limit, where = 0.2, _ALL, "of the values read the floor"
    reference = evidence.reference
    if share < _ALL and reference is not None and reference.shape[0] == at.shape[0] and evidence.target is not None:
        quiet, there = shared(frames[None].astype(float), reference)
        lowest = there.min()
        sounding = (there > lowest + 0.02 * (there.max() - lowest)).mean(axis=0) > 0.3
        share, null, limit = float((quiet[0].astype(bool) & sounding).mean()), 0.0, _BESIDE_SOUND
        where = "of the frames are silent where the target has sound"
    elif share < _ALL:
        share, limit, where = (
            _longest(frames) / frames.size,
            _ONE_RUN,
            "of the frames, in one piece, read the floor in every band",
        )
    if share < limit:
        return None
    return Finding(
        code="silent",
        severity=severity("silent") * min(1.0, 0.3 + share),
        measured=share,
        null=null,
        sentence=f"{share:.1%} {where} ({float(evidence.floor.mean()):.2f}): there is no sound there (speech "
        f"with pauses: about {null:.0%})",
        remedy="melpact show FILE  (then look at what was fed in: an empty file, a gain of 0, a padded batch, "
        "or a model that stopped)",
    )


def _longest(flags: NDArray[np.bool_]) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


PLUGIN = Probe(("silent",), "values", _look)
