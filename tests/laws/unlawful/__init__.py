"""Metrics that each break a law; what `test_metric_laws` shows to be noticed. Never part of a report."""
