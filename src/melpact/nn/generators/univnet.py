"""UnivNet: noise at the frame rate, upsampled and shaped by convolutions whose kernels are predicted from the mel.

Source: Jang et al. 2021, "UnivNet: A Neural Vocoder with Multi-Resolution Spectrogram Discriminators for High-Fidelity
Waveform Generation", section 2.1. The noise is an input: who calls draws it, once for a whole utterance, so that blocks
equal the whole.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.edges import mirrored
from melpact.nn.blocks.lvc import KernelPredictor, location_variable_convolution
from melpact.nn.blocks.reach import Span, samples_of_frame

KERNEL_SIZE = 7


class UnivNetConfig(Record):
    """Sizes.

    Args:
        model_in_channels: channels of the noise.
        model_hidden_channels: channels of the network ("c16", "c32").
        resblock_stride_sizes: the upsampling rates.
    """

    n_mels: PositiveInt
    model_in_channels: PositiveInt
    model_hidden_channels: PositiveInt
    resblock_kernel_sizes: tuple[PositiveInt, ...]
    resblock_stride_sizes: tuple[PositiveInt, ...]
    resblock_dilation_sizes: tuple[tuple[PositiveInt, ...], ...]
    kernel_predictor_num_blocks: PositiveInt = 3
    kernel_predictor_hidden_channels: PositiveInt = 64
    kernel_predictor_conv_size: PositiveInt = 3
    leaky_relu_slope: float = Bounded(default=0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> UnivNetConfig:
        stages = {len(self.resblock_kernel_sizes), len(self.resblock_stride_sizes), len(self.resblock_dilation_sizes)}
        if len(stages) != 1 or 0 in stages:
            raise ValueError("resblock_kernel_sizes, _stride_sizes and _dilation_sizes must be of one length")
        if 1 in self.resblock_stride_sizes:
            raise ValueError("an upsampling by 1 (resblock_stride_sizes) cannot keep the length with a kernel of 2")
        if any(size % 2 == 0 for size in (*self.resblock_kernel_sizes, self.kernel_predictor_conv_size)):
            raise ValueError("kernel sizes of convolutions that keep the length are odd")
        return self


class _Layer(nn.Module):
    """A dilated convolution, a location-variable one and a gate, with a way around them."""

    def __init__(self, channels: int, kernel_size: int, dilation: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        padding = dilation * (kernel_size - 1) // 2
        self.conv = nn.Conv1d(channels, channels, kernel_size, dilation=dilation, padding=padding)

    def forward(self, x: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
        y = functional.leaky_relu(self.conv(functional.leaky_relu(x, self.slope)), self.slope)
        gate, value = location_variable_convolution(y, kernels, biases).chunk(2, dim=1)
        return x + torch.sigmoid(gate) * torch.tanh(value)


class _Stage(nn.Module):
    """Upsampling and its layers, under kernels from the mel: x [B, C, N], mel [B, n_mels, T] → [B, C, N * stride]."""

    def __init__(self, config: UnivNetConfig, stage: int) -> None:
        super().__init__()
        channels, slope = config.model_hidden_channels, config.leaky_relu_slope
        stride, kernel_size = config.resblock_stride_sizes[stage], config.resblock_kernel_sizes[stage]
        dilations = config.resblock_dilation_sizes[stage]
        self.slope = slope
        self.convt_pre = nn.ConvTranspose1d(
            channels, channels, 2 * stride, stride, padding=stride // 2 + stride % 2, output_padding=stride % 2
        )
        self.kernel_predictor = KernelPredictor(
            config.n_mels,
            config.kernel_predictor_hidden_channels,
            config.kernel_predictor_conv_size,
            config.kernel_predictor_num_blocks,
            channels,
            kernel_size,
            len(dilations),
            slope,
        )
        self.resblocks = nn.ModuleList(_Layer(channels, kernel_size, dilation, slope) for dilation in dilations)

    def forward(self, x: Tensor, mel: Tensor) -> Tensor:
        x = self.convt_pre(functional.leaky_relu(x, self.slope))
        kernels, biases = self.kernel_predictor(mel)
        for i, layer in enumerate(self.resblocks):
            x = layer(x, kernels[:, i], biases[:, i])
        return x


class UnivNet(nn.Module):
    """mel [B, n_mels, T] and standard normal noise [B, model_in_channels, T] → samples [B, T * hop] in [-1, 1]."""

    def __init__(self, config: UnivNetConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.model_hidden_channels
        self.conv_pre = nn.Conv1d(config.model_in_channels, channels, KERNEL_SIZE)
        self.resblocks = nn.ModuleList(_Stage(config, stage) for stage in range(len(config.resblock_stride_sizes)))
        self.conv_post = nn.Conv1d(channels, 1, KERNEL_SIZE)

    def forward(self, mel: Tensor, noise: Tensor) -> Tensor:
        x = self.conv_pre(mirrored(noise, KERNEL_SIZE // 2))
        for stage in self.resblocks:
            x = stage(x, mel)
        x = functional.leaky_relu(x, self.config.leaky_relu_slope)
        return torch.tanh(self.conv_post(mirrored(x, KERNEL_SIZE // 2)))[:, 0]


def noise_channels(config: UnivNetConfig) -> int:
    """Standard normal numbers per frame."""
    return config.model_in_channels


def hop(config: UnivNetConfig) -> int:
    """Samples per frame: the product of the upsampling rates."""
    return math.prod(config.resblock_stride_sizes)


def receptive_field(config: UnivNetConfig) -> tuple[int, int]:
    """Frames of mel and noise to the left and right that a frame's samples depend on, exactly."""
    span = samples_of_frame(hop(config)).conv(KERNEL_SIZE)
    length = hop(config)
    mel: list[Span] = []
    for stage in reversed(range(len(config.resblock_stride_sizes))):
        size = config.resblock_kernel_sizes[stage]
        for dilation in reversed(config.resblock_dilation_sizes[stage]):
            mel.append(_predicted(span.held(length), config))
            span = span.conv(size).conv(size, dilation)
        stride = config.resblock_stride_sizes[stage]
        span = span.transposed(2 * stride, stride, stride // 2 + stride % 2)
        length //= stride
    return span.conv(KERNEL_SIZE).with_(*mel).around_frame()


def _predicted(frames: Span, config: UnivNetConfig) -> Span:
    """What the kernels of these frames read of the mel."""
    for _ in range(1 + 2 * config.kernel_predictor_num_blocks):
        frames = frames.conv(config.kernel_predictor_conv_size)
    return frames.conv(KernelPredictor.INPUT_KERNEL_SIZE)


def published_names(config: UnivNetConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours.

    "transformers" has our names; "original" (the first public implementation, whose weights Tortoise ships, too) counts the
    activations in between.
    """
    ours: dict[str, str] = {"conv_pre": "conv_pre", "conv_post": "conv_post.1"}
    for i, dilations in enumerate(config.resblock_dilation_sizes):
        at, there = f"resblocks.{i}", f"res_stack.{i}"
        ours[f"{at}.convt_pre"] = f"{there}.convt_pre.1"
        ours[f"{at}.kernel_predictor.input_conv"] = f"{there}.kernel_predictor.input_conv.0"
        for name in ("kernel_conv", "bias_conv"):
            ours[f"{at}.kernel_predictor.{name}"] = f"{there}.kernel_predictor.{name}"
        for j in range(config.kernel_predictor_num_blocks):
            for name, index in (("conv1", 1), ("conv2", 3)):
                ours[f"{at}.kernel_predictor.resblocks.{j}.{name}"] = f"{there}.kernel_predictor.residual_convs.{j}.{index}"
        for j in range(len(dilations)):
            ours[f"{at}.resblocks.{j}.conv"] = f"{there}.conv_blocks.{j}.1"
    if layout == "transformers":
        return {name: name for name in ours}
    if layout == "original":
        return {there: name for name, there in ours.items()}
    raise KeyError(layout)
