"""Sphinx extension: the plan of the house, drawn from the table that the tests hold the code to.

``{architecture}`` draws the rooms of the package on floors, with an arrow to each room that another
one imports; ``{room} NAME`` is a paragraph about one room: what its own docstring says, then what
the page says, then what the room imports. Both read ARROWS in tools/plan.py, so the page shows what
tests/test_architecture.py checks.
"""

import ast
import runpy
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

PLAN = "tools/plan.py"
WIDTH, ROOM, HEIGHT, FLOOR, IN_A_ROW = 400, 84, 27, 60, 4


def plan(root):
    """The rooms that are drawn (the ground and the package file apart), and their floors."""
    read = runpy.run_path(str(Path(root, PLAN)))
    ground = read["GROUND"]
    arrows = {
        name: targets - ground
        for name, targets in read["ARROWS"].items()
        if name not in ground | {"__init__"}
    }
    return arrows, read["floors"](arrows), sorted(ground)


def below(arrows, name):
    """Every room that one stands on, directly or not."""
    found = set(arrows[name])
    return found.union(*(below(arrows, other) for other in found))


def without_shortcuts(arrows):
    """The arrows that do not follow from others: if a needs b and b needs c, a → c is not drawn."""
    return {
        name: {t for t in targets if not any(t in below(arrows, o) for o in targets)}
        for name, targets in arrows.items()
    }


def ordered(arrows, floors):
    """Each floor's rooms from left to right, near to what they stand on and what stands on them."""
    rows = {floor: [n for n in arrows if floors[n] == floor] for floor in set(floors.values())}
    near = {
        name: targets | {other for other in arrows if name in arrows[other]}
        for name, targets in arrows.items()
    }
    for _ in range(8):
        for floor in [*sorted(rows), *sorted(rows, reverse=True)]:
            x = {n: (i + 1) / (len(row) + 1) for row in rows.values() for i, n in enumerate(row)}

            def middle(n, x=x):
                return sum(x[o] for o in near[n]) / len(near[n]) if near[n] else x[n]

            rows[floor].sort(key=middle)
    return rows


def placed(arrows, floors):
    """The centre of every room, and the height of the drawing: the top floor is the first row."""
    place: dict[str, tuple[float, float]] = {}
    y = 8 + HEIGHT / 2
    rows = ordered(arrows, floors)
    for floor in sorted(rows, reverse=True):
        row = rows[floor]
        parts = -(-len(row) // IN_A_ROW)  # a long floor becomes rows of bricks
        for part in range(parts):
            bricks = row[part::parts]
            step = min((WIDTH - 8) / (len(bricks) + (parts > 1) / 2), ROOM * 1.5)
            left = (WIDTH - step * (len(bricks) - 1)) / 2 + (parts > 1) * (part - 0.5) * step / 2
            place |= {name: (left + i * step, y) for i, name in enumerate(bricks)}
            y += FLOOR
    return place, y - FLOOR + HEIGHT / 2


def ports(names, place):
    """How far from a room's middle each of its arrows leaves it, so that they do not meet."""
    names = sorted(names, key=lambda name: place[name])
    return {name: (i - (len(names) - 1) / 2) * 9 for i, name in enumerate(names)}


def drawn(arrows, floors, ground, link):
    """The plan as an SVG; ``link(room)`` is the address of a room's page, or ""."""
    place, bottom = placed(arrows, floors)
    lines = without_shortcuts(arrows)
    leave = {a: ports(lines[a], place) for a in lines}
    enter = {b: ports((a for a in lines if b in lines[a]), place) for b in lines}
    ceilings = {
        floors[name]: min(place[n][1] for n in place if floors[n] == floors[name]) for name in place
    }
    parts = [
        f'<path class="house-floor" d="M0 {y - FLOOR / 2:.0f}H{WIDTH}"/>'
        for floor, y in ceilings.items()
        if floor < max(ceilings)
    ]
    parts += [arrow(a, b, place, leave[a][b], enter[b][a]) for a in lines for b in sorted(lines[a])]
    parts += [box(n, place[n][0], place[n][1], link(n)) for n in arrows]
    y = bottom + 14
    parts.append(
        f'<g class="house-ground"><rect x="4" y="{y:.0f}" width="{WIDTH - 8}" height="{HEIGHT}" '
        f'rx="4"/><text x="{WIDTH / 2}" y="{y + HEIGHT / 2:.1f}">{" · ".join(ground)}</text></g>'
    )
    light = "".join(
        f".house:has(.room-{n.strip('_')}:is(:hover,:focus-within)) .from-{n.strip('_')}"
        "{stroke:var(--accent);stroke-width:2;opacity:1}"
        for n in arrows
    )
    return (
        f'<svg class="house" viewBox="0 0 {WIDTH} {y + HEIGHT + 4:.0f}" role="group" '
        'aria-labelledby="house-title house-words"><title id="house-title">The rooms of the '
        f'package</title><desc id="house-words">{escape(in_words(arrows, floors))}</desc>'
        f"<style>{light}</style>"
        '<defs><marker id="house-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" '
        'markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        + "".join(parts)
        + "</svg>"
    )


def arrow(start, end, place, out, into):
    """From the lower edge of a room to the upper edge of one that it imports."""
    (x, y), (u, v) = place[start], place[end]
    x, y, u, v = x + out, y + HEIGHT / 2, u + into, v - HEIGHT / 2 - 1
    bend = min((v - y) / 2, 40)
    return (
        f'<path class="house-arrow from-{start.strip("_")}" marker-end="url(#house-head)" '
        f'd="M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {u:.0f} {v - bend:.0f} {u:.0f} {v:.0f}"/>'
    )


def box(name, x, y, address):
    """A room: its name in a box, a link where it has a page."""
    inside = (
        f'<rect x="{x - ROOM / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{ROOM}" height="{HEIGHT}" '
        f'rx="4"/><text x="{x:.0f}" y="{y:.1f}">{name}</text>'
    )
    if address:
        inside = f'<a href="{escape(address)}">{inside}</a>'
    return f'<g class="house-room room-{name.strip("_")}">{inside}</g>'


def in_words(arrows, floors):
    """What the drawing says, for those who do not see it."""
    return " ".join(
        f"{name} imports {', '.join(sorted(arrows[name]))}."
        if arrows[name]
        else f"{name} imports nothing but the ground."
        for name in sorted(arrows, key=lambda n: (-floors[n], n))
    )


def says(root, room):
    """The first paragraph of a room's own docstring; nothing of a room that is only planned."""
    base = Path(root, "gancourse", room)
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    if not path.exists():
        return ""
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0]


class Architecture(SphinxDirective):
    """``{architecture}``: the drawing."""

    def run(self):
        self.env.note_dependency(str(Path(self.env.srcdir, PLAN)))
        arrows, floors, ground = plan(self.env.srcdir)
        svg = drawn(arrows, floors, ground, lambda room: page_of(self.env, room))
        return [nodes.raw("", svg, format="html")]


def page_of(env, room):
    """Where a room's reference stands, seen from the appendix: rooms at the door share a page."""
    name = room if Path(env.srcdir, "gancourse", room).is_dir() else "door"
    return f"api/{name}.html" * (f"appendix/api/{name}" in env.found_docs and room[0] != "_")


class Room(SphinxDirective):
    """``{room} NAME``: a paragraph about one room."""

    required_arguments = 1
    has_content = True

    def run(self):
        root, (room,) = self.env.srcdir, self.arguments
        arrows, _, ground = plan(root)
        self.env.note_dependency(str(Path(root, PLAN)))
        if room not in [*arrows, *ground]:
            raise self.error(f"there is no room {room!r} in {PLAN}")
        below = arrows.get(room)
        needs = ", ".join(f"`{name}`" for name in sorted(below or ())) or "nothing but the ground"
        imports = f"Imports {needs}." if below is not None else "Part of the ground."
        folder = "/" * Path(root, "gancourse", room).is_dir()
        text = (
            f"**{room}{folder}** – {plain(says(root, room))} {' '.join(self.content)} *{imports}*"
        )
        node = nodes.container()
        self.state.nested_parse(StringList([text], source=self.env.docname), 0, node)
        return node.children


def plain(docstring):
    """A docstring's markup as Markdown."""
    text = " ".join(docstring.split()).replace("``", "`")
    while ":`" in text:  # :func:`~gancourse.exercises.check` -> `gancourse.exercises.check`
        head, _, rest = text.partition(":`")
        text = f"{head.rpartition(':')[0]}`{rest.lstrip('~')}"
    return text


def setup(app):
    app.add_directive("architecture", Architecture)
    app.add_directive("room", Room)
    app.add_css_file("architecture.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
