"""The laboratory's page: one file for a browser, a chapter in a module each. Nothing is measured here."""

from melpact.bench.collapse.page.page import page

__all__ = ["page"]
