"""What lost packets cost: wideband PESQ of speech whose packets did not all arrive, concealed, as silence, and by Opus.

    python -m benchmarks.codec_loss --sounds FILE … [--with CODEC] [--kbit 10] [--packet-ms 40] [--seconds 5] [--out F.json]

Packets are lost independently, the same ones for every system but Opus, whose own decoder draws them (`opusdec
--packet-loss`; opusenc at the same rate and frame, 40 or 60 ms). The null puts zeros where a packet's samples are; the
ceiling loses nothing. Means over sounds, with the standard error of the difference between concealed and null.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
from numpy.typing import NDArray

from melpact.audio import files
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.models.codec import container
from melpact.models.codec.base import Codec
from melpact.models.codec.opening import codec
from melpact.models.codec.rate import Rate

RATE_HZ = 16000
Floats = NDArray[np.float32]


def score(true: Floats, made: Floats) -> float:
    """Wideband PESQ."""
    from pesq import pesq

    return float(pesq(RATE_HZ, true, made, "wb"))


def within(audio: Audio) -> Audio:
    """The same within full scale, as Opus's tools are given whole numbers."""
    return Audio.of(audio.samples / max(1.0, audio.peak), audio.sample_rate)


def with_silence(sound: Floats, lost: Collection[int], packet: int) -> Floats:
    """Zeros where a packet's samples are."""
    made = sound.copy()
    for index in lost:
        made[index * packet : (index + 1) * packet] = 0
    return made


def by_opus(audio: Audio, kbit_s: float, packet_ms: float, share: float) -> Floats | None:
    """The same through Opus's own tools; None where they are not installed."""
    if shutil.which("opusenc") is None or shutil.which("opusdec") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, stream, made = (str(Path(folder) / name) for name in ("a.wav", "a.opus", "b.wav"))
        files.write(source, audio)
        loss = f"{100 * share:g}"
        encode = ["opusenc", "--quiet", "--bitrate", f"{kbit_s:g}", "--framesize", f"{packet_ms:g}", "--expect-loss", loss]
        subprocess.run([*encode, source, stream], check=True, capture_output=True)
        decode = ["opusdec", "--quiet", "--rate", str(RATE_HZ), "--packet-loss", loss, stream, made]
        subprocess.run(decode, check=True, capture_output=True)
        sound = files.read(made).samples[0]
    return np.pad(sound, (0, max(0, audio.n_samples - len(sound))))[: audio.n_samples]


def measured(
    one: Codec[Any], sounds: Sequence[Audio], kbit_s: float, packet_ms: float, shares: Sequence[float]
) -> list[Mapping[str, Any]]:
    """A row per share of lost packets."""
    rows = []
    streams = [one.encode(audio, rate=Rate.adaptive(kbit_s), packet_ms=packet_ms) for audio in sounds]
    real = 8 * sum(map(len, streams)) / sum(audio.duration_s for audio in sounds) / 1000
    for share in shares:
        concealed, silent, opus = [], [], []
        for number, (audio, stream) in enumerate(zip(sounds, streams)):
            found = container.scan(stream)
            rng = np.random.default_rng(100 + number)
            lost = np.nonzero(rng.random(len(found.packets)) < share)[0].tolist()
            true = audio.samples[0]
            concealed.append(score(true, one.decode(stream, lost=lost).samples[0]))
            whole = one.decode(stream).samples[0]
            silent.append(score(true, with_silence(whole, lost, found.header.packet_samples)))
            other = by_opus(audio, kbit_s, packet_ms, share)
            opus += [] if other is None else [score(true, other)]
        better = np.subtract(concealed, silent)
        rows.append(
            {
                "lost": share, "concealed": np.mean(concealed), "silence": np.mean(silent),
                "better_by": better.mean(), "standard_error": better.std(ddof=1) / np.sqrt(len(better)),
                "opus": np.mean(opus) if opus else None, "n": len(sounds), "kbit_s": real,
            }
        )  # fmt: skip
        print({name: value if value is None else round(float(value), 3) for name, value in rows[-1].items()}, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", nargs="+", required=True)
    parser.add_argument("--with", dest="name")
    parser.add_argument("--kbit", type=float, default=10.0)
    parser.add_argument("--packet-ms", type=float, default=40.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--lost", type=float, nargs="+", default=[0.0, 0.05, 0.1, 0.2])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    found = files.find(asked.sounds)
    sounds = [within(resample(files.read(path, duration_s=asked.seconds).mono(), RATE_HZ)) for path in found]
    rows = measured(codec(asked.name, RATE_HZ), sounds, asked.kbit, asked.packet_ms, asked.lost)
    if asked.out:
        asked.out.write_text(json.dumps([{name: value for name, value in row.items()} for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
