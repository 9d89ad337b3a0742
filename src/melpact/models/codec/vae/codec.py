"""`MelCodec`: a sound as the quantised latents of its mel.

The decoder knows nothing but the bytes: latents, from them the mel, from that alone what a refiner and a vocoder make of it.
Both are handed in; what they are is not known here. The bytes around the packets are `container`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.core.errors import BrokenPacket, ContractError
from melpact.features.analysis import extract
from melpact.models.codec import container
from melpact.models.codec.base import Codec
from melpact.models.codec.rate import Rate
from melpact.models.codec.sounding import AtEnd, Sounding
from melpact.models.codec.vae.prior import Ints, Prior
from melpact.models.codec.vae.vae import EDGE, Autoencoder

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MelCodec(Codec[Floats]):
    """A VAE with its prior, and what makes sound of a mel.

    A payload is one byte, the step of quality, then the numbers of the packet's latent frames as `prior` writes them.

    Args:
        vae: with a prior.
        speak: mel → sound of as many hops as it has frames: a vocoder, or a refiner and a vocoder behind it.
        called: its name.

    Raises:
        ContractError: a VAE without a prior.
    """

    vae: Autoencoder
    speak: Callable[[Mel], Audio]
    called: str = "mel_vae"

    kind = 2
    rates = ("quality", "constant")

    def __post_init__(self) -> None:
        if self.vae.facts.prior is None:
            raise ContractError("the VAE has no prior: its latents cannot be written as bits", where=self.called,
                                next="Count one: melpact train export VAE --data PACKED -o NAME.vae")  # fmt: skip

    @property
    def prior(self) -> Prior:
        """How latents become bits."""
        found = self.vae.facts.prior
        if found is None:
            raise AssertionError("checked at the beginning")
        return found

    @property
    def name(self) -> str:
        return self.called

    @property
    def fingerprint(self) -> str:
        return self.vae.fingerprint

    @property
    def sample_rate(self) -> int:
        return self.vae.spec.sample_rate

    @property
    def frame_samples(self) -> int:
        return self.vae.facts.stride[0] * self.vae.spec.hop_length

    @property
    def steps(self) -> int:
        return self.prior.steps

    @property
    def late_samples(self) -> None:
        return None

    @property
    def usual(self) -> Rate:
        return Rate.quality(min(4, self.steps - 1))

    @property
    def kbit_s(self) -> tuple[float, float]:
        return 8 * self.sample_rate / self.frame_samples / 1000, float("inf")

    @property
    def sees_samples(self) -> tuple[int, int]:
        left, right = self._seen
        return left * self.frame_samples, right * self.frame_samples

    @property
    def _seen(self) -> tuple[int, int]:
        """Latent frames around a packet that its own depend on, with those whose analysis reaches beyond them."""
        fields = self.vae.facts.fields
        left, right = (EDGE, EDGE) if fields is None else fields[0]
        edge = -(-self.vae.spec.n_fft // self.frame_samples)
        return left + edge, right + edge

    def _packet(self, samples: Floats, frames: int, rate: Rate, known: Any) -> bytes:
        values = extract(Audio.of(samples, self.sample_rate), self.vae.spec).raw().values
        left, right = self._seen
        stride = self.vae.facts.stride[0]
        latent = self.vae.latent(values[:, : (left + frames + right) * stride])[..., left : left + frames]
        if rate.step is not None:
            return self._written(latent, rate.step)
        most = int((rate.kbit_s or 0.0) * 125 * frames * self.frame_samples / self.sample_rate)
        return self._fitting(latent, most)

    def _written(self, latent: Floats, quality: int) -> bytes:
        return bytes([quality]) + self.prior.written(self.prior.quantised(latent, quality), quality)

    def _fitting(self, latent: Floats, most: int) -> bytes:
        """The finest quality of at most so many bytes; where even the coarsest has more, without its upper bands."""
        for quality in reversed(range(self.steps)):
            if self.prior.bits(self.prior.quantised(latent, quality), quality) <= 8 * most:
                made = self._written(latent, quality)
                if len(made) <= most:
                    return made
        numbers = self.prior.quantised(latent, 0)
        for band in reversed(range(numbers.shape[1])):
            numbers[:, band] = 0
            made = b"\0" + self.prior.written(numbers, 0)
            if len(made) <= most:
                return made
        return made

    def _read(self, payload: bytes, frames: int, settings: bytes) -> Floats:
        if not payload or payload[0] >= self.steps:
            raise BrokenPacket(
                "says no step of quality", got=payload[:1].hex() or "nothing", wanted=f"0 to {self.steps - 1}"
            )
        quality = payload[0]
        numbers: Ints = self.prior.read(payload[1:], frames, quality)
        return self.prior.restored(numbers, quality)

    def _sounding(self, settings: bytes) -> Sounding[Floats]:
        return AtEnd(self._sound)

    def mel_of(self, stream: bytes) -> Mel:
        """The mel that a whole stream says of its first channel, before any refiner or vocoder: as many
        frames as its packets have.

        Raises:
            StreamError: it is not whole, or another codec's.
        """
        header, payloads = container.read(stream)
        self.check(header)
        counts = [*self._counts(header.n_samples or 0, header.packet_samples // self.frame_samples)]
        both = zip(payloads, counts, strict=True)
        return self.mel([self._said(one, n, header, index)[0] for index, (one, n) in enumerate(both)], counts)

    def mel(self, parts: Sequence[Floats | None], frames: Sequence[int]) -> Mel:
        """The mel that packets say, those that are None made up of their neighbours."""
        return self.vae.decode(_filled(parts, frames, self.prior.centre))

    def _sound(self, parts: Sequence[Floats | None], frames: Sequence[int]) -> Floats:
        wanted = sum(frames) * self.frame_samples
        if not wanted:
            return np.zeros(0, np.float32)
        made = self.speak(self.mel(parts, frames)).samples[0]
        return np.pad(made, (0, max(0, wanted - made.shape[0])))[:wanted]


def _filled(parts: Sequence[Floats | None], frames: Sequence[int], centre: Floats) -> Floats:
    """All latents [C, P, L]; what is lost lies on the line between its neighbours, or is the one that there is."""
    made: list[Floats] = []
    for index, (part, count) in enumerate(zip(parts, frames, strict=True)):
        if part is not None:
            made.append(part)
            continue
        before = made[-1][..., -1] if made else None
        behind = next((one[..., 0] for one in parts[index + 1 :] if one is not None), None)
        first = before if before is not None else behind if behind is not None else centre
        last = behind if behind is not None else first
        share = (np.arange(1, count + 1) / (count + 1)).astype(np.float32)
        made.append(first[..., None] * (1 - share) + last[..., None] * share)
    return np.concatenate(made, axis=2)
