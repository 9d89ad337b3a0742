"""A waveform codec of random weights, small and at once there: what it says is noise, but all of it is said and read."""

from __future__ import annotations

import functools

import torch

from melpact.models.codec.waveform.codec import WaveformCodec
from melpact.models.codec.waveform.facts import Facts, Tensors
from melpact.models.codec.waveform.file import made
from melpact.nn.codecs.coefficients import CoefficientPrior, PriorConfig
from melpact.nn.codecs.parts import Decodes, Encodes
from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig
from melpact.nn.torch_runtime import TorchRuntime


@functools.cache
def parts() -> tuple[Facts, Tensors, WaveformCodecNetwork]:
    """What a file of it would hold, and its network."""
    torch.manual_seed(5)
    config = WaveformConfig(
        size=4, encoder_width=16, decoder_width=16, encoder_blocks=1, decoder_blocks=2, prior_width=8, kernel=3
    )
    network, prior = WaveformCodecNetwork(config).eval(), CoefficientPrior(PriorConfig()).eval()
    state = {name: value.half().float() for name, value in network.state_dict().items()}
    network.load_state_dict(state)
    numbers = {name: value.numpy() for name, value in state.items()}
    priors = {name: value.detach().numpy() for name, value in prior.state_dict().items()}
    facts, tensors = made("random", config.model_dump(), prior.config.model_dump(), numbers, priors, {})
    return facts, tensors, network


def random_codec(sample_rate: int = 16000) -> WaveformCodec:
    """Always the same one."""
    facts, tensors, network = parts()
    return WaveformCodec(facts, tensors, TorchRuntime(Encodes(network)), TorchRuntime(Decodes(network)), sample_rate)
