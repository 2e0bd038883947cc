"""Quality per CPU second: how good the default recipes get, and how soon, over fresh seeds.

    python -m gancourse.experiments.quality                    everything (about 6 CPU minutes)
    python -m gancourse.experiments.quality --only digits      one part anew, the rest is kept

(More options in ``recording``.) Points: the rows "relativistic" of the games table, ten fresh seeds
each, against a target. Pictures: hinge with spectral norm, the Frechet distance in the features of
a small classifier (and, for faces, the coverage of background x skin) as the CPU seconds pass.
"""

from collections.abc import Callable
from functools import partial

import torch

from gancourse.data.faces import FaceModes
from gancourse.data.images import Images, images
from gancourse.experiments import games_table
from gancourse.experiments.measured import measured
from gancourse.experiments.recording import Clock, Experiment, Parts, rounded
from gancourse.metrics import classifier, frechet, mode_coverage
from gancourse.recipes import PICTURES
from gancourse.training import train

GAME, SAMPLES, MARKS = "hinge-sn", 2000, (2.5, 5, 10, 20, 40)
#: data set -> how many images are held out, seeds, steps of the generator, of the classifier
PICTURE = {"digits": (500, (11, 12, 13), 1600, 500), "faces": (1000, (11, 12), 1600, 1000)}
#: data -> modes and share of high quality that a seed must reach, CPU seconds a seed
TARGETS = {"ring-8": (8, 0.95, 5), "grid-25": (25, 0.90, 15)}


def points(data: str, quick: bool) -> dict:
    """The row of the games table (if quick, a few steps of it), and how many seeds pass."""
    if quick:
        return judged(games_table.row("relativistic", data, steps=3, members=2))
    return judged(measured("games_table")[data]["relativistic"])


def judged(row: dict) -> dict:
    """A row of the games table with its target and the number of seeds that reach it."""
    modes, share, seconds = TARGETS[row["data"]]
    passed = [
        m == modes and h >= share for m, h in zip(row["modes"], row["high_quality"], strict=True)
    ]
    return {
        **row,
        "target": {"modes": modes, "high_quality": share, "cpu_seconds": seconds},
        "passed": sum(passed),
        "of": len(passed),
        "cpu_seconds_a_seed": round(row["cpu_seconds"] / len(passed), 2),
    }


def split(name: str, held_out: int) -> tuple[Images, Images]:
    """Training and test images, by one fixed permutation."""
    every = images(name)
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(0))

    def part(index):
        labels = {key: values[index] for key, values in every.labels.items()}
        return Images(name, every.pixels[index], labels, every.categories)

    return part(order[held_out:]), part(order[:held_out])


def judge_of(data: Images, net) -> Callable:
    """A function that measures images: Frechet distance to ``data``, and coverage for faces."""
    real = net.features(data[torch.arange(min(len(data), 5000))])

    def judge(x):
        found = {"frechet": rounded(frechet(net.features(x), real), 2)}
        if data.name == "faces":
            coverage = mode_coverage(x, FaceModes(data))
            found |= {name: rounded(value) for name, value in coverage._asdict().items()}
        return found

    return judge


def run(data: Images, judge, seed: int, steps: int) -> dict:
    """One training run, judged as the marks pass and at the end."""
    recipe = PICTURES[GAME]
    torch.manual_seed(seed)
    gan = recipe.pictures(data.size, data.channels)
    clock, marks, found = Clock(), list(MARKS), []

    def watch(training):
        seconds = clock()
        if training.step == steps or (marks and seconds >= marks[0]):
            marks[:] = [mark for mark in marks if mark > seconds]
            found.append(
                {
                    "cpu_seconds": round(seconds, 2),
                    "step": training.step,
                    **clock.pause(lambda: judge(training.sample(SAMPLES))),
                }
            )

    train(
        gan,
        data.batches(recipe.batch),
        steps,
        watch=watch,
        every=1,
        seed=seed,
        **recipe.settings(steps),
    )
    return {"seed": seed, "curve": found}


def pictures(name: str, quick: bool) -> dict:
    """One data set, with what real images that nobody trained on would get."""
    held_out, seeds, steps, classifier_steps = PICTURE[name]
    if quick:
        seeds, steps, classifier_steps = seeds[:1], 3, 60
    data, test = split(name, held_out)
    clock = Clock()
    net = classifier(data, steps=classifier_steps)
    seconds = round(clock(), 1)
    judge, real = judge_of(data, net), test[torch.arange(held_out)]
    accuracy = {key: rounded(share) for key, share in net.accuracy(real, test.labels).items()}
    runs = []
    for seed in seeds:
        runs.append(run(data, judge, seed, steps))
        print(name, runs[-1], flush=True)
    return {
        "settings": {**PICTURES[GAME].described(), "steps": steps},
        "samples": SAMPLES,
        "classifier": {"steps": classifier_steps, "cpu_seconds": seconds, "accuracy": accuracy},
        "held_out": {"images": held_out, **judge(real)},
        "runs": runs,
    }


def parts(quick: bool) -> Parts:
    """Points, then pictures."""
    return {
        **{name: partial(points, name, quick) for name in TARGETS},
        **{name: partial(pictures, name, quick) for name in PICTURE},
    }


def about() -> dict:
    """Seeds and protocol."""
    return {
        "seeds": {
            "points": games_table.about()["seeds"],
            **{name: list(seeds) for name, (_, seeds, _, _) in PICTURE.items()},
        },
        "settings": {
            "points": games_table.about()["settings"],
            "pictures": f"{SAMPLES} samples of the averaged generator against the training images; "
            "the classifier learnt from the same training images; CPU seconds are "
            "those of training alone, on a shared machine (up to 30 % too many)",
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
