"""What every converter promises: the public method checks contract and result; a final class writes only the conversion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel, check_one
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.features.active import loudness_db
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Target
from melpact.normalise.exponential import ExponentialStats

Floats = NDArray[np.float32]
BLOCK_FRAMES = 1024
FADE_FRAMES = 32
HEADROOM_DB = 6.0
"""A converted band is at most this much louder than the loudest that source and target show in it."""
STREAM_TOLERANCE = 1e-4
"""Largest difference between streamed and whole, in standard deviations of a band, of a converter that says what it sees."""


class Converter(ABC):
    """Mel of one voice → mel of another: the same description, the same length."""

    method: ClassVar[str]
    """What kind it is: "envelope", "statistics", "retrieval" or "gan"."""
    takes_f0: ClassVar[bool] = False
    """Whether a pitch has to be given."""
    reads: ClassVar[tuple[str, ...]] = ()
    """Settings that it reads and others do not, by name."""

    @property
    def spec(self) -> MelSpec | None:
        """The one description that it takes, without scaling; None: any that the target shares."""
        return None

    @property
    @abstractmethod
    def title(self) -> str:
        """In a few words, for tables."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what it does."""

    def __call__(
        self,
        mel: Mel,
        target: Target,
        settings: Converting | None = None,
        *,
        f0_hz: Floats | None = None,
        energy: Floats | None = None,
    ) -> Mel:
        """Convert one mel, [n_mels, frames].

        Args:
            target: whom it shall sound like.
            settings: what is asked for; the defaults otherwise.
            f0_hz: Hz per frame, 0 where unvoiced, at the pitch that is wanted.
            energy: dB per frame; by default what the mel's own levels say (`features.active.loudness_db`).

        Returns:
            The same description and length. No value below the description's floor, none more than `HEADROOM_DB` above the
            loudest value that source and target show in its band. Frames that lie on the floor stay there. At ratio 0 the
            values of the input, bit for bit.

        Raises:
            SpecMismatch: mel, converter and target are not of one description (but for the scaling of the mel).
            ContractError: NaN or infinity, no frames, a batch, conditions of another length or missing.
        """
        asked = Converting() if settings is None else settings
        self.check(mel, target, f0_hz, energy)
        if asked.ratio == 0:
            return mel
        raw = mel.raw().values
        pitch, level = self._conditions(raw, mel.spec, f0_hz, energy)
        made = self._convert(raw, target, asked, pitch, level, self._about(raw, mel.spec, target, asked, pitch), 0)
        return mel.with_raw(self._held(made, raw, mel.spec, self._ceiling(raw, mel.spec, target)))

    def stream(
        self,
        mel: Mel,
        target: Target,
        settings: Converting | None = None,
        *,
        f0_hz: Floats | None = None,
        energy: Floats | None = None,
        block_frames: int = BLOCK_FRAMES,
    ) -> Iterator[Floats]:
        """The same mel block by block: float32 [n_mels, ≤ block_frames], in its own scaling.

        Windows of `block_frames` and what they can see (`sees`) overlap by `FADE_FRAMES`, and fade into each other with
        weights that add up to 1. What a converter has to know of the whole mel (the source's own moments) it is told
        beforehand. Within `STREAM_TOLERANCE` of the whole.
        """
        if block_frames < 1:
            raise ContractError("a block has at least one frame", where="block_frames", got=block_frames, wanted="1 or more")
        asked = Converting() if settings is None else settings
        self.check(mel, target, f0_hz, energy)
        raw = mel.raw().values
        pitch, level = self._conditions(raw, mel.spec, f0_hz, energy)
        known, ceiling = self._about(raw, mel.spec, target, asked, pitch), self._ceiling(raw, mel.spec, target)
        left, right = self.sees(asked)
        fade = min(FADE_FRAMES, block_frames)
        tail: Floats | None = None
        for begin in range(0, mel.n_frames, block_frames):
            if asked.ratio == 0:
                yield mel.values[:, begin : begin + block_frames]
                continue
            end = min(begin + block_frames, mel.n_frames)
            over = min(end + fade, mel.n_frames)
            first, last = max(0, begin - left), min(mel.n_frames, over + right)
            part = slice(first, last)
            own = None if pitch is None else pitch[part]
            made = self._convert(raw[:, part], target, asked, own, level[part], known, first)
            if made.shape != raw[:, part].shape:
                raise AssertionError(f"{type(self).__name__} gave {made.shape}, wanted {raw[:, part].shape}")
            made = made[:, begin - first : over - first].copy()
            if tail is not None:
                share = ((np.arange(tail.shape[1]) + 0.5) / tail.shape[1]).astype(np.float32)
                made[:, : tail.shape[1]] = share * made[:, : tail.shape[1]] + (1 - share) * tail
            tail = made[:, end - begin :]
            held = self._held(made[:, : end - begin], raw[:, begin:end], mel.spec, ceiling)
            yield np.asarray(mel.spec.scaling.apply(held, mel.utterance), np.float32)

    def hearing(self, sound: Audio, spec: MelSpec) -> Converter:
        """The same for the mel, of that description, of this one sound; itself where it goes by mels alone."""
        return self

    def knowing(self, target: Target) -> Target:
        """The target with everything that this converter has to know of it, so that it is found once."""
        return target

    def so_far(
        self, raw: Floats, first: int, f0_hz: Floats | None, moments: ExponentialStats, target: Target, settings: Converting
    ) -> Floats:
        """What the frames from `first` on become by what is known so far; for `online`, which checks and holds them.

        Args:
            raw: what was heard lately, before scaling [n_mels, T]. f0_hz: its pitch [T], where one was given.
            moments: running, of what `watched` gives of the source.
        """
        part = raw[:, first:]
        pitch = None if f0_hz is None else f0_hz[first:]
        known = self._about_so_far(raw, f0_hz, moments, target, settings)
        return self._convert(part, target, settings, pitch, loudness_db(part, target.spec), known, first)

    def held(self, made: Floats, given: Floats, highest: Floats, target: Target) -> Floats:
        """Converted values before scaling within what `__call__` promises; `highest` [n_mels, 1]: of the source so far."""
        return self._held(made, given, target.spec, self._ceiling(highest, target.spec, target))

    def watched(self, raw: Floats) -> Floats:
        """What the running moments of a source are of: its values before scaling [n_mels, T], or something of that shape."""
        return raw

    def sees(self, settings: Converting) -> tuple[int, int]:
        """Frames to the left and right of a frame that it depends on."""
        return 0, 0

    def check(self, mel: Mel, target: Target, f0_hz: Floats | None = None, energy: Floats | None = None) -> None:
        """Refuse what cannot be converted; see `__call__`."""
        own = mel.spec.replace_quietly(scaling=NoScaling())
        for what, spec in (("this converter", self.spec), ("this voice", target.spec)):
            if spec is not None and spec != own:
                raise SpecMismatch(f"{what} takes another mel", next=mel.spec.diff(spec).summary())
        check_one(mel, None, "converter")
        if self.takes_f0 and f0_hz is None:
            raise ContractError("this converter is driven by a pitch", got=self.title, wanted="f0_hz")
        for name, given in (("f0_hz", f0_hz), ("energy", energy)):
            if given is None:
                continue
            if given.shape != (mel.n_frames,) or not np.isfinite(given).all() or (name == "f0_hz" and (given < 0).any()):
                raise ContractError(
                    f"{name} does not belong to this mel", got=f"shape {list(given.shape)}",
                    wanted=f"{mel.n_frames} finite numbers{', 0 where unvoiced' if name == 'f0_hz' else ''}",
                )  # fmt: skip

    @abstractmethod
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
        """Checked values before scaling [n_mels, T] → as many, all of the target (`settings.ratio` is its to mind).

        `known` is what `_about` gave for the whole mel, `first_frame` where in it the given ones begin.
        """

    def _about(
        self, whole: Floats, spec: MelSpec, target: Target, settings: Converting, f0_hz: Floats | None = None
    ) -> object:
        """What has to be known of the whole mel and of the target before a part of it can be converted."""
        return None

    def _about_so_far(
        self, raw: Floats, f0_hz: Floats | None, moments: ExponentialStats, target: Target, settings: Converting
    ) -> object:
        """The same where the whole mel is not there: `raw` is what was heard lately, `moments` are running ones."""
        return self._about(raw, target.spec, target, settings, f0_hz)

    def _conditions(
        self, raw: Floats, spec: MelSpec, f0_hz: Floats | None, energy: Floats | None
    ) -> tuple[Floats | None, Floats]:
        pitch = None if f0_hz is None else np.asarray(f0_hz, np.float32)
        level = loudness_db(raw, spec) if energy is None else np.asarray(energy, np.float32)
        return pitch, level

    def _ceiling(self, raw: Floats, spec: MelSpec, target: Target) -> Floats:
        """Of each band, [n_mels, 1]."""
        highest = np.max([raw.max(axis=1), *(voice.stats.band_max() for voice, _ in target.parts)], axis=0)
        times = 10 ** (HEADROOM_DB * spec.power / 20)
        gain = spec.log_gain
        raised = highest * times if gain is None else highest + gain * np.log(times)
        return np.asarray(np.maximum(raised, highest), np.float32)[:, None]

    def _held(self, made: Floats, given: Floats, spec: MelSpec, ceiling: Floats) -> Floats:
        """Within floor and ceiling; silence stays silence."""
        if made.shape != given.shape:
            raise AssertionError(f"{type(self).__name__} gave {made.shape}, wanted {given.shape}")
        if not np.isfinite(made).all():
            raise ContractError(
                "the converter's own arithmetic gave values that are not numbers",
                got=f"{int((~np.isfinite(made)).sum())} of {made.size} values", next="Its weights are broken",
            )  # fmt: skip
        if spec.floor_kind == "none":
            held = np.minimum(made, ceiling)
        else:
            floor = np.float32(spec.floor_value)
            held = np.clip(made, floor, np.maximum(ceiling, floor))
            held[:, (given <= floor).all(axis=0)] = floor
        return np.asarray(held, np.float32)
