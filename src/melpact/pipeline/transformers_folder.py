"""A folder that transformers wrote as an engine: SpeechT5 and FastSpeech2Conformer. What runs it is `nn.acoustic_models`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.pipeline.engine import Engine, Inputs, missing_extra


class TransformersFolder(Engine):
    """Takes "tokens" [n], and where the model does "voice" (its numbers, or one: its number) and "rate"; gives a mel
    [frames, bands]."""

    parallel = False

    def __init__(self, path: Path, device: str = "cpu") -> None:
        self.path = path
        try:
            from melpact.nn.acoustic_models import AcousticNetwork
        except ImportError:
            raise missing_extra("transformers", "content", path) from None
        self.network = AcousticNetwork.open(path, device)

    @property
    def label(self) -> str:
        return self.path.name

    @property
    def fingerprint(self) -> str:
        return self.network.fingerprint

    def facts(self) -> dict[str, Any]:
        return {"format": "transformers", "kind": self.network.kind, "sha256": self.network.fingerprint}

    def place(self) -> dict[str, Any]:
        return {"path": str(self.path.resolve())}

    def runtime(self) -> dict[str, str]:
        from importlib.metadata import version

        return {name: version(name) for name in ("torch", "transformers")}

    def __call__(self, inputs: Inputs, *, batch: bool, seed: int) -> NDArray[np.float32]:
        if not isinstance(inputs, Mapping) or "tokens" not in inputs:
            raise ContractError("takes numbers of symbols by name", where=self.path, wanted="tokens, voice, rate")
        voice = inputs.get("voice")
        numbered = voice is not None and self.network.n_voices > 1 and voice.size == 1
        rate = float(np.asarray(inputs.get("rate", 1.0)).reshape(-1)[0])
        try:
            return self.network(
                np.asarray(inputs["tokens"]).reshape(-1).astype(np.int64), voice=None if numbered else voice,
                number=int(np.asarray(voice).reshape(-1)[0]) if numbered else 0, rate=rate, seed=seed,
            )  # fmt: skip
        except (RuntimeError, IndexError, ValueError) as error:
            raise ContractError("the model failed", where=self.path, got=" ".join(str(error).split())[:300]) from error
