"""What a text, a cell's result or a docstring may bring onto a page, and what not."""

import pytest
from docutils import nodes

from checkout import ROOT
from gancourse.live import boundary, divergence
from gancourse.page.figure import HERE
from safe_content import OURS, VOUCHED, Scan, faults, is_live_figure, plain_address

FIGURE = '<p>x</p><script>{}gancourse.page.mountAll("{}");</script>'


@pytest.mark.parametrize(
    "html",
    [
        "<b>x</b> &lt;script&gt; <br/>",
        "<!-- claim: a-name -->words<!-- /claim -->",
        "<p>a < b</p>",
        '<table style="width: 3em"><tr><td>1</td></tr></table>',
        '<a href="#there">x</a> <a href="https://example.org/a:b">x</a> <a href="a/b.html">x</a>',
        '<img src="data:image/png;base64,AA==" alt="x">',
        '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>',
    ],
)
def test_plain_html_passes(html):
    assert Scan(html).found == []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<script>x()</script>", "a script that is not the package's"),
        ("<SCRIPT>x()</SCRIPT>", "a script that is not the package's"),
        ('<script src="x.js"></script>', "a script with attributes"),
        ("<script>x()", "markup that does not end"),
        ("<b title='", "markup that does not end"),
        ("<img src=x onerror=x()>", "the attribute onerror"),
        ("<svg/onload=x()>", "the attribute onload"),
        ("<b OnClick=x()>", "the attribute onclick"),
        ("<iframe srcdoc=x>", "the element <iframe>"),
        ("<object data=x>", "the element <object>"),
        ("<math><mtext></mtext></math>", "the element <math>"),
        ("<form action=x>", "the element <form>"),
        ("<svg><animate></svg>", "the element <animate>"),
        ("<svg><foreignObject></svg>", "the element <foreignobject>"),
        ('<a href="JavaScript:x()">', "the address"),
        ('<a href=" java\nscript:x()">', "the address"),
        ('<a href="&#106;avascript:x()">', "the address"),
        ('<a href="data:text/html,x">', "the address"),
        ('<use xlink:href="data:image/svg+xml,x">', "the address"),
        ("<!--><script>x()</script>-->", "a declaration, or a comment"),
        ("<!-- a > b -->", "a declaration, or a comment"),
        ("<![CDATA[x]]>", "a declaration, or a comment"),
    ],
)
def test_programs_are_found(html, found):
    assert any(said.startswith(found) for said in Scan(html).found)


@pytest.mark.parametrize("figure", [boundary.boundary(), divergence.divergence()])
def test_live_figures_pass_word_for_word(figure):
    html = figure._repr_html_()
    assert Scan(html).found == []
    assert Scan(html.replace("gancourse.page.mountAll", "x();gancourse.page.mountAll")).found
    assert Scan(html.replace("const", "x();const", 1)).found


def test_no_other_script_looks_like_a_figure():
    assert not is_live_figure("")
    assert not is_live_figure('gancourse.page.mountAll("x");')
    assert not is_live_figure((HERE / "page.js").read_text())


def test_every_figure_of_the_book_passes():
    """What stands in the committed notebooks, or `make chapters` is due."""
    import nbformat

    htmls = [
        output["data"]["text/html"]
        for path in ROOT.glob("chapters/*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert len(htmls) >= 10
    for html in htmls:
        assert Scan(html).found == []


@pytest.mark.parametrize("address", ["", "#a", "a.html", "../a.html#b:c", "?q=a:b", "mailto:a@b.c"])
def test_addresses_of_pages(address):
    assert plain_address(address)


@pytest.mark.parametrize("command", ["href", "url", "require", "class", "cssId", "style", "htmlId"])
def test_formula_reaches_nothing_outside_itself(command):
    for node in (nodes.math, nodes.math_block):
        assert faults(node("", rf"x + \{command}{{a}}{{b}}"))
        assert not faults(node("", r"\hreflike + \classes + \frac{a}{b} + \text{href}"))


def test_what_an_extension_has_made_is_vouched_for():
    node = nodes.raw("", "<script>own()</script>", format="html")
    assert faults(node) and "own()" not in VOUCHED
    node[OURS] = True
    assert not faults(node) and "own()" in VOUCHED
    VOUCHED.discard("own()")
    assert not faults(nodes.raw("", "<script>x</script>", format="latex"))
    assert faults(nodes.reference("", "x", refuri="javascript:x()"))
    assert not faults(nodes.reference("", "x", refuri="https://example.org"))
