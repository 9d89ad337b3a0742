"""Whether the values alone can be what they claim: what the claim gives known speech, and a network over the differences.

`expected` says what the `traits` are in a description, on shipped prompts; `network` (tables in network.npz, made by
`python -m benchmarks.claim_fit DATA`) says from the differences which fault explains them; `verdict` is what probes ask.
"""
