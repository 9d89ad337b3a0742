"""Networks of the waveform codec: what is coded, what it costs, and what is heard of it. Tensors only."""
