"""The speech network as it is used: its parts one by one, each with inputs and one output of its own, each a graph.

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
    """All parts as one network, each a method; called, it is the one that it was made for."""

    def __init__(self, network: SpeechNetwork, part: str = "text") -> None:
        super().__init__()
        self.network, self._part = network, part

    def forward(self, *given: Tensor) -> Tensor:
        made: Tensor = getattr(self, self._part)(*given)
        return made

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
    "hidden": {1: "slots"}, "values": {1: "steps"}, "spoken": {2: "frames"}, "told": {1: "steps"}, "mel": {2: "frames"},
    "found": {1: "steps"},
}  # fmt: skip
_WHOLE = ("owner", "tokens", "language", "before_class")


def graphs(network: SpeechNetwork) -> dict[str, bytes]:
    """Every part as an ONNX graph, weights as float16."""
    import melpact.nn.onnx_export as exporter

    sizes = shapes(network.config)
    made = {}
    for part, (inputs, output) in PARTS.items():
        given = [torch.zeros(sizes[name]) if name in _WHOLE else torch.rand(sizes[name]) for name in inputs]
        axes = {name: _LENGTHS.get(name, {}) for name in (*inputs, output)}
        made[part] = exporter.in_half(exporter.traced(Parts(network, part), given, axes, {}))
    return made


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
