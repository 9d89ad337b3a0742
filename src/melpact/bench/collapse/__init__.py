"""The collapse laboratory: what is done to a mel, what a vocoder makes of it, where speech breaks, and what repairs it.

`parts` is what goes in, `result` what comes out; `distribution`, `crossing`, `dose` and `repair` are its four chapters,
`scoring` measures a sound against its original and remembers it, `page` shows everything. Finding files and opening models
is the verb's business.
"""
