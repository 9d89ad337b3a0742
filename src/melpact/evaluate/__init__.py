"""The bench: metrics, their nulls and ceilings, and the run that puts them side by side.

`metrics/` and `anchors/` are folders of plugins, one file each; `metric` and `sound` say what they are made of, `score` what
comes out. What the user types lives in `melpact.verbs.evaluate`.
"""
