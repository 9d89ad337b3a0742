"""A speaker with a small network of random weights, for tests."""

from __future__ import annotations

import numpy as np
import torch

from melpact.contract.dialect import dialect
from melpact.models.speech.facts import Facts
from melpact.models.speech.listening import VoiceListener
from melpact.models.speech.shipped import listener_file
from melpact.models.speech.small import SmallSpeaker
from melpact.nn.speech.network import DURATIONS, SpeechConfig, SpeechNetwork
from melpact.nn.torch_runtime import weights_of
from melpact.normalise.band_statistics import Statistics

SIZES = SpeechConfig(
    languages=("en", "de"), width=32, text_blocks=1, voice_width=16, numbers=4, levels=5, prior=32, inner=8, pace=16,
    decoder=32, decoder_blocks=2, encoder=16, encoder_blocks=1,
)  # fmt: skip


def network(seed: int = 0, config: SpeechConfig = SIZES) -> SpeechNetwork:
    """Fresh, but for heads that say something and a decoder that can be heard."""
    torch.manual_seed(seed)
    made = SpeechNetwork(config)
    with torch.no_grad():
        made.prior.within.normal_(std=0.5)
        made.prior.heads.weight.mul_(6)
        made.prior.codes.weight.mul_(4)
        made.posterior.out.weight.mul_(10)
        made.pace.head.bias[:] = torch.linspace(2, -6, len(DURATIONS))
    return made.eval()


def facts(config: SpeechConfig = SIZES) -> Facts:
    """Of such a network."""
    spec = dialect("hifigan_22k").spec
    statistics = Statistics(
        np.linspace(-4, -7, 80), np.full(80, 2.0), np.full(80, np.log(1e-5)), np.full(80, 2.0)
    )  # fmt: skip
    rng = np.random.default_rng(0)
    voices = {}
    for name in ("anna", "bert"):
        one = np.abs(rng.normal(size=config.voice)).astype(np.float32)
        voices[name] = one / np.linalg.norm(one)
    return Facts(
        spec, statistics, config.model_dump(mode="json"), DURATIONS, 1 + 3 * config.decoder_blocks,
        VoiceListener(listener_file()).fingerprint, {"en": "en-us", "de": "de"}, voices, {"de": "bert"},
        {"temperature": 0.7},
    )  # fmt: skip


def speaker(seed: int = 0) -> SmallSpeaker:
    """On torch."""
    return SmallSpeaker.build(facts(), weights_of(network(seed)))
