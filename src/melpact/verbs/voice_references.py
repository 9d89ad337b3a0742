"""Sounds that a voice is to be learnt from: measured, refused or warned of. What is learnt of them is in `voice_learning`.

Whose voice it is cannot be told here: there is no model of speakers. What is said of several speakers rests on pitch alone,
and is a warning with its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound
from melpact.bench.voice_activity import speech
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioError, AudioTooShort
from melpact.corpus.inspection import clipped_share
from melpact.features.active import active
from melpact.features.analysis import extract, to_rate
from melpact.features.pitch import STEP_S, at_times, frame_times_s
from melpact.features.second_pitch import sure_pitch
from melpact.models.convert.hearing import Encoder, SoundListener
from melpact.models.convert.voice import PitchRange

Floats = NDArray[np.float32]

SHORTEST_VOICE_S = 1.0
NOISY_DB, CLIPPED_SHARE = 20.0, 1e-4
APART_SEMITONES, MODES_APART = 7.0, 4.5
LEAST_SPEECH = 0.4
_FRAME_S, _SILENT = 0.02, 10 ** (-66 / 20)


@dataclass(frozen=True)
class Reference:
    """One sound and what was found of it.

    Attributes:
        seconds, voice_s, voiced_s: of the whole, of what sounds, of what has a pitch.
        snr_db: mean level of what sounds above the quietest tenth of the sound; None where that is digital silence.
        clipped: share of samples in flat runs at the peak.
        moving: share of what sounds that moves as speech does; None where it is too short to tell.
        notes: warnings, each with its number.
        content: float32 [D, frames], where an encoder was asked that hears sounds.
    """

    path: Path
    seconds: float
    voice_s: float
    voiced_s: float
    snr_db: float | None
    clipped: float
    moving: float | None
    pitch: PitchRange | None
    notes: tuple[str, ...]
    mel: Mel
    f0_hz: Floats
    content: Floats | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        left_out = ("mel", "f0_hz", "content", "path", "pitch", "notes")
        own = {name: value for name, value in vars(self).items() if name not in left_out}
        pitch = None if self.pitch is None else vars(self.pitch)
        return {"path": str(self.path), **own, "pitch": pitch, "notes": list(self.notes)}


def heard(path: Path, spec: MelSpec, ears: Encoder | None = None, *, longest_s: float | None = None) -> Reference:
    """Read and measure one reference, or so much of it; channels are averaged. `ears` are asked where they hear sounds.

    Raises:
        AudioError: unreadable, silent, or without any voice.
    """
    audio = read(path, duration_s=longest_s)
    mono = to_rate(audio, spec.sample_rate)
    if mono.peak < _SILENT:
        raise AudioError("this reference is silent", where=path, got=f"peak {mono.peak:.1e}", wanted="a voice")
    mel = extract(mono, spec)
    track = sure_pitch(mono.samples[0], mono.sample_rate).taken
    times = np.arange(track.size, dtype=np.float64) * STEP_S
    f0_hz = at_times(times, track, frame_times_s(spec, mel.n_frames))
    hop_s = spec.hop_length / spec.sample_rate
    sounding = active(mel.raw().values, mel.raw().spec)
    f0_hz = np.where(sounding, f0_hz, np.float32(0))
    pitch = PitchRange.of(f0_hz, hop_s)
    voice_s, voiced_s = float(sounding.sum()) * hop_s, 0.0 if pitch is None else pitch.voiced_s
    if voiced_s < min(0.1, 0.1 * voice_s):
        raise AudioError(
            "no voice was found in this reference", where=path,
            got=f"{voiced_s:.2f} s with a pitch in {voice_s:.2f} s of sound", wanted="speech or singing",
        )  # fmt: skip
    snr, clipped, moving = noise_db(mono), clipped_share(audio.samples), _moving(mono, voice_s)
    content = ears.features(mono, spec) if isinstance(ears, SoundListener) else None
    found = Reference(path, mono.duration_s, voice_s, voiced_s, snr, clipped, moving, pitch, (), mel, f0_hz, content)
    return Reference(**{**vars(found), "notes": tuple(_notes(found))})


def noise_db(audio: Audio) -> float | None:
    """dB of the mean power of what sounds over that of the quietest tenth of 20 ms frames; None: those are digital silence.

    Where nobody pauses the quietest tenth is voice, and the sound seems noisier than it is.
    """
    size = max(1, round(_FRAME_S * audio.sample_rate))
    samples = audio.mono().samples[0]
    count = samples.size // size
    if count < 10:
        return None
    power = np.mean(np.square(samples[: count * size].reshape(count, size), dtype=np.float64), axis=1)
    order = np.sort(power)
    noise = float(order[: max(1, count // 10)].mean())
    if noise < 1e-12:
        return None
    loud = power[power > order[int(0.95 * (count - 1))] * 1e-4]
    return float(10 * np.log10(max(float(loud.mean()) - noise, 1e-12) / noise))


def together(found: Sequence[Reference]) -> tuple[str, ...]:
    """What is to be said of all references.

    Raises:
        AudioTooShort: less than `SHORTEST_VOICE_S` of voice in all.
    """
    total = sum(one.voiced_s for one in found)
    if total < SHORTEST_VOICE_S:
        raise AudioTooShort(
            "the references hold too little voice to know it by", where="--to", got=f"{total:.2f} s with a pitch",
            wanted=f"{SHORTEST_VOICE_S:g} s at least, better two minutes",
        )  # fmt: skip
    notes = []
    known = [(one.pitch.median_hz, one.path.name) for one in found if one.pitch is not None and one.pitch.voiced_s > 0.5]
    if len(known) > 1:
        low, high = min(known), max(known)
        apart = 12 * float(np.log2(high[0] / low[0]))
        if apart > APART_SEMITONES:
            notes.append(
                f"perhaps several speakers: the medians of pitch lie {apart:.1f} semitones apart, "
                f"{low[0]:.0f} Hz in {low[1]} and {high[0]:.0f} Hz in {high[1]}"
            )
    voiced = np.concatenate([one.f0_hz[one.f0_hz > 0] for one in found])
    apart, low_hz, high_hz = modes(voiced)
    if not notes and apart > MODES_APART and 12 * np.log2(high_hz / low_hz) > APART_SEMITONES:
        notes.append(
            f"perhaps several speakers: pitch gathers about {low_hz:.0f} and {high_hz:.0f} Hz, {apart:.1f} times "
            f"their spread apart ({MODES_APART:g} and less is one voice)"
        )
    return tuple(notes)


def modes(f0_hz: Floats) -> tuple[float, float, float]:
    """How far two groups of pitches lie apart (Ashman's D on the logarithm), and the middle of each in Hz; D = 0: no groups.

    Groups are the two halves about the split that leaves the least spread within them (Otsu); each holds a tenth at least.
    """
    octave = np.sort(np.log2(f0_hz[f0_hz > 0].astype(np.float64)))
    n = octave.size
    least = max(2, n // 10)
    if n < 20:
        return 0.0, 0.0, 0.0
    total, square = np.cumsum(octave), np.cumsum(octave * octave)
    k = np.arange(least, n - least)
    low_mean, high_mean = total[k - 1] / k, (total[-1] - total[k - 1]) / (n - k)
    within = square[-1] - k * low_mean**2 - (n - k) * high_mean**2
    at = int(k[np.argmin(within)])
    low, high = octave[:at], octave[at:]
    spread = np.sqrt((low.var() + high.var()) / 2)
    apart = (high.mean() - low.mean()) / max(float(spread), 1e-6)
    return float(apart), float(2 ** low.mean()), float(2 ** high.mean())


def _moving(audio: Audio, voice_s: float) -> float | None:
    try:
        frames = speech(Sound(audio, audio.sample_rate))
    except NotMeasured:
        return None
    return min(1.0, float(frames.sum()) * 0.01 / max(voice_s, 1e-9))


def _notes(found: Reference) -> list[str]:
    name, notes = found.path.name, []
    if found.snr_db is not None and found.snr_db < NOISY_DB:
        notes.append(f"{name}: noisy, or without a pause: what sounds lies {found.snr_db:.0f} dB above the quietest tenth")
    if found.clipped > CLIPPED_SHARE:
        notes.append(f"{name}: clipped: {100 * found.clipped:.2f} % of its samples lie in flat runs at the peak")
    if found.moving is not None and found.voice_s > 2 and found.moving < LEAST_SPEECH:
        notes.append(f"{name}: perhaps music or noise: only {100 * found.moving:.0f} % of it moves as speech does")
    return notes
