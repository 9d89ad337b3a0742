"""Diagnosis: what is wrong with a mel, found from its numbers. No command line and no files here."""
