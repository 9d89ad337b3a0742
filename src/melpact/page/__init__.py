"""What every page that melpact writes is made of: one style sheet, charts as SVG, pictures as PNG with a colour map, sounds.

Self-contained text for a browser, a phone or paper; what is shown is the business of those who write pages.
"""
