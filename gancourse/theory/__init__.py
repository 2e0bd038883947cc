"""The mathematics of the book, exact: no networks, no training, no randomness."""
