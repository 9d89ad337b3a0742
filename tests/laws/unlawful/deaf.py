"""A number that no sound moves, and whose promise for a perfect copy is wrong."""

from melpact.bench.metric import Metric

PLUGIN = Metric(title="deaf", unit="", better="higher", perfect=1.0, observe=lambda pair: 0.5, meaning="", source="")
