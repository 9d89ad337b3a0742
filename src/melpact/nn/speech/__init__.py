"""Networks of speech: sounds of a language in time (aligner), and sounds to a mel (network)."""
