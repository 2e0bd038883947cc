"""The falsifier: what it changes, that it counts rightly, and that it leaves the checkout alone."""

import ast
import subprocess
import sys

import pytest

from checkout import ROOT
from equations import equations
from perturbations import of_formula, of_function, written
from tex import fingerprint, tokens


def test_a_formula_is_falsified_in_every_way():
    tex = r"a-\frac12\log p(x)\le\mathrm{KL}(p\|q)+\sum_{i=1}^nx_i^2"
    said = dict(of_formula(tex))
    falsified = {
        "- -> +": r"a+\frac12\log p(x)\le\mathrm{KL}(p\|q)+\sum_{i=1}^nx_i^2",
        "fraction turned over": r"a-\frac21\log p(x)\le\mathrm{KL}(p\|q)+\sum_{i=1}^nx_i^2",
        r"\le -> \ge": r"a-\frac12\log p(x)\ge\mathrm{KL}(p\|q)+\sum_{i=1}^nx_i^2",
        "arguments swapped": r"a-\frac12\log p(x)\le\mathrm{KL}(q\|p)+\sum_{i=1}^nx_i^2",
        "square dropped": r"a-\frac12\log p(x)\le\mathrm{KL}(p\|q)+\sum_{i=1}^nx_i",
        "index i shifted": r"a-\frac12\log p(x)\le\mathrm{KL}(p\|q)+\sum_{i=1}^nx_{i+1}^2",
        r"\sum -> \prod": r"a-\frac12\log p(x)\le\mathrm{KL}(p\|q)+\prod_{i=1}^nx_i^2",
    }
    for what, new in falsified.items():
        assert fingerprint(said[what]) == fingerprint(new), what
    assert any(what.startswith("term") for what in said)


def test_every_formula_of_the_book_has_falsifications_and_none_is_the_formula():
    for equation in equations(ROOT):
        said = tokens(equation.tex, lines=True)
        assert tokens(written(said), lines=True) == said
        digests = {fingerprint(tex) for _, tex in of_formula(equation.tex)}
        assert digests and fingerprint(equation.tex) not in digests, equation.label


SOURCE = '''def f(x):
    """A text - with 1 + 1."""
    y = -x + 2
    z = rng(3 + 4).normal(size=5 * 6)
    if not y < x:
        raise GanCourseError(f"{x - y}")
    return y / x == pytest.approx(3 - 1, abs=1 - 2) and np.maximum(x, y)
'''

#: What samples, compares with room for rounding, or chooses a case, and how much of it is left.
SAMPLING = {
    "z = 3 + 2 * torch.rand(4).double()": (),
    "z = rng(0).normal(size=3) * 2 - 1": (),
    "z = y * x + torch.rand(4)": (),  # noise and all that is added to it
    "y <= x * (1 + 1e-9)": ("y <= x * (1 + 1e-09) -> y > x * (1 + 1e-09)",),
    "if seed % 4 == 0: pass": (),
    "z = 0 * x": ("0 * x -> 1 * x",),
    "z = y.double() * 3": ("y.double() * 3 -> y.double() / 3", "y.double() * 3 -> y.double() * 4"),
}


@pytest.mark.parametrize("line", SAMPLING)
def test_python_is_left_alone_where_it_samples(line):
    source = f"def f(x, y, seed):\n    {line}\n"
    assert [what for what, _ in of_function(source, ast.parse(source).body[0])] == list(
        SAMPLING[line]
    )


def test_python_is_falsified_where_it_states_something():
    function = ast.parse(SOURCE).body[0]
    said = dict(of_function(SOURCE, function))
    assert set(said) == {
        "-x + 2 -> -x - 2",
        "-x + 2 -> -x + 3",
        "-x -> x",
        "y < x -> y >= x",
        "y / x == pytest.approx(3 - 1, abs=1 - 2) -> y / x != pytest.approx(3 - 1, abs=1 - 2)",
        "y / x -> y * x",
        "np.maximum -> np.minimum",
    }
    for text in said.values():
        assert ast.parse(text) and text != SOURCE


TEST = '''import pytest


@pytest.mark.equation("eq-a", tex="0")
def test_a():
    """Says it."""
    two = 1 + 1
    assert two == 2
    loose = 30 + 1
    assert loose < 100
'''


@pytest.fixture
def project(tmp_path):
    """A project of one chapter with one test that is good and loose by turns."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "tests" / "book").mkdir(parents=True)
    (tmp_path / "chapters" / "07_page.md").write_text("# A page\n\n$$\na = 1\n$$ (eq-a)\n")
    (tmp_path / "tests" / "book" / "test_equations_07.py").write_text(TEST)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\nmarkers = ['equation(label, tex): x']\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def falsify(project, *arguments):
    """The tool in a process of its own; the tests of this project need no warming up."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import mutants; "
        "mutants.warm_up = lambda: None; "
        f"sys.exit(mutants.main(sys.argv[1:], {str(project)!r}))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=project, capture_output=True, text=True
    )


def test_survivors_are_named_until_they_are_explained(project):
    files = {p: p.read_bytes() for p in project.rglob("*") if p.is_file() and ".git" not in p.parts}
    done = falsify(project, "--kind", "tests")
    assert done.returncode == 1, done.stderr
    assert "NEW       test_a: 30 + 1 -> 30 - 1" in done.stdout
    assert "test_a: 1 + 1" not in done.stdout
    left = {p: p.read_bytes() for p in project.rglob("*") if p.is_file() and ".git" not in p.parts}
    assert left == files  # nothing in the checkout was touched
    survivors = [line.split("NEW")[1].strip() for line in done.stdout.splitlines() if "NEW" in line]
    text = "tests:\n" + "".join(f'  "{name}": loose on purpose\n' for name in survivors)
    (project / "tests" / "book" / "survivors.yml").write_text(text)
    done = falsify(project, "--kind", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


def test_falsified_displays_are_counted_by_their_fingerprint(project):
    done = falsify(project, "--kind", "printed", "--chapter", "07")
    assert "printed: 1 of 1 caught by the fingerprint" in done.stdout
    assert "printed: 0 of 1 killed by running their tests" in done.stdout


def test_tests_that_fail_already_judge_nothing(project):
    path = project / "tests" / "book" / "test_equations_07.py"
    path.write_text(TEST.replace("two == 2", "two == 3"))
    done = falsify(project, "--kind", "tests")
    assert done.returncode and "fail before anything is falsified" in done.stderr
