"""The sound of every mel on the page: this mel as it is read, after a remedy, its target, and the original.

One length and one loudness rule for all, so that they can be compared; a file that holds ten seconds of five sounds is as
large as a page should be.
"""

from __future__ import annotations

import html
import io
import wave
from collections.abc import Sequence

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.report.repair import repaired
from melpact.page.images import uri

_LONGEST_S = 10.0
_BUDGET_BYTES = 2_700_000
"""Of all sounds of a page, before base64 makes them a third longer."""
_LOUDEST = 1.0


def players(evidence: Evidence, findings: Sequence[Finding], among: int = 1) -> tuple[str, Audio | None]:
    """A player for each sound there is, and a sentence for each there is not; and the sound of this mel as it is read.

    `among` mels share what a page may hold.
    """
    repair = repaired(evidence, findings)
    mels: list[tuple[str, str, Mel]] = [("This mel", "as it is read", evidence.mel)]
    if repair is not None and repair.mel is not None:
        mels.append((f"After the remedy for {repair.code}", repair.words, repair.mel))
    if evidence.target is not None:
        mels.append(("Its target", "made by the same inversion", evidence.target))
    original = evidence.audio.mono() if evidence.audio is not None else None
    rates = [mel.spec.sample_rate for *_, mel in mels] + ([original.sample_rate] if original is not None else [])
    seconds = min(_LONGEST_S, _BUDGET_BYTES / (2 * among * sum(rates)))
    made = [(title, words, _sound(mel, seconds)) for title, words, mel in mels]
    parts = [_player(*one) for one in made]
    if repair is not None and repair.mel is None:
        parts.insert(1, _player("After a remedy", "", repair.words))
    if original is not None:
        cut = original.samples[0][: round(seconds * original.sample_rate)]
        parts.append(_player("The original", "the sound given, unchanged", Audio.of(cut, original.sample_rate)))
    own = made[0][2]
    return f'<div class="players">{"".join(parts)}</div>', own if isinstance(own, Audio) else None


def _sound(mel: Mel, seconds: float) -> Audio | str:
    """The sound of the start of a mel, or why there is none."""
    from melpact.vocoders.griffin_lim.vocoder import invert

    frames = max(1, round(seconds * mel.spec.frame_rate_hz))
    try:
        with np.errstate(all="ignore"):
            return invert(Mel(mel.values[:, :frames], mel.spec, mel.utterance), effort="fast")
    except (MelpactError, FloatingPointError, OverflowError) as error:
        return f"No sound: {error}"


def _player(title: str, words: str, sound: Audio | str) -> str:
    if isinstance(sound, str):
        return f'<div class="player"><h4>{html.escape(title)}</h4><p>{html.escape(sound)}</p></div>'
    samples = sound.samples[0]
    peak = float(np.abs(samples).max(initial=0.0))
    level = "silence" if peak == 0 else f"peak {20 * np.log10(peak):+.1f} dBFS".replace("-", "\u2212")
    quieter = "; played quieter, to fit" if peak > _LOUDEST else ""
    facts = f"{samples.size / sound.sample_rate:.1f} s, {sound.sample_rate} Hz, {level}{quieter}"
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.sample_rate)
        file.writeframes(np.round(samples / max(peak, _LOUDEST) * 32767).astype("<i2").tobytes())
    return (
        f'<div class="player"><h4>{html.escape(title)}</h4><p>{html.escape(words)}</p>'
        f'<audio controls preload="metadata" aria-label="{html.escape(title, quote=True)}" '
        f'src="{uri(out.getvalue(), "audio/wav")}"></audio>'
        f'<p class="q">{facts}<span class="paper"> \u2013 to be heard in the page itself</span></p></div>'
    )
