"""How fast is the analysis? melpact against librosa, torch, kaldi-native-fbank and nnAudio, in one process.

    python -m benchmarks.analysis [--rounds 15] [--threads 1 2]

Prints, for clips (24 x 5 s) and for one long signal (60 s), the median time, seconds of audio per second, and how
many times faster melpact is (median of round-by-round ratios). Then the sizes that other dialects use, against
librosa and torch, with the cost per unit of FFT work. Last, the largest difference from the float64 oracle.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from benchmarks.timing import alternate, median, ratio
from melpact.audio.synthetic import speech_like
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract
from melpact.features.oracle import oracle

Wave = np.ndarray
Engine = Callable[[Wave], Wave]


def melpact_engine(spec: MelSpec, threads: int = 1) -> Engine:
    """The public call, with everything it checks and copies."""
    return lambda x: extract(x, spec, sample_rate=spec.sample_rate, threads=threads).values


def librosa_engine(spec: MelSpec) -> Engine:
    """librosa.stft, the filterbank made once, and the log: the fastest way to use librosa."""
    import librosa

    bank = filterbank(spec).astype(np.float32)
    left = spec.left_pad
    centred = spec.padding == "centre"

    def run(x: Wave) -> Wave:
        y = x if centred else np.pad(x, (left, spec.right_pad(x.size)), mode="reflect")
        s = np.abs(
            librosa.stft(
                y, n_fft=spec.n_fft, hop_length=spec.hop_length, win_length=spec.win_length, center=centred,
                pad_mode="reflect" if spec.pad_mode == "reflect" else "constant",
            )
        )  # fmt: skip
        s = s if spec.power == 1 else s * s
        mel = bank @ s
        return mel if spec.log == "none" else spec.log_gain * np.log(np.maximum(mel, spec.floor))

    return run


def librosa_feature_engine(spec: MelSpec) -> Engine:
    """librosa.feature.melspectrogram as most scripts call it (it builds the filterbank in every call)."""
    import librosa

    def run(x: Wave) -> Wave:
        y = x if spec.padding == "centre" else np.pad(x, (spec.left_pad, spec.right_pad(x.size)), mode="reflect")
        mel = librosa.feature.melspectrogram(
            y=y, sr=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length, win_length=spec.win_length,
            center=spec.padding == "centre", power=spec.power, n_mels=spec.n_mels, fmin=spec.f_min, fmax=spec.f_max,
        )  # fmt: skip
        return np.log(np.maximum(mel, spec.floor))

    return run


def torch_engine(spec: MelSpec) -> Engine:
    """torch.stft and a matrix product, as vocoder repositories do it."""
    import torch

    bank = torch.from_numpy(filterbank(spec).astype(np.float32))
    window = torch.hann_window(spec.win_length)
    epsilon = spec.epsilon

    @torch.inference_mode()
    def run(x: Wave) -> Wave:
        y = torch.from_numpy(x)[None]
        if spec.padding != "centre":
            y = torch.nn.functional.pad(y[:, None], (spec.left_pad, spec.right_pad(x.size)), mode="reflect")[:, 0]
        z = torch.stft(
            y, spec.n_fft, spec.hop_length, spec.win_length, window, center=spec.padding == "centre", pad_mode="reflect",
            return_complex=True,
        )  # fmt: skip
        s = torch.view_as_real(z).pow(2).sum(-1)
        if spec.power == 1:
            s = torch.sqrt(s + epsilon)
        return torch.log(torch.clamp(bank @ s, min=spec.floor))[0].numpy()

    return run


def nnaudio_engine(spec: MelSpec) -> Engine:
    """nnAudio's convolutional mel (power 1) and a log."""
    import torch
    from nnAudio.features.mel import MelSpectrogram

    layer = MelSpectrogram(
        sr=spec.sample_rate, n_fft=spec.n_fft, win_length=spec.win_length, hop_length=spec.hop_length, n_mels=spec.n_mels,
        fmin=spec.f_min, fmax=spec.f_max, power=1.0, center=True, pad_mode="reflect", verbose=False,
    )  # fmt: skip

    @torch.inference_mode()
    def run(x: Wave) -> Wave:
        return torch.log(torch.clamp(layer(torch.from_numpy(x)[None]), min=spec.floor))[0].numpy()

    return run


def kaldi_engine(spec: MelSpec) -> Engine:
    """kaldi-native-fbank, frames fetched one by one as its Python interface offers."""
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = spec.sample_rate
    options.mel_opts.num_bins = spec.n_mels
    options.energy_floor = 0.0

    def run(x: Wave) -> Wave:
        fbank = knf.OnlineFbank(options)
        fbank.accept_waveform(spec.sample_rate, (x * 32768).tolist())
        return np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)], axis=1)

    return run


def over_clips(engine: Engine, clips: list[Wave], threads: int) -> Callable[[], object]:
    """One engine over many clips, on that many threads."""
    if threads == 1:
        return lambda: [engine(clip) for clip in clips]
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(engine, clips))


def compare(title: str, seconds: float, engines: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run, print a table, return melpact's ratios."""
    timed = alternate(engines, rounds)
    print(f"\n{title}")
    print(f"  {'engine':34s} {'ms':>9s} {'x real time':>12s} {'melpact is':>12s}")
    ratios = {}
    for name, values in timed.items():
        ratios[name] = ratio(timed, "melpact", name)
        print(f"  {name:34s} {1e3 * median(values):9.2f} {seconds / median(values):12.0f} {ratios[name]:10.2f} x")
    return ratios


ENGINES: dict[str, Callable[[MelSpec], Engine]] = {
    "melpact": melpact_engine,
    "librosa.stft, filterbank kept": librosa_engine,
    "librosa.feature.melspectrogram": librosa_feature_engine,
    "torch.stft, as vocoders do": torch_engine,
    "nnAudio": nnaudio_engine,
}


def material(spec: MelSpec) -> tuple[list[Wave], Wave]:
    """24 clips of 5 s, and 60 s in one."""
    clips = [speech_like(5.0, spec.sample_rate, seed=i).samples[0].copy() for i in range(24)]
    return clips, np.concatenate(clips)[: 60 * spec.sample_rate]


def alone(name: str, spec: MelSpec, threads: int, rounds: int) -> dict[str, float]:
    """Median seconds of one engine for the clips and for the long signal, nothing else running in the process."""
    clips, long = material(spec)
    own = name.startswith(("torch", "nnAudio"))  # these use their threads inside
    whole = melpact_engine(spec, threads) if name == "melpact" else ENGINES[name](spec)
    runs = {"clips": over_clips(ENGINES[name](spec), clips, 1 if own else threads), "long": lambda: whole(long)}
    return {what: median(alternate({what: run}, rounds)[what]) for what, run in runs.items()}


def apart(threads: int, rounds: int) -> None:
    """Several threads: a process per engine, because one library's waiting threads take the cores of the next."""
    print(f"\nhifigan_22k, {threads} threads, a process for each engine")
    print(f"  {'engine':34s} {'clips ms':>9s} {'melpact is':>12s} {'60 s ms':>9s} {'melpact is':>12s}")
    base: dict[str, float] = {}
    for name in ENGINES:
        if name == "nnAudio":
            continue
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.analysis", "--alone", name]
        command += ["--threads", str(threads), "--rounds", str(rounds)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads if name.startswith("torch") else 1)}
        found = json.loads(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)
        base = base or found
        cells = "".join(f" {1e3 * found[what]:9.2f} {found[what] / base[what]:10.2f} x" for what in ("clips", "long"))
        print(f"  {name:34s}{cells}")


def main() -> None:
    """Print every comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--alone", choices=list(ENGINES), help="only this engine, as JSON (used for several threads)")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    import torch

    spec = dialect("hifigan_22k").spec
    clips, long = material(spec)
    if arguments.alone:
        torch.set_num_threads(arguments.threads[0])
        print(json.dumps(alone(arguments.alone, spec, arguments.threads[0], rounds)))
        return
    torch.set_num_threads(1)
    for title, seconds, run in (
        ("24 clips of 5 s", 120.0, lambda e: over_clips(e, clips, 1)),
        ("one signal of 60 s", 60.0, lambda e: lambda: e(long)),
    ):
        compare(f"hifigan_22k, {title}, 1 thread", seconds, {n: run(make(spec)) for n, make in ENGINES.items()}, rounds)
    for threads in (n for n in arguments.threads if n > 1):
        apart(threads, rounds)

    torch.set_num_threads(1)
    kaldi = dialect("kaldi_fbank").spec
    clips16 = [speech_like(5.0, kaldi.sample_rate, seed=i).samples[0].copy() for i in range(8)]
    compare(
        "kaldi_fbank, 8 clips of 5 s, 1 thread", 40.0,
        {"melpact": over_clips(melpact_engine(kaldi), clips16, 1),
         "kaldi-native-fbank": over_clips(kaldi_engine(kaldi), clips16, 1)}, max(3, rounds // 3),
    )  # fmt: skip

    print("\nother sizes, 12 clips of 5 s, 1 thread (cost: ns per n_fft log2 n_fft of one frame)")
    print(f"  {'dialect':22s} {'n_fft/hop/win':>16s} {'x real time':>12s} {'v librosa':>10s} {'v torch':>9s} {'cost':>7s}")
    for name in (
        "hifigan_22k", "cosyvoice2_24k", "rtvc_synth_16k", "whisper_16k_80", "gptsovits_v4_32k", "rvc_48k", "pwg_24k",
        "diffsinger_44k", "melgan_22k", "xtts_v1_cond_22k", "diffsinger_original_24k",
    ):  # fmt: skip
        other = dialect(name).spec.replace_quietly(scaling={"kind": "none"}, preemphasis=0.0, preemphasis_kind="none")
        waves = [speech_like(5.0, other.sample_rate, seed=i).samples[0].copy() for i in range(12)]
        timed = alternate(
            {"melpact": over_clips(melpact_engine(other), waves, 1), "librosa": over_clips(librosa_engine(other), waves, 1),
             "torch": over_clips(torch_engine(other), waves, 1)}, rounds,
        )  # fmt: skip
        best = median(timed["melpact"])
        frames = 12 * other.frames(waves[0].size)
        cost = 1e9 * best / frames / (other.n_fft * np.log2(other.n_fft))
        print(
            f"  {name:22s} {f'{other.n_fft}/{other.hop_length}/{other.win_length}':>16s} {60 / best:12.0f} "
            f"{ratio(timed, 'melpact', 'librosa'):8.2f} x {ratio(timed, 'melpact', 'torch'):7.2f} x {cost:7.3f}"
        )

    worst = max(float(np.abs(melpact_engine(spec)(x) - oracle(x, spec)).max()) for x in clips[:6])
    print(f"\nlargest difference from the float64 oracle, hifigan_22k, 6 clips: {worst:.1e} nat")


if __name__ == "__main__":
    main()
