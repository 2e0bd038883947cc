"""The recipes of ``gancourse.recipes`` over fresh seeds: nine on two mixtures, ten seeds each.

    python -m gancourse.experiments.games_table                     every row (15 CPU minutes)
    python -m gancourse.experiments.games_table --only ring-8       one mixture only
    python -m gancourse.experiments.games_table --only ring-8/wgan-gp    one game on it anew

(More options in ``recording``.) Each row, ``[data][game]``, is one recipe of ``gancourse.recipes``,
ten members trained side by side as one ensemble at one thread. The rows differ in rate, batch and
steps: they say what each recipe reaches, not what its game or its penalty does (``factorial``).
"""

from functools import partial

import torch

from gancourse.data.toys import grid, ring
from gancourse.errors import GanCourseError
from gancourse.experiments.recording import Clock, Experiment, Parts, rounded
from gancourse.metrics import mode_coverage
from gancourse.recipes import GRID, RING
from gancourse.training import train

DATA = {"ring-8": (ring, RING), "grid-25": (grid, GRID)}
SAMPLES, MEMBERS, SEED = 2500, 10, 2026  # no setting was tuned with this seed
TUNING = {
    "seed": "all trials with seed 0, 10 members; the table uses seed 2026, which no setting was "
    "chosen by; but the grid's relativistic row was seen once with an earlier setting (8 "
    "of 10 seeds with all modes and 90 % high quality) and tuned again, on seed 0",
    "relativistic": "ring: 6 trials (gamma .02 .01 .005, rate .003 .005 .008, final rate and "
    "average); grid: 7 trials (gamma .02 .01 .005 .003, rate .003 .004 .005, "
    "batch 192 and 256, final rate and average)",
    "non-saturating": "ring: 2 trials, betas (.5, .999) and (0, .99): 7 and 9 of 10 members with "
    "all modes; the grid took the ring's better setting",
    "packed": "ring: 1 trial with betas (.5, .999); the betas of non-saturating taken instead",
    "minimax, least-squares": "no trial of their own: rate and betas of non-saturating",
    "hinge-sn, wgan-clip, wgan-gp, ns-r1": "no trial here: settings that an earlier benchmark of "
    "the same mixtures at another scale had found best",
}


def row(game: str, data: str, steps: int | None = None, members: int = MEMBERS) -> dict:
    """Train one ensemble and measure it."""
    make, recipes = DATA[data]
    toy, recipe = make(), recipes[game]
    steps = steps or recipe.steps
    torch.manual_seed(SEED)
    gan = recipe.points(members=members)
    clock = Clock()
    found: dict[str, object] = {}
    try:
        training = train(
            gan,
            toy.batches(recipe.batch, members=members),
            steps,
            **recipe.settings(steps),
            seed=SEED,
        )
        coverage = mode_coverage(training.sample(SAMPLES), toy)
        found |= {name: rounded(values) for name, values in coverage._asdict().items()}
    except GanCourseError as stopped:
        found |= {
            "modes": [0] * members,
            "high_quality": [0.0] * members,
            "reverse_kl": [None] * members,
            "stopped": stopped.what,
        }
    return {
        "game": game,
        "data": data,
        "seeds": list(range(members)),
        **found,
        "cpu_seconds": round(clock(), 1),
        "settings": {**recipe.described(), "steps": steps, "recipe_steps": recipe.steps},
    }


def parts(quick: bool) -> Parts:
    """Every game on every mixture."""
    size = {"steps": 3, "members": 2} if quick else {}
    return {
        f"{data}/{game}": partial(shown, game, data, **size)
        for data, (_, recipes) in DATA.items()
        for game in recipes
    }


def shown(game: str, data: str, **size) -> dict:
    """The row, printed when it is there."""
    found = row(game, data, **size)
    print(found["modes"], found["high_quality"], found["cpu_seconds"], "s", flush=True)
    return found


def about() -> dict:
    """Seeds, protocol, and how the settings were found."""
    return {
        "seeds": f"the {MEMBERS} members of one ensemble, initialised and trained from seed "
        f"{SEED}: own weights, own noise, own batches",
        "settings": {
            "samples": SAMPLES,
            "least": 1,
            "generator": "the averaged one, at the last step",
            "high_quality": "within 3 standard deviations of the nearest mode",
            "mode": "counts with at least 1 high-quality sample",
            "reverse_kl": "of the shares of the modes among the high-quality samples, in nats; "
            "null where there is none",
            "data": {
                name: f"{toy.name}, standard deviation {toy.std}, means in [-1, 1]^2"
                for name, toy in ((name, make()) for name, (make, _) in DATA.items())
            },
            "networks": "MLPs of 3 hidden layers of 64, noise of 2 dimensions",
            "steps": "each row's own, in its settings, beside the recipe's number (recipe_steps)",
            "diverged": "a run that stopped with an infinite loss counts 0 modes for all members",
            "cpu_seconds": "process time of the ten members together; the machine was shared, "
            "which can add up to 30 %",
        },
        "tuning": TUNING,
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
