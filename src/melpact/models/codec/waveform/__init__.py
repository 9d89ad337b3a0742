"""The waveform codec: coefficients of an MDCT, coded by what a network expects of them, and a latent that fills in the rest."""
