"""Some utterances to hear and see: every system at the same instant, and their mels on one scale.

The sounds are read again from their files, brought to the rate of the comparison and laid on the original as the metrics saw
them; one gain per utterance keeps the loudest of them within full scale.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.align import moved
from melpact.bench.page.utterances import WORST, ranked
from melpact.bench.report import Report, Utterance
from melpact.bench.sound import Sound
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.page.charts import number
from melpact.page.images import CHANGE, LEVEL, uri
from melpact.page.pictures import legend, picture
from melpact.page.sounds import flac

_LONGEST_S = 10.0
_BUDGET_BYTES = 18_600_000
"""Of all sounds and pictures, as they stand on the page."""
STYLE = """
.deck{position:sticky;top:0;background:var(--page);padding:.5rem 0;border-bottom:1px solid var(--rule);z-index:1}
.deck label,.deck select{font:inherit}.deck select{max-width:100%}
.sides{display:flex;flex-wrap:wrap;gap:.35rem;margin:.5rem 0}
.sides button{font:inherit;font-size:.88rem;padding:.3rem .7rem;border:1px solid var(--rule);border-radius:5px;
background:var(--card);color:var(--ink);cursor:pointer}
.sides button[aria-pressed=true]{border-color:var(--a);box-shadow:inset 0 0 0 1px var(--a);font-weight:650}
.roll{overflow-x:auto}
.heard[hidden]{display:none}
@media print{.deck{display:none}.heard[hidden]{display:block}.heard{break-inside:avoid}}
"""
SCRIPT = """
(()=>{const d=document,q=s=>d.querySelector(s),all=s=>[...d.querySelectorAll(s)];
const pick=q('#pick');if(!pick)return;const sound=q('#sound');let side=0;
const parts=all('.heard');
const load=(i,keep)=>{const part=parts[i];parts.forEach((p,j)=>p.hidden=j!==i);
const tracks=JSON.parse(part.querySelector('script').textContent);if(side>=tracks.length)side=0;
const at=keep?sound.currentTime:0,was=keep&&!sound.paused;
q('#sides').innerHTML='';tracks.forEach((t,k)=>{const b=d.createElement('button');b.textContent=(k+1)+' '+t.name;
b.setAttribute('aria-pressed',k===side);b.onclick=()=>{side=k;load(i,true)};q('#sides').append(b)});
sound.src=tracks[side].src;sound.onloadedmetadata=()=>{sound.currentTime=Math.min(at,sound.duration||at);if(was)sound.play()}};
pick.onchange=()=>{load(+pick.value,false)};
d.addEventListener('keydown',e=>{const k=+e.key;if(k>=1&&k<=9&&!/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)){
const b=all('#sides button')[k-1];if(b)b.click()}});
all('[data-hear]').forEach(a=>a.addEventListener('click',()=>{pick.value=a.dataset.hear;load(+pick.value,false)}));
load(0,false)})();
"""


def chosen(report: Report) -> list[Utterance]:
    """Those worth hearing, in this order: the worst, one from the middle, the best, then the rest; only those with files."""
    order = [name for _, name, _ in ranked(report)]
    order = list(dict.fromkeys(order))
    known = {u.name: u for u in report.utterances if "original" in u.files and len(u.files) > 1}
    first = order[:WORST] + order[len(order) // 2 : len(order) // 2 + 1] + order[-1:]
    names = dict.fromkeys([*first, *order, *known])
    return [known[name] for name in names if name in known]


def listening(report: Report, spec: MelSpec) -> tuple[str, list[str]]:
    """The section, and the names of the utterances that it holds, in its order."""
    parts: list[str] = []
    names: list[str] = []
    spent = 0
    for utterance in chosen(report):
        try:
            part, size = _part(report, utterance, spec, hidden=bool(parts))
        except (MelpactError, OSError):
            continue
        if parts and spent + size > _BUDGET_BYTES:
            break
        parts.append(part)
        names.append(utterance.name)
        spent += size
    if not parts:
        return "<p>The sounds were not files, so the page holds none of them.</p>", []
    options = "".join(f'<option value="{i}">{html.escape(name)}</option>' for i, name in enumerate(names))
    total = len(report.utterances)
    said = "all" if len(names) == total else f"{len(names)} of {total}, the worst first"
    deck = (
        f'<div class="deck" id="listen"><label>Utterance ({said}) <select id="pick">{options}</select></label>'
        '<div class="sides" id="sides"></div><audio id="sound" controls preload="auto"></audio>'
        '<p class="q">Switching keeps the instant; the keys 1 to 9 switch too.</p></div>'
    )
    note = '<p class="paper">The sounds can be heard in the page itself.</p>'
    return f"{deck}{note}{''.join(parts)}", names


def _part(report: Report, utterance: Utterance, spec: MelSpec, *, hidden: bool) -> tuple[str, int]:
    from melpact.audio.files import read

    sounds = {"original": Sound(read(Path(utterance.files["original"]), duration_s=_LONGEST_S), report.rate).audio}
    length = sounds["original"].n_samples
    for system in report.systems:
        side = utterance.sides.get(system)
        if system not in utterance.files or side is None or side.failed:
            continue
        whole = Sound(read(Path(utterance.files[system]), duration_s=_LONGEST_S + 1.0), report.rate).audio
        laid = moved(whole.samples[0], round((side.lag_s or 0.0) * report.rate), length)
        sounds[system] = Audio(laid[None], report.rate)
    gain = min(1.0, 1.0 / max(max(sound.peak for sound in sounds.values()), 1e-9))
    files = {name: flac(sound, gain) for name, sound in sounds.items()}
    tracks = [{"name": name, "src": uri(data, "audio/flac")} for name, data in files.items()]
    pictures = _pictures(sounds, spec)
    facts = [f"{utterance.seconds:.2f} s"]
    if utterance.seconds > _LONGEST_S:
        facts.append(f"the first {_LONGEST_S:g} s are here")
    if gain < 1:
        facts.append(f"all played {-20 * np.log10(gain):.1f} dB quieter, to fit")
    if utterance.text:
        facts.append(f"“{utterance.text}”")
    values = _values(report, utterance)
    table = json.dumps(tracks).replace("</", "<\\/")
    body = (
        f'<div class="heard"{" hidden" if hidden else ""}><h3>{html.escape(utterance.name)}</h3>'
        f'<p class="q">{html.escape("; ".join(facts))}</p><script type="application/json">{table}</script>'
        f"{pictures}{values}</div>"
    )
    return body, len(body)


def _values(report: Report, utterance: Utterance) -> str:
    systems = [system for system in report.systems if system in utterance.sides]
    rows = []
    for metric, facts in report.metrics.items():
        found = [utterance.sides[system].values.get(metric) for system in systems]
        if any(value is not None for value in found):
            cells = "".join(f"<td>{number(value) if value is not None else '–'}</td>" for value in found)
            unit = f", {facts.unit}" if facts.unit else ""
            rows.append(f"<tr><td>{html.escape(facts.title + unit)}</td>{cells}</tr>")
    head = "".join(f"<th>{html.escape(system)}</th>" for system in systems)
    table = f"<table><thead><tr><th>metric</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<details><summary>its numbers</summary><div class="roll">{table}</div></details>'


def _pictures(sounds: dict[str, Audio], spec: MelSpec) -> str:
    from melpact.contract.diff.grid_rules import centres_hz
    from melpact.features.analysis import extract

    plain = spec.replace_quietly(scaling=NoScaling())
    centres = centres_hz(plain)
    mels = {name: extract(sound, plain).values.astype(np.float64) for name, sound in sounds.items()}
    low, high = (float(v) for v in np.percentile(mels["original"], [1.0, 99.9]))
    half = (high - low) / 2
    drawn = []
    for name, values in mels.items():
        seconds = values.shape[1] / plain.frame_rate_hz
        drawn.append(picture(name, values, low, high, LEVEL, seconds=seconds, centres_hz=centres))
        if name != "original":
            change = values - mels["original"]
            caption = f"{name} \u2212 original (mean |Δ| {number(round(float(np.abs(change).mean()), 3))} {plain.unit})"
            drawn.append(picture(caption, change, -half, half, CHANGE, seconds=seconds, centres_hz=centres))
    keys = legend(low, high, LEVEL, plain.unit) + legend(-half, half, CHANGE, f"difference, {plain.unit}")
    return f'<div class="pair">{"".join(drawn)}</div><div class="bars">{keys}</div>'


def part(name: str, sounds: Mapping[str, Audio], facts: Sequence[str], *, hidden: bool) -> str:
    """One clip's sounds by row, all by the same gain, with what is to be known of it."""
    gain = min(1.0, 1.0 / max(max(sound.peak for sound in sounds.values()), 1e-9))
    tracks = [{"name": row, "src": uri(flac(sound, gain), "audio/flac")} for row, sound in sounds.items()]
    data = json.dumps(tracks).replace("</", "<\\/")
    return (
        f'<div class="heard"{" hidden" if hidden else ""}><h3>{html.escape(name)}</h3>'
        f'<p class="q">{html.escape("; ".join(facts))}</p><script type="application/json">{data}</script></div>'
    )
