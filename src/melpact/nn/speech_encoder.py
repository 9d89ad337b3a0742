"""A user's own encoder that hears speech: HuBERT, ContentVec, WavLM or wav2vec 2.0, from a folder that transformers wrote.

The network is the transformers package's own, so that its numbers are; weights are read as tensors alone, and
every one has to be there. What its features are used for is not known here. Importing this
module imports torch and transformers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModel

from melpact.core.errors import ArtifactError, ContractError
from melpact.core.records import digest
from melpact.nn.checkpoint_file import read_tree

Floats = NDArray[np.float32]
RATE_HZ = 16000
KINDS = ("hubert", "wavlm", "wav2vec2")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_UNUSED = ("masked_spec_embed",)
"""Of training alone."""
PIECE_FRAMES, MARGIN_FRAMES = 1000, 100
"""Long sounds are heard in pieces of 20 s with 2 s to either side: attention grows with the square of the length."""


@dataclass(frozen=True, eq=False)
class SpeechEncoder:
    """What comes out of one layer.

    Attributes:
        layer: 0: what enters the transformer; n: what its n-th layer gives (`hidden_states[n]`).
        size: D, features of a frame. hop_samples, seen_samples: between two frames, and of what a frame of the first part
            reads, at `RATE_HZ`.
        standardised: a sound's mean is taken out and its variance made 1 before it is heard.
        fingerprint: over weights, layer and that.
    """

    network: Any
    layer: int
    size: int
    hop_samples: int
    seen_samples: int
    standardised: bool
    fingerprint: str

    @classmethod
    def open(cls, folder: Path, layer: int | None = None) -> SpeechEncoder:
        """From a folder with config.json and one of `WEIGHTS`.

        Args:
            layer: the last by default.

        Raises:
            ArtifactError: a file is missing or unreadable. ContractError: another kind of model, a layer that it lacks, or
                weights that are not those of its configuration.
        """
        config = _config(folder)
        layers = int(config.num_hidden_layers)
        taken = layers if layer is None else layer
        if not 0 <= taken <= layers:
            raise ContractError("the encoder has no such layer", where=folder, got=taken, wanted=f"0 to {layers}")
        network = AutoModel.from_config(config, trust_remote_code=False).eval()
        _fill(network, _weights(folder), str(config.model_type), folder)
        # what comes before a layer is the same whatever follows it; after the last one some models normalise
        network.encoder.layers = network.encoder.layers[: taken + 1]
        hop, seen = 1, 1
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            seen += (kernel - 1) * hop
            hop *= stride
        standardised = _standardised(folder, config)
        sums = {k: hashlib.sha256(v.contiguous().numpy().tobytes()).hexdigest() for k, v in network.state_dict().items()}
        said = digest(["speech encoder", config.model_type, taken, standardised, sums])
        return cls(network, taken, int(config.hidden_size), hop, seen, standardised, said)

    def __call__(self, samples: Floats) -> Floats:
        """Features [D, N] of a mono sound [time] at `RATE_HZ`; frame i is about sample `hop·i + (seen - 1) / 2`."""
        wave = samples.astype(np.float32)
        if self.standardised:
            wave = np.asarray((wave - wave.mean()) / np.sqrt(wave.var() + 1e-7), np.float32)
        wave = np.pad(wave, (0, max(0, self.seen_samples - wave.size)))
        frames = 1 + (wave.size - self.seen_samples) // self.hop_samples
        made = []
        for begin in range(0, frames, PIECE_FRAMES):
            end = min(begin + PIECE_FRAMES, frames)
            first, last = max(0, begin - MARGIN_FRAMES), min(frames, end + MARGIN_FRAMES)
            stop = wave.size if last == frames else (last - 1) * self.hop_samples + self.seen_samples
            made.append(self._run(wave[first * self.hop_samples : stop])[begin - first : end - first])
        return np.ascontiguousarray(np.concatenate(made).T)

    def _run(self, samples: Floats) -> Floats:
        with torch.inference_mode():
            given = torch.from_numpy(np.ascontiguousarray(samples))[None]
            found = self.network(given, output_hidden_states=True).hidden_states[self.layer]
        return np.asarray(found[0].float().numpy(), np.float32)


def _config(folder: Path) -> Any:
    file = folder / "config.json"
    try:
        kind = json.loads(file.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ArtifactError(
            "is no folder of a speech encoder", where=folder, got=f"config.json: {' '.join(str(error).split())[:80]}",
            wanted=f"config.json and {' or '.join(WEIGHTS)}, as transformers writes them",
        ) from None  # fmt: skip
    if kind not in KINDS:
        raise ContractError("this kind of model is not known", where=file, got=kind, wanted=", ".join(KINDS))
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    file = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if file is None:
        raise ArtifactError("holds no weights", where=folder, wanted=" or ".join(WEIGHTS))
    return {name: torch.from_numpy(value) for name, value in read_tree(file).items() if isinstance(value, np.ndarray)}


def _fill(network: Any, weights: dict[str, torch.Tensor], kind: str, folder: Path) -> None:
    """A model with a head keeps this one's weights under its name."""
    below = {name.removeprefix(f"{kind}."): value for name, value in weights.items()}
    try:
        missing, _ = network.load_state_dict(below, strict=False)
    except RuntimeError as error:
        said = str(error).splitlines()
        raise ContractError(
            "weights of other sizes than its configuration says", where=folder, got=said[-1].strip()
        ) from None
    lacking = [name for name in missing if name not in _UNUSED]
    if lacking:
        raise ContractError("weights are missing", where=folder, got=f"{len(lacking)}, such as {lacking[0]}")


def _standardised(folder: Path, config: Any) -> bool:
    """What preprocessor_config.json says; without one, whether the model normalises by layers, as transformers' own do."""
    file = folder / "preprocessor_config.json"
    if file.is_file():
        return bool(json.loads(file.read_text(encoding="utf-8")).get("do_normalize", True))
    return str(config.feat_extract_norm) == "layer"
