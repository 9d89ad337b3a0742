"""Sound to learn from: what it consists of, what is wrong with it, how it is split, packed, cropped and varied.

Knows no model and no training: numbers leave as numpy arrays, each a pure function of the seed and the step.
"""
