"""Models from mel to mel, each in a package of its own.

`refine` makes a mel sound natural before a vocoder gets it, `convert` moves it to another voice.
"""
