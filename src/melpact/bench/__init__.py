"""The bench: metrics, their nulls and ceilings, and the run that puts them side by side.

`metrics/`, `anchors/` and `habits/` are folders of plugins, one file each; `metric` and `sound` say what they are made of,
`run` does the work, `report` is what comes out, `page` shows it in a browser, `gate` holds it against an older one and
`factorial` makes tables of many settings. What the user types lives in `melpact.verbs`.
"""
