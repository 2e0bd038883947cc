"""The command line, as a person uses it: a line, its files, its status."""

import os
import subprocess
import sys

import torch

from checkout import ROOT
from gancourse.commands.main import main
from gancourse.saving import checkpoints

QUICK = ["--width", "4", "--batch", "8", "--every", "2", "--save-every", "4"]


def run(*arguments):
    return main([str(a) for a in arguments])


def process(*arguments, code=("-m", "gancourse")):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
        "TQDM_DISABLE": "1",
    }
    return subprocess.Popen(
        [sys.executable, *code, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def same(one, other):
    one, other = checkpoints.load(one), checkpoints.load(other)
    return all(
        torch.equal(one[part][k], other[part][k]) for part in ("gan", "average") for k in one[part]
    )
