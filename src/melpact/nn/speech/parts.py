"""The speech network as it is used: its parts one by one, each with inputs and one output of its own, as a graph holds them.

| part | inputs | output |
|---|---|---|
| text | tokens [1, 5, N], language [1] | text [1, width, N] |
| voice | embedding [1, voice] | whose [1, voice_width] |
| pace | column [1, width], whose, before_class [1], pace_state [1, 1, pace], chance [1], temperature, top_p, top_k | \
timed [1, 1 + pace]: a class, then the state |
| slots | text, owner [1, S], place [1, S, 4] | known [1, width, S] |
| told | known, hidden [1, S]: 1 where the text is kept back | told [1, S / 2, width] |
| codes | row [1, width], whose, before [1, numbers * levels], prior_state [1, 1, prior], worn [1, numbers, levels], \
chances [1, numbers], temperature, top_p, top_k | drawn [1, numbers + prior]: levels, then the state |
| frames | known, whose, values [1, S / 2, numbers] | mel [1, n_mels, 2 S] |
| heard | spoken [1, n_mels, T], whose | found [1, T / 4, numbers] |

Every input is float32, whole numbers too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from melpact.nn.speech.network import SpeechConfig, SpeechNetwork
from melpact.nn.speech.picking import picked

PARTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "text": (("tokens", "language"), "text"),
    "voice": (("embedding",), "whose"),
    "pace": (("column", "whose", "before_class", "pace_state", "chance", "temperature", "top_p", "top_k"), "timed"),
    "slots": (("text", "owner", "place"), "known"),
    "told": (("known", "hidden"), "told"),
    "codes": (("row", "whose", "before", "prior_state", "worn", "chances", "temperature", "top_p", "top_k"), "drawn"),
    "frames": (("known", "whose", "values"), "mel"),
    "heard": (("spoken", "whose"), "found"),
}  # fmt: skip
_TOKENS, _SLOTS = 12, 16
Floats = NDArray[np.float32]


class Parts(nn.Module):
    """All parts as one network: every input, in the order of `shapes`, to every output."""

    def __init__(self, network: SpeechNetwork) -> None:
        super().__init__()
        self.network = network

    def text(self, tokens: Tensor, language: Tensor) -> Tensor:
        return self.network.text(tokens.long(), language.long())

    def voice(self, embedding: Tensor) -> Tensor:
        return self.network.voice(embedding)

    def pace(
        self, column: Tensor, whose: Tensor, before_class: Tensor, pace_state: Tensor,
        chance: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor,
    ) -> Tensor:  # fmt: skip
        logits, state = self.network.pace.step(column, whose, before_class.long(), pace_state)
        chosen = picked(logits, chance, temperature, top_p, top_k)
        return torch.cat([chosen.unsqueeze(1).float(), state[0]], 1)

    def slots(self, text: Tensor, owner: Tensor, place: Tensor) -> Tensor:
        return self.network.slots(text, owner.long(), place)

    def told(self, known: Tensor, hidden: Tensor) -> Tensor:
        return self.network.prior.told(known * (1 - hidden).unsqueeze(1))

    def codes(
        self, row: Tensor, whose: Tensor, before: Tensor, prior_state: Tensor, worn: Tensor,
        chances: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor,
    ) -> Tensor:  # fmt: skip
        prior = self.network.prior
        codes, state = prior.step(row, whose, before, prior_state, worn, chances, temperature, top_p, top_k)
        return torch.cat([codes.float(), state[0]], 1)

    def frames(self, known: Tensor, whose: Tensor, values: Tensor) -> Tensor:
        return self.network.decoder(known, whose, values)

    def heard(self, spoken: Tensor, whose: Tensor) -> Tensor:
        return self.network.rounded(self.network.posterior(spoken, whose))[0].float()

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        named = dict(zip(shapes(self.network.config), given, strict=True))
        return tuple(getattr(self, part)(*(named[name] for name in inputs)) for part, (inputs, _) in PARTS.items())


def shapes(config: SpeechConfig) -> dict[str, tuple[int, ...]]:
    """Every input's shape, with some tokens and slots."""
    steps = _SLOTS // 2
    return {
        "tokens": (1, 5, _TOKENS), "language": (1,), "embedding": (1, config.voice),
        "column": (1, config.width), "whose": (1, config.voice_width), "before_class": (1,),
        "pace_state": (1, 1, config.pace),
        "chance": (1,), "temperature": (), "top_p": (), "top_k": (),
        "text": (1, config.width, _TOKENS), "owner": (1, _SLOTS), "place": (1, _SLOTS, 4),
        "known": (1, config.width, _SLOTS), "hidden": (1, _SLOTS),
        "row": (1, config.width), "before": (1, config.numbers * config.levels), "prior_state": (1, 1, config.prior),
        "worn": (1, config.numbers, config.levels), "chances": (1, config.numbers),
        "values": (1, steps, config.numbers), "spoken": (1, config.n_mels, 2 * _SLOTS),
    }  # fmt: skip


_LENGTHS: Mapping[str, Mapping[int, str]] = {
    "tokens": {2: "tokens"}, "text": {2: "tokens"}, "owner": {1: "slots"}, "place": {1: "slots"}, "known": {2: "slots"},
    "hidden": {1: "slots"}, "values": {1: "steps"}, "spoken": {2: "heard"}, "told": {1: "steps"}, "mel": {2: "frames"},
    "found": {1: "found_steps"},
}  # fmt: skip


def graph(network: SpeechNetwork, metadata: Mapping[str, str]) -> bytes:
    """All parts as one ONNX graph, weights as float16. Inputs that are outputs of another part are inputs all the same,
    and their names as outputs are those of `made`."""
    import melpact.nn.onnx_export as exporter

    inputs = shapes(network.config)
    given = [
        torch.zeros(shape) if name in ("owner", "tokens", "language") else torch.rand(shape)
        for name, shape in inputs.items()
    ]
    outputs = [made(output) for _, output in PARTS.values()]
    axes = {name: _LENGTHS.get(name.removeprefix("made_"), {}) for name in (*inputs, *outputs)}
    return exporter.in_half(exporter.traced(Parts(network), given, axes, metadata))


def made(output: str) -> str:
    """The name of a part's output in a graph."""
    return f"made_{output}"


class TorchParts:
    """The parts on torch, numpy in and out."""

    name = "torch"

    def __init__(self, network: SpeechNetwork, device: str = "cpu") -> None:
        self._parts = Parts(network.eval()).to(device)
        self._device = device

    def run(self, part: str, inputs: Sequence[NDArray[Any]]) -> Floats:
        """Inputs of a part in its order → its output."""
        with torch.inference_mode():
            given = [torch.from_numpy(np.asarray(one, np.float32)).to(self._device) for one in inputs]
            out: Tensor = getattr(self._parts, part)(*given)
            return np.asarray(out.float().cpu().numpy())
