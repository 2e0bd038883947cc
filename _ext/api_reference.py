"""Sphinx extension: ``{api-reference} ROOM`` documents the modules of a room from their docstrings.

A room is a folder of the package; ``door`` stands for the modules at its top. Without a room the
directive lists all modules, each linked to where it is documented, and sends a reader who comes
with an address from the time when all stood on one page (``api.html#gancourse.games.Hinge``) on.
"""

import json
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.ext.autodoc import DataDocumenter, GenericAliasMixin
from sphinx.util.docutils import SphinxDirective

from architecture import plain, says
from safe_content import OURS

DOOR = "door"


def modules(root):
    """Dotted names of the modules that a reader may import, those at the top first."""
    files = [
        p.relative_to(root)
        for p in Path(root, "gancourse").rglob("*.py")
        if not p.name.startswith("_")
    ]
    files.sort(key=lambda path: (len(path.parts), path))
    return [".".join(path.with_suffix("").parts) for path in files]


def room_of(name):
    """The room in which a module lies: a folder, or the door."""
    parts = name.split(".")
    return parts[1] if len(parts) > 2 else DOOR


def rooms(root):
    """Room -> its modules."""
    names = sorted(modules(root), key=lambda name: (room_of(name) != DOOR, room_of(name)))
    return {room: list(found) for room, found in groupby(names, room_of)}


def rst(*lines):
    """MyST text that holds reStructuredText."""
    return "\n".join(["```{eval-rst}", *lines, "```"])


FORWARD = """\
<script>
(function () {
  const asked = decodeURIComponent(location.hash.slice(1)).replace(/^module-/, "");
  const rooms = %s;
  const name = asked.startsWith("gancourse-") ? asked.replaceAll("-", ".") : asked;
  const parts = name.split(".");
  if (parts[0] === "gancourse" && parts.length > 1) {
    const room = rooms.includes(parts[1]) ? parts[1] : "door";
    location.replace("api/" + room + ".html" + location.hash);
  }
})();
</script>
"""


class ApiReference(SphinxDirective):
    """``{api-reference}`` or ``{api-reference} ROOM``."""

    optional_arguments = 1

    def run(self):
        known = rooms(self.env.srcdir)
        if not self.arguments:
            return self.index(known)
        (room,) = self.arguments
        if room not in known:
            raise self.error(f"there is no room {room!r}; choose one of {', '.join(known)}")
        package, names = f"gancourse.{room}", known[room]
        text = self.table(names)
        if room != DOOR:  # the room's own words, and names as they are called in it
            short = [name.removeprefix(f"{package}.") for name in names]
            text = rst(f".. automodule:: {package}") + "\n\n" + self.table(short)
        opening = self.parse(text, nodes.Element()).children
        return [*opening, *(self.section(name) for name in names)]

    def parse(self, text, node):
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, 0, node)
        return node

    @staticmethod
    def table(names):
        return rst(".. autosummary::", "", *(f"   {name}" for name in names))

    def section(self, name):
        """One module: its name as the title, and everything public in it."""
        section = nodes.section(ids=[nodes.make_id(f"module {name}")], names=[name])
        section += nodes.title("", "", nodes.literal("", name.removeprefix("gancourse.")))
        text = rst(f".. automodule:: {name}", "   :members:", "   :show-inheritance:")
        return self.parse(text, section)

    def index(self, known):
        """Every room with its sentence and its modules."""
        folders = json.dumps([room for room in known if room != DOOR])
        found = [nodes.raw("", FORWARD % folders, format="html", **{OURS: True})]
        for room, names in known.items():
            title = "At the door" if room == DOOR else f"`{room}/`"
            sentence = "" if room == DOOR else plain(says(self.env.srcdir, room))
            text = f"**[{title}](api/{room}.md)** {sentence}\n\n{self.table(names)}"
            found += self.parse(text, nodes.Element()).children
        return found


class Aliases(DataDocumenter):
    """A name for a type, shown with its value like any other constant.

    Sphinx would write "alias of" and the type as text, where ``"*members batch"`` begins an
    emphasis.
    """

    def update_content(self, more_content):
        super(GenericAliasMixin, self).update_content(more_content)

    def should_suppress_directive_header(self):
        return super(GenericAliasMixin, self).should_suppress_directive_header()


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.add_autodocumenter(Aliases, override=True)
    app.add_directive("api-reference", ApiReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
