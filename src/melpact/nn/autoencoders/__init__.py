"""Networks that turn a mel into a smaller latent and back."""
