"""Sphinx extension: pictures that enlarge, a hero that can be stopped, a choice of what is printed
(reading.js, on every page). Without scripts the page shows the same, only still.
"""

from scripts import ship


def setup(app):
    ship(app, "reading.js")
    app.add_js_file("reading.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
