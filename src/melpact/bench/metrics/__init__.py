"""One metric per module, ending in `PLUGIN`, a `melpact.bench.metric.Metric`. Modules that start with an underscore
hold what several metrics share."""
