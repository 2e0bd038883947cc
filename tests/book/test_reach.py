"""tools/reach.py: nothing that a chapter uses is missed, and nothing else counts."""

import ast
import json
import os
import subprocess
import sys
import textwrap
from importlib import import_module
from inspect import getsource
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chapters import chapters, code_of, used
from checkout import ROOT
from gancourse.page.figure import _source
from reach import Reach, first_line, form, parsed

FILES = {
    "__init__.py": '"""Package."""\n__version__ = "1"\n',
    "alpha.py": '''\
"""Alpha."""

from math import log

from gancourse import base
from gancourse.beta import LEVEL, Shape, helper as aid
from gancourse.marks import mark

print("imported")


@mark
def listed():
    return 1


def used(x=LEVEL):
    """Doc."""
    return aid(x) + log(x) + base.deep()


def unused(x):
    from gancourse import lonely

    return lonely.f(x)


class Round(Shape):
    def area(self):
        return 3.0


TABLE = {}
TABLE["one"] = 1


def look(name):
    return TABLE[name]
''',
    "beta.py": """\
from gancourse.sleeping import dream

LEVEL = 2.0
FREE = 3.0


class Shape:
    edges = 0

    def twice(self):
        return 2 * FREE


def helper(x):
    FREE_TOO = 1
    return x + FREE_TOO


def FREE_TOO():
    return 5
""",
    "marks.py": "def mark(f):\n    return f\n",
    "base.py": "def deep():\n    return 7\n\n\ndef shallow():\n    return 8\n",
    "sleeping.py": "import sys\n\nsys.extra = 1\n\n\ndef dream():\n    return 1\n",
    "lonely.py": "def f(x):\n    return x\n",
    "notebook.py": "def show_source(thing):\n    return thing\n",
    "exercises.py": (
        "from gancourse import questions\nfrom gancourse.questions import marking\n\n\n"
        "def check(name, answer):\n    return find(name)\n\n\n"
        "def find(name):\n    return import_module(name), questions.__path__, marking.LIST\n"
    ),
    "questions/__init__.py": "",
    "questions/marking.py": "LIST = {}\n\n\ndef exercise(name, answer):\n    LIST[name] = answer\n",
    "questions/one.py": (
        "from gancourse.base import deep, shallow\n"
        "from gancourse.questions.marking import exercise\n\n"
        'exercise("first", answer=deep)\n\n\ndef own():\n    return 4\n\n\n'
        'exercise("second", answer=lambda: (shallow(), own()))\n'
    ),
    "experiments/__init__.py": "",
    "experiments/measured.py": (
        "from importlib import resources\n\n\ndef measured(name):\n"
        '    return (resources.files("gancourse.experiments") / f"{name}.json").read_text()\n'
    ),
    "experiments/a.json": "1",
    "experiments/b.json": "1",
    "page/__init__.py": "",
    "page/figure.py": (
        "from pathlib import Path\n\nHERE = Path(__file__).parent\n\n\n"
        "def LiveFigure(module, needs=()):\n"
        '    return HERE / "page.js", HERE / "page.css", *needs\n'
    ),
    "page/engine.py": 'from pathlib import Path\n\nENGINE = Path(__file__).with_suffix(".js")\n',
    "page/page.js": "1",
    "page/page.css": "1",
    "page/engine.js": "1",
    "live/__init__.py": "",
    "live/still.py": (
        "from gancourse.page.figure import LiveFigure\n\n\n"
        "def still():\n    return LiveFigure(__file__)\n"
    ),
    "live/still.js": "1",
    "live/mover.py": (
        "from gancourse.page.engine import ENGINE\n"
        "from gancourse.page.figure import LiveFigure\n\n\n"
        "def mover():\n    return LiveFigure(__file__, needs=[ENGINE])\n"
    ),
    "live/mover.js": "1",
    "data/__init__.py": "",
    "data/sets.py": (
        'def faces():\n    return open("faces.npz")\n\n\n'
        'def some(kind):\n    return open(f"{kind}-kit.npz")\n'
    ),
    "data/faces.npz": "1",
    "data/old-kit.npz": "1",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A made-up package, as a folder and as texts that a test may change."""
    root = tmp_path_factory.mktemp("house")
    for name, content in FILES.items():
        path = root / "gancourse" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def matters(root, code, name, old, new):
    """Whether a change of one file changes what is recorded of a piece of code."""
    path = root / "gancourse" / name
    assert old in FILES[name], old
    before = Reach(root, code).digest()
    path.write_text(FILES[name].replace(old, new, 1))
    try:
        return Reach(root, code).digest() != before
    finally:
        path.write_text(FILES[name])


ALPHA = "from gancourse.alpha import used"
ROUND = "from gancourse import alpha\nalpha.Round()"
LOOK = "import gancourse.alpha\ngancourse.alpha.look('one')"

YES = {
    "its own body": (ALPHA, "alpha.py", "aid(x) +", "aid(x) -"),
    "its default": (ALPHA, "beta.py", "LEVEL = 2.0", "LEVEL = 2.5"),
    "what it calls by another name": (ALPHA, "beta.py", "x + FREE_TOO", "x - FREE_TOO"),
    "what it calls in a module": (ALPHA, "base.py", "return 7", "return 9"),
    "where a foreign name comes from": (ALPHA, "alpha.py", "from math", "from numpy"),
    "where a name of ours comes from": (ALPHA, "alpha.py", "helper as aid", "FREE_TOO as aid"),
    "what its module does when imported": (ALPHA, "alpha.py", "imported", "imported!"),
    "what an import of its import does": (ALPHA, "sleeping.py", "extra = 1", "extra = 2"),
    "what registers itself by a decorator of ours": (ALPHA, "alpha.py", "return 1", "return 2"),
    "a method of a class": (ROUND, "alpha.py", "return 3.0", "return 3.1"),
    "a method of its base": (ROUND, "beta.py", "2 * FREE", "3 * FREE"),
    "what a method of its base uses": (ROUND, "beta.py", "FREE = 3.0", "FREE = 3.5"),
    "what is written into a table": (LOOK, "alpha.py", '["one"] = 1', '["one"] = 2'),
    "a module handed on": ("from gancourse import base\nf(base)", "base.py", "8", "9"),
    "a star": ("from gancourse.base import *", "base.py", "return 8", "return 9"),
    "a getattr": ("from gancourse import base\ngetattr(base, x)", "base.py", "8", "9"),
    "imported inside": ("from gancourse.alpha import unused", "lonely.py", "return x", "return 1"),
    "the version": ("import gancourse\ngancourse.__version__", "__init__.py", '"1"', '"2"'),
    "a docstring that is printed": (
        ALPHA + "\nused.__doc__",
        "alpha.py",
        '"""Doc."""',
        '"""Documentation."""',
    ),
    "a docstring that is shown": (
        ALPHA + "\nfrom gancourse.notebook import show_source as show\nshow(used)",
        "alpha.py",
        '"""Doc."""',
        '"""Documentation."""',
    ),
    "the layout of a method that is shown": (
        "from gancourse import alpha, notebook\nnotebook.show_source(alpha.Round.area)",
        "alpha.py",
        "return 3.0",
        "return (3.0)",
    ),
    "a comment, when nobody knows what is shown": (
        "from gancourse.alpha import used, look\nfrom gancourse.notebook import show_source\n"
        "for thing in (used, look):\n    show_source(thing)",
        "alpha.py",
        "return TABLE[name]",
        "return TABLE[name]  # new",
    ),
    "a comment, when a name stands for something else by then": (
        "from gancourse.alpha import used\nfrom gancourse.notebook import show_source\n"
        "used = print\nshow_source(used)",
        "alpha.py",
        "return TABLE[name]",
        "return TABLE[name]  # new",
    ),
    "a comment, when an argument is shown": (
        "from gancourse.alpha import used\nfrom gancourse.notebook import show_source\n"
        "def show(used):\n    show_source(used)",
        "alpha.py",
        "return TABLE[name]",
        "return TABLE[name]  # new",
    ),
    "the measurement": (
        "from gancourse.experiments.measured import measured\nmeasured('a')",
        "experiments/a.json",
        "1",
        "2",
    ),
    "any measurement, when nobody knows which": (
        "from gancourse.experiments.measured import measured\n[measured(x) for x in 'ab']",
        "experiments/b.json",
        "1",
        "2",
    ),
    "the question": (
        "from gancourse.exercises import check\ncheck('second', 1)",
        "questions/one.py",
        "(shallow(), own())",
        "(own(), shallow())",
    ),
    "what the question uses": (
        "from gancourse.exercises import check\ncheck('second', 1)",
        "base.py",
        "return 8",
        "return 9",
    ),
    "how it is marked": (
        "from gancourse.exercises import check\ncheck('second', 1)",
        "questions/marking.py",
        "= answer",
        "= [answer]",
    ),
    "any question, when nobody knows which": (
        "from gancourse.exercises import check\ncheck(name, 1)",
        "questions/one.py",
        "answer=deep",
        "answer=own",
    ),
    "a figure's script": ("from gancourse.live.still import still", "live/still.js", "1", "2"),
    "the frame": ("from gancourse.live.still import still", "page/page.css", "1", "2"),
    "the engine": ("from gancourse.live.mover import mover", "page/engine.js", "1", "2"),
    "data": ("from gancourse.data.sets import faces", "data/faces.npz", "1", "2"),
    "data of a computed name": (
        "from gancourse.data.sets import some",
        "data/old-kit.npz",
        "1",
        "2",
    ),
}

NO = {
    "a neighbour": (ALPHA, "alpha.py", "return lonely.f(x)", "return lonely.f(x + 1)"),
    "what only a neighbour uses": (ALPHA, "lonely.py", "return x", "return 1"),
    "a definition of an import that nobody calls": (ALPHA, "sleeping.py", "return 1", "return 2"),
    "a definition named like a local variable": (ALPHA, "beta.py", "return 5", "return 6"),
    "a comment": (ALPHA, "alpha.py", "return aid(x)", "# new\n    return aid(x)"),
    "a docstring": (ALPHA, "alpha.py", '"""Doc."""', '"""Documentation."""'),
    "layout": (ALPHA, "alpha.py", "aid(x) + log(x)", "(aid( x )+\n log(x))"),
    "another function of a module": (
        "from gancourse import base\nbase.deep()",
        "base.py",
        "return 8",
        "return 9",
    ),
    "a comment between what is shown and the next": (
        "from gancourse.notebook import show_source\nfrom gancourse.alpha import used\n"
        "show_source(used)",
        "alpha.py",
        "def unused",
        "# new\ndef unused",
    ),
    "a comment in a neighbour of what is shown": (
        "from gancourse.notebook import show_source\nfrom gancourse.alpha import used\n"
        "show_source(used)",
        "alpha.py",
        "return TABLE[name]",
        "return TABLE[name]  # new",
    ),
    "a comment in a neighbour, if the name gets another sense later": (
        "from gancourse.notebook import show_source\nfrom gancourse.alpha import used\n"
        "show_source(used)\nused = 1",
        "alpha.py",
        "return TABLE[name]",
        "return TABLE[name]  # new",
    ),
    "another measurement": (
        "from gancourse.experiments.measured import measured\nmeasured('a')",
        "experiments/b.json",
        "1",
        "2",
    ),
    "another question": (
        "from gancourse.exercises import check\ncheck('second', 1)",
        "questions/one.py",
        "answer=deep",
        "answer=own",
    ),
    "what another question uses": (
        "from gancourse.exercises import check\ncheck('first', 1)",
        "base.py",
        "return 8",
        "return 9",
    ),
    "another figure": ("from gancourse.live.still import still", "live/mover.js", "1", "2"),
    "an engine at rest": ("from gancourse.live.still import still", "page/engine.js", "1", "2"),
    "other data": ("from gancourse.data.sets import faces", "data/old-kit.npz", "1", "2"),
    "anything, for a chapter that imports nothing of ours": (
        "import torch\nfrom . import alpha\nimport gancoursework\nused = 1",
        "alpha.py",
        "imported",
        "imported!",
    ),
}


@pytest.mark.parametrize("code, name, old, new", YES.values(), ids=YES)
def test_stale_when_it_is_used(house, code, name, old, new):
    assert matters(house, code, name, old, new)


@pytest.mark.parametrize("code, name, old, new", NO.values(), ids=NO)
def test_not_stale_when_it_is_not(house, code, name, old, new):
    assert not matters(house, code, name, old, new)


def test_nothing_is_reached_without_an_import(house):
    reached = Reach(house, "import torch\nfrom . import x\nimport gancoursework")
    assert not (reached.units or reached.acts or reached.files or reached.shown)


# ---- random packages, of which we know by construction who calls whom ---------------------------

STYLES = {
    "from": ("from gancourse.m{m} import f{i} as {c}_f{i}", "{c}_f{i}()"),
    "module": ("from gancourse import m{m} as {c}_m{m}", "{c}_m{m}.f{i}()"),
    "dotted": ("import gancourse.m{m}", "gancourse.m{m}.f{i}()"),
    "inside": ("", "__import_inside__ m{m} f{i}"),
}


@st.composite
def packages(draw):
    """(calls, styles, entries): function i calls those of calls[i]; all numbers are smaller."""
    n = draw(st.integers(3, 9))
    calls = {i: draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(n)}
    styles = {(i, j): draw(st.sampled_from(sorted(STYLES))) for i in calls for j in calls[i]}
    return calls, styles, draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=2))


def written_package(root, calls, styles, changed=None):
    """Function i lies in module i // 3; ``changed`` returns something else than before."""
    modules = {}
    for i, callees in calls.items():
        head, body, values = modules.setdefault(i // 3, ([], [], [])), [], [f"{i}"]
        for j in sorted(callees):
            if j // 3 == i // 3:
                values.append(f"f{j}()")
            elif styles[i, j] == "inside":
                body.append(f"    from gancourse.m{j // 3} import f{j} as inner{j}")
                values.append(f"inner{j}()")
            else:
                line, call = STYLES[styles[i, j]]
                head[0].append(line.format(m=j // 3, i=j, c=f"c{i}"))
                values.append(call.format(m=j // 3, i=j, c=f"c{i}"))
        values += ["1000"] * (i == changed)
        head[1].append("\n".join([f"def f{i}():", *body, f"    return {' + '.join(values)}", ""]))
    (root / "gancourse").mkdir(exist_ok=True)
    (root / "gancourse" / "__init__.py").write_text("")
    for m, (imports, functions, _) in modules.items():
        (root / "gancourse" / f"m{m}.py").write_text("\n".join([*imports, "", *functions]))


@settings(max_examples=40, deadline=None)
@given(packages())
def test_exactly_the_functions_that_can_run_count(tmp_path_factory, package):
    """Against the transitive closure of who calls whom, over four ways to import."""
    calls, styles, entries = package
    runs, waiting = set(), list(entries)
    while waiting:
        runs.add(i := waiting.pop())
        waiting += calls[i] - runs
    root = tmp_path_factory.mktemp("random")
    code = "\n".join(f"from gancourse.m{i // 3} import f{i}" for i in sorted(entries))
    written_package(root, calls, styles)
    before = Reach(root, code).digest()
    for i in calls:
        written_package(root, calls, styles, changed=i)
        assert (Reach(root, code).digest() != before) == (i in runs), f"f{i}"


# ---- the real package ---------------------------------------------------------------------------

#: A cheap chapter; `TRACED=01,06,11` watches others.
TRACED = os.environ.get("TRACED", "06").split(",")

RUN_AND_TELL = """
import inspect, json, os, sys
from pathlib import Path
package, called, opened = str(Path("gancourse").resolve()) + os.sep, set(), set()
def trace(frame, event, arg):
    code = frame.f_code
    ours = code.co_filename.startswith(package) and code.co_flags & inspect.CO_OPTIMIZED
    if ours and (code.co_name[0] != "<" or code.co_name == "<lambda>"):  # no class, no module
        called.add((code.co_filename, code.co_firstlineno, code.co_name))
def audit(event, arguments):
    if event == "open" and str(arguments[0]).startswith(package):
        opened.add(str(arguments[0]))
sys.addaudithook(audit)
sys.settrace(trace)
names = {"__name__": "__main__"}
for cell in json.load(sys.stdin):
    exec(compile(cell, "cell", "exec"), names)
    for value in list(names.values()):  # a notebook shows what is a cell's last value
        for show in ("_repr_html_", "_repr_png_", "_repr_markdown_"):
            if type(value).__module__.startswith("gancourse") and hasattr(type(value), show):
                getattr(value, show)()
sys.settrace(None)
print("\\n" + json.dumps([sorted(called), sorted(opened)]))
"""


def run_and_tell(text):
    """The functions of the package that a chapter calls, and the files of it that it opens."""
    environment = {"GANCOURSE_BUDGET": "smoke", "GANCOURSE_STATIC": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", RUN_AND_TELL],
        input=json.dumps(code_of(text)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout.splitlines()[-1])


def module_of(file):
    return ".".join(Path(file).relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def held(reached, module, line):
    """Whether what stands on that line of a module has been reached."""
    units = [found for (name, _), found in reached.units.items() if name == module]
    return any(
        first_line(statement) <= line <= statement.end_lineno
        for found in [*units, reached.acts.get(module, [])]
        for statement in found
        if hasattr(statement, "lineno")
    )


@pytest.mark.parametrize("number", TRACED)
def test_all_that_runs_and_all_that_is_read_has_been_reached(number):
    """A chapter is run and watched: each function called and each file opened must be known."""
    (text,) = (t for t in chapters(ROOT) if t.stem.startswith(number))
    called, opened = run_and_tell(text)
    reached = used(ROOT, text)
    missed = [(f, name) for f, line, name in called if not held(reached, module_of(f), line)]
    assert len(called) > 20 and missed == []
    data = {Path(file) for file in opened if not file.endswith((".py", ".pyc"))}
    assert {path for path in data if path.is_file()} <= reached.files


@pytest.mark.parametrize(
    "name", [path.stem for path in sorted((ROOT / "gancourse" / "live").glob("*.js"))]
)
def test_a_figure_counts_exactly_the_scripts_that_stand_in_its_html(name):
    from live.harness import needed

    module = import_module(f"gancourse.live.{name}")
    html = getattr(module, name)(*needed(name))._repr_html_()
    reached = Reach(ROOT, f"from gancourse.live.{name} import {name}")
    scripts = {p for room in ("live", "page") for p in (ROOT / "gancourse" / room).glob("*.[jc]s*")}
    assert {p for p in scripts if _source(p) in html} == reached.files & scripts


@pytest.mark.parametrize("number", ["05", "10", "12", "13"])
def test_what_is_shown_counts_as_python_shows_it(number):
    (text,) = (t for t in chapters(ROOT) if t.stem.startswith(number))
    shown = used(ROOT, text).shown
    assert shown
    for name, names in shown:
        thing = import_module(name)
        for attribute in names:
            thing = getattr(thing, attribute)
        exact = parsed(name, Path(ROOT, *name.split(".")).with_suffix(".py").read_text(), "")
        assert textwrap.dedent(exact.exact(names)) == textwrap.dedent(getsource(thing)).rstrip()


def test_comments_below_a_definition_belong_to_it_if_they_are_as_deep(tmp_path, monkeypatch):
    source = (
        "class A:\n    def f(self):\n        return 1\n\n        # own\n\n"
        "    # next\n    x = 1\n# end\n"
    )
    (tmp_path / "shown_by_python.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    thing = import_module("shown_by_python")
    module = parsed("", source, "")
    assert module.exact(["A", "f"]) == getsource(thing.A.f).rstrip()
    assert module.exact(["A", "f"]).endswith("# own")
    assert module.exact(["A"]) == getsource(thing.A).rstrip()
    assert module.exact(["A", "x"]) is None


def test_the_same_syntax_has_the_same_form_however_it_is_written():
    one = ast.parse('def f(a, b=1):\n    """Doc."""\n    return f"{a}" "!" + (b)  # why\n')
    two = ast.parse("def f(a,b = 1):\n\n  return (f'{a}!' + b)\n")
    other = ast.parse("def f(a, b=1):\n    return f'{a}!' - b\n")
    assert form(one) == form(two) != form(other)
    assert form(one, docstrings=True) != form(two, docstrings=True)


def test_the_form_is_the_same_in_every_python():
    """Written down once: a Python that builds another tree of the same text fails here."""
    code = "def f(x, *, y=None):\n    'doc'\n    return [*x, f'{y!r:>{8}} {x}' 'z', {**y}]\n"
    name = {letter: ["Name", ("id", f"'{letter}'")] for letter in "xy"}
    width = ["FormattedValue", ("conversion", "-1"), ("value", ["Constant", ("value", "8")])]
    text = [
        *(
            [
                "FormattedValue",
                ("conversion", "114"),
                ("format_spec", ["JoinedStr", ">", width]),
                ("value", name["y"]),
            ],
        ),
        *(" ", ["FormattedValue", ("conversion", "-1"), ("value", name["x"])], "z"),
    ]
    elements = [
        ["Starred", ("value", name["x"])],
        ["JoinedStr", *text],
        ["Dict", ("keys", ["None"]), ("values", [name["y"]])],
    ]
    arguments = [
        *("arguments", ("args", [["arg", ("arg", "'x'")]]), ("kw_defaults", [["Constant"]])),
        ("kwonlyargs", [["arg", ("arg", "'y'")]]),
    ]
    body = [["Return", ("value", ["List", ("elts", elements)])]]
    expected = ["FunctionDef", ("args", arguments), ("body", body), ("name", "'f'")]
    assert form(ast.parse(code).body[0]) == expected
