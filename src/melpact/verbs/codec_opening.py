"""A codec from its name or file, mel codecs included: those need a vocoder, which `models.codec.opening` does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from melpact.models.codec.base import Codec
from melpact.models.codec.header import Header
from melpact.models.codec.opening import codec as waveform_codec
from melpact.models.codec.opening import codec_of as waveform_codec_of
from melpact.models.codec.vae.codec import MelCodec
from melpact.models.codec.vae.facts import SUFFIX
from melpact.models.codec.vae.shipped import NAMES
from melpact.verbs.mel_codec import mel_codec


def codec(name: str | Path | None = None, sample_rate: int | None = None) -> Codec[Any]:
    """Open a codec.

    Args:
        name: as `models.codec.opening.codec`; or a mel VAE's file, or one that comes with the package.
        sample_rate: one of those that it knows; by default the first of them.

    Raises:
        MelpactError: as `models.codec.opening.codec` and `mel_codec.mel_codec`.
    """
    if not _is_vae(name):
        return waveform_codec(name, sample_rate)
    made: Codec[Any] = mel_codec(name)
    return made if sample_rate is None else made.at(sample_rate)


def codec_of(header: Header, name: str | Path | Codec[Any] | None = None) -> Codec[Any]:
    """The codec that a stream was made by, at the stream's sample rate; as `models.codec.opening.codec_of`."""
    if name is None and header.kind == MelCodec.kind:
        for one in NAMES:
            made = mel_codec(one)
            if made.fingerprint == header.fingerprint:
                made.check(header)
                return made
    if not isinstance(name, Codec) and _is_vae(name):
        return waveform_codec_of(header, mel_codec(name))
    return waveform_codec_of(header, name)


def _is_vae(name: str | Path | None) -> bool:
    return name is not None and (str(name) in NAMES or Path(name).suffix.lower() == SUFFIX)
