"""What the mel seems to be, and what the way to the dialect that is believed would cost: the page's words on dialects."""

from __future__ import annotations

import html

import numpy as np

from melpact.bridges.ways import Bridge, bridge, said
from melpact.contract.dialect import dialect
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.identify import Identification, identify

_SHOWN = 6
_LEAST = 0.005


def dialects(evidence: Evidence, own: MelSpec) -> str:
    """Both sections; `own` is what the file says of itself."""
    try:
        found = identify(np.asarray(evidence.mel.values), audio=evidence.audio)
    except MelpactError as error:
        named = f"<p>No dialect can be named: {html.escape(str(error))}</p>"
        return f"<h3>What dialect is it in?</h3>{named}{_ways(evidence, own, None)}"
    return f"<h3>What dialect is it in?</h3>{_identified(evidence, found)}{_ways(evidence, own, found)}"


def _identified(evidence: Evidence, found: Identification) -> str:
    believed = said(evidence.spec)
    alike = {found.dialect, *found.same_values_as}
    if found.spec == evidence.spec or believed in alike:
        verdict = f"As believed: <b>{html.escape(believed)}</b>."
    elif found.dialect is None:
        changed = html.escape(", ".join(found.differs))
        verdict = f"A description that no dialect has: {html.escape(found.best.dialect)} with {changed}."
    else:
        sure = "" if found.sure else " most likely (far from certain)"
        verdict = f"Believed is {html.escape(believed)}; the numbers are{sure} <b>{html.escape(found.dialect)}</b>."
    how = "from the sound" if found.with_audio else "from the values alone, without the sound"
    rows = "".join(
        f"<tr><td>{html.escape(c.dialect)}<br><span class=q>{html.escape(c.reference_id)}</span></td>"
        f'<td class="meter"><i style="width:{100 * c.probability:.1f}%"></i><b>{c.probability:.3f}</b></td></tr>'
        for c in found.candidates[:_SHOWN]
        if c.probability >= _LEAST
    )
    head = "<tr><th>dialect and its record</th><th>probability</th></tr>"
    said_of = [*found.cannot_tell, *found.evidence]
    told = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said_of)
    same = [name for name in found.same_values_as if name != found.best.dialect]
    if same and not found.cannot_tell:
        told = f"<li>Cannot be told apart from the values: {html.escape(', '.join(same))}.</li>{told}"
    return (
        f"<p>{verdict} <span class=q>({how})</span></p><table class=cands><thead>{head}</thead><tbody>{rows}</tbody></table>"
        f"<ul class=q>{told}</ul>"
    )


def _ways(evidence: Evidence, own: MelSpec, found: Identification | None) -> str:
    """The bridges that matter here: from the file's own word, and from what the numbers surely say, to what is believed."""
    starts: list[tuple[str, MelSpec]] = []
    if own != evidence.spec:
        starts.append(("as the file says", own))
    if found is not None and found.sure and found.spec != evidence.spec and found.spec not in [s for _, s in starts]:
        alike = {found.dialect, *found.same_values_as}
        if said(evidence.spec) not in alike:
            starts.append(("as the numbers say", found.spec))
    head = f"<h3>What would the way to {html.escape(said(evidence.spec))} cost?</h3>"
    if not starts:
        unsure = found is not None and not found.sure and found.dialect != said(evidence.spec)
        tail = " The dialect above is too uncertain to start from; give the sound (--audio)." if unsure else ""
        return f"{head}<p>Nothing: it is taken to be in that dialect.{tail}</p>"
    rows = []
    for words, spec in starts:
        try:
            rows.append(_row(words, bridge(spec, evidence.spec, allow_lossy=False)))
        except MelpactError as error:
            rows.append(f"<li>From {html.escape(said(spec))} ({words}): {html.escape(str(error))}</li>")
    return f"{head}<ul class=ways>{''.join(rows)}</ul>"


def _row(words: str, way: Bridge) -> str:
    name = said(way.a)
    known = way.expected
    if way.kind == "refused":
        cost = "refused"
    elif known is None:
        cost = "exact" if way.kind == "exact" else f"fitted; its error was not measured ({html.escape(way.unmeasured)})"
    else:
        pesq = "" if known.pesq_cost is None else f", PESQ {-known.pesq_cost:+.2f}".replace("-", "\u2212")
        cost = f"{way.kind}; expected error {known.error_nat:.3f} nat (a constant per band: {known.null_nat:.2f}){pesq}"
    known_name = _known(name)
    command = f"melpact translate PRED{f' --dialect {name}' if known_name else ''} --to {said(way.b)} -o OUT"
    line = "" if way.kind == "refused" or not _known(said(way.b)) else f"<pre><code>{html.escape(command)}</code></pre>"
    return f"<li>From <b>{html.escape(name)}</b> ({words}): <b>{cost}</b>. {html.escape(way.reason)}.{line}</li>"


def _known(name: str) -> bool:
    try:
        dialect(name)
    except MelpactError:
        return False
    return True
