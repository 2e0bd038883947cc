"""``python -m gancourse``: what a run is, and its commands."""
