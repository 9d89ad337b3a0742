"""`examine`: one mel, with or without its target and its sound → ranked findings.

The shared evidence is built here, the explanations compared, and every probe asked; findings that the winning explanation
would
show as well are put behind it. What single probes look for is in `probes`; reading files is in `melpact.verbs.doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.claim.verdict import beside
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.hypotheses import Alternative, solve
from melpact.diagnose.probes import probes
from melpact.diagnose.refining import advised

_CERTAIN = 0.3
"""Findings below this certainty are not said."""


def examine(
    mel: Mel,
    *,
    target: Mel | None = None,
    audio: Audio | None = None,
    spec: MelSpec | Dialect | str | None = None,
) -> list[Finding]:
    """What is wrong with a mel, the most costly and most certain first.

    Args:
        mel: values [n_mels, frames] with the description that the user believes.
        target: what it should have been, in any description.
        audio: the sound it was made from, or should have come from.
        spec: believed in place of the mel's own description (what the next program takes it for).

    Returns:
        Findings ranked by severity × certainty; an empty list for a mel that is right.

    Raises:
        ContractError: a batch of mels, or one without frames. AxisError: `spec` has another number of bands.
    """
    if spec is not None and as_spec(spec) != mel.spec:
        mel = Mel(
            mel.values, as_spec(spec), mel.utterance if as_spec(spec).scaling == mel.spec.scaling else {}, mel.provenance
        )
    return diagnose(Evidence(mel, target, audio))


def diagnose(evidence: Evidence) -> list[Finding]:
    """The same for evidence that is there already, so that a report can show it."""
    with np.errstate(all="ignore"):
        if evidence.reference is not None and _comparable(evidence):
            evidence.solution = solve(evidence, _alternatives(evidence, late=False))
            if evidence.solution is not None and not evidence.solution.settled:
                more = solve(evidence, _alternatives(evidence, late=True))
                evidence.solution = evidence.solution.joined(more)
        found = [finding for probe in probes().values() if (finding := probe.probe(evidence)) is not None]
        found = _explained_away(evidence, [f for f in found if f.certainty >= _CERTAIN])
        if evidence.reference is None:
            found = beside(evidence, found)
    return sorted(advised(found, evidence), key=lambda f: (-f.weight, f.code))


def _comparable(evidence: Evidence) -> bool:
    """Whether there is anything to explain: enough frames, numbers, and some movement on both sides."""
    values, reference = evidence.filled, evidence.reference
    if reference is None or values.shape[1] < 8 or reference.shape[1] < 8 or reference.shape[0] != values.shape[0]:
        return False
    if evidence.finite.mean() < 0.5:
        return False
    return bool(values.std(axis=1).max() > 1e-6 and reference.std(axis=1).max() > 1e-6)


def _alternatives(evidence: Evidence, late: bool) -> Iterator[Alternative]:
    for probe in probes().values():
        if probe.alternatives is not None and probe.late == late and (probe.needs != "audio" or evidence.has_sound):
            yield from probe.alternatives(evidence)


_ALWAYS = ("not_finite", "leak", "no_signal", "silent", "constant")
"""Facts about the numbers that no explanation takes away."""
_EXPLANATIONS = (
    "log_base", "log_unit_db", "power_for_magnitude", "magnitude_for_power", "not_denormalised", "denormalised_twice",
    "one_utterance_statistics", "window_not_undone", "noise_added",
)  # fmt: skip
_FOLLOWS = ("below_floor", "above_ceiling", "clipped", "floor_kind")
"""Where there is no reference, what an explanation of the values causes as well."""


def _explained_away(evidence: Evidence, found: list[Finding]) -> list[Finding]:
    """Put findings that the best explanation would cause as well behind it.

    The mel that the explanation predicts is looked at by the same probes, without a reference; what they find there
    follows from
    the explanation.
    """
    solution = evidence.solution
    best = solution.best if solution is not None else None
    if any(f.code == "no_signal" or (solution is None and f.code in _EXPLANATIONS) for f in found):
        return [f.model_copy(update={"certainty": 0.4 * f.certainty}) if f.code in _FOLLOWS else f for f in found]
    if best is None or best.alternative.code not in {f.code for f in found}:
        return found
    codes = {f.alternative.code for f in solution.fits} if solution is not None else set()
    direct = [f for f in found if f.code not in codes and f.code not in _ALWAYS]
    if not direct:
        return found
    twin = Evidence(Mel(best.predicted.astype(np.float32), evidence.spec, evidence.mel.utterance))
    caused = {f.code for probe in probes().values() if probe.needs == "values" and (f := probe.probe(twin)) is not None}
    kept = []
    for f in found:
        if f in direct and f.code in caused:
            if best.residual < 0.15:
                continue
            f = f.model_copy(update={"certainty": 0.4 * f.certainty})
        kept.append(f)
    return kept
