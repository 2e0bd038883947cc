"""Scripts of the book's pages lie beside the extension that asks for them, not in _static: Jupyter
Book puts everything that lies there into every page.
"""

import shutil
from pathlib import Path

HERE = Path(__file__).parent


def ship(app, name):
    """Copies a script into the built book, from where ``app.add_js_file(name)`` loads it."""

    def copy(app):
        if app.builder.format == "html":
            static = Path(app.outdir, "_static")
            static.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HERE / name, static / name)

    app.connect("builder-inited", copy)
