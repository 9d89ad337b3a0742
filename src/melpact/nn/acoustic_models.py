"""A user's own acoustic model that transformers wrote: SpeechT5 and FastSpeech2Conformer, from numbers of symbols to a mel.

The networks are the transformers package's own; weights are read as tensors alone, and every one has to be there. What the
numbers stand for and what the mel means is not known here. Importing this module imports torch and transformers.
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
from transformers import AutoConfig, FastSpeech2ConformerModel, SpeechT5ForTextToSpeech

from melpact.core.errors import ArtifactError, ContractError
from melpact.core.records import digest
from melpact.nn.checkpoint_file import read_tree
from melpact.nn.torch_runtime import available

Floats = NDArray[np.float32]
SPEECHT5, FASTSPEECH2 = "speecht5", "fastspeech2_conformer"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_BUFFERS = ("num_batches_tracked", "pe", "encode_positions.pe")
"""Ends of names of what is made again when the network is."""


@dataclass(frozen=True, eq=False)
class AcousticNetwork:
    """One network.

    Attributes:
        kind: `SPEECHT5` or `FASTSPEECH2`.
        n_symbols, n_mels: of what goes in and out.
        voice_size: numbers of a voice; 0: it takes none. n_voices: voices by number; 0: one.
        drawn: whether it draws, so that another seed gives another mel.
        fingerprint: over its configuration and weights.
    """

    network: Any
    kind: str
    device: str
    n_symbols: int
    n_mels: int
    voice_size: int
    n_voices: int
    drawn: bool
    fingerprint: str

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> AcousticNetwork:
        """From a folder with config.json and one of `WEIGHTS`.

        Raises:
            ArtifactError: a file is missing or unreadable. ContractError: another kind of model, weights that are not those
                of its configuration, or no such device.
        """
        missing = available(device)
        if missing is not None:
            raise ContractError("there is no such device here", where="device", got=f"{device} ({missing})", wanted="cpu")
        config = _config(folder)
        kind = str(config.model_type)
        network = (SpeechT5ForTextToSpeech if kind == SPEECHT5 else FastSpeech2ConformerModel)(config)
        _fill(network, _weights(folder), folder)
        network = network.eval().to(device)
        sums = {
            k: hashlib.sha256(v.cpu().contiguous().numpy().tobytes()).hexdigest() for k, v in network.state_dict().items()
        }
        said = digest(["acoustic model", kind, sums])
        if kind == SPEECHT5:
            # its prenet drops out in evaluation, too (config.speech_decoder_prenet_dropout)
            drawn = float(config.speech_decoder_prenet_dropout) > 0
            sizes = (int(config.vocab_size), int(config.num_mel_bins), int(config.speaker_embedding_dim))
            return cls(network, kind, device, *sizes, 0, drawn, said)
        return cls(
            network, kind, device, int(config.vocab_size), int(config.num_mel_bins), int(config.speaker_embed_dim or 0),
            int(config.num_speakers or 0), False, said,
        )  # fmt: skip

    def __call__(
        self, numbers: NDArray[np.int64], *, voice: Floats | None = None, number: int = 0, rate: float = 1.0, seed: int = 0
    ) -> Floats:
        """Numbers of symbols [n] → a mel [frames, n_mels].

        Args:
            voice: `voice_size` numbers. number: which of `n_voices`. rate: of FastSpeech2Conformer alone.

        Raises:
            ContractError: a number beyond the table, or a voice that is missing or of another size.
        """
        if numbers.size == 0 or int(numbers.max()) >= self.n_symbols or int(numbers.min()) < 0:
            got = "no symbols" if numbers.size == 0 else f"{int(numbers.max())}"
            raise ContractError("the table of symbols is not this model's", got=got, wanted=f"below {self.n_symbols}")
        if self.voice_size and (voice is None or voice.size != self.voice_size):
            raise ContractError(
                "this model needs a voice", where="--voice", got="none" if voice is None else f"{voice.size} numbers",
                wanted=f"{self.voice_size} numbers in a .npy file", next="Of SpeechT5 it is an x-vector",
            )  # fmt: skip
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(seed)
            ids = torch.from_numpy(np.ascontiguousarray(numbers, np.int64))[None].to(self.device)
            own = None if voice is None else torch.from_numpy(np.array(voice, np.float32)).reshape(1, -1).to(self.device)
            if self.kind == SPEECHT5:
                made = self.network.generate_speech(ids, own)
            else:
                self.network.config.speaking_speed = 1.0 / rate
                whose = torch.tensor([number], device=self.device) if self.n_voices > 1 else None
                made = self.network(ids, speaker_ids=whose, speaker_embedding=own, return_dict=True).spectrogram[0]
        return np.asarray(made.float().cpu().numpy(), np.float32)


def _config(folder: Path) -> Any:
    file = folder / "config.json"
    try:
        kind = json.loads(file.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ArtifactError(
            "is no folder of an acoustic model", where=folder, got=f"config.json: {' '.join(str(error).split())[:80]}",
            wanted=f"config.json and {' or '.join(WEIGHTS)}, as transformers writes them",
        ) from None  # fmt: skip
    if kind not in (SPEECHT5, FASTSPEECH2):
        raise ContractError("this kind of model is not known", where=file, got=kind, wanted=f"{SPEECHT5}, {FASTSPEECH2}")
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    file = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if file is None:
        raise ArtifactError("holds no weights", where=folder, wanted=" or ".join(WEIGHTS))
    return {name: torch.from_numpy(value) for name, value in read_tree(file).items() if isinstance(value, np.ndarray)}


def _fill(network: Any, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """A FastSpeech2Conformer with its vocoder keeps its weights under "model."."""
    own = network.state_dict()
    below = {name if name in own else name.removeprefix("model."): value for name, value in weights.items()}
    try:
        missing, _ = network.load_state_dict(below, strict=False)
    except RuntimeError as error:
        said = str(error).splitlines()
        raise ContractError(
            "weights of other sizes than its configuration says", where=folder, got=said[-1].strip()
        ) from None
    lacking = [name for name in missing if not name.endswith(_BUFFERS)]
    if lacking:
        raise ContractError("weights are missing", where=folder, got=f"{len(lacking)}, such as {lacking[0]}")
