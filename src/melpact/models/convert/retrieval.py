"""What is spoken, put together from frames of the target: for each frame the nearest of the target's by content, averaged.

A frame of the source is looked up among the target's sounding frames by the cosine of their content features, and by how
near their pitches lie; the mean of the nearest ones is taken, at the source's own loudness and with its fine structure along
the bands (the harmonics): a mean of several frames has none left. What it differs by from the conversion by moments is
averaged over some frames and added to that: sounds change as they do in the source, and sound as they do in the target.
Without that average it is the nearest frames themselves, nearer to the target and much harder to understand.

Source: Baas, van Niekerk and Kamper 2023, "Voice conversion with just nearest neighbors", sections 3.1 and 3.2, there with
the features themselves where here are mels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.core.records import digest
from melpact.models.convert.active import loudness_db
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.hearing import Encoder, SoundListener
from melpact.models.convert.settings import Converting
from melpact.models.convert.statistics import Line, line_of
from melpact.models.convert.voice import Blend, Content, Target, Voice
from melpact.normalise.exponential import ExponentialStats

PITCH_WEIGHT = 0.0
"""What an octave's distance costs, as a cosine, and a voiced frame for an unvoiced one. A choice by pitch was understood no
better: there are fewer frames to choose from."""
ENVELOPE = 24
"""Numbers of a frame's cepstrum that hold its envelope; the rest is fine structure."""
FINE = 1.0
"""The share of the fine structure that is the source's."""
SMOOTHED = 5
"""Frames to either side over which what is added to the conversion by moments is averaged, triangularly."""
_ROWS = 512


def contents(listener: Encoder, voice: Voice) -> Voice:
    """The voice with what the listener makes of every one of its frames; the same where it knows already.

    Raises:
        ContractError: the encoder hears sounds, and the voice was not learnt with it: it keeps no sounds.
    """
    if voice.content is not None and voice.content.encoder == listener.fingerprint:
        return voice
    if listener.hears == "sound":
        raise ContractError(
            "this voice was learnt without this content encoder", where="--content",
            got=f"content of {'none' if voice.content is None else voice.content.encoder}", wanted=listener.fingerprint,
            next="Learn it again: melpact voice learn REF --content FOLDER -o NAME.voice",
        )  # fmt: skip
    made = np.concatenate([listener(mel) for mel, _ in voice.frames.utterances()], axis=1)
    return voice.with_content(Content(made, listener.fingerprint))


def nearest(
    source: Floats,
    target: Floats,
    neighbours: int,
    *,
    source_octaves: Floats | None = None,
    target_octaves: Floats | None = None,
    pitch_weight: float = PITCH_WEIGHT,
) -> NDArray[np.int64]:
    """The most alike frames of the target for each of the source, int64 [T, k], the nearest first.

    Args:
        source, target: content features [D, T] and [D, N].
        neighbours: k; all N where there are fewer.
        source_octaves, target_octaves: binary logarithm of the pitch in Hz, NaN where unvoiced; [T] and [N].
        pitch_weight: what an octave's distance takes off the cosine.

    Raises:
        ContractError: no target frames, or features of two sizes.
    """
    if target.shape[1] == 0 or source.shape[0] != target.shape[0]:
        raise ContractError("nothing to look up", got=f"{source.shape} among {target.shape}", wanted="[D, T] among [D, N]")
    a, b = _unit(source), _unit(target)
    k = min(neighbours, b.shape[1])
    found = np.empty((a.shape[1], k), np.int64)
    for begin in range(0, a.shape[1], _ROWS):
        rows = slice(begin, min(begin + _ROWS, a.shape[1]))
        alike: NDArray[np.float64] = a[:, rows].T @ b
        if source_octaves is not None and target_octaves is not None and pitch_weight > 0:
            apart = np.abs(source_octaves[rows, None] - target_octaves[None])
            voiced = np.isfinite(source_octaves[rows, None]).astype(np.int8) + np.isfinite(target_octaves[None])
            alike = alike - pitch_weight * np.where(voiced == 2, apart, voiced == 1).astype(np.float64)
        near = np.argpartition(-alike, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(-alike, near, 1), axis=1, kind="stable")
        found[rows] = np.take_along_axis(near, order, 1)
    return found


def envelope(values: Floats, order: int = ENVELOPE) -> Floats:
    """Values [n_mels, T] without what changes faster along the bands than `order` half waves."""
    from scipy.fft import dct, idct

    made = dct(values, axis=0, norm="ortho")
    made[order:] = 0
    return np.asarray(idct(made, axis=0, norm="ortho"), np.float32)


@dataclass(frozen=True)
class Known:
    """Of a whole mel: what is spoken [D, T], the voices of the target with their weights, each knowing its content, and the
    line of each band of the conversion by moments."""

    heard: Floats
    voices: tuple[tuple[Voice, float], ...]
    line: Line


@dataclass(frozen=True)
class RetrievalConverter(Converter):
    """Frames of the target, chosen by content and pitch; of several voices, each one's result by its weight."""

    listener: Encoder
    pitch_weight: float = PITCH_WEIGHT
    fine: float = FINE
    smoothed: int = SMOOTHED
    method = "retrieval"

    @property
    def spec(self) -> MelSpec | None:
        return self.listener.spec

    @property
    def title(self) -> str:
        return f"retrieval: frames of the target by {self.listener.size} content features"

    @property
    def fingerprint(self) -> str:
        return digest(["converter", self.method, self.listener.fingerprint, self.pitch_weight, self.fine, self.smoothed])

    def hearing(self, sound: Audio, spec: MelSpec) -> RetrievalConverter:
        ears = self.listener
        return replace(self, listener=ears.of(sound, spec)) if isinstance(ears, SoundListener) else self

    def knowing(self, target: Target) -> Target:
        if isinstance(target, Voice):
            return contents(self.listener, target)
        return Blend(tuple((contents(self.listener, voice), weight) for voice, weight in target.parts))

    def sees(self, settings: Converting) -> tuple[int, int]:
        return self.smoothed, self.smoothed

    def _about(self, whole: Floats, spec: MelSpec, target: Target, settings: Converting) -> Known:
        voices = tuple((contents(self.listener, voice), weight) for voice, weight in target.parts if weight > 0)
        if not all(voice.frames.active.any() for voice, _ in voices):
            raise ContractError("this voice has no frames that sound", next="Learn it from other references")
        all_of_it = settings.model_copy(update={"ratio": 1.0})
        return Known(self.listener(whole), voices, line_of(whole, spec, target, all_of_it))

    def _about_so_far(
        self, raw: Floats, f0_hz: Floats | None, moments: ExponentialStats, target: Target, settings: Converting
    ) -> Known:
        wanted = target.moments(settings.moments)
        line = Line.between((moments.band_mean(), moments.band_std()), wanted, 1.0)
        return replace(self._about(raw, target.spec, target, settings), line=line)

    def _convert(
        self,
        given: Floats,
        target: Target,
        settings: Converting,
        f0_hz: Floats | None,
        energy: Floats,
        known: object,
        first_frame: int,
    ) -> Floats:
        if not isinstance(known, Known):
            raise TypeError("what is spoken is heard by _about")
        heard = known.heard[:, first_frame : first_frame + given.shape[1]]
        spec = target.spec
        made = np.zeros_like(given)
        for voice, weight in known.voices:
            made += np.float32(weight) * self._of(voice, heard, settings.neighbours, f0_hz)
        fine, own = given - envelope(given), made - envelope(made)
        made = np.asarray(made + np.float32(self.fine) * (fine - own), np.float32)
        gain = spec.log_gain
        if gain is not None:
            per_db = np.float32(gain * np.log(10) / 20 * spec.power)
            made = np.asarray(made + per_db * (energy - loudness_db(made, spec)), np.float32)
        moved = np.asarray(known.line(given), np.float32)
        made = np.asarray(moved + smooth(made - moved, self.smoothed), np.float32)
        return np.asarray(given + np.float32(settings.ratio) * (made - given), np.float32)

    def _of(self, voice: Voice, heard: Floats, neighbours: int, f0_hz: Floats | None) -> Floats:
        """The mean of the nearest frames of one voice."""
        frames, content = voice.frames, voice.content
        if content is None:
            raise TypeError("a voice's content is made by _about")
        on = frames.active
        places = nearest(
            heard, content.values[:, on], neighbours,
            source_octaves=None if f0_hz is None else octaves(f0_hz), target_octaves=octaves(frames.f0_hz[on]),
            pitch_weight=self.pitch_weight,
        )  # fmt: skip
        return np.asarray(frames.mels[:, on][:, places].mean(2), np.float32)


def smooth(values: Floats, reach: int) -> Floats:
    """Values [n_mels, T] averaged over `reach` frames to either side, the nearer ones weighing more; edges are held."""
    if reach == 0 or values.shape[1] == 0:
        return values
    weights = (reach + 1 - np.abs(np.arange(-reach, reach + 1))).astype(np.float32)
    weights /= weights.sum()
    held = np.pad(values, ((0, 0), (reach, reach)), "edge")
    frames = values.shape[1]
    parts = [weight * held[:, i : i + frames] for i, weight in enumerate(weights)]
    return np.asarray(np.sum(parts, 0), np.float32)


def octaves(f0_hz: Floats) -> Floats:
    """Binary logarithm of Hz [T], NaN where unvoiced (0)."""
    return np.where(f0_hz > 0, np.log2(np.maximum(f0_hz, 1e-3)), np.nan).astype(np.float32)


def _unit(values: Floats) -> NDArray[np.float64]:
    """Of length 1, in float64: whichever frames are asked together, none is found in another order."""
    wide = values.astype(np.float64)
    made: NDArray[np.float64] = wide / np.maximum(np.linalg.norm(wide, axis=0), 1e-9)
    return made
