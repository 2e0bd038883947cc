"""Data sets, all used alike (``dataset.py``): toys, images, and the sources of images."""
