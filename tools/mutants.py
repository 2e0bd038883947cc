"""Falsify formulas and code one at a time, and see which tests notice.

    make mutants ARGS="--kind printed --chapter 06"     every formula of the book, or of a chapter
    make mutants ARGS="--kind tests --sample 200"       arithmetic inside the tests of equations
    make mutants ARGS="--kind theory --seconds 300"     gancourse/theory

Works on a copy of the checkout. A printed formula must fail its fingerprint; how many falsified
ones are also caught by *evaluating* them is counted beside it. Survivors that change nothing that
can be tested are explained in tests/book/survivors.yml; any other makes the exit status 1.
"""

import argparse
import ast
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE / "_ext"), str(HERE / "tools")]

from equations import equations  # noqa: E402
from marked_tests import marked_tests, marks  # noqa: E402
from perturbations import of_formula, of_function  # noqa: E402
from tex import fingerprint  # noqa: E402

SURVIVORS = "tests/book/survivors.yml"
LIMIT = 60  # seconds of a single mutant; what takes longer is caught


@dataclass(frozen=True)
class Mutant:
    name: str  # stable: where, and what is changed
    path: str  # the file that is changed
    text: str  # its text with the change
    tests: tuple  # what must notice


def printed(root, chapter):
    """Every small falsification of every labelled formula."""
    tests = marked_tests(root, "equation")
    for equation in equations(root):
        path = Path(root, f"{equation.page}.md")
        if f"/{chapter}" not in f"/{path.name}":
            continue
        text = path.read_text("utf-8")
        nodes = tuple(f"{t.path}::{t.name}" for t in tests if t.label == equation.label)
        for what, tex in of_formula(equation.tex):
            # The label's own display: found by its line, quoted or not.
            start = text.index("$$", sum(map(len, text.splitlines(True)[: equation.line - 1])))
            end = text.index("$$", start + 2)
            changed = f"{text[: start + 2]}\n{tex}\n{text[end:]}"
            yield Mutant(f"{equation.label}: {what}", f"{equation.page}.md", changed, nodes)


def functions(tree):
    """The functions of a module and of its classes, with their names."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{name}", f) for name, f in functions(node))


def tests(root, chapter):
    """Falsified arithmetic inside the tests of equations."""
    for path in sorted(Path(root).glob(f"tests/book/test_equations_{chapter}*.py")):
        source, where = path.read_text("utf-8"), path.relative_to(root).as_posix()
        for name, function in functions(ast.parse(source)):
            if list(marks(function, "equation")):
                for what, text in of_function(source, function):
                    yield Mutant(f"{name}: {what}", where, text, (f"{where}::{name}",))


def theory(root, chapter):
    """Falsified functions of gancourse/theory, against the tests of their module."""
    for path in sorted(Path(root).glob("gancourse/theory/*.py")):
        claims = f"tests/theory/test_{path.stem}.py"
        if not Path(root, claims).exists():
            continue
        source, where = path.read_text("utf-8"), path.relative_to(root).as_posix()
        for name, function in functions(ast.parse(source)):
            for what, text in of_function(source, function):
                yield Mutant(f"{path.stem}.{name}: {what}", where, text, (claims,))


KINDS = {"printed": printed, "tests": tests, "theory": theory}


def numbered(mutants):
    """The same with names that differ: the second of two equal ones ends in #2."""
    seen: dict[str, int] = {}
    for mutant in mutants:
        seen[mutant.name] = seen.get(mutant.name, 0) + 1
        n = seen[mutant.name]
        name = f"{mutant.name} #{n}" if n > 1 else mutant.name
        yield Mutant(name, mutant.path, mutant.text, mutant.tests)


def copy_of(root, folder):
    """The files of a checkout that tests read, without notebooks, in a folder of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True
    ).stdout.split("\n")
    for name in filter(None, listed):
        if not name.endswith(".ipynb") and Path(root, name).is_file():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(root, name), target)
    return Path(folder)


def warm_up():
    """Import what the tests import and is slow, so that each fork finds it there."""
    import hypothesis
    import jupytext
    import nbclient
    import ot
    import pytest
    import scipy.integrate
    import scipy.optimize
    import scipy.stats
    import sklearn.metrics
    import torch

    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([weight])
    weight.sum().backward()
    optimizer.step()
    return hypothesis, jupytext, nbclient, ot, pytest, scipy, sklearn


def outcome(nodes, limit=LIMIT):
    """The exit status of pytest on some tests, in a fork; 99 if it took too long."""
    child = os.fork()
    if not child:
        found = 3  # whatever happens in the fork stays in the fork
        try:
            signal.alarm(limit)
            null = os.open(os.environ.get("MUTANTS_LOG", os.devnull), os.O_WRONLY | os.O_CREAT)
            os.dup2(null, 1)
            os.dup2(null, 2)
            import pytest

            found = pytest.main([*nodes, "-x", "-q", "-p", "no:cacheprovider"])
        finally:
            os._exit(found)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 99


def judge(folder, mutant):
    """Whether a mutant is noticed: its file is written, its tests are run, the file put back."""
    path = Path(folder, mutant.path)
    before = path.read_bytes()
    path.write_text(mutant.text, "utf-8")
    try:
        found = outcome(mutant.tests)
    finally:
        path.write_bytes(before)
    if found in (4, 5):
        raise RuntimeError(f"no test was run for {mutant.name}: {mutant.tests}")
    return found != 0


def by_fingerprint(root, drawn):
    """The falsified formulas that their fingerprint would not show; none, it is to be hoped."""
    right = {t.label: t.fingerprint for t in marked_tests(root, "equation")}
    missed = []
    for mutant in drawn:
        label = mutant.name.partition(":")[0]
        page = Path(mutant.path).with_suffix("").as_posix()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, mutant.path).parent.mkdir(parents=True)
            Path(folder, mutant.path).write_text(mutant.text, "utf-8")
            now = {e.label: e.tex for e in equations(Path(folder)) if e.page == page}
        if label in now and fingerprint(now[label]) == right[label]:
            missed.append(mutant.name)
    return missed


def spent():
    """Seconds of processor time of this process and its forks."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def run(root, kind, chapter, sample, seed, seconds):
    """Judge a sample; returns the survivors, how many were judged and how many there are."""
    everything = list(numbered(KINDS[kind](root, chapter)))
    drawn = random.Random(seed).sample(everything, min(sample or len(everything), len(everything)))
    if kind == "printed":
        missed = by_fingerprint(root, drawn)
        print(f"printed: {len(drawn) - len(missed)} of {len(drawn)} caught by the fingerprint")
        print("".join(f"  NOT CAUGHT {name}\n" for name in missed), end="")
    files = sorted({node.partition("::")[0] for mutant in drawn for node in mutant.tests})
    if failing := [file for file in files if outcome([file], 20 * LIMIT)]:
        raise SystemExit(f"the tests fail before anything is falsified: {' '.join(failing)}")
    survivors, judged, start = [], 0, spent()
    for mutant in drawn:
        if spent() - start > seconds:
            break
        judged += 1
        if not judge(root, mutant):
            survivors.append(mutant.name)
            print(f"  {kind}: survives: {mutant.name}", flush=True)
    return survivors, judged, len(everything)


def main(arguments=None, root=HERE):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all three")
    parser.add_argument("--chapter", default="", help="two digits; not for theory")
    parser.add_argument("--sample", type=int, help="as many mutants of each kind, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600, help="processor time for each kind")
    chosen = parser.parse_args(arguments)
    file = Path(root, SURVIVORS)
    reasons = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
    new = 0
    with tempfile.TemporaryDirectory() as folder:
        copied = copy_of(root, folder)
        os.chdir(copied)
        os.environ |= {"PYTHONPATH": str(copied), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        sys.path[:] = [str(copied), *(p for p in sys.path if p not in ("", str(root)))]
        warm_up()
        for kind in chosen.kind or KINDS:
            survivors, judged, there_are = run(
                copied, kind, chosen.chapter, chosen.sample, chosen.seed, chosen.seconds
            )
            explained = {name for name in survivors if name in (reasons.get(kind) or {})}
            print(
                f"{kind}: {judged - len(survivors)} of {judged} killed by running their tests "
                f"(seed {chosen.seed}; there are {there_are}); {len(explained)} survivors explained"
            )
            for name in survivors:
                print(f"  {'explained' if name in explained else 'NEW      '} {name}")
            new += len(survivors) - len(explained)
        os.chdir(root)
    return bool(new)


if __name__ == "__main__":
    sys.exit(main())
