"""What a content encoder's features hold, and what retrieval makes of them: on speakers that no training has seen.

    python -m benchmarks.content_report --encoder NAME.content --sounds DATA [--parts match speakers convert] [--out F.json]

match     eight speakers read one sentence: for a frame of one, is the nearest of another's (by cosine) where that one says
          the same, within 50 ms? Where that is, is taken from the recogniser's own features, aligned in time; and once more
          from cepstra, which favours those. Beside it: chance, cepstra without their mean, and the recogniser itself.
speakers  how well a linear classifier tells speakers from the mean and the spread of an utterance's features (five folds);
          and from single frames, learnt on the first half of a sentence that all of them read, asked in its second half.
convert   Resemblyzer's similarity to target and source, and character errors of Whisper, through Griffin-Lim.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.fft import dct

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.resample import resample
from melpact.bench.metrics import _recogniser as recogniser
from melpact.bench.metrics.speaker_similarity import embedding
from melpact.bench.sound import Sound
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.features.pitch import pitch, track_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.base import Converter
from melpact.models.convert.content import Listener, listener
from melpact.models.convert.learning import learn
from melpact.models.convert.retrieval import RetrievalConverter
from melpact.models.convert.settings import Converting
from melpact.models.convert.statistics import StatisticsConverter
from melpact.models.convert.voice import Voice
from melpact.normalise.centring import centred
from melpact.vocoders.griffin_lim.vocoder import GriffinLim

SPEC = dialect("hifigan_22k").spec
FRAME_S = SPEC.hop_length / SPEC.sample_rate
TOLERANCE = 4
"""Frames: 46 ms."""
READ = "vctk_en_48k"
SPEAKERS = (
    "philipp_en", "nathalie_nl", "festvox_ru", "asterisk_fr", "asterisk_ru", "pjs_singing_ja",
)  # fmt: skip
EACH = 10
TARGET_S = 60.0
PAIRS = (
    ("p228", "philipp_en"), ("p243", "nathalie_nl"), ("p228", "festvox_ru"), ("p273", "nathalie_nl"),
    ("p230", "philipp_en"), ("p254", "festvox_ru"), ("pm_LJ001-0054", "nathalie_nl"), ("pm_LJ001-0107", "festvox_ru"),
    ("pm_LJ001-0123", "asterisk_fr"), ("p243", "asterisk_fr"), ("p254", "philipp_en"), ("pm_LJ001-0054", "festvox_ru"),
)  # fmt: skip
Floats = NDArray[np.float32]
Features = Mapping[str, list[Floats]]


def mono(path: Path) -> Audio:
    """A file at the description's rate, one channel."""
    audio = read(path)
    return resample(Audio.of(audio.samples.mean(0), audio.sample_rate), SPEC.sample_rate)


def cepstra(values: Floats, n: int = 13) -> Floats:
    """The first of a centred mel's cepstrum after the level, and their slopes."""
    made = dct(centred(values, SPEC), axis=0, norm="ortho")[1 : n + 1]
    return np.concatenate([made, 2 * np.gradient(made, axis=1)]).astype(np.float32)


def heard(audios: list[Audio]) -> list[Floats]:
    """The recogniser's own features at the mel's frames, each sound's mean taken out, [512, T]."""
    from benchmarks.content_teacher import FRAME_HZ, RATE_HZ, WINDOW_S
    from benchmarks.content_teacher import Listener as Ear

    ear, made = Ear(), []
    for audio in audios:
        samples = resample(audio, RATE_HZ).samples[0]
        whole = np.zeros(int(WINDOW_S * RATE_HZ), np.float32)
        whole[: samples.size] = samples[: whole.size]
        own = ear(whole)[: int(samples.size / RATE_HZ * FRAME_HZ) + 1].astype(np.float32)
        at = np.clip((np.arange(SPEC.frames(audio.n_samples)) + 0.5) * FRAME_S * FRAME_HZ, 0, len(own) - 1)
        low = np.minimum(at.astype(int), len(own) - 2)
        part = (at - low)[:, None].astype(np.float32)
        made.append(((own[low] * (1 - part) + own[low + 1] * part) - own.mean(0)).T)
    return made


def units(values: Floats) -> Floats:
    """Frames of length 1."""
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=0), 1e-9), np.float32)


@njit(cache=True)
def _warp(far: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    n, m = far.shape
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost[i + 1, j + 1] = far[i, j] + min(cost[i, j], min(cost[i, j + 1], cost[i + 1, j]) + slope)
    total, count = np.zeros(n), np.zeros(n)
    i, j = n - 1, m - 1
    while i >= 0 and j >= 0:
        total[i] += j
        count[i] += 1
        if cost[i, j] <= min(cost[i, j + 1], cost[i + 1, j]) + slope:
            i, j = i - 1, j - 1
        elif cost[i, j + 1] <= cost[i + 1, j]:
            i -= 1
        else:
            j -= 1
    return total / np.maximum(count, 1.0)


def aligned(a: Floats, b: Floats) -> NDArray[np.float64]:
    """For every frame of a the frame of b on the cheapest path by cosine."""
    return np.asarray(_warp((1 - units(a).T @ units(b)).astype(np.float64), 0.02))


def matched(features: list[Floats], at: Mapping[tuple[int, int], NDArray[np.float64]], loud: list[Any]) -> float:
    """The share of loud frames whose nearest lies where the alignment says."""
    right = total = 0
    for (i, j), wanted in at.items():
        near = (units(features[i]).T @ units(features[j])).argmax(1)
        off = np.abs(near - wanted)[loud[i]]
        right, total = right + int((off <= TOLERANCE).sum()), total + len(off)
    return right / total


def match(ears: Listener, sounds: Path) -> dict[str, Any]:
    """Frames of one speaker found in another's reading."""
    audios = [mono(path) for path in sorted((sounds / READ).glob("*.flac"))]
    mels = [extract(audio, SPEC).values for audio in audios]
    level = [mel.mean(0) for mel in mels]
    loud = [one > (np.percentile(one, 5) + np.percentile(one, 95)) / 2 - 1 for one in level]
    teacher, plain = heard(audios), [cepstra(mel) for mel in mels]
    pairs = list(itertools.permutations(range(len(mels)), 2))
    named: Features = {"cepstra": plain, "encoder": [ears(mel) for mel in mels], "recogniser": teacher}
    found: dict[str, Any] = {"pairs": len(pairs)}
    for by in ("recogniser", "cepstra"):
        at = {(i, j): aligned(named[by][i], named[by][j]) for i, j in pairs}
        chance = np.mean([(2 * TOLERANCE + 1) / mels[j].shape[1] for _, j in pairs])
        found[f"where {by} says"] = {
            "chance": chance, **{name: matched(list(one), at, loud) for name, one in named.items()}
        }  # fmt: skip
    return found


def speakers(ears: Listener, sounds: Path) -> dict[str, Any]:
    """Who speaks, told from an utterance's features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    mels, labels = [], []
    for number, folder in enumerate(SPEAKERS):
        for path in sorted((sounds / folder).glob("*.flac"))[: 4 * EACH : 4]:
            audio = mono(path)
            if audio.duration_s > 1.5:
                mels.append(extract(audio, SPEC).values[:, : int(8 / FRAME_S)])
                labels.append(number)

    def pooled(of: Callable[[Floats], Floats]) -> NDArray[np.float32]:
        made = [of(mel) for mel in mels]
        return np.stack([np.concatenate([one.mean(1), one.std(1)]) for one in made])

    def plain(mel: Floats) -> Floats:
        made: Floats = dct(mel, axis=0, norm="ortho")[:26].astype(np.float32)
        return made

    ways: dict[str, Callable[[Floats], Floats]] = {
        "cepstra with their mean": plain, "cepstra without": cepstra, "encoder": ears.__call__
    }  # fmt: skip
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.1))
    found = {name: float(cross_val_score(model, pooled(of), labels, cv=folds).mean()) for name, of in ways.items()}
    each = np.bincount(labels)
    table: dict[str, Any] = {
        "by utterance": {
            "utterances": len(labels),
            "speakers": len(each),
            "chance": float(each.max() / len(labels)),
            **found,
        }
    }
    read = [extract(mono(path), SPEC).values for path in sorted((sounds / READ).glob("*.flac"))]
    table["by frame, of one sentence"] = {"speakers": len(read), "chance": 1 / len(read)}
    for name, of in ways.items():
        halves = [np.split(of(mel).T, [mel.shape[1] // 2]) for mel in read]
        first, second = (np.concatenate([one[part][::2] for one in halves]) for part in (0, 1))
        who, later = (np.repeat(range(len(read)), [len(one[part][::2]) for one in halves]) for part in (0, 1))
        table["by frame, of one sentence"][name] = float(model.fit(first, who).score(second, later))
    return table


def phrase(audio: Audio) -> Audio:
    """The beginning up to the longest pause between 3 and 6.5 s."""
    mel = extract(audio, SPEC).values.mean(0)
    near = np.convolve(mel, np.ones(20) / 20, "same")
    first, last = int(3 / FRAME_S), int(6.5 / FRAME_S)
    end = (first + int(near[first:last].argmin())) * SPEC.hop_length
    return Audio.of(audio.samples[0, :end], SPEC.sample_rate)


def texts(folder: Path) -> dict[str, str]:
    """File → text."""
    with open(folder / "metadata.csv", encoding="utf-8") as file:
        return {row["file"]: row["text"] for row in csv.DictReader(file, delimiter="|")}


def source(name: str, sounds: Path) -> tuple[Audio, str]:
    """A sound to convert and what it says; of a beginning, what the recogniser understands."""
    if name.startswith("p2"):
        audio = phrase(mono(next((sounds / READ).glob(f"{name}_*.flac"))))
        return audio, recogniser.recognised(Sound(audio, SPEC.sample_rate), "en")
    file = f"{name}.flac"
    return mono(sounds / "philipp_en" / file), texts(sounds / "philipp_en")[file]


def voice(folder: Path, used: set[str], wanted_s: float = TARGET_S) -> tuple[Voice, list[Audio]]:
    """A target of so many seconds, and three other sounds of the same speaker."""
    audios: list[Audio] = []
    rest: list[Audio] = []
    seconds = 0.0
    for path in sorted(folder.glob("*.flac"))[::-1]:
        if path.stem in used or seconds >= wanted_s:
            continue
        audio = mono(path)
        if len(rest) < 3 and 2.5 < audio.duration_s < 10:
            rest.append(audio)
        else:
            audios.append(audio)
            seconds += audio.duration_s
    return learn([extract(audio, SPEC) for audio in audios], [pitch(audio, SPEC) for audio in audios]), rest


def convert(ways: Mapping[str, tuple[Converter, Converting]], sounds: Path, pairs: int, wanted_s: float) -> dict[str, Any]:
    """Pairs of source and target through every way."""
    chosen = PAIRS[:pairs]
    used = {name for name, _ in chosen}
    targets = {name: voice(sounds / name, used, wanted_s) for name in dict.fromkeys(target for _, target in chosen)}
    whose = {name: [embedding(Sound(one, SPEC.sample_rate)) for one in rest] for name, (_, rest) in targets.items()}
    whose = {name: [one / np.linalg.norm(one) for one in rows] for name, rows in whose.items()}
    same = np.mean([a @ b for rows in whose.values() for a, b in itertools.combinations(rows, 2)])
    apart = np.mean([a @ b for x, y in itertools.combinations(whose, 2) for a in whose[x] for b in whose[y]])
    rows: dict[str, list[tuple[float, float, int, int]]] = {}
    maker = GriffinLim("fast")
    for name, target in chosen:
        audio, text = source(name, sounds)
        goal = targets[target][0]
        track = track_pitch(audio.samples[0], SPEC.sample_rate)
        own = np.median(track[track > 0])
        key = 0.0 if goal.pitch is None else float(np.clip(12 * np.log2(goal.pitch.median_hz / own), -12, 12))
        moved = Audio.of(shifted(audio.samples[0], SPEC.sample_rate, track, semitones=key), SPEC.sample_rate)
        mel, level = extract(moved, SPEC), pitch(moved, SPEC)
        made: dict[str, Mel] = {"source": extract(audio, SPEC)}
        made |= {way: one(mel, goal, how, f0_hz=level) for way, (one, how) in ways.items()}
        mine = embedding(Sound(audio, SPEC.sample_rate))
        mine = mine / np.linalg.norm(mine)
        for way, one in made.items():
            sound = Sound(maker(one), SPEC.sample_rate)
            who = embedding(sound) / np.linalg.norm(embedding(sound))
            wanted = "".join(recogniser.words(text, "en"))
            got = "".join(recogniser.words(recogniser.recognised(sound, "en"), "en"))
            near = float(np.mean([who @ other for other in whose[target]]))
            errors = recogniser.edits(wanted, got)
            rows.setdefault(way, []).append((near, float(who @ mine), errors, len(wanted)))
        print(
            name,
            target,
            f"{key:+.1f}",
            {way: tuple(float(round(one, 2)) for one in found[-1]) for way, found in rows.items()},
            flush=True,
        )
    table = {
        way: {
            "to target": float(np.mean([row[0] for row in found])), "to source": float(np.mean([row[1] for row in found])),
            "nearer the target": sum(row[0] > row[1] for row in found),
            "character errors %": 100 * sum(row[2] for row in found) / sum(row[3] for row in found),
        }
        for way, found in rows.items()
    }  # fmt: skip
    return {"pairs": len(chosen), "same speaker": float(same), "different speakers": float(apart), **table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", default=["match", "speakers", "convert"])
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    parser.add_argument("--seconds", type=float, default=TARGET_S, help="of each target")
    parser.add_argument("--designs", action="store_true", help="retrieval with and without each of its parts")
    parser.add_argument("--out")
    asked = parser.parse_args()
    ears = listener(asked.encoder)
    found: dict[str, Any] = {}
    if "match" in asked.parts:
        found["match"] = match(ears, asked.sounds)
        print(json.dumps(found["match"], indent=1), flush=True)
    if "speakers" in asked.parts:
        found["speakers"] = speakers(ears, asked.sounds)
        print(json.dumps(found["speakers"], indent=1), flush=True)
    if "convert" in asked.parts:
        plain = Converting()
        ways: dict[str, tuple[Converter, Converting]] = {
            "statistics": (StatisticsConverter(), plain), "retrieval": (RetrievalConverter(ears), plain)
        }  # fmt: skip
        if asked.designs:
            ways |= {
                "retrieval, the nearest frames alone": (RetrievalConverter(ears, looked_up=1.0), plain),
                "retrieval, the map alone": (RetrievalConverter(ears, looked_up=0.0), plain),
                "retrieval, exaggerated": (RetrievalConverter(ears, further=1.3), plain),
                "retrieval, not averaged": (RetrievalConverter(ears, smoothed=0), plain),
                "retrieval, averaged twice as far": (RetrievalConverter(ears, smoothed=10), plain),
            }
        found["convert"] = convert(ways, asked.sounds, asked.pairs, asked.seconds)
        print(json.dumps(found["convert"], indent=1), flush=True)
    if asked.out:
        Path(asked.out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
