"""The command line: parse, call a verb, render. No logic, nothing heavy imported before a verb runs."""
