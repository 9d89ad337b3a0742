"""Vocoders that are networks: their file, how they run on mels of any length, and what their sound is checked for."""

from melpact.vocoders.neural.vocoder import NeuralVocoder

__all__ = ["NeuralVocoder"]
