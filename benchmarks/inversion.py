"""How good and how fast is a mel's sound? melpact's inversion against librosa's, on the shipped speech.

    python -m benchmarks.inversion [--folder DIR_OF_WAVS] [--dialect hifigan_22k]

Per system: PESQ (wide band, 16 kHz) and STOI against the original, with silence and noise as nulls and the original's
own magnitudes and phase through the mel as the ceiling ("true phase"), and milliseconds per second of audio on one thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract, to_rate
from melpact.vocoders.griffin_lim.true_phase import with_true_phase
from melpact.vocoders.griffin_lim.vocoder import invert, linear_mel


def librosa_inversion(mel: Mel, iterations: int = 32) -> Audio:
    """mel_to_stft's non-negative least squares, then griffinlim, on the dialect's own framing."""
    import librosa

    spec = mel.spec
    magnitude = librosa.util.nnls(filterbank(spec).astype(np.float32), linear_mel(mel))
    if spec.power == 2:
        magnitude = np.sqrt(magnitude)
    y = librosa.griffinlim(
        magnitude, n_iter=iterations, hop_length=spec.hop_length, win_length=spec.win_length, n_fft=spec.n_fft,
        center=spec.padding == "centre", momentum=0.99, random_state=0, pad_mode="reflect",
    )  # fmt: skip
    if spec.padding != "centre":
        y = y[spec.left_pad :]
    y = np.pad(y, (0, max(0, mel.n_samples - y.size)))[: mel.n_samples]
    return Audio.of(y.astype(np.float32), spec.sample_rate)


def scores(original: Audio, made: Audio) -> tuple[float, float]:
    """PESQ wide band and STOI at 16 kHz."""
    from pesq import pesq
    from pystoi import stoi

    a, b = (resample(audio, 16000).samples[0] for audio in (original, made))
    n = min(a.size, b.size)
    try:
        quality = float(pesq(16000, a[:n], b[:n], "wb"))
    except Exception as error:
        print(f"    no PESQ: {error}")
        quality = float("nan")
    return quality, float(stoi(a[:n], b[:n], 16000))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="speech files; the shipped prompts by default")
    parser.add_argument("--dialect", default="hifigan_22k")
    parser.add_argument("--limit", type=int, default=1000)
    arguments = parser.parse_args()
    spec: MelSpec = dialect(arguments.dialect).spec
    if arguments.folder:
        from melpact.audio.files import find, read

        clips = [to_rate(read(path), spec.sample_rate) for path in find([arguments.folder])[: arguments.limit]]
    else:
        from melpact.audio.samples import load, names

        clips = [to_rate(load(name), spec.sample_rate) for name in names()]
    mels = [extract(clip, spec) for clip in clips]
    rng = np.random.default_rng(0)

    def noise(clip: Audio) -> Audio:
        x = rng.standard_normal(clip.n_samples).astype(np.float32)
        return Audio.of(x * np.float32(10 ** (clip.rms_db / 20)), clip.sample_rate)

    systems = {
        "melpact, best": lambda clip, mel: invert(mel),
        "melpact, fast": lambda clip, mel: invert(mel, effort="fast"),
        "librosa, 32 iterations": lambda clip, mel: librosa_inversion(mel),
        "null: noise": lambda clip, mel: noise(clip),
        "ceiling: true phase": lambda clip, mel: Audio.of(with_true_phase(clip, mel), spec.sample_rate),
    }
    seconds = sum(clip.duration_s for clip in clips)
    print(f"{arguments.dialect}, {len(clips)} clips, {seconds:.1f} s")
    print(f"  {'system':26s} {'PESQ':>6s} {'STOI':>6s} {'level dB':>9s} {'ms per s':>9s}")
    times = {}
    for name, run in systems.items():
        run(clips[0], mels[0])
        start = time.perf_counter()
        made = [run(clip, mel) for clip, mel in zip(clips, mels, strict=True)]
        times[name] = (time.perf_counter() - start) / seconds
        pairs = [scores(clip, audio) for clip, audio in zip(clips, made, strict=True)]
        quality = [p for p, _ in pairs if not np.isnan(p)]
        level = statistics.fmean(audio.rms_db - clip.rms_db for clip, audio in zip(clips, made, strict=True))
        mean_quality = statistics.fmean(quality) if quality else float("nan")
        clear = statistics.fmean(s for _, s in pairs)
        print(f"  {name:26s} {mean_quality:6.2f} {clear:6.3f} {level:9.2f} {1e3 * times[name]:9.1f}")
    for name in ("melpact, best", "melpact, fast"):
        print(f"{name} is {times['librosa, 32 iterations'] / times[name]:.1f} x as fast as librosa")


if __name__ == "__main__":
    main()
