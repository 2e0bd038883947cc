"""The package behind the course: games, penalties, gans and training, small enough to read."""

__version__ = "0.2.0.dev0"
