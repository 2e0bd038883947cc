"""Diagrams drawn by code: boxes, circles and arrows with numbers on them, as SVG."""
