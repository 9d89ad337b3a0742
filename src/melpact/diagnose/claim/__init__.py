"""Whether the values alone can be what they claim: what the claim gives known speech, and a network over the differences.

`expected` says what the `traits` are in a description, on shipped prompts; `bank` holds the claimed filterbank against
others by what it leaves in narrow bands; `compared` lays both beside each other; `network` (tables in network.npz, made by
`python -m benchmarks.claim_fit DATA --keep FOLDER`) says which fault explains them; `verdict` is what probes ask.
"""
