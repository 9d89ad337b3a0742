"""The mel VAE: a mel to a small latent and back, and a codec of its quantised latents.

`facts` is its file, `vae` computes, `prior` says how likely numbers are, `codec` makes streams. How one is trained is not
known here, nor how a mel becomes sound: that is handed in.
"""
