"""Calibration of predicted mels against true ones: strategies, nulls, cross-validation, and the refusal to flatter.

A calibration repairs a wrong scale, offset or curve. It adds no knowledge: where the prediction carries nothing of the
target, every strategy ends at the mean, and `fit` raises `NoSkill`. Reading pairs from folders is a verb's business.
"""

from melpact.normalise.calibration.base import strategies, strategy
from melpact.normalise.calibration.fitted import Calibration
from melpact.normalise.calibration.pairs import Pair, StoredPair, pair, stored
from melpact.normalise.calibration.report import Report, Row
from melpact.normalise.calibration.validation import compare

__all__ = ["Calibration", "Pair", "Report", "Row", "StoredPair", "compare", "pair", "stored", "strategies", "strategy"]
