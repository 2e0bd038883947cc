"""Sphinx extension: `{api-reference}` documents every module of the package from its docstrings."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


def modules(root):
    """Dotted names of the modules that a reader may import, those at the top first."""
    files = [
        p.relative_to(root)
        for p in Path(root, "gancourse").rglob("*.py")
        if not p.name.startswith("_")
    ]
    files.sort(key=lambda path: (len(path.parts), path))
    return [".".join(path.with_suffix("").parts) for path in files]


def rst(*lines):
    """MyST text that holds reStructuredText."""
    return "\n".join(["```{eval-rst}", *lines, "```"])


class ApiReference(SphinxDirective):
    def parse(self, text, node):
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, 0, node)
        return node

    def run(self):
        names = modules(self.env.srcdir)
        table = rst(".. autosummary::", "", *(f"   {name}" for name in names))
        result = self.parse(table, nodes.Element()).children
        for name in names:
            section = nodes.section(ids=[nodes.make_id(f"module {name}")], names=[name])
            section += nodes.title("", "", nodes.literal("", name.removeprefix("gancourse.")))
            text = rst(f".. automodule:: {name}", "   :members:", "   :show-inheritance:")
            result.append(self.parse(text, section))
        return result


def setup(app):
    app.add_directive("api-reference", ApiReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
