"""Flags of other programs, read as ours: the folders and files that HiFi-GAN's scripts, and those made after them, name.

Source of the names: inference_e2e.py of jik876/hifi-gan (--input_mels_dir, --output_dir, --checkpoint_file), and the three
scripts of a mel folder's way through a refiner (--input_wavs_dir, --output_mel_dir, --input_mel_dir, --config, --ckpt); and
what programs that speak call a sound, a voice, a language and a speaker: tts of Coqui (--out_path, --speaker_wav,
--language_idx), inference of F5-TTS (--ref_audio). A command's own flag of such a name stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

INPUTS = ""
"""In place of a flag: the value is one of the command's inputs."""
_SOUNDS = {"--input_wavs_dir": INPUTS, "--output_mel_dir": "--out", "--config": "--dialect"}
_MELS = {"--input_mel_dir": INPUTS, "--input_mels_dir": INPUTS}
_SPEECH = {
    **dict.fromkeys(("--output", "--output_file", "--output_path", "--out_path"), "--out"),
    **dict.fromkeys(
        ("--reference", "--reference_audio", "--reference_wav", "--ref_audio", "--speaker_wav", "--speaker"), "--voice"
    ),
    **dict.fromkeys(("--lang", "--language_idx"), "--language"),
    **dict.fromkeys(("--model", "--model_path", "--checkpoint"), "--with"),
    "--speed": "--rate",
}
OTHER_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "extract": _SOUNDS,
        "refine": {**_MELS, "--output_mel_dir": "--out", "--config": "--dialect", "--ckpt": "--with"},
        "speak": _SPEECH,
        "vocode": {**_MELS, "--output_dir": "--out", "--output_wav_dir": "--out", "--checkpoint_file": "--with"},
    }
)


def in_our_words(command: str, words: Sequence[str]) -> list[str]:
    """The command line with other programs' flags replaced; inputs come first, everything else keeps its order."""
    names = OTHER_NAMES.get(command, {})
    inputs: list[str] = []
    rest: list[str] = []
    waiting = False
    for word in words:
        flag, equals, value = word.partition("=")
        ours = names.get(flag.replace("-", "_").replace("__", "--", 1)) if flag.startswith("--") else None
        if waiting and ours is None:
            inputs.append(word)
            waiting = False
        elif ours is None:
            rest.append(word)
        elif ours == INPUTS:
            waiting = not equals
            inputs += [value] if equals else []
        else:
            rest.append(f"{ours}={value}" if equals else ours)
    return [*inputs, *rest]
