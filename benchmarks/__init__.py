"""Side-by-side measurements against other libraries: ratios of medians, alternated in one process. Not imported by the package."""
