"""The training room: what a training is (`task`), the one loop that runs it, and everything around a long run.

The loop knows no model; models are in `melpact.nn`, what is trained and how is a module in `melpact.train.recipes`.
"""
