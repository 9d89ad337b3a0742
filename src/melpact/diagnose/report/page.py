"""The page: the verdict on top, then for every mel its findings, pictures, figures, sounds and dialects, in that order."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.report.costs import Place, curve, source
from melpact.diagnose.report.dialects import dialects
from melpact.diagnose.report.figures import figures
from melpact.diagnose.report.mels import pictures
from melpact.diagnose.report.sound import players
from melpact.page.charts import number
from melpact.page.style import STYLE

FULL = 8
"""So many mels of a folder are shown with everything; of the others the page has the verdict and the proof."""
_CURVES = 6
_GOOD, _BAD = "\u2713", "\u2715"


@dataclass(frozen=True, eq=False)
class Case:
    """One mel that was examined.

    Attributes:
        name: the file. own: the description that the file itself gives, which `--for` may have replaced.
        notes: facts that are no faults. target, audio: what it was compared with.
    """

    name: str
    evidence: Evidence
    findings: Sequence[Finding]
    own: MelSpec
    notes: Sequence[str] = ()
    target: str | None = None
    audio: str | None = None


@dataclass(frozen=True)
class Part:
    """The finished part of one mel."""

    name: str
    codes: tuple[str, ...]
    verdict: str
    body: str = field(repr=False)


def section(case: Case, *, full: bool = True, among: int = 1) -> Part:
    """The part of one mel: `full` with pictures, figures, sounds and dialects, else its findings only.

    `among` says how many full parts the page will have, which share what it may hold of sound.
    """
    evidence, spec = case.evidence, case.evidence.spec
    heard, sound = players(evidence, case.findings, among) if full else ("", None)
    place = Place(evidence, sound) if full and case.findings else None
    seconds = evidence.mel.n_frames * spec.hop_length / spec.sample_rate
    facts = [
        f"{evidence.mel.dialect or spec.fingerprint}, {evidence.mel.n_mels} bands, {evidence.mel.n_frames} frames, "
        f"{seconds:.2f} s at {spec.sample_rate} Hz",
        f"target: {case.target or 'none given'}; sound: {case.audio or 'none given'}",
        *case.notes,
    ]
    told = "".join(f'<p class="facts">{html.escape(fact)}</p>' for fact in facts)
    rows = "".join(_finding(i, f, place if i <= _CURVES else None) for i, f in enumerate(case.findings, 1))
    found = f'<ol class="find">{rows}</ol>' if rows else "<p>Every probe that could be asked was silent.</p>"
    curves = f'<p class="q">{html.escape(source())}</p>' if rows and full else ""
    rest = ""
    if full:
        rest = (
            f"<h3>The mel</h3>{pictures(evidence)}<h3>Its numbers</h3>{figures(evidence)}"
            f"<h3>How it sounds</h3>{heard}{dialects(evidence, case.own)}"
        )
    body = f"{told}{found}{curves}{rest}"
    return Part(case.name, tuple(f.code for f in case.findings), _verdict(case.findings), body)


def _verdict(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Clean: nothing wrong was found."
    first = findings[0]
    if first.code == "no_signal":
        return "No signal: this mel carries nothing of its target, and no rescaling can help."
    short = re.split(r"[:;] |\. |\.$", first.sentence)[0]
    only = "; scale only" if "scale only" in first.sentence else ""
    more = f" ({len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{first.code}: {short}{only}{more}"


def _said(text: str) -> str:
    """A sentence as it begins on a page."""
    return html.escape(text[:1].upper() + text[1:])


def _finding(rank: int, found: Finding, place: Place | None) -> str:
    drawn = curve(found.code, place) if place is not None else ""
    unit = f" {html.escape(found.unit)}" if found.unit else ""
    proof = f"Measured: <b>{_figure(found.measured)}</b>{unit}. A clean mel has {_figure(found.null)}."
    bars = "".join(_bar(words, value) for words, value in (("severity", found.severity), ("certainty", found.certainty)))
    return (
        f'<li><div><h3><span class="rank">{rank}</span>{html.escape(found.code)}</h3><p>{_said(found.sentence)}</p>'
        f'<p class="proof">{proof}</p><div class="scale">{bars}</div>'
        f'<p class="q">What to do</p><pre><code>{html.escape(found.remedy)}</code></pre></div>{drawn}</li>'
    )


def _figure(value: float) -> str:
    return number(float(f"{value:.3g}"))


def _bar(words: str, value: float) -> str:
    return (
        f'<span>{words}</span><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="l" d="M0 4h100"/><path d="M0 1h{100 * value:.1f}v6H0z" fill="var(--a)"/></svg><b>{value:.2f}</b>'
    )


def write(
    path: str | Path, parts: Sequence[Part], *, failed: Sequence[tuple[str, str]] = (), missing: Sequence[str] = ()
) -> Path:
    """Write the page, atomically.

    Args:
        parts: from `section`, in the order of the page.
        failed: (file, why) of what could not be examined. missing: files without a partner, in words.
    """
    alone = len(parts) == 1 and not failed and not missing
    title = parts[0].name if alone else f"{len(parts) + len(failed)} mels"
    bad = sum(bool(part.codes) for part in parts)
    if alone:
        line = parts[0].verdict
    else:
        said = [f"{bad} of {len(parts)} mels have findings"]
        said += [f"{len(failed)} could not be examined"] if failed else []
        said += [f"{len(missing)} without a partner"] if missing else []
        line = "; ".join(said) + "."
    clean = not bad and not failed and not missing
    head = (
        f'<p class="brand">melpact doctor \u00b7 {html.escape(Path(title).name)}</p>'
        f'<div class="verdict{" ok" if clean else ""}"><h1>{_GOOD if clean else _BAD} {html.escape(line)}</h1></div>'
    )
    if not alone:
        head += _overview(parts, failed, missing)
    whole = "".join(
        f'<section class="whole" id="m{i}">' + (f"<h2>{html.escape(p.name)}</h2>" if not alone else "")
        + (f"<p><b>{html.escape(p.verdict)}</b></p>" if not alone else "") + f"{p.body}</section>"
        for i, p in enumerate(parts)
    )  # fmt: skip
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact doctor: {html.escape(Path(title).name)}</title><style>{STYLE}</style></head><body>"
        f'<header>{head}</header><main>{whole}</main><footer><p class="q">melpact {version("melpact")}</p></footer>'
        "</body></html>\n"
    )
    with replacing(path) as file:
        file.write(page.encode("utf-8"))
    return Path(path)


def _overview(parts: Sequence[Part], failed: Sequence[tuple[str, str]], missing: Sequence[str]) -> str:
    rows = "".join(
        f'<tr><td class="state">{f"{_BAD} {len(p.codes)}" if p.codes else _GOOD}</td>'
        f'<td><a href="#m{i}">{html.escape(p.name)}</a></td><td>{html.escape(", ".join(p.codes) or "clean")}</td></tr>'
        for i, p in enumerate(parts)
    )
    rows += "".join(
        f'<tr><td class="state">?</td><td>{html.escape(name)}</td><td>{html.escape(why)}</td></tr>' for name, why in failed
    )
    rows += "".join(f'<tr><td class="state">\u2013</td><td colspan="2">{html.escape(one)}</td></tr>' for one in missing)
    more = f'<p class="q">The first {FULL} are shown with everything.</p>' if len(parts) > FULL else ""
    head = "<thead><tr><th></th><th>mel</th><th>findings</th></tr></thead>"
    return f'<table class="all">{head}<tbody>{rows}</tbody></table>{more}'
