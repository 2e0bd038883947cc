"""Sphinx extension: the footer of every page says which version of the package the book shows."""

import gancourse


def with_version(footer: str) -> str:
    """The footer of _config.yml with one more paragraph."""
    return f"{footer.strip()}\n<p>gancourse {gancourse.__version__}</p>"


def add_version(app, config):
    options = config.html_theme_options
    options["extra_footer"] = with_version(options.get("extra_footer", ""))


def setup(app):
    app.connect("config-inited", add_version)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
