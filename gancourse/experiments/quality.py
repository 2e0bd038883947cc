"""Quality per CPU second: how good the default recipes get, and how soon, over fresh seeds.

    python -m gancourse.experiments.quality            everything (about 6 CPU minutes)
    python -m gancourse.experiments.quality --only digits      one part anew, the rest is kept
    python -m gancourse.experiments.quality --quick --output FILE     a few steps, for the test

Points: the rows "relativistic" of the games table, ten fresh seeds each, against a target.
Pictures: hinge with spectral norm, the Frechet distance in the features of a small classifier
(and, for faces, the coverage of background x skin) as the CPU seconds pass. Writes
gancourse/experiments/quality.json.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from gancourse.data.faces import FaceModes
from gancourse.data.images import Images, images
from gancourse.experiments import games_table
from gancourse.metrics import classifier, frechet, mode_coverage
from gancourse.recipes import PICTURES
from gancourse.training import train

RESULT = Path(__file__).with_suffix(".json")
GAME, SAMPLES, MARKS = "hinge-sn", 2000, (2.5, 5, 10, 20, 40)
#: data set -> how many images are held out, seeds, steps of the generator, of the classifier
PICTURE = {"digits": (500, (11, 12, 13), 1600, 500), "faces": (1000, (11, 12), 1600, 1000)}
#: data -> modes and share of high quality that a seed must reach, CPU seconds a seed
TARGETS = {"ring-8": (8, 0.95, 5), "grid-25": (25, 0.90, 15)}


def points(data: str, quick: bool, table: Path = games_table.RESULT) -> dict:
    """The row of the games table, measured here if it is not there, and how many seeds pass."""
    known = [
        row
        for row in ([] if quick else games_table.read(table))
        if (row["game"], row["data"]) == ("relativistic", data)
    ]
    row = (
        known[0]
        if known
        else games_table.row("relativistic", data, **({"steps": 3, "members": 2} if quick else {}))
    )
    modes, share, seconds = TARGETS[data]
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


class Clock:
    """CPU seconds of training alone: what is measured on the way does not count."""

    def __init__(self):
        self.start = time.process_time()

    def __call__(self) -> float:
        return time.process_time() - self.start

    def pause(self, work):
        """The result of ``work()``, at no cost."""
        begin = time.process_time()
        result = work()
        self.start += time.process_time() - begin
        return result


def split(name: str, held_out: int) -> tuple[Images, Images]:
    """Training and test images, by one fixed permutation."""
    every = images(name)
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(0))
    return tuple(
        Images(
            name,
            every.pixels[part],
            {key: values[part] for key, values in every.labels.items()},
            every.categories,
        )
        for part in (order[held_out:], order[:held_out])
    )


def judge_of(data: Images, net) -> Callable:
    """A function that measures images: Frechet distance to ``data``, and coverage for faces."""
    real = net.features(data[torch.arange(min(len(data), 5000))])

    def judge(x):
        found = {"frechet": round(frechet(net.features(x), real), 2)}
        if data.name == "faces":
            coverage = mode_coverage(x, FaceModes(data))
            found |= {
                name: games_table.rounded(value.item())
                for name, value in coverage._asdict().items()
            }
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


def pictures(name: str, quick: bool) -> Iterator[dict]:
    """One data set, with what real images that nobody trained on would get; after every seed."""
    held_out, seeds, steps, classifier_steps = PICTURE[name]
    data, test = split(name, held_out)
    begin = time.process_time()
    net = classifier(data, steps=60 if quick else classifier_steps)
    seconds = round(time.process_time() - begin, 1)
    judge, real = judge_of(data, net), test[torch.arange(held_out)]
    steps, seeds = (3, seeds[:1]) if quick else (steps, seeds)
    accuracy = {key: round(share, 4) for key, share in net.accuracy(real, test.labels).items()}
    result = {
        "settings": {**PICTURES[GAME].described(), "steps": steps},
        "samples": SAMPLES,
        "classifier": {"steps": classifier_steps, "cpu_seconds": seconds, "accuracy": accuracy},
        "held_out": {"images": held_out, **judge(real)},
        "planned_seeds": list(seeds),
        "runs": [],
    }
    for seed in seeds:
        result["runs"].append(run(data, judge, seed, steps))
        print(name, result["runs"][-1], flush=True)
        yield result


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few steps of each")
    parser.add_argument("--only", choices=[*TARGETS, *PICTURE], action="append")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    if options.quick and options.output == RESULT:
        parser.error("--quick writes no measurement: give an --output")
    torch.set_num_threads(1)
    known = json.loads(options.output.read_text("utf-8")) if options.output.exists() else {}
    for name in options.only or [*TARGETS, *PICTURE]:
        quick = options.quick
        for found in [points(name, quick)] if name in TARGETS else pictures(name, quick):
            known |= {name: found, "meta": meta()}
            options.output.write_text(json.dumps(known, indent=1) + "\n", "utf-8")


def meta() -> dict:
    """Protocol, versions and machine."""
    about = games_table.meta()
    return {
        "machine": about["machine"],
        "points": about["protocol"],
        "pictures": f"{SAMPLES} samples of the averaged generator against the training images; "
        "the classifier learnt from the same training images; CPU seconds are "
        "those of training alone, on a shared machine (up to 30 % too many)",
    }


if __name__ == "__main__":
    main()
