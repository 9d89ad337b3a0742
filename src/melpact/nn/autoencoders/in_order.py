"""A mel VAE's two halves as runtimes and graphs want them: time last, one frame of the latent per step of the last axis."""

from __future__ import annotations

from torch import Tensor, nn

from melpact.nn.autoencoders.mel_vae import MelVae


class Encoding(nn.Module):
    """mel [B, stride, n_mels, L], the frames of each latent frame together → posterior mean [B, latent_channels, P, L]."""

    def __init__(self, network: MelVae) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel: Tensor) -> Tensor:
        batch, stride, bands, length = mel.shape
        frames = mel.permute(0, 3, 1, 2).reshape(batch, 1, length * stride, bands)
        return self.network.encode(frames)[0].transpose(2, 3)


class Decoding(nn.Module):
    """latent [B, latent_channels, P, L] → mel [B, n_mels, L · stride]."""

    def __init__(self, network: MelVae) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor) -> Tensor:
        return self.network.decode(latent.transpose(2, 3))[:, 0].transpose(1, 2)


class Both(nn.Module):
    """(mel, latent) → posterior mean of the first, mel of the second: what a graph can hold."""

    def __init__(self, network: MelVae) -> None:
        super().__init__()
        self.encoding, self.decoding = Encoding(network), Decoding(network)

    def forward(self, mel: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoding(mel), self.decoding(latent)
