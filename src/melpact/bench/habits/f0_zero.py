"""F0 error that is 0 where there is nothing to compare."""

from __future__ import annotations

from melpact.bench.habits._habit import Habit
from melpact.bench.metric import metrics
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    metric = metrics()["f0_rmse"]
    try:
        return metric.value([metric.measure(pair)])
    except NotMeasured:
        return 0.0


PLUGIN = Habit(
    title="F0 RMSE, nothing voiced as 0",
    unit="cents",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="A sound without a single voiced frame has no F0 error to average, and so the best one of all.",
    source="return 0.0 if len(voiced) == 0",
    ignores=("gain", "polarity", "delay"),
    packages=("pyworld",),
    install="pip install pyworld",
)
