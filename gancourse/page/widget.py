"""A figure for a running kernel, and what stands in its place where no kernel will answer.

Where no kernel will answer (the built book, a page on GitHub) or ipywidgets is missing, a still
picture stands in its place. Works with ipywidgets 7.7, as on Colab, and 8.
"""

from typing import Any

from gancourse import notebook

MISSING = (
    "ipywidgets is not installed, so this picture stands still. "
    "Run `%pip install ipywidgets` and then this cell again."
)


class Widget:
    """Shows ``controls()`` to a reader who has a kernel, else ``still()``."""

    def controls(self) -> Any:
        """What ipywidgets shows; imports ipywidgets itself."""
        raise NotImplementedError

    def still(self) -> Any:
        """A picture that needs no kernel."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if notebook.live():
            try:
                return display(self.controls())
            except ImportError:
                print(MISSING)
        display(self.still())
