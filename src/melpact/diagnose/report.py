"""One self-contained HTML page of what was found: verdicts, pictures, per-band figures and the sound of the mels.

Nothing is loaded from anywhere: pictures are PNG and sounds WAV in base64. Colour maps keep their order for colour-blind
eyes.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence, shared
from melpact.diagnose.finding import Finding
from melpact.diagnose.picture import draw

_STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem;color:#111}"
    "img{max-width:100%;height:auto}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid #bbb;padding:.3rem;text-align:left;vertical-align:top}"
    "code{background:#eee;overflow-wrap:anywhere}audio{width:100%}@media "
    "print{audio{display:none}section{break-inside:avoid}}"
)
_SOUND_S = 10.0


def write_report(path: str | Path, examined: Sequence[tuple[str, Sequence[Finding], Evidence]]) -> Path:
    """Write the page, atomically; (name, ranked findings, evidence) per mel."""
    sections = "".join(_section(name, findings, evidence) for name, findings, evidence in examined)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>melpact doctor</title><style>{_STYLE}</style></head><body><h1>melpact doctor</h1>{sections}</body></html>\n"
    )
    with replacing(path) as file:
        file.write(page.encode("utf-8"))
    return Path(path)


def _section(name: str, findings: Sequence[Finding], evidence: Evidence) -> str:
    rows = "".join(
        f"<tr><td>{i}. "
        f"<b>{html.escape(f.code)}</b></td><td>{html.escape(f.sentence)}<br><code>{html.escape(f.remedy)}</code></td>"
        f"<td>{f.measured:.4g}<br>(null {f.null:.4g})<br>{html.escape(f.unit)}</td><td>{f.severity:.2f} × "
        f"{f.certainty:.2f}</td></tr>"
        for i, f in enumerate(findings, 1)
    )
    head = "<tr><th>finding</th><th>what and what to do</th><th>number</th><th>severity × certainty</th></tr>"
    verdict = f"<table>{head}{rows}</table>" if findings else "<p>Nothing wrong was found.</p>"
    pictures = "".join(
        f'<p><img alt="{alt}" src="data:image/png;base64,{base64.b64encode(data).decode()}"></p>'
        for alt, data in (("mel, reference and difference", draw(evidence, findings)), ("values", _figures(evidence)))
    )
    return f"<section><h2>{html.escape(name)}</h2>{verdict}{pictures}{_players(evidence)}</section>"


def _figures(evidence: Evidence) -> bytes:
    """Histogram with floor and ceiling, mean and spread per band, and mel against reference."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    left.hist(evidence.raw.ravel(), bins=120, color="#0072b2")
    if evidence.has_level:
        left.axvline(float(evidence.floor.min()), color="#000", linestyle="--", label="floor")
        left.axvline(float(evidence.ceiling.max()), color="#d55e00", linestyle=":", label="ceiling")
        left.legend(fontsize=7)
    left.set(title="values before scaling", xlabel=evidence.spec.unit)
    bands = np.arange(evidence.values.shape[0])
    sides = [("mel", evidence.filled, "#0072b2")]
    reference = evidence.reference
    if reference is not None and reference.shape[0] == bands.size:
        sides.append(("reference", reference, "#d55e00"))
        x, y = shared(evidence.filled, reference)
        pick = np.linspace(0, x.size - 1, min(x.size, 4000)).astype(int)
        right.scatter(y.ravel()[pick], x.ravel()[pick], s=2, color="#0072b2", alpha=0.4)
        right.set(title="mel over reference", xlabel="reference", ylabel="mel")
    else:
        right.set_axis_off()
    for label, values, colour in sides:
        mean, spread = values.mean(axis=1), values.std(axis=1)
        middle.plot(bands, mean, color=colour, label=label)
        middle.fill_between(bands, mean - spread, mean + spread, color=colour, alpha=0.2)
    middle.set(title="mean ± spread per band", xlabel="band")
    middle.legend(fontsize=7)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _players(evidence: Evidence) -> str:
    """The sound of the mel as believed, and of its reference."""
    from melpact.vocoders.griffin_lim.vocoder import invert

    frames = max(1, round(_SOUND_S * evidence.spec.frame_rate_hz))
    parts = []
    sides = [("the mel, as it is believed", evidence.mel), ("its target", evidence.target)]
    for words, mel in sides:
        if mel is None:
            continue
        try:
            sound = invert(Mel(mel.values[:, :frames], mel.spec, mel.utterance), effort="fast")
        except MelpactError as error:
            parts.append(f"<p>{words}: no sound ({html.escape(str(error))})</p>")
            continue
        parts.append(f"<p>{words}<br>{_player(sound.samples[0], sound.sample_rate)}</p>")
    if evidence.audio is not None:
        mono = evidence.audio.mono()
        parts.append(
            f"<p>the sound given<br>{_player(mono.samples[0][: round(_SOUND_S * mono.sample_rate)], mono.sample_rate)}</p>"
        )
    return "".join(parts)


def _player(samples: np.ndarray, rate: int) -> str:
    import wave

    peak = max(float(np.abs(samples).max(initial=0.0)), 1.0)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(samples / peak * 32767).astype("<i2").tobytes())
    return f'<audio controls src="data:audio/wav;base64,{base64.b64encode(out.getvalue()).decode()}"></audio>'
