"""Losses that vocoders are trained with, one module per kind: adversarial, feature matching, STFT and mel.

Each is zero, or at its stated best, on a perfect result, and has finite gradients on silence. Weights between them are the
training's; published ones are in the docstrings.
"""
