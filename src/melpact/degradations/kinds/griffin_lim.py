"""The mel of a sound that was made from the mel with a poor phase: echoes and beating where phases disagree."""

from __future__ import annotations

import numpy as np

from melpact.contract.filterbank import filterbank
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import levels, powers


class GriffinLimArtefacts(Degradation):
    """Magnitudes from the mel, a random phase, a few iterations of plain Griffin-Lim, and the result analysed again."""

    title = "through sound with a poor phase"
    meaning, unit = "iterations that repair a random phase", "iterations"
    neutral, limits, doses = None, (0.0, 1000.0), (16.0, 4.0, 0.0)
    domain = "sound"
    quick = False

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from melpact.features.analysis import analyse
        from melpact.features.inversion import mel_to_magnitude
        from melpact.vocoders.griffin_lim import griffin_lim
        from melpact.vocoders.griffin_lim.vocoder import synthesis_window, undo_waveform

        frames = level.shape[1]
        power = powers(level, spec)
        linear = np.sqrt(power) if spec.power == 1 else power
        plain = spec.replace_quietly(scaling=NoScaling())
        longer = linear
        while plain.samples(longer.shape[1]) < plain.min_samples():
            longer = np.pad(longer, ((0, 0), (0, 1)), "edge")
        sound = griffin_lim(
            mel_to_magnitude(longer, filterbank(spec), power=spec.power),
            n_fft=spec.n_fft,
            window=synthesis_window(spec),
            hop_length=spec.hop_length,
            left_pad=spec.left_pad,
            n_samples=plain.samples(longer.shape[1]),
            iterations=round(dose),
            momentum=0.0,
            rng=rng,
            start="random",
        )
        values, _ = analyse(undo_waveform(sound, spec), plain)
        return levels(values[:, :frames], plain, {})


PLUGIN = GriffinLimArtefacts()
