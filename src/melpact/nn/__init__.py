"""Networks on torch, the only layer that imports it: generators, their blocks, and what runs them.

Tensors only: nothing here knows files, verbs or vocoders.
"""
