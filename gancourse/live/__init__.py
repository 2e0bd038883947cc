"""The live figures of the book: one figure is one pair, ``x.py`` and ``x.js``."""
