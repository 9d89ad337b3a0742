"""Vocoders as the last stage: melpact's own, and a user's, whose sound is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.pipeline.axes import Axes
from melpact.pipeline.engine import Engine, Source, chosen, engine
from melpact.pipeline.ports import Context, Port, Stage
from melpact.vocoders.base import Vocoder
from melpact.vocoders.griffin_lim.vocoder import Effort, GriffinLim

_INTEGERS = 100.0
"""Peaks from here on are samples of whole-number formats."""


class Melpact(Stage):
    """A vocoder of melpact."""

    name = "vocoder"

    def __init__(self, vocoder: Vocoder) -> None:
        self.vocoder = vocoder

    @classmethod
    def griffin_lim(cls, effort: Effort = "best", seed: int = 0) -> Melpact:
        """The one without a trained model."""
        if effort not in ("fast", "best"):
            raise ContractError("no such effort", where="vocoder.effort", got=repr(effort), wanted="fast or best")
        return cls(GriffinLim(effort, seed))

    def takes(self) -> Port:
        return Port("mel", self.vocoder.spec)

    def gives(self, taken: Port) -> Port:
        return Port("audio", sample_rate=None if taken.spec is None else taken.spec.sample_rate)

    def run(self, value: Mel, context: Context) -> Audio:
        made = self.vocoder(value)
        context.notes |= {"peak": made.peak, "samples": made.n_samples}
        return made

    def facts(self) -> dict[str, Any]:
        if isinstance(self.vocoder, GriffinLim):
            return {"stage": "vocoder", "kind": "griffin_lim", "effort": self.vocoder.effort, "seed": self.vocoder.seed}
        return {"stage": "vocoder", "kind": type(self.vocoder).__qualname__}

    def how(self) -> tuple[str, str]:
        effort = f", {self.vocoder.effort}" if isinstance(self.vocoder, GriffinLim) else ""
        return f"vocoder {type(self.vocoder).__name__}{effort}", ""


class OwnVocoder(Stage):
    """A user's vocoder: a mel of one description → samples.

    Args:
        model: a function, "module:function", or the path of an ONNX or TorchScript file.
        spec: the mel that it was trained on, scaling included.
        axes: in which it takes the mel; see `AcousticModel`.
        sample_rate: of its sound in Hz, where that is not the description's.
        output: which result is the sound, where it gives several.
        tolerance_frames: by how many hops the length may differ from frames × hop.
        folder: where relative paths start.
    """

    name = "vocoder"

    def __init__(
        self,
        model: Source | Engine,
        spec: MelSpec | Dialect | str,
        *,
        axes: str | Axes,
        sample_rate: int | None = None,
        output: str | int | None = None,
        tolerance_frames: float = 2.0,
        folder: Path | None = None,
    ) -> None:
        self.engine, self.spec = engine(model, folder), as_spec(spec)
        self.axes, self.output = Axes.parse(axes, "vocoder.axes"), output
        self.sample_rate, self.tolerance_frames = sample_rate or self.spec.sample_rate, tolerance_frames
        self.parallel = self.engine.parallel
        self.where = self.engine.label

    def takes(self) -> Port:
        return Port("mel", self.spec)

    def gives(self, taken: Port) -> Port:
        return Port("audio", sample_rate=self.sample_rate)

    def run(self, value: Mel, context: Context) -> Audio:
        made = self.engine(self.axes.from_mel(value.values), batch=False, seed=context.seed)
        array = chosen(made, self.output, self.where)
        samples = array.reshape(-1) if array.size == max(array.shape, default=0) else array
        if samples.ndim != 1:
            got = f"shape {list(array.shape)}"
            raise ContractError("gives more than one row of samples", where=self.where, got=got, wanted="[samples], mono")
        expected = value.n_frames * self.spec.hop_length * self.sample_rate / self.spec.sample_rate
        self._length(samples, value.n_frames, expected)
        audio = Audio.of(self._level(samples, context), self.sample_rate)
        context.notes |= {"samples": audio.n_samples, "samples_expected": round(expected), "peak": audio.peak}
        if audio.peak == 0:
            context.notes["silent"] = True
        return audio

    def _length(self, samples: NDArray[Any], frames: int, expected: float) -> None:
        hop = self.spec.hop_length * self.sample_rate / self.spec.sample_rate
        if abs(samples.size - expected) <= self.tolerance_frames * hop:
            return
        mend = f"It makes {samples.size / frames:.6g} samples of each frame"
        if abs(samples.size / frames - round(samples.size / frames)) < 0.02:
            mend += f": a vocoder for hop {round(samples.size / frames)}, or of another rate (say sample_rate)"
        raise ContractError(
            "the sound does not have the length of its mel",
            where=self.where,
            got=f"{samples.size} samples of {frames} frames",
            wanted=f"about {expected:.0f} ({frames} × hop {self.spec.hop_length} at {self.sample_rate} Hz)",
            next=mend,
        )

    def _level(self, samples: NDArray[Any], context: Context) -> NDArray[Any]:
        if samples.dtype.kind != "f":
            return samples
        if not np.isfinite(samples).all():
            bad = int((~np.isfinite(samples)).sum())
            raise ContractError("gives samples that are not numbers", where=self.where, got=f"{bad} of {samples.size}")
        peak = float(np.abs(samples).max())
        if peak >= _INTEGERS:
            raise ContractError(
                "the samples are not in [-1, 1]",
                where=self.where,
                got=f"a peak of {peak:.5g}, as of 16-bit integers",
                wanted="floats of full scale 1, or an integer array",
                next="Divide by 32768 in the model, or give int16",
            )
        context.notes["samples_beyond_full_scale"] = int(np.count_nonzero(np.abs(samples) > 1))
        return samples

    def facts(self) -> dict[str, Any]:
        return {
            "stage": "vocoder",
            **self.engine.facts(),
            "spec": self.spec.facts(),
            "axes": str(self.axes),
            "sample_rate": self.sample_rate,
            "output": self.output,
            "tolerance_frames": self.tolerance_frames,
        }

    def place(self) -> dict[str, Any]:
        return self.engine.place()

    def runtime(self) -> dict[str, str]:
        return self.engine.runtime()

    def how(self) -> tuple[str, str]:
        return f"vocoder {self.where}, [{self.axes}]", ""
