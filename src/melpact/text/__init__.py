"""What is to be spoken: what a person types, made into sentences, and these into sounds of a language.

`script` does all that comes before the sounds: `ssml` takes markup apart, `characters` gives every character one spelling,
`languages` tells which language a piece is in, `sentences` where it may be cut, `normalise` puts into words what is not
a word (with `wording`, a file per language). Sounds are made in `espeak`, and what a model reads in `tokens`.
"""
