"""PESQ in which a failure counts as 0."""

from __future__ import annotations

from melpact.bench.habits._habit import Habit
from melpact.bench.metric import metrics
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    metric = metrics()["pesq_wb"]
    try:
        return float(metric.measure(pair))
    except NotMeasured:
        return 0.0


PLUGIN = Habit(
    title="PESQ, failures as 0",
    unit="MOS",
    better="higher",
    perfect=None,
    observe=observe,
    meaning="PESQ ends at 1.04. A file that could not be measured, often through no fault of the system, counts as worse "
    "than the worst and moves the mean by more than systems differ.",
    source="except: score = 0.0",
    ignores=("gain", "polarity", "delay"),
    packages=("pesq",),
    install="pip install pesq",
)
