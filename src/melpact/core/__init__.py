"""The ground floor: the exception tree, frozen records and plugin folders. Knows nothing of sound."""
