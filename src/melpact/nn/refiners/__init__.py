"""Networks that correct a mel: mel in, mel of the same shape out."""
