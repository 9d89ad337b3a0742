"""What is to be spoken: what a person types, made into sentences, and these into sounds of a language."""
