"""Falsify every entry of the errata, one thing at a time, and count what the tests catch.

``python tools/falsify_errata.py`` works on a copy of the checkout. Each run falsifies one side of
all entries at once, for an entry's test depends on nothing but that entry:

* as an editor would who opens no test: the fingerprints stay as they are;
* as one would who renews the fingerprints without looking: only what is computed can object.

Statements in words are turned into their opposite, formulas are changed in one symbol (sign, digit,
lost logarithm, exchanged fraction, lost square). The second run can catch formulas and numbers; a
falsified sentence it cannot, and those are listed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

from errata import entries, fingerprint

ROOT = Path(__file__).parents[1]
TESTS = "tests/book/test_errata.py"


def other_sign(tex):
    """The first plus or minus turned into the other; not one right after a bracket."""
    found = re.search(r"\+|(?<![{(,=])-", tex)
    return found and tex[: found.start()] + "+-"[found[0] == "+"] + tex[found.end() :]


def without(pattern):
    """Leaves out what fits the pattern, once."""

    def change(tex):
        changed = re.sub(pattern, "", tex, count=1)
        return changed if changed != tex else None

    return change


def digit(tex):
    """The first digit that is no index one higher."""
    found = re.search(r"(?<![_\d])\d", tex)
    return found and tex[: found.start()] + str((int(found[0]) + 1) % 10) + tex[found.end() :]


def turned(tex):
    """The first fraction of two braces or two symbols upside down."""
    found = re.search(r"\\[td]?frac(\{[^{}]*\}|\d)(\{[^{}]*\}|\d)", tex)
    return found and found.re.sub(lambda m: rf"\frac{m[2]}{m[1]}", tex, count=1)


FORMULA = {
    "sign": other_sign,
    "digit": digit,
    "lost logarithm": without(r"\\log(?![a-z])"),
    "fraction turned": turned,
    "lost square": without(r"\^2"),
}


def formula_mutants(text):
    """(what was done, text) with one formula of the text changed."""
    for name, change in FORMULA.items():
        for part in re.findall(r"\$[^$]+\$", text):
            changed = change(part)
            if changed and changed != part:
                yield name, text.replace(part, changed, 1)
                break


def opposite(text):
    """A sentence that no longer says the same."""
    return f"It is not so that {text}"


def falsify(root, side, chosen):
    """Write a copy of the errata in which one side of each entry becomes ``chosen(text)``."""
    path = Path(root, "appendix/errata.yml")
    data, changed = yaml.safe_load(path.read_text("utf-8")), {}
    for source in data["sources"]:
        for entry in source["errata"]:
            new = chosen(entry[side]) if side in entry else None
            if new:
                changed[entry["id"]] = (entry[side], new)
                entry[side] = new
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    return changed


def renew(root):
    """Give every test the fingerprint of its entry, as nobody should without looking."""
    path = Path(root, TESTS)
    text = path.read_text("utf-8")
    for entry in entries(root):
        new = fingerprint(entry)
        if "test" in entry:
            text = re.sub(
                rf'@reads\("\w+"\)\n(?=def {entry["test"]}\()', f'@reads("{new}")\n', text
            )
        else:
            text = re.sub(rf'("{entry["id"]}": )"\w+"', rf'\1"{new}"', text)
    path.write_text(text, "utf-8")


def failing(root):
    """Ids of the entries of which a test fails."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        TESTS,
        "-q",
        "--tb=no",
        "-rfE",
        "-p",
        "no:cacheprovider",
    ]
    output = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True
    ).stdout
    by_test = {entry["test"]: entry["id"] for entry in entries(root) if "test" in entry}
    caught = set()
    for name, parameter in re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)(?:\[(\w+)\])?", output, re.M):
        # A text that grew too long is no discovery.
        if name not in ("test_entry_is_complete", "test_excerpt_is_short"):
            caught.add(by_test.get(name, parameter))
    return caught


def run(side, chosen, renewed):
    """(changed entries, those of which a test failed) for one falsified copy."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "copy")
        for name in ("_ext", "appendix", "gancourse", "tests", "tools"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", root)
        changed = falsify(root, side, chosen)
        if renewed:
            renew(root)
        return changed, failing(root) & set(changed)


def nth(k):
    """The k-th mutant of a text's formulas, if it has so many."""

    def chosen(text):
        mutants = list(formula_mutants(text))
        return mutants[k][1] if k < len(mutants) else None

    return chosen


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args(arguments)
    missed = False
    for side in ("printed", "corrected", "excerpt"):
        changed, caught = run(side, opposite, renewed=False)
        missed |= set(changed) != caught
        print(f"{side}: {len(caught)} of {len(changed)} falsified entries are caught", flush=True)
    for side in ("printed", "corrected"):
        made, killed, left = 0, 0, []
        for k in range(len(FORMULA)):
            changed, caught = run(side, nth(k), renewed=True)
            made, killed = made + len(changed), killed + len(caught)
            left += [f"  {id}: {changed[id][1]}" for id in changed if id not in caught]
        print(f"{side}, fingerprints renewed blindly: {killed} of {made} falsified formulas fail")
        print(*left, sep="\n", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
