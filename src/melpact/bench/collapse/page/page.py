"""The page: what can be said on top, then the four chapters, and how it was measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.collapse.page.first import first
from melpact.bench.collapse.page.fourth import best, fourth
from melpact.bench.collapse.page.parts import STYLE as OWN
from melpact.bench.collapse.page.parts import figure, primary, text
from melpact.bench.collapse.page.second import second
from melpact.bench.collapse.page.third import third
from melpact.bench.collapse.parts import nats
from melpact.bench.collapse.result import LabReport
from melpact.bench.factorial import Effect
from melpact.bench.totals import TELLING
from melpact.contract.filterbank import band_edges_hz
from melpact.contract.mel import Mel
from melpact.page.images import CHANGE, LEVEL
from melpact.page.pictures import legend, picture
from melpact.page.sounds import address
from melpact.page.style import STYLE

Heard = Sequence[tuple[str, Audio]]
CHAPTERS = (
    "What a refiner does to the mel",
    "What a vocoder makes of it",
    "From mismatch to collapse",
    "What repairs it",
)


def page(report: LabReport, sounds: Heard = (), mels: Sequence[tuple[str, Mel]] = (), broken: Heard = ()) -> str:
    """The whole page as text.

    Args:
        sounds: (caption, sound) to hear. mels: (caption, mel) to see; the first is what the others are held against.
        broken: sounds of mels that broke.
    """
    heard = _players("One clip to hear", sounds)
    fallen = _players("The same clip, broken", broken)
    bodies = (first(report, _pictures(mels)), second(report, heard), third(report, fallen), fourth(report))
    seconds = f"{len(report.clips)} clip{'s' * (len(report.clips) != 1)}, {report.seconds:.0f} s of {report.suite}"
    lines = "".join(f"<li>{text(line)}</li>" for line in verdicts(report))
    contents = "".join(f'<li><a href="#c{i}">{text(title)}</a></li>' for i, title in enumerate(CHAPTERS, 1))
    chapters = "".join(
        f'<section id="c{i}"><h2>{i}. {text(title)}</h2>{body}</section>'
        for i, (title, body) in enumerate(zip(CHAPTERS, bodies, strict=True), 1)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact laboratory: {text(report.dialect)}</title><style>{STYLE}{OWN}</style></head><body><header>"
        f'<p class="brand">melpact laboratory</p><h1>From a changed mel to a collapsed sound, and back</h1>'
        f'<p class="facts">{text(seconds)}; mel {text(report.dialect)}, {report.sample_rate} Hz; sound of chapters 3 and 4 '
        f"by {text(report.doses.vocoder)}</p><ul>{lines}</ul><nav><ol>{contents}</ol></nav></header><main>{chapters}"
        f'{_method(report)}</main><footer><p class="q">melpact {text(report.version)}, seed {report.seed}</p></footer>'
        "</body></html>\n"
    )


def verdicts(report: LabReport) -> list[str]:
    """What can be said in a sentence each, chapter by chapter."""
    n = len(report.clips)
    said = [f"{n} clip{'s' * (n != 1)}: below {TELLING} nothing is called better or worse."] if n < TELLING else []
    made = [r for r in report.distributions if r.kind == "refiner" and r.reason is None]
    worst = max(made, key=lambda r: r.below_floor + r.above_ceiling, default=None)
    share = 0.0 if worst is None else 100 * (worst.below_floor + worst.above_ceiling)
    if worst is not None and share > 0:
        below = f"{100 * worst.below_floor:.2g} % below the floor"
        said.append(f"{worst.refiner} puts {share:.2g} % of the values outside the range of these natural mels, {below}.")
    metric = primary(report)[0]
    title = report.metrics[metric].title

    def told(effect: Effect) -> bool:
        return effect.certain and effect.n >= TELLING

    sure = [e for e in report.crossing.effects if e.metric == metric and e.factor == "refiner" and told(e)]
    unsure = [e.b for e in report.crossing.effects if e.metric == metric and e.factor == "refiner" and not told(e)]
    ends = [f"by {figure(e.change)} [{figure(e.low)}, {figure(e.high)}]" for e in sure]
    said += [f"{e.b} changes {title} {by} over all vocoders." for e, by in zip(sure, ends, strict=True)]
    if unsure:
        said.append(f"{title} cannot tell {', '.join(unsure)} from the mel as it is.")
    breaking = [
        c for c in report.doses.curves if (t := c.threshold.get(metric)) and (t.state in ("breaks", "at once") or t.broken)
    ]
    measured = [c for c in report.doses.curves if c.refused is None]
    said.append(f"{title} breaks within the doses of {len(breaking)} of {len(measured)} faults and degradations.")
    damages = tuple(dict.fromkeys(row.damage for row in report.repairs))
    helped = [(damage, found) for damage in damages if (found := best(report, damage, metric)) is not None]
    said.append(f"Of {len(damages)} damages {len(helped)} are certainly repaired in {title}, at least in part.")
    return said


def _pictures(mels: Sequence[tuple[str, Mel]]) -> str:
    if not mels:
        return ""
    whole = nats(mels[0][1])
    spec = mels[0][1].spec
    low, high = float(np.quantile(whole, 0.005)), float(whole.max())
    seconds = mels[0][1].n_frames * spec.hop_length / spec.sample_rate
    centres = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)[1:-1]
    parts, changes = [], []
    for caption, mel in mels:
        values = nats(mel)
        parts.append(picture(caption, values, low, high, LEVEL, seconds=seconds, centres_hz=centres))
        if values.shape == whole.shape and mel is not mels[0][1]:
            changes.append((f"{caption}: change", values - whole))
    reach = max((float(np.quantile(np.abs(change), 0.995)) for _, change in changes), default=1.0) or 1.0
    parts += [picture(c, change, -reach, reach, CHANGE, seconds=seconds, centres_hz=centres) for c, change in changes]
    bars = legend(low, high, LEVEL, "nat") + legend(-reach, reach, CHANGE, "nat, change")
    return f'<h3>One clip to see</h3><div class="pair">{"".join(parts)}</div><div class="bars">{bars}</div>'


def _players(title: str, sounds: Heard) -> str:
    if not sounds:
        return ""
    loudest = max(max(audio.peak for _, audio in sounds), 1e-9)
    gain = min(1.0, 0.99 / loudest)
    players = "".join(
        f'<div class="player"><p>{text(caption)}</p>'
        f'<audio controls preload="none" src="{address(audio, gain)}"></audio></div>'
        for caption, audio in sounds
    )
    return f'<h3>{text(title)}</h3><div class="players">{players}</div>'


def _method(report: LabReport) -> str:
    meanings = "".join(
        f"<dt><b>{text(facts.title)}</b> <code>{text(name)}</code></dt><dd>{text(facts.meaning)} "
        f'<span class="q">{text(facts.source)}</span></dd>'
        for name, facts in report.metrics.items()
    )
    absent = "".join(f"<li>{text(name)}: {text(why)}</li>" for name, why in report.unavailable.items())
    failed = "".join(f"<li>{text(line)}</li>" for line in report.failed)
    titles = "".join(f"<li><b>{text(name)}</b>: {text(title)}</li>" for name, title in report.titles.items())
    parts = f"<h3>Who takes part</h3><ul>{titles}</ul><h3>What the metrics mean</h3><dl>{meanings}</dl>"
    parts += f"<h3>Not available here</h3><ul>{absent}</ul>" if absent else ""
    parts += f"<h3>Failed</h3><ul>{failed}</ul>" if failed else ""
    return (
        f"<section><h2>How it was measured</h2><p>Every number is the mean of the utterances' own values; intervals are "
        f"bootstrap 95 % over utterances. Clips: {text(', '.join(report.clips))}.</p>{parts}</section>"
    )
