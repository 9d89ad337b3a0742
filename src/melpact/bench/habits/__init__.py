"""Habits of published comparisons, one per module, ending in `PLUGIN`, a `Habit`. They are in no suite; the laws are held
against them to show which ones they break."""
