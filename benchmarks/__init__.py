"""Side-by-side measurements against other libraries: ratios, alternated in one process. Not part of the package."""
