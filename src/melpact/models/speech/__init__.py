"""Speech: a sentence and a voice become a mel with its description, whole or in blocks while it is made.

One file per thing: `base` (what every speaker promises), `settings`, `spoken` (what it gives), `voice`, `guard` (noise,
loops, skips, endless output). A user's own acoustic model is a speaker in `melpact.pipeline.speaking`; text becomes
sentences in `melpact.text`, and what is made of a whole text in `melpact.verbs.speak`.
"""
