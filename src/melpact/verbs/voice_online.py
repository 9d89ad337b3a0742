"""One sound in another voice while it is still coming: blocks of samples in, blocks of samples out, a stated time later.

Every block is made of a window of the latest second: its pitch is tracked, its octaves put right, it is moved and analysed,
and the window's newest sure frames go on to the converter (`models.convert.online`) and to what makes the sound. Mels are
joined, not sounds: pieces that two windows lay at other moments of a period have the same magnitudes. Of whole sounds this
is `voice_sounding`'s work. What comes at another rate has to be resampled before.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.features.analysis import extract
from melpact.features.octaves import repaired
from melpact.features.pitch import STEP_S, at_times, frame_times_s, loudness, track_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.base import Converter
from melpact.models.convert.online import OnlineConverter
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import PitchRange, Target
from melpact.normalise.exponential import ExponentialStats
from melpact.verbs.voice_sounding import key_between
from melpact.vocoders.griffin_lim.online import OnlineInversion
from melpact.vocoders.neural.vocoder import NeuralVocoder

Floats = NDArray[np.float32]

LOOK_AHEAD_MS, BLOCK_FRAMES = 300.0, 8
WINDOW_S, FORGETTING = 1.0, 0.98
"""Of sound in which pitch is tracked; share by which what counts as loud falls with every block."""
PITCH_S = 0.06
"""Behind a moment, until its pitch and the moved sound are sure: half of the tracker's window and longest lag (24 ms), the
moved pieces' last period (18 ms), and some for the path through the candidates."""
SOUND_FRAMES = 6
"""Frames behind a block that the inversion sees."""
KEY_S = 2.0
"""Voiced seconds from which the key is chosen, where none is given; until then the pitch stays."""


class OnlineSound(Protocol):
    """What makes the sound of frames that still come."""

    @property
    def ahead_frames(self) -> int:
        """Frames behind a block that it sees."""

    @property
    def behind_samples(self) -> int:
        """With m frames there, the samples before m·hop - behind are sure, but for the rest of a block."""

    def push(self, values: Floats) -> Floats:
        """Frames [n_mels, n] → samples."""

    def finish(self) -> Floats:
        """The samples that are left."""


@dataclass(frozen=True)
class Latency:
    """What a sample waits for, in ms, the newest of its block; the oldest waits for the block as well.

    Attributes:
        pitch_ms: of tracker and overlap-add. mel_ms: of the mel's window, and of its overlap-add. converter_ms: content and
            averaging over frames. sound_ms: of the inversion or the vocoder. block_ms: computed at once.
    """

    pitch_ms: float
    mel_ms: float
    converter_ms: float
    sound_ms: float
    block_ms: float

    @property
    def look_ahead_ms(self) -> float:
        """What no computer takes away."""
        return self.pitch_ms + self.mel_ms + self.converter_ms + self.sound_ms

    @property
    def total_ms(self) -> float:
        """Of the oldest sample of a block, without the time that computing takes."""
        return self.look_ahead_ms + self.block_ms

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return {**vars(self), "look_ahead_ms": self.look_ahead_ms, "total_ms": self.total_ms}


class OnlineVoice:
    """A converter of one voice that comes piece by piece.

    Args:
        converter, target, settings: as for a whole sound. Where no key is given, it is chosen after `KEY_S` of voice.
        look_ahead_ms: at most; what is left beside pitch, mel and sound is the converter's.
        block_frames: of the mel, computed at once.
        sound: what makes the sound; the inversion by default. It takes as many frames at once.

    Raises:
        ContractError: a look-ahead that leaves nothing. MelpactError: what the converter refuses.
    """

    def __init__(
        self,
        converter: Converter,
        target: Target,
        settings: Converting | None = None,
        *,
        look_ahead_ms: float = LOOK_AHEAD_MS,
        block_frames: int = BLOCK_FRAMES,
        sound: OnlineSound | None = None,
    ) -> None:
        self.spec, self.target = target.spec, target
        self.settings = Converting() if settings is None else settings
        self._sound = sound or OnlineInversion(self.spec, block_frames=block_frames, ahead_frames=SOUND_FRAMES)
        self.block_frames = block_frames
        self.latency = _latency(self.spec, look_ahead_ms, block_frames, self._sound)
        ahead = round(self.latency.converter_ms * self.spec.sample_rate / 1000 / self.spec.hop_length)
        self._converter = OnlineConverter(converter, target, self.settings, look_ahead_frames=ahead)
        self.key_semitones = self.settings.key_semitones
        self.spent_ms: list[float] = []
        """Of this thread's computing, a number for each block."""
        self._waiting = np.zeros(0, np.float32)
        self._begin = self._frames = self._taken = self._given = 0
        """Of what is kept its first sample; frames analysed; samples taken and given."""
        self._loud, self._voiced = 0.0, list[Floats]()

    @property
    def moments(self) -> ExponentialStats:
        """Running, of what the method watches of the source; with their bias, and without."""
        return self._converter.moments

    def push(self, samples: Floats) -> Floats:
        """More of the sound, mono float32 [n] at the mel's rate → what became sure, float32 [≥ 0].

        However it is cut into pieces, the same samples come out.
        """
        given = np.asarray(samples, np.float32)
        if given.ndim != 1 or not np.isfinite(given).all():
            raise ContractError("mono samples come in", got=f"shape {list(given.shape)}", wanted="finite [n]")
        self._waiting = np.concatenate([self._waiting, given])
        self._taken += given.size
        made = [np.zeros(0, np.float32)]
        while self._taken >= self._needed(self._frames + self.block_frames):
            began = time.thread_time()
            made.append(self._block(self._frames + self.block_frames, self._needed(self._frames + self.block_frames)))
            self.spent_ms.append(1000 * (time.thread_time() - began))
        self._given += sum(part.size for part in made)
        return np.concatenate(made)

    def finish(self) -> Floats:
        """What is left; as many samples come out as went in.

        Raises:
            AudioTooShort: less came in than a frame of the mel needs.
        """
        made = [self._block(self.spec.frames(self._taken), self._taken), self._sound.push(self._converter.finish())]
        made.append(self._sound.finish())
        left = self._taken - self._given
        whole = np.concatenate(made)[:left]
        self._given += left
        return np.concatenate([whole, np.zeros(left - whole.size, np.float32)])

    def _needed(self, frames: int) -> int:
        """Samples until the moved sound of so many frames is sure."""
        spec = self.spec
        return (frames - 1) * spec.hop_length - spec.left_pad + spec.frame_length + round(PITCH_S * spec.sample_rate)

    def _block(self, frames: int, taken: int) -> Floats:
        """The frames up to `frames`, of the first `taken` samples, through everything that follows."""
        spec, hop = self.spec, self.spec.hop_length
        first = self._begin // hop
        part = self._waiting[: taken - self._begin]
        new = slice(self._frames - first, frames - first)
        self._loud = max(self._loud * FORGETTING, loudness(part[max(0, new.start * hop) :], spec.sample_rate))
        track, _ = repaired(track_pitch(part, spec.sample_rate, self._loud), STEP_S)
        key = self._key(track, part.size)
        now = shifted(part, spec.sample_rate, track, semitones=key, formant=self.settings.formant)
        mel = extract(Audio.of(now, spec.sample_rate), spec)
        times = np.arange(track.size, dtype=np.float64) * STEP_S
        f0_hz = at_times(times, track, frame_times_s(spec, mel.n_frames)) * np.float32(2 ** (key / 12))
        self._frames = frames
        kept = max(self._begin, (frames * hop - round(WINDOW_S * spec.sample_rate)) // hop * hop)
        self._waiting, self._begin = self._waiting[kept - self._begin :], kept
        return self._sound.push(self._converter.push(mel.raw().values[:, new], f0_hz[new]))

    def _key(self, track: Floats, samples: int) -> float:
        """The one that is given, or once enough voice was heard the one between the ranges."""
        if self.key_semitones is not None:
            return self.key_semitones
        step = self.block_frames * self.spec.hop_length / self.spec.sample_rate
        sure = round((samples / self.spec.sample_rate - PITCH_S) / STEP_S)
        new = track[max(0, sure - round(step / STEP_S)) : sure]
        self._voiced.append(new[new > 0])
        heard = np.concatenate(self._voiced)
        if heard.size * STEP_S < KEY_S:
            return 0.0
        self.key_semitones = key_between(PitchRange.of(heard, STEP_S), self.target.pitch)
        return self.key_semitones


class OnlineNetwork:
    """A vocoder's network over frames that still come; one that takes nothing but the mel.

    Raises:
        ContractError: the vocoder needs more than frames: a pitch, noise, or an inversion of seconds.
        SpecMismatch: it takes another mel.
    """

    def __init__(self, maker: NeuralVocoder, spec: MelSpec, *, block_frames: int = BLOCK_FRAMES) -> None:
        if maker.inputs != ("mel",):
            raise ContractError(
                "this vocoder cannot work while the sound is still coming", where="--with",
                got=f"it takes {', '.join(maker.inputs)} and sees {1000 * maker.look_ahead_s:.0f} ms ahead",
                next="Leave --with out: the inversion can",
            )  # fmt: skip
        if maker.spec != spec:
            raise SpecMismatch("this vocoder takes another mel", where="--with", next=spec.diff(maker.spec).summary())
        self._flow = maker.open_stream(block_frames)
        self.ahead_frames = maker.receptive_field[1]
        self.behind_samples = self.ahead_frames * maker.hop_length

    def push(self, values: Floats) -> Floats:
        """Frames [n_mels, n] → samples."""
        return self._flow.push([values[None]]) if values.shape[1] else np.zeros(0, np.float32)

    def finish(self) -> Floats:
        """The samples that are left."""
        return self._flow.finish()


def _latency(spec: MelSpec, most_ms: float, block_frames: int, sound: OnlineSound) -> Latency:
    """How a look-ahead is shared out.

    Raises:
        ContractError: nothing is left for the converter.
    """
    ms = 1000 / spec.sample_rate
    hop = spec.hop_length * ms
    mel, behind = (spec.frame_length - spec.hop_length - spec.left_pad) * ms, sound.behind_samples * ms
    frames = int((most_ms - 1000 * PITCH_S - mel - behind) / hop + 1e-6)
    # whole blocks pass on: converter and sound together wait for a multiple of them, so that neither waits for the other
    frames -= (frames + sound.ahead_frames) % block_frames
    if frames < 0:
        raise ContractError(
            "this look-ahead is shorter than what pitch, mel and sound need", where="--lookahead-ms", got=f"{most_ms:g} ms",
            wanted=f"at least {1000 * PITCH_S:.0f} (pitch) + {mel:.0f} (mel) + {behind:.0f} (sound) ms",
        )  # fmt: skip
    return Latency(1000 * PITCH_S, mel, frames * hop, behind, block_frames * hop)
