"""`WaveformCodec`: the final class. Its networks come from a file (`file`), its bytes from `packing`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from melpact.models.codec.base import Codec
from melpact.models.codec.container import packet_bytes
from melpact.models.codec.rate import Rate
from melpact.models.codec.sounding import Sounding
from melpact.models.codec.waveform import steps as rules
from melpact.models.codec.waveform.facts import SAMPLE_RATES, Facts, Tensors
from melpact.models.codec.waveform.packing import Content, Packing, Priced
from melpact.models.codec.waveform.sounding import WaveformSounding
from melpact.models.codec.waveform.steps import TOGETHER
from melpact.nn.running import Runtime

Floats = NDArray[np.float32]
COARSEST, FINEST = 2.0, -5.5
"""Octaves of the step around a sound's level that the networks know."""
BEYOND = 6.0
"""As far as a step goes where a rate can be kept in no other way: next to nothing is coded there."""
PER_STEP = 0.25
TRIES, HALVINGS = 4, 9
NEAREST = (BEYOND - FINEST) / 2**HALVINGS
"""How near to `FINEST` a guess comes."""
PRICED, PRICED_PAIRS, MOST_PRICED = 3, 50, 30
"""Pieces of a whole sound that are priced to meet a rate on average, and their length in pairs of frames; where packets are
shorter, pieces are as short as they, which cost more, and at most so many."""
CLOSE = 0.03
"""A rate is met when it is so much below at most."""
LOUDEST = 2.0**8
"""Samples beyond are taken as this loud: steps end not far above, and what is decoded lies within ± 1."""
FEW_BELOW_KBIT_S = 2.2
"""Below, half of the latent is sent."""
MEMORY_S = 3.0
"""Of a sound that still comes: over how long its level is taken."""


@dataclass
class _Heard:
    """What is known of a sound's level and rate: of the whole, or of what came so far.

    Attributes:
        loud: octaves. offset: of the step, for all packets where it is known. fixed: whether the level stays. worth: bits of
            what `_rough` counts.
    """

    loud: float | None = None
    offset: float | None = None
    fixed: bool = False
    worth: float = 2.5
    levels: deque[float] = field(default_factory=lambda: deque(maxlen=round(MEMORY_S * rules.FRAMES_S / TOGETHER)))


class WaveformCodec(Codec[Content]):
    """A waveform codec with its networks.

    Args:
        facts: what its file says. tensors: whole numbers of what is expected.
        encodes, decodes: runtimes of the halves (nn.codecs.parts).
        sample_rate: Hz, of what it takes and gives; one of `facts.SAMPLE_RATES`.
    """

    kind: ClassVar[int] = 1
    rates: ClassVar[tuple[str, ...]] = ("adaptive", "constant", "quality")

    def __init__(self, facts: Facts, tensors: Tensors, encodes: Runtime, decodes: Runtime, sample_rate: int) -> None:
        facts.check_rate(sample_rate)
        self.facts, self._tensors, self._rate_hz = facts, tensors, sample_rate
        self.bins = sample_rate // rules.FRAMES_S
        self._encodes, self._decodes = encodes, decodes
        self._packing = Packing(facts.coefficient_tables(tensors), facts.latent_tables(tensors), facts.chances(tensors))

    def at(self, sample_rate: int) -> WaveformCodec:
        """The same codec for another sample rate.

        Raises:
            ContractError: one that it does not know.
        """
        return WaveformCodec(self.facts, self._tensors, self._encodes, self._decodes, sample_rate)

    @property
    def name(self) -> str:
        """Of the trained codec."""
        return self.facts.name

    @property
    def fingerprint(self) -> str:
        """Over weights and whole numbers."""
        return self.facts.fingerprint

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._rate_hz

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """Hz."""
        return SAMPLE_RATES

    @property
    def steps(self) -> int:
        """From `COARSEST` to `FINEST`."""
        return round((COARSEST - FINEST) / PER_STEP) + 1

    @property
    def frame_samples(self) -> int:
        """Of the two frames of 10 ms that share a step and a latent."""
        return TOGETHER * self.bins

    @property
    def kbit_s(self) -> tuple[float, float]:
        """From where hardly anything but the latent is sent, to where the networks have never been."""
        return 1.5, 28.0

    @property
    def usual(self) -> Rate:
        """8 kbit/s on average."""
        return Rate.adaptive(8.0)

    @property
    def sees_samples(self) -> tuple[int, int]:
        """The first frame of a packet reaches one hop back."""
        return self.bins, 0

    @property
    def tail_samples(self) -> int:
        """The last sample lies in two frames."""
        return self.bins

    @property
    def late_samples(self) -> int:
        """Half of a packet's last frame waits for the next."""
        return self.bins

    def _about(self, samples: Floats | None, rate: Rate, packet_frames: int) -> _Heard:
        if samples is None:
            return _Heard()
        frame = self.frame_samples
        count = -(-(len(samples) + self.bins) // frame)
        whole = np.pad(samples, (self.bins, max(0, count * frame - len(samples))))
        frames = self._frames(whole[: (TOGETHER * count + 1) * self.bins])
        heard = _Heard(loud=rules.loudness(frames.octaves), fixed=True)
        if rate.kind == "adaptive" and rate.kbit_s is not None:
            heard.offset = self._offset(frames, heard, rate.kbit_s, packet_frames)
        return heard

    def _offset(self, frames: rules.Frames, heard: _Heard, kbit_s: float, packet_frames: int) -> float:
        """The offset at which a whole sound has a rate, from some packets that are priced and a guess for the rest."""
        assert heard.loud is not None
        count, few = len(frames.octaves), kbit_s < FEW_BELOW_KBIT_S
        each = min(count, PRICED_PAIRS, packet_frames)
        many = min(PRICED * PRICED_PAIRS // each, MOST_PRICED)
        pieces = [frames.piece(begin, begin + each) for begin in np.linspace(0, count - each, many).astype(int)]
        budget = 1000 * kbit_s * count * self.frame_samples / self.sample_rate
        offset = 0.0
        for _ in range(2):
            offset = self._guessed(frames, heard.loud, budget / heard.worth)
            priced = [self._bits(self._tried(piece, heard.loud, offset, few)) for piece in pieces[: -(-count // each)]]
            guessed = [self._rough(piece, heard.loud, offset) for piece in pieces[: len(priced)]]
            heard.worth = sum(priced) / sum(guessed)
        return self._guessed(frames, heard.loud, budget / heard.worth)

    def _packet(self, samples: Floats, frames: int, rate: Rate, known: _Heard) -> bytes:
        heard = self._frames(samples)
        if not known.fixed:
            known.levels.extend(heard.octaves)
            known.loud = rules.loudness(np.array(known.levels))
        assert known.loud is not None
        few = rate.kbit_s is not None and rate.kbit_s < FEW_BELOW_KBIT_S
        if rate.kind == "quality" or (rate.kind == "adaptive" and rate.kbit_s is None):
            step = self.steps - 8 if rate.step is None else rate.step
            found = self._tried(heard, known.loud, COARSEST - PER_STEP * step, few)
        elif rate.kind == "adaptive" and known.fixed:
            assert known.offset is not None
            found = self._tried(heard, known.loud, known.offset, few)
        else:
            assert rate.kbit_s is not None
            budget = 1000 * rate.kbit_s * frames * self.frame_samples / self.sample_rate
            _, found = self._met(heard, known, budget, few)
        return self._packing.written(found)

    def _frames(self, samples: Floats) -> rules.Frames:
        return rules.Frames.of(np.clip(samples, -LOUDEST, LOUDEST), self.bins)

    def _met(self, heard: rules.Frames, known: _Heard, budget: float, few: bool) -> tuple[float, Priced]:
        """The finest steps that keep within so many bits, container included: offset, and what is written; where none do,
        the coarsest that the networks know.

        A guess by the amplitudes alone finds the offset; what that guess is worth is learned from what is priced.
        """
        assert known.loud is not None
        wanted, best = budget, None
        for _ in range(TRIES):
            offset = self._guessed(heard, known.loud, wanted / known.worth)
            found = self._tried(heard, known.loud, offset, few)
            total = self._bits(found)
            known.worth = total / self._rough(heard, known.loud, offset)
            if total <= budget:
                best = offset, found
                if total >= (1 - CLOSE) * budget or offset <= FINEST + NEAREST:
                    break
                wanted = budget * (1 - CLOSE / 3)
            else:
                wanted = min(wanted, budget) * (1 - CLOSE / 2)
        if best is not None:
            return best
        for offset in np.arange(COARSEST, BEYOND, 1.0):
            found = self._tried(heard, known.loud, float(offset), few)
            if self._bits(found) <= budget:
                return float(offset), found
        return COARSEST, self._tried(heard, known.loud, COARSEST, few)

    def _guessed(self, heard: rules.Frames, loud: float, wanted: float) -> float:
        """The offset at which a sound is guessed to cost so much; `COARSEST` where none does."""
        if self._rough(heard, loud, BEYOND) > wanted:
            return COARSEST
        fine, coarse = FINEST, BEYOND
        for _ in range(HALVINGS):
            middle = (fine + coarse) / 2
            if self._rough(heard, loud, middle) > wanted:
                fine = middle
            else:
                coarse = middle
        return coarse

    def _rough(self, heard: rules.Frames, loud: float, offset: float) -> float:
        """What a sound costs but for a factor, by its amplitudes in steps."""
        chosen, total = rules.indices(heard.octaves, loud, offset), 0.0
        each = rules.AT_ONCE // TOGETHER
        for begin in range(0, len(chosen), each):
            part = heard.piece(begin, begin + each).coefficients
            sizes = np.abs(rules.quantised(part / rules.sizes(chosen[begin : begin + each], self.bins)))
            total += 4 * len(part) / TOGETHER + float((np.log2(1 + sizes) + 1.5 * (sizes > 0)).sum())
        return total

    def _bits(self, found: Priced) -> float:
        size = int(found.bits / 8) + 4
        return 8 * len(packet_bytes(0, bytes(size), 0))

    def _tried(self, heard: rules.Frames, loud: float, offset: float, few: bool) -> Priced:
        """What a packet says with steps so far from the sound's level, and what it costs."""
        chosen = rules.indices(heard.octaves, loud, offset)
        inside = heard.coefficients / rules.sizes(chosen, self.bins)
        coded = rules.quantised(inside)
        latent = self._run(self._encodes, self._wide(inside), self._wide(coded))
        values = np.rint(latent).astype(np.int64)
        if few:
            values[:, values.shape[1] // 2 :] = 0
        return self._packing.priced(Content(chosen, coded, values, not few))

    def _read(self, payload: bytes, frames: int, settings: bytes) -> Content:
        return self._packing.read(payload, TOGETHER * frames, self.bins)

    def _sounding(self, settings: bytes) -> Sounding[Content]:
        return WaveformSounding(self)

    def filled(self, coded: NDArray[np.integer], latent: NDArray[np.integer]) -> tuple[Floats, Floats, Floats]:
        """What the decoder's network says of coefficients [T, bins]: how far below, noise, and what is added."""
        made = self._run(self._decodes, self._wide(coded), np.asarray(latent, np.float32))
        below, noise, added = np.split(made, 3, axis=1)
        return below[:, : self.bins], noise[:, : self.bins], added[:, : self.bins]

    def _wide(self, values: NDArray[Any]) -> Floats:
        """With zeros up to as many bins as the networks take."""
        return np.pad(np.asarray(values, np.float32), ((0, 0), (0, self.facts.bins - self.bins)))

    @staticmethod
    def _run(runtime: Runtime, *inputs: Floats) -> Floats:
        made: Floats = runtime.run([one[None] for one in inputs])[0]
        return made
