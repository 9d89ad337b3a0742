"""What is spoken, put together from frames of the target: for each frame the nearest of the target's by content, averaged.

A frame of the source is looked up among the target's sounding frames by the cosine of their content features; the mean of
the nearest ones is taken, at the source's own loudness and with its fine structure along the bands (the harmonics): a mean
of several frames has none left. What it differs by from the conversion by moments is averaged over some frames and added to
that: sounds change as they do in the source, and sound as they do in the target. In the end the moments of what is made
are moved to the target's, and the harmonics of the source put back, for moments bend them. Moments are of voiced and of
unvoiced frames apart (`lines`).

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
from melpact.features.active import active, loudness_db, per_db
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.envelope import WITHOUT_HARMONICS, without_harmonics
from melpact.models.convert.hearing import Encoder, SoundListener
from melpact.models.convert.lines import Lines, smooth, voicedness
from melpact.models.convert.settings import Converting
from melpact.models.convert.speaking import Speaking
from melpact.models.convert.voice import Blend, Content, Target, Voice

ENVELOPE = 24
"""Numbers of a frame's cepstrum that hold its envelope; the rest is fine structure, and stays the source's."""
SMOOTHED = 5
"""Frames to either side over which what is added to the conversion by moments is averaged, triangularly."""
FURTHER = 1.0
"""How much of it is added. With 1.3 the result is nearer to the target, and harder to understand."""
LOOKED_UP = 0.5
"""The share of the mean of the nearest frames; the rest is what `Speaking` makes of the content."""
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


def nearest(source: Floats, target: Floats, neighbours: int) -> NDArray[np.int64]:
    """The most alike frames of the target for each of the source, int64 [T, k], the nearest first; equals in their order.

    Args:
        source, target: content features [D, T] and [D, N].
        neighbours: k; all N where there are fewer.

    Raises:
        ContractError: no target frames, or features of two sizes.
    """
    if target.shape[1] == 0 or source.shape[0] != target.shape[0]:
        raise ContractError("nothing to look up", got=f"{source.shape} among {target.shape}", wanted="[D, T] among [D, N]")
    rows, columns = np.ascontiguousarray(_unit(source).T), _unit(target)
    k = min(neighbours, columns.shape[1])
    found = np.empty((len(rows), k), np.int64)
    for begin in range(0, len(rows), _ROWS):
        far = -(rows[begin : begin + _ROWS] @ columns)
        near = np.sort(np.argpartition(far, k - 1, axis=1)[:, :k], axis=1)
        order = np.argsort(np.take_along_axis(far, near, 1), axis=1, kind="stable")
        found[begin : begin + _ROWS] = np.take_along_axis(near, order, 1)
    return found


def envelope(values: Floats, order: int = ENVELOPE) -> Floats:
    """Values [n_mels, T] without what changes faster along the bands than `order` half waves."""
    from scipy.fft import dct, idct

    made = dct(values, axis=0, norm="ortho")
    made[order:] = 0
    return np.asarray(idct(made, axis=0, norm="ortho"), np.float32)


@dataclass(frozen=True)
class Known:
    """Of a whole mel.

    Attributes:
        picked: the mean of the nearest frames for each of its own, float32 [n_mels, T].
        voiced: how voiced each is, float32 [T]; None: nobody knows.
        first, last: what moves the moments of its frames to the target's, and then those of what is made of them.
    """

    picked: Floats
    voiced: Floats | None
    first: Lines
    last: Lines


@dataclass(frozen=True)
class RetrievalConverter(Converter):
    """Frames of the target, chosen by content; of several voices, each one's result by its weight."""

    listener: Encoder
    smoothed: int = SMOOTHED
    further: float = FURTHER
    looked_up: float = LOOKED_UP
    method = "retrieval"
    reads = ("neighbours",)

    @property
    def spec(self) -> MelSpec | None:
        return self.listener.spec

    @property
    def title(self) -> str:
        return f"retrieval: frames of the target by {self.listener.size} content features"

    @property
    def fingerprint(self) -> str:
        return digest(
            ["converter", self.method, 3, self.listener.fingerprint, self.smoothed, self.further, self.looked_up,
             WITHOUT_HARMONICS]
        )  # fmt: skip

    def hearing(self, sound: Audio, spec: MelSpec) -> RetrievalConverter:
        ears = self.listener
        return replace(self, listener=ears.of(sound, spec)) if isinstance(ears, SoundListener) else self

    def knowing(self, target: Target) -> Target:
        if isinstance(target, Voice):
            return contents(self.listener, target)
        return Blend(tuple((contents(self.listener, voice), weight) for voice, weight in target.parts))

    def sees(self, settings: Converting) -> tuple[int, int]:
        return self.smoothed, self.smoothed

    def _about(
        self, whole: Floats, spec: MelSpec, target: Target, settings: Converting, f0_hz: Floats | None = None
    ) -> Known:
        voices = tuple((contents(self.listener, voice), weight) for voice, weight in target.parts if weight > 0)
        if not all(voice.frames.active.any() for voice, _ in voices):
            raise ContractError("this voice has no frames that sound", next="Learn it from other references")
        heard, picked = self.listener(whole), np.zeros_like(whole)
        for voice, weight in voices:
            said = np.float32(1 - self.looked_up) * Speaking.of(voice)(heard)
            if self.looked_up > 0:
                said += np.float32(self.looked_up) * _picked(voice, heard, settings.neighbours)
            picked += np.float32(weight) * said
        voiced = None if f0_hz is None else voicedness(f0_hz)
        sounding = active(whole, spec)
        first = Lines.between(whole, sounding, voiced, target)
        known = Known(picked, voiced, first, first)
        made = self._added(whole, loudness_db(whole, spec), spec, known, 0)
        return replace(known, last=Lines.between(made, sounding, voiced, target))

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
        share = None if known.voiced is None else known.voiced[first_frame : first_frame + given.shape[1]]
        made = known.last(self._added(given, energy, target.spec, known, first_frame), share)
        made = without_harmonics(given, made)
        return np.asarray(given + np.float32(settings.ratio) * (made - given), np.float32)

    def _added(self, given: Floats, energy: Floats, spec: MelSpec, known: Known, first_frame: int) -> Floats:
        """The conversion by moments, and what the picked frames differ by from it, averaged."""
        part = slice(first_frame, first_frame + given.shape[1])
        made = np.asarray(given + envelope(known.picked[:, part] - given), np.float32)
        if spec.log_gain is not None:
            made = np.asarray(made + np.float32(per_db(spec)) * (energy - loudness_db(made, spec)), np.float32)
        moved = known.first(given, None if known.voiced is None else known.voiced[part])
        return np.asarray(moved + np.float32(self.further) * smooth(made - moved, self.smoothed), np.float32)


def _picked(voice: Voice, heard: Floats, neighbours: int) -> Floats:
    """The mean of the nearest frames of one voice, float32 [n_mels, T]."""
    if voice.content is None:
        raise TypeError("a voice's content is made by _about")
    on = voice.frames.active
    places = nearest(heard, voice.content.values[:, on], neighbours)
    frames = np.ascontiguousarray(voice.frames.mels[:, on].T)
    made = np.empty((frames.shape[1], len(places)), np.float32)
    for begin in range(0, len(places), _ROWS):
        made[:, begin : begin + _ROWS] = frames[places[begin : begin + _ROWS]].mean(1).T
    return made


def _unit(values: Floats) -> Floats:
    """Frames of length 1."""
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=0), 1e-9), np.float32)
