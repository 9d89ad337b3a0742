"""What another voice loses where the sound is still coming: similarity, characters and time, online against whole.

    python -m benchmarks.voice_stream --sounds DATA [--methods envelope retrieval] [--look-ahead 300] [--out F.json]

The pairs are `content_report`'s, sounds that no training has seen. `whole` knows all of the source and is inverted at once
(fast effort); `online` comes in blocks and starts knowing nothing of the source; `after more of the source` has heard the
rest of the speaker's recording, or another one, before. One key for all three. Times are of one thread's computing per block
(p50, p95) against the block's length; similarity by Resemblyzer, characters by Whisper base.
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
from numpy.typing import NDArray

from benchmarks.content_report import PAIRS, READ, SPEC, TARGET_S, mono, source, voice
from melpact.audio.audio import Audio
from melpact.bench.metrics import _recogniser as recogniser
from melpact.bench.metrics.speaker_similarity import embedding
from melpact.bench.sound import Sound
from melpact.features.analysis import extract
from melpact.features.pitch import STEP_S, pitch, track_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.base import Converter
from melpact.models.convert.opening import converter
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import PitchRange, Voice
from melpact.verbs.voice_online import OnlineVoice
from melpact.verbs.voice_sounding import key_between
from melpact.vocoders.griffin_lim.vocoder import GriffinLim

Floats = NDArray[np.float32]


def whole(one: Converter, audio: Audio, goal: Voice, key: float) -> Audio:
    """All of it at once."""
    track = track_pitch(audio.samples[0], SPEC.sample_rate)
    moved = Audio.of(shifted(audio.samples[0], SPEC.sample_rate, track, semitones=key), SPEC.sample_rate)
    return GriffinLim("fast")(one(extract(moved, SPEC), goal, f0_hz=pitch(moved, SPEC)))


def online(
    one: Converter, audio: Audio, goal: Voice, key: float, look_ahead_ms: float, block_frames: int, before: Floats
) -> tuple[Audio, OnlineVoice]:
    """In pieces of 20 ms, behind `before`, which is not given back."""
    asked = Converting(key_semitones=key)
    flow = OnlineVoice(one, goal, asked, look_ahead_ms=look_ahead_ms, block_frames=block_frames)
    every, size = np.concatenate([before, audio.samples[0]]), round(0.02 * SPEC.sample_rate)
    made = [flow.push(every[at : at + size]) for at in range(0, every.size, size)]
    return Audio.of(np.concatenate([*made, flow.finish()])[before.size :], SPEC.sample_rate), flow


def more(name: str, audio: Audio, sounds: Path) -> Floats:
    """Other sound of the same speaker, at most 30 s."""
    if name.startswith("p2"):
        rest = mono(next((sounds / READ).glob(f"{name}_*.flac"))).samples[0][audio.n_samples :]
    else:
        paths = [path for path in sorted((sounds / "philipp_en").glob("pm_*.flac")) if path.stem != name][:6]
        rest = np.concatenate([mono(path).samples[0] for path in paths])
    return np.asarray(rest[: 30 * SPEC.sample_rate], np.float32)


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Every method on every pair."""
    chosen = PAIRS[: asked.pairs]
    used = {name for name, _ in chosen}
    targets = {name: voice(asked.sounds / name, used, TARGET_S) for name in dict.fromkeys(to for _, to in chosen)}
    rows: dict[str, list[tuple[float, int, int]]] = {}
    spent: dict[str, list[float]] = {}
    said: dict[str, Any] = {}
    for name, to in chosen:
        audio, text = source(name, asked.sounds)
        goal, others = targets[to]
        whose = [embedding(Sound(other, SPEC.sample_rate)) for other in others]
        track = track_pitch(audio.samples[0], SPEC.sample_rate)
        key = key_between(PitchRange.of(track, STEP_S), goal.pitch)
        made = {"source, inverted": GriffinLim("fast")(extract(audio, SPEC))}
        for method in asked.methods:
            one = converter(method)
            known = one.knowing(goal)
            made[f"{method}, whole"] = whole(one, audio, known, key)
            ways = {"online": audio.samples[0][:0], "after more of the source": more(name, audio, asked.sounds)}
            for way, before in ways.items():
                made[f"{method}, {way}"], flow = online(one, audio, known, key, asked.look_ahead, asked.block_frames, before)
                spent.setdefault(method, []).extend(flow.spent_ms[2:])
                said = {**vars(flow.latency), "look_ahead_ms": flow.latency.look_ahead_ms, "total_ms": flow.latency.total_ms}
        for way, sound in made.items():
            heard = Sound(sound, SPEC.sample_rate)
            who = embedding(heard)
            near = float(np.mean([who @ other / np.linalg.norm(who) / np.linalg.norm(other) for other in whose]))
            wanted = "".join(recogniser.words(text, "en"))
            got = "".join(recogniser.words(recogniser.recognised(heard, "en"), "en"))
            rows.setdefault(way, []).append((near, recogniser.edits(wanted, got), len(wanted)))
        print(name, to, {way: tuple(round(one, 2) for one in found[-1]) for way, found in rows.items()}, flush=True)
    return {
        "pairs": len(chosen),
        "latency": said,
        "block ms, p50 and p95": {way: [float(np.quantile(ms, q)) for q in (0.5, 0.95)] for way, ms in spent.items()},
        **{
            way: {
                "to target": float(np.mean([row[0] for row in found])),
                "character errors %": 100 * sum(row[1] for row in found) / sum(row[2] for row in found),
            }
            for way, found in rows.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=["envelope", "statistics", "retrieval"])
    parser.add_argument("--look-ahead", type=float, default=300.0, help="ms")
    parser.add_argument("--block-frames", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    found = measure(asked)
    print(json.dumps(found, indent=1))
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
