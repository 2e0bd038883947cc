"""The engine of the figures that train: networks, games, optimizers, toys, in JavaScript.

A figure whose script uses ``gancourse.engine`` passes :data:`ENGINE` to its
:class:`~gancourse.page.figure.LiveFigure`; the other figures need not carry it.
"""

from pathlib import Path

ENGINE = Path(__file__).with_suffix(".js")
