"""What a refiner between converter and sound does to a conversion: DNSMOS, similarity, characters, with and without.

    python -m benchmarks.voice_refine --sounds DATA [--methods envelope retrieval] [--refiners NAME …] [--out F.json]

The pairs are `content_report`'s. Sound by the inversion (fast); DNSMOS P.835 overall and P.808, similarity by Resemblyzer,
characters by Whisper base. `ahead` counts the pairs in which a refiner is better than nothing.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from benchmarks.content_report import PAIRS, SPEC, TARGET_S, source, voice
from melpact.audio.audio import Audio
from melpact.bench.metrics import _recogniser as recogniser
from melpact.bench.metrics import dnsmos_overall, dnsmos_p808
from melpact.bench.metrics.speaker_similarity import embedding
from melpact.bench.sound import Pair, Sound
from melpact.features.analysis import extract
from melpact.features.pitch import STEP_S, pitch
from melpact.features.second_pitch import sure_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.opening import converter
from melpact.models.convert.voice import PitchRange
from melpact.models.refine.opening import refiner
from melpact.models.refine.shipped import NAMES
from melpact.verbs.voice_sounding import key_between
from melpact.vocoders.griffin_lim.vocoder import GriffinLim

COLUMNS = ("DNSMOS overall", "DNSMOS P.808", "to target", "wrong characters")
BETTER = (1, 1, 1, -1)


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Every method, with every refiner and without."""
    chosen = PAIRS[: asked.pairs]
    used = {name for name, _ in chosen}
    targets = {name: voice(asked.sounds / name, used, TARGET_S) for name in dict.fromkeys(to for _, to in chosen)}
    refiners = {"nothing": None, **{name: refiner(name) for name in asked.refiners}}
    rows: dict[str, list[tuple[float, ...]]] = {}
    letters = 0
    for name, to in chosen:
        audio, text = source(name, asked.sounds)
        goal, others = targets[to]
        whose = [embedding(Sound(other, SPEC.sample_rate)) for other in others]
        wanted = "".join(recogniser.words(text, "en"))
        letters += len(wanted)
        track = sure_pitch(audio.samples[0], SPEC.sample_rate).taken
        key = key_between(PitchRange.of(track, STEP_S), goal.pitch)
        moved = Audio.of(shifted(audio.samples[0], SPEC.sample_rate, track, semitones=key), SPEC.sample_rate)
        mel, f0_hz = extract(moved, SPEC), pitch(moved, SPEC)
        for method in asked.methods:
            made = converter(method)(mel, goal, f0_hz=f0_hz)
            for way, one in refiners.items():
                sound = Sound(GriffinLim("fast")(made if one is None else one(made)), SPEC.sample_rate)
                pair, who = Pair(name, sound, sound, sound), embedding(sound)
                near = np.mean([who @ other / np.linalg.norm(who) / np.linalg.norm(other) for other in whose])
                got = "".join(recogniser.words(recogniser.recognised(sound, "en"), "en"))
                figures = (
                    dnsmos_overall.PLUGIN.observe(pair),
                    dnsmos_p808.PLUGIN.observe(pair),
                    float(near),
                    recogniser.edits(wanted, got),
                )
                rows.setdefault(f"{method}, {way}", []).append(figures)
        print(name, to, {way: tuple(round(float(x), 2) for x in found[-1]) for way, found in rows.items()}, flush=True)
    table: dict[str, Any] = {"pairs": len(chosen), "letters": letters}
    for way, found in rows.items():
        null = rows[way.split(", ")[0] + ", nothing"]
        table[way] = {
            column: [
                float(np.mean([row[i] for row in found])),
                f"ahead {sum(BETTER[i] * (a[i] - b[i]) > 0 for a, b in zip(found, null, strict=True))}",
            ]
            for i, column in enumerate(COLUMNS)
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=["envelope", "retrieval"])
    parser.add_argument("--refiners", nargs="+", default=list(NAMES))
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    found = measure(asked)
    print(json.dumps(found, indent=1))
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
