"""The waveform codec: coefficients of an MDCT, coded by what a network expects of them; a latent fills in the rest."""
