"""A small book of one chapter, to be built, executed and spoilt."""

import shutil

import pytest

import build_chapters
from checkout import FRONT_MATTER, ROOT
from equations import equations
from formula import Formula

CHAPTER = (
    FRONT_MATTER
    + """
# A small chapter

See the [formula](#a-formula) and {eq}`eq-sum`.

## A formula

$$
1 + 1 = 2
$$ (eq-sum)

```{code-cell} python
import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
values = torch.randn(50)
plt.plot(values)
plt.show()
```

**Figure 5.1.** *Fifty draws of $p_g$. What to see: no pattern.*

```{code-cell} python
:tags: [nbval-check-output]

print(1 + 1)
values.mean()
```
"""
)


def make_small_book(folder):
    """A book of one chapter with this repository's settings, theme and extensions."""
    for name in ("_ext", "_static"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "_config.yml", folder)
    for name in ("chapters", "appendix", "gancourse", "tests"):
        (folder / name).mkdir()
    (folder / "chapters" / "05_small.md").write_text(CHAPTER)
    (folder / "gancourse" / "__init__.py").write_text('"""A package."""\n\n__version__ = "1.2.3"\n')
    (folder / "references.bib").write_text("")
    (folder / "intro.md").write_text("# Welcome\n\nOne page.\n")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nparts:\n"
        "  - numbered: 1\n    chapters:\n      - file: chapters/05_small\n"
    )
    return folder


@pytest.fixture
def small_book(tmp_path):
    return make_small_book(tmp_path)


@pytest.fixture(scope="session")
def executed_once(tmp_path_factory):
    folder = make_small_book(tmp_path_factory.mktemp("book"))
    build_chapters.main([], root=folder)
    return folder


@pytest.fixture
def executed_book(executed_once, tmp_path):
    """The small book with its notebook, to be spoilt."""
    return shutil.copytree(executed_once, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def printed():
    """`printed("eq-name")` is the formula with that label, as the page prints it."""
    tex = {equation.label: equation.tex for equation in equations(ROOT)}
    return lambda label: Formula(label, tex[label])
