"""The command line under odd options, altered notes, two runs in one folder, and ``kill -9``."""

import collections
import functools
import json
import os
import random
import shutil
import sys

import foreign
import pytest
from lines import SECONDS, Line, called
from victim import Calls, _die_at, digest

from gancourse import files
from gancourse.commands import train
from gancourse.commands.log import Log
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper
from strangers import altered

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="SKIPPED: needs fork"),
    pytest.mark.filterwarnings("ignore"),
]
ALL = pytest.param("all", marks=pytest.mark.torture)
SMALL = ["--batch", "4", "--width", "4", "--steps", "1", "--out", "new"]
TRAIN, SAMPLE = ["train", "--data", "ring", *SMALL], ["sample", "old", "--n", 2, "--walks", 1]
EVALUATE = ["evaluate", "old", "--n", 100]


# ---- options ------------------------------------------------------------------------------------

NUMBERS = ("-1", "", "x", "1.5", "1e3", "٣", "2_0", 2**31, 2**40, 2**62, 2**63 - 1, 2**63, 10**30)
PATHS = ("", "~/x", ".", "..", "-", "/dev/null", "/dev/full", "/proc/1/x", "file", "a/" * 3000)
PATHS += ("a" * 300, "nul\0", b"\xff\xfe", "a\nFix: b", "\x1b[2J", "größe", "old", "pipe", "link")


def options():
    """Command lines with one odd value each; "old" is a run, "file", "pipe" and "link" are there"""
    for option in ("--batch", "--latent", "--width", "--every", "--save-every", "--seed"):
        yield from ([*TRAIN, option, value] for value in NUMBERS)
    for value in NUMBERS:
        yield ["train", "--data", "digits", *SMALL, "--size", value]
        yield [*SAMPLE, "--out", "new", "--n", value]
        yield [*SAMPLE, "--out", "new", "--walks", value]
        yield [*EVALUATE, "--n", value]
    for value in ("-1", "0", "", "x", 2**63, 10**30):  # others would train for ever
        yield [*TRAIN, "--steps", value]
    for value in PATHS:
        yield [*TRAIN, "--out", value]
        yield ["train", "--data", value, "--out", "new"]
        yield ["sample", value, "--out", "new"]
        yield [*SAMPLE, "--out", value]
        yield ["evaluate", value]
    for value in (
        "meta",
        "hpu",
        "privateuseone",
        "cuda:99",
        "cpu:7",
        "",
        "\0",
        "mps",
        "xla",
        "CPU",
    ):
        yield [*TRAIN, "--device", value]
    for option in ("--game", "--resume", "--sha256", "--root"):
        yield from ([*TRAIN, option, value] for value in ("", "x", "AUTO", "\0", "0" * 64))
    yield from ([], ["-h"], ["--version"], ["train"], ["trein"], ["train", "--da", "ring"])
    yield from ([*TRAIN, "more"], [*TRAIN, "--amp=1"], [*TRAIN, *TRAIN], ["sample"], ["evaluate"])
    yield from (["train", "--data=ring", "--out="], [*SAMPLE, "--", "--out", "new"])


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    assert called([*TRAIN, "--out", "old"], folder).how == "done"
    return folder / "old"


def prepared(folder, old):
    folder.mkdir()
    shutil.copytree(old, folder / "old")
    (folder / "file").write_text("mine")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("file")
    return folder


@pytest.mark.parametrize("size", ["quick", ALL])
def test_odd_options(size, tmp_path, old):
    lines = list(options())
    if size == "quick":
        lines = random.Random(0).sample(lines, 12)
    counts, bad = collections.Counter(), []
    for i, line in enumerate(lines):
        folder = prepared(tmp_path / str(i), old)
        end = called(line, folder)
        counts[end.how] += 1
        costly = end.seconds > SECONDS or end.grown > 200e6
        kept = (
            (folder / "file").read_text() == "mine"
            and os.listdir(tmp_path)
            and digests(folder / "old") == digests(old)
        )
        if end.how not in ("done", "refused") or costly or not kept:
            bad.append((line, end, kept))
    print(f"\n{sum(counts.values())} lines: {dict(counts)}")
    print(*bad, sep="\n")
    assert not bad
    assert counts["refused"] > counts["done"] > 0


def digests(folder):
    return sorted(digest(checkpoints.load(path)) for path in folder.glob("*.pt"))


# ---- notes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [30, pytest.param(1_099, marks=pytest.mark.torture)])
def test_altered_notes(n, tmp_path, old):
    """Read by ``sample``, ``evaluate`` and ``train --resume`` in turn."""
    readers = (
        ["sample", "run", "--n", 2, "--walks", 1, "--out", "new"],
        ["evaluate", "run", "--n", 100],
        ["train", "--data", "ring", *SMALL, "--out", "run", "--resume", "auto"],
        ["sample", "run/step-00000001.pt", "--n", 2, "--walks", 1, "--out", "new"],
    )
    state, counts, bad = checkpoints.load(old / "step-00000001.pt"), collections.Counter(), []
    for i, other in enumerate(altered(state, n)):
        folder = tmp_path / "x"
        (folder / "run").mkdir(parents=True)
        content = foreign.saved(other)
        (folder / "run/step-00000001.pt").write_bytes(content)
        end = called(readers[i % 4], folder)
        counts[end.how] += 1
        extra = {p.name for p in folder.iterdir()} - {"run", "new", ".out", ".err"}
        if (
            end.how not in ("done", "refused")
            or extra
            or end.seconds > SECONDS
            or (end.grown > 2 * len(content) + 50e6)
        ):
            bad.append((other["notes"], end, extra))
        shutil.rmtree(folder)
    print(f"\n{n} altered notes: {dict(counts)}")
    print(*bad, sep="\n")
    assert not bad
    assert counts["refused"] > n / 3 and counts["done"]


# ---- two runs in one folder ---------------------------------------------------------------------

PAIR = ["train", "--data", "ring", "--batch", "4", "--width", "4", "--steps", "12"]
PAIR += ["--every", "1", "--save-every", "3", "--out", "both"]


def held_at(step: int, here: int, go: int):
    """A run that says when it is at that step, and waits there for its leave."""

    def before():
        log = Log.__call__

        def and_wait(self, training):
            log(self, training)
            if training.step == step:
                os.write(here, b"x")
                os.read(go, 1)

        Log.__call__ = and_wait

    return before


@pytest.mark.parametrize("n", [2, pytest.param(9, marks=pytest.mark.torture)])
def test_a_second_run_is_told_who_is_there(n, tmp_path):
    """The first is at some step when the second comes; it ends as if alone."""
    alone = called(PAIR, tmp_path)
    assert alone.how == "done"
    expected = digest(checkpoints.load(Keeper(tmp_path / "both").paths()[0]))
    for i in range(n):
        folder = tmp_path / str(i)
        folder.mkdir()
        (here, there), (go, leave) = os.pipe(), os.pipe()
        first = Line(PAIR, folder, held_at(1 + i, there, go))
        assert os.read(here, 1) == b"x"
        other = ["--seed", i % 2, *(["--resume", "auto"] if i % 3 else [])]
        second = called([*PAIR, *other], folder)
        os.write(leave, b"x")
        assert second.how == "refused" and f"in use by process {first.pid}" in second.err
        assert first.end().how == "done"
        assert demand_one_run(folder / "both") == expected


def demand_one_run(folder):
    """The digest of the only run that the folder holds; its log has each step once."""
    steps = [json.loads(line)["step"] for line in (folder / "metrics.jsonl").open()]
    assert steps == list(range(1, 13))
    assert not list(folder.glob(".*")) and not (folder / "run.lock").exists()
    return digest(checkpoints.load(Keeper(folder).paths()[0]))


@pytest.mark.parametrize("n", [1, pytest.param(9, marks=pytest.mark.torture)])
def test_of_two_that_begin_at_once_one_is_the_run(n, tmp_path):
    """Neither waits: one is refused, or finds what the other has finished."""
    ends = collections.Counter()
    for i in range(n):
        folder = tmp_path / str(i)
        folder.mkdir()
        again = ["--resume", "auto"] if i % 3 == 0 else []
        pair = [
            Line([*PAIR, *again, "--seed", seed * (i % 2)], folder, name=str(seed))
            for seed in (0, 1)
        ]
        found = [line.end() for line in pair]
        told = [end.how for end in found]
        assert "done" in told and set(told) <= {"done", "refused"}, found
        for end in found:
            said = ("in use by" in end.err) + ("already" in end.err) + ("begun with" in end.err)
            assert end.how == "done" or said == 1
        demand_one_run(folder / "both")
        ends[tuple(sorted(told))] += 1
    print(f"\n{n} pairs: {dict(ends)}")


# ---- kill -9 ------------------------------------------------------------------------------------

RECIPES = {
    "ring": "train --data ring --game relativistic --batch 8",
    "digits": "train --data digits --game hinge-sn --batch 4 --width 4",
    "faces": "train --data faces --game wgan-gp --batch 4 --width 4",
}
RUN = " --steps 10 --every 1 --save-every 3 --resume auto --out run"
#: What a run does with its folder, beside the sites of ``victim.SITES``.
PLACED = [
    *(("gancourse.files.append", when) for when in ("before", "after")),
    *(("gancourse.files.write", when) for when in ("before", "after")),
    *(("os.replace", when) for when in ("before", "after")),
    *(("os.fsync", when) for when in ("before", "after")),
    *(("torch.save", when) for when in ("midst", "after")),
]


def left(folder):
    """All that a run has left, by name, without how fast it was."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".jsonl":
            lines = [json.loads(line) for line in path.open()]
            found[path.name] = [
                {k: v for k, v in x.items() if k != "images_per_second"} for x in lines
            ]
        elif path.suffix == ".pt":
            found[path.name] = digest(checkpoints.load(path))
        else:
            found[path.name] = path.read_bytes()
    return found


@pytest.mark.parametrize("which", RECIPES)
@pytest.mark.parametrize("n", [2, pytest.param(40, marks=pytest.mark.torture)])
def test_a_killed_line_is_gone_on_with_to_the_same_folder(which, n, tmp_path):
    """A quarter at a write, a sync, a rename; the others at any call that the run makes."""
    line, rng = (RECIPES[which] + RUN).split(), random.Random(which)
    (tmp_path / "whole").mkdir()
    reader, writer = os.pipe()
    calls = Calls()

    def counting():
        picture = train.picture

        def and_say(samples, path):
            found = picture(samples, path)
            if path.name == "samples.png":  # the last thing that it does
                os.write(writer, str(calls.seen).encode())
            return found

        train.picture = and_say
        calls.begin()

    assert called(line, tmp_path / "whole", counting).how == "done"
    total, expected = int(os.read(reader, 100)), left(tmp_path / "whole/run")
    for i in range(n):
        folder = tmp_path / str(i)
        folder.mkdir()
        if i % 4 == 0:
            site, when = PLACED[i // 4 % len(PLACED)]
            die = functools.partial(_die_at, site, when, rng.randint(1, 4))
        else:
            die = Calls(rng.randint(1, total)).begin
        dead = called(line, folder, die)
        assert dead.how in ("death", "done"), dead
        assert dead.how == "death" or i % 4 == 0, "a site may be called less often"
        done = called(line, folder)
        assert done.how == "done", done
        assert left(folder / "run") == expected
    print(f"\n{which}: {n}/{n} folders equal to that of a run that was left alone")


# ---- output that cannot be printed --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["full", "broken", "closed", "ascii"])
def test_what_cannot_be_printed_costs_no_work(kind, tmp_path, old):
    """Full or broken from the start, a run does not begin; once it has trained, it leaves all."""
    shutil.copytree(old, tmp_path / "old")
    reader, writer = os.pipe()
    os.close(reader)
    stdout = {"full": os.open("/dev/full", os.O_WRONLY), "broken": writer}.get(kind)

    def before():
        if kind == "closed":
            sys.stdout = None
        elif kind == "ascii":
            sys.stdout.reconfigure(encoding="ascii")

    def breaks_when_trained():
        before()
        last = train.picture

        def picture(*given):
            if stdout is not None:
                os.dup2(stdout, 1)
            return last(*given)

        train.picture = picture

    status = {"full": 2, "broken": 141}.get(kind, 0)
    run = tmp_path / "größe"
    if stdout is not None:
        end = called([*TRAIN, "--out", "größe"], tmp_path, before, stdout)
        assert end.status == status and "Traceback" not in end.err
        assert not [*run.glob("step-*"), *run.glob("*.png")]
        assert kind != "full" or end.err.startswith("error: the output: no space left"), end.err
    end = called([*TRAIN, "--out", "größe"], tmp_path, breaks_when_trained)
    assert end.status == status and "Traceback" not in end.err and "Exception" not in end.err
    assert checkpoints.load(run / "step-00000001.pt")["step"] == 1
    assert (run / "samples.png").exists() and (run / "metrics.jsonl").exists()
    end = called(EVALUATE, tmp_path, before, stdout)
    assert end.status == status and "Traceback" not in end.err
    assert kind != "full" or "error: the output: no space left" in end.err, end.err
    assert json.loads((tmp_path / "old/step-00000001.json").read_text())["samples"] == 100


def test_a_table_that_cannot_be_written_is_printed(tmp_path, old):
    shutil.copytree(old, tmp_path / "old")

    def before():
        def full(path, content):
            raise OSError(28, "No space left on device", str(path))

        files.write = full

    end = called(EVALUATE, tmp_path, before)
    assert end.how == "refused" and "no space" in end.err and "earth_mover" in end.out
