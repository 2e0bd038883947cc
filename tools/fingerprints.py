"""Compare the fingerprint that each test of an equation carries with the formula on the page.

``python tools/fingerprints.py`` prints what differs, one test a line. Look at the formula and at
its test; when the test says what the page says, ``--write`` puts the new fingerprint into the
marker.
"""

import argparse
import ast
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

from equations import edited, equations
from marked_tests import marks
from tex import fingerprint

ROOT = Path(__file__).parents[1]


def line(root, equation, digest, test):
    """What differs, where the formula stands, and what to look at."""
    page = f"{equation.page}.md:{equation.line}"
    return (
        f"{page}, {equation.label}: the formula was edited; look at its test "
        f'{test.path}::{test.name}, then put tex="{digest}"'
    )


def write(path, printed):
    """Give every marker of a test file the fingerprint of the formula that is printed now."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for node in ast.walk(ast.parse("".join(lines))):
        if not isinstance(node, ast.FunctionDef) or not list(marks(node, "equation")):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.equation":
                (label,) = map(ast.literal_eval, mark.args)
                end = mark.end_lineno or mark.lineno
                new = f'@pytest.mark.equation("{label}", tex="{printed[label]}")\n'
                lines[mark.lineno - 1 : end] = [
                    new,
                    *[""] * (end - mark.lineno),
                ]
    path.write_text("".join(lines), "utf-8")


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="after you looked at every test")
    chosen = parser.parse_args(arguments)
    found = edited(root)
    for equation, digest, test in found:
        print(line(root, equation, digest, test))
    if chosen.write:
        printed = {equation.label: fingerprint(equation.tex) for equation in equations(root)}
        for path in sorted({test.path for _, _, test in found}):
            write(Path(root, path), printed)
        return 0
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
