"""The law: a refiner is used where it was measured to beat doing nothing and a mere calibration, and refused elsewhere.

What happened to a mel is what its user says, else what its own provenance says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from melpact.contract.mel import Mel
from melpact.core.errors import NoSkill
from melpact.models.refine.base import Refiner
from melpact.models.refine.facts import SUFFIX
from melpact.models.refine.identity import Identity
from melpact.models.refine.measured import Figure, Row
from melpact.models.refine.settings import Refining

_FORCED = "refined all the same, as asked"


def judged(refiner: Refiner, name: str, degradations: Sequence[str], *, force: bool = False, where: object = None) -> str:
    """Whether a refiner may be used on mels that these degradations happened to.

    Args:
        name: what the refiner is called.
        degradations: their names; none where it is not known what happened.
        force: go on where the law says no.
        where: the mel, for the message.

    Returns:
        A sentence for the user; "" where there is nothing to say.

    Raises:
        NoSkill: it was measured not to help on one of them, or not measured on it; the figures are said.
    """
    if isinstance(refiner, Identity):
        return ""
    if not degradations:
        return f"{name}: {_in_a_line(refiner)}; what happened to these mels is not known"
    against = [why for one in degradations if (why := _against(refiner, one))]
    if not against:
        return ""
    text = "; ".join(against)
    if force:
        return f"{name} {text}; {_FORCED}"
    mend = "Leave these mels as they are, or go on all the same: --force (in a pipeline force = true)"
    if name.endswith(SUFFIX) and any(refiner.measured.row(one) is None for one in degradations):
        mend = f"Measure it (melpact refine-report {name} --audio SOUNDS --mark). {mend}"
    raise NoSkill(f"{name} {text}", where=where, next=mend)


def happened(mel: Mel, said: str | None) -> tuple[str, ...]:
    """What happened to a mel: by the word of its user or, without one, by its own provenance."""
    return (said,) if said is not None else tuple(dict.fromkeys(name for name, _ in _done(mel)))


def refined_by(mel: Mel) -> str:
    """The refiner that made this mel, by its provenance; "" where none did, or one that changes nothing."""
    done: Any = mel.provenance.get("refined")
    return "" if done is None or done["method"] == Identity.method else str(done["refiner"])


def signed(mel: Mel, refiner: Refiner, name: str, settings: Refining) -> dict[str, Any]:
    """The provenance of what a refiner makes of a mel: by which, and every setting."""
    if isinstance(refiner, Identity) and refined_by(mel):
        return dict(mel.provenance)
    by = {
        "refiner": Path(name).name, "method": refiner.method, "fingerprint": refiner.fingerprint,
        "settings": settings.model_dump(mode="json"),
    }  # fmt: skip
    return {**mel.provenance, "refined": by}


def beyond(refiner: Refiner, mel: Mel) -> str:
    """Doses in a mel's provenance at which the refiner was not measured, as a sentence; "" where there are none."""
    found = []
    for name, dose in _done(mel):
        row = refiner.measured.row(name)
        if row is not None and not min(row.dose) <= dose <= max(row.dose):
            known = f"{row.dose[0]:g} to {row.dose[1]:g} {row.unit}".rstrip()
            verb = "helps" if row.helps else "was measured"
            found.append(f"{name}: it {verb} at {known}, not at {dose:g}")
    return "; ".join(found)


def _done(mel: Mel) -> list[tuple[str, float]]:
    done: Any = mel.provenance.get("degraded", ())
    return [(str(one["name"]), float(one["dose"])) for one in done]


def figures(row: Row) -> str:
    """One row in words: the mel's figure, the first of the sound in which it is not ahead, and how many there are."""
    of_mel = [one for one in row.figures if not one.vocoded]
    of_sound = [one for one in row.figures if one.vocoded]
    lacking = [one for one in of_sound if not one.ahead]
    said = [_beside_its_nulls(one) for one in (*of_mel[:1], *lacking[:1])]
    if of_sound:
        said.append(f"ahead in {len(of_sound) - len(lacking)} of {len(of_sound)} figures of the sound")
    return ", ".join(said) or "no figures were kept"


def _beside_its_nulls(one: Figure) -> str:
    return (
        f"{one.metric}{' of the sound' if one.vocoded else ''} {one.refiner:.3g}{f' {one.unit}' if one.unit else ''} "
        f"refined, {one.bypass:.3g} left alone, {one.affine:.3g} calibrated (ahead by {one.gain:+.3g}, "
        f"95 % {one.low:+.3g} to {one.high:+.3g})"
    )


def _against(refiner: Refiner, degradation: str) -> str:
    row = refiner.measured.row(degradation)
    if row is None:
        there = ", ".join(one.degradation for one in refiner.measured.rows)
        return f"was never measured on {degradation}{f' (but on {there})' if there else ''}"
    if row.helps:
        return ""
    return f"was measured not to help on {row.degradation}: {figures(row)}, {row.utterances} utterances"


def _in_a_line(refiner: Refiner) -> str:
    measured = refiner.measured
    if not measured.rows:
        return "nobody measured yet whether it beats doing nothing"
    helps, fails = ", ".join(measured.helps_on), ", ".join(measured.fails_on)
    text = f"measured to help on {helps}" if helps else "measured to help on nothing"
    return f"{text}, not on {fails}" if fails else text
