"""Train a GAN on points of the plane, in the page (chapter 05)."""

from gancourse.page.engine import ENGINE
from gancourse.page.figure import LiveFigure, demand_one_of, demand_seed

GAMES = (
    "minimax",
    "non-saturating",
    "least-squares",
    "hinge",
    "wasserstein",
    "non-saturating-r1",
    "relativistic-r1",
    "relativistic-r1-r2",
)
DATA = ("ring", "grid9", "grid25", "spiral", "gaussian", "own")


def laboratory(data: str = "ring", loss: str = "non-saturating", seed: int = 0) -> LiveFigure:
    """Train a GAN on points of the plane, in the page (chapter 05).

    ``data`` is one of ``DATA`` ("own": drawn by the reader), ``loss`` one of
    ``GAMES``; from the same ``seed`` the same steps follow. The networks,
    their gradients and Adam are those of ``gancourse``, in JavaScript, with batches of 128.
    """
    demand_one_of("laboratory", DATA, data=data)
    demand_one_of("laboratory", GAMES, loss=loss)
    demand_seed("laboratory", seed)
    return LiveFigure(
        __file__,
        {"data": data, "loss": loss, "seed": seed},
        title="Train a GAN in the page",
        fallback="a GAN that trains in the page on points of the plane. You choose data, game "
        "and learning rates and watch the samples, the discriminator's verdict, the "
        "arrows that move the samples, and both losses.",
        needs=[ENGINE],
    )
