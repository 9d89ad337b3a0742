"""From the winning explanation to its finding: one sentence, the share it explains, and the share that no fault explains."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.probes import Needs, Probe
from melpact.diagnose.severity import certainty, severity

Alternatives = Callable[[Evidence], Iterator[Alternative]]
Blind = Callable[[Evidence], Finding | None]


def explained(
    code: str,
    alternatives: Alternatives,
    *,
    needs: Needs = "target",
    blind: Blind | None = None,
    more: Callable[[Evidence], str] | None = None,
    late: bool = False,
) -> Probe:
    """A probe that speaks where its alternative beats all others; `blind` looks at the values where there is no
    reference."""

    def look(evidence: Evidence) -> Finding | None:
        if evidence.solution is None:
            return blind(evidence) if blind is not None else None
        return finding(evidence, code, more(evidence) if more is not None else "")

    return Probe((code,), "values" if blind is not None else needs, look, alternatives, late)


def finding(evidence: Evidence, code: str, more: str = "") -> Finding | None:
    """The finding of the best fit of a code where it wins, or comes so close that the two cannot be told apart."""
    solution = evidence.solution
    if solution is None or solution.best is None:
        return None
    fit, best = solution.of(code), solution.best
    if fit is None or (fit is not best and fit.score > 1.25 * best.score + 0.01):
        return None
    share, null = 1 - fit.residual, 1 - solution.right.residual
    width = max(0.02, 0.15 * (1 - null))
    width = min(width, 0.3 * (1 - null)) if solution.exact(fit) else width
    sure = certainty(share, null, null + width)
    tied = "" if fit is best else f"; nearly as good as: {best.alternative.label}"
    what = fit.alternative
    return Finding(
        code=code,
        severity=severity(code),
        certainty=sure if fit is best else 0.6 * sure,
        measured=share,
        null=null,
        unit="of the spread explained",
        sentence=f"{what.label}: this explains {share:.1%} of the mel's spread against {null:.1%} if nothing "
        f"were wrong{tied}{more}",
        remedy=what.remedy or "melpact calibrate compare PRED TARGET",
        field=what.field,
    )
