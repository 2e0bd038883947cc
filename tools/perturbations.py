"""Small falsifications: of a printed formula, and of the arithmetic in a piece of Python.

Each is a pair of what is changed, in words, and the whole text with the change. Nothing is run.
"""

import ast
import copy
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

from tex import tokens

# ---- formulas ---------------------------------------------------------------------------------

OTHER = {
    **{"+": "-", "-": "+", r"\le": r"\ge", r"\ge": r"\le", "<": r"\ge", ">": r"\le"},
    **{
        "max": "min",
        "min": "max",
        "sup": "inf",
        "inf": "sup",
        "sin": "cos",
        "cos": "sin",
        r"\sum": r"\prod",
    },
    **{"p": "q", "q": "p", "f": "g", "g": "f", r"\mu": r"\sigma", "x": "y", "y": "x"},
}
BRACKETS = {"(": ")", "[": "]", r"\{": r"\}", "{": "}"}


def written(said):
    """TeX of a list of tokens; read again it gives the same tokens."""
    word = lambda t: rf"\mathrm{{{t}}}" if len(t) > 1 and t[0] != "\\" else t
    return " ".join(r"\\" if token == r"\newline" else word(token) for token in said)


def partner(said, at):
    """Where the bracket that opens at a place is closed."""
    depth = 0
    for k in range(at, len(said)):
        depth += (said[k] in BRACKETS) - (said[k] in BRACKETS.values())
        if not depth:
            return k
    return None


def argument(said, at):
    """The end of the argument that begins at a place: a token, or a group in braces."""
    return (partner(said, at) if said[at] == "{" else at) + 1


def changes(said):
    """(what, tokens) of every small change of a list of tokens."""
    for k, token in enumerate(said):
        swap = lambda new, k=k, n=1: [*said[:k], *new, *said[k + n :]]
        known = token in OTHER and (k or token not in "+-")
        if known and (OTHER[token] in said or len(token) > 1 or not token.isalpha()):
            yield f"{token} -> {OTHER[token]}", swap([OTHER[token]])
        if token == "-" and (k == 0 or said[k - 1] in {*BRACKETS, "=", r"\newline"}):
            yield "- dropped", swap([])
        if token.isdigit():
            yield f"{token} -> {(int(token) + 1) % 10}", swap([str((int(token) + 1) % 10)])
        if token in (r"\hat", r"\tilde", r"\bar", r"\sqrt", r"\log"):
            yield f"{token} dropped", swap([])
        if token == r"\frac":
            middle = argument(said, k + 1)
            end = argument(said, middle)
            turned = [r"\frac", *said[middle:end], *said[k + 1 : middle]]
            yield "fraction turned over", swap(turned, n=end - k)
        if token == "^" and said[k + 1] == "2":
            yield "square dropped", swap([], n=2)
        if token == "_" and said[k + 1] in ("i", "j", "k", "t"):
            yield f"index {said[k + 1]} shifted", swap(["_", "{", said[k + 1], "+", "1", "}"], n=2)
        if token in "([" and (end := partner(said, k)):
            yield from swapped_arguments(said, k, end)
        if token in ("+", "-") and k and (end := end_of_term(said, k)) < len(said):
            yield f"term {' '.join(said[k:end])[:40]} dropped", swap([], n=end - k)


def swapped_arguments(said, start, end):
    """Two arguments in brackets, the other way round."""
    inside, depth = said[start + 1 : end], 0
    for k, token in enumerate(inside):
        depth += (token in BRACKETS) - (token in BRACKETS.values())
        if not depth and token in (",", "|", r"\|", r"\mid"):
            turned = [*inside[k + 1 :], token, *inside[:k]]
            yield "arguments swapped", [*said[: start + 1], *turned, *said[end:]]


def end_of_term(said, start):
    """Where the term that follows a sign ends."""
    depth = 0
    for k in range(start + 1, len(said)):
        if not depth and said[k] in {"+", "-", "=", ",", r"\newline", *BRACKETS.values(), r"\le"}:
            return k
        depth += (said[k] in BRACKETS) - (said[k] in BRACKETS.values())
    return len(said)


def of_formula(tex):
    """(what is changed, the falsified TeX) of a display; what changes no token is left out."""
    said = tokens(tex, lines=True)
    while said[-1] in set(".,:;"):
        said.pop()
    seen = {tuple(said)}
    for what, new in changes(said):
        if tuple(new) not in seen:
            seen.add(tuple(new))
            yield what, written(new)


# ---- Python -----------------------------------------------------------------------------------

SWAPPED: dict[type, type] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.Lt: ast.GtE, ast.LtE: ast.Gt},
    **{ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
}
NAMES = {"amin": "amax", "amax": "amin", "minimum": "maximum", "maximum": "minimum"}
#: Calls whose arguments say how much is looked at, or how closely, but state nothing.
SIZES = re.compile(
    r"range|linspace|arange|logspace|rng|seed|random|normal|uniform|choice|integers|dirichlet|"
    r"gamma|approx|isclose|allclose|parametrize|zeros|ones|full|eye|randn|rand|manual_seed|raises|"
    r"sleep|GanCourseError|slope|quad|minimize\w*|permutations|combinations|product|Linear|Conv\w+"
)


#: Methods that leave a sample a sample.
SAME_SAMPLE = ("double", "numpy", "float", "tolist", "reshape", "view", "requires_grad_", "sort")


def _segment(node):
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def stating(tree):
    """Nodes of arithmetic and comparison that say something, not how much is sampled."""
    for node in ast.iter_child_nodes(tree):
        grid = isinstance(node, ast.BinOp) and (sized(node.left) or sized(node.right))
        if sized(node) or grid or isinstance(node, ast.AugAssign) or tolerance(node):
            continue
        if by_seed(node.left if isinstance(node, ast.Compare) else node):
            continue
        if isinstance(node, ast.Subscript):
            yield from stating(node.value)
            continue
        if isinstance(node, ast.keyword) and node.arg in ("abs", "rel", "atol", "rtol", "only"):
            continue
        if isinstance(node, ast.BinOp | ast.Compare | ast.UnaryOp | ast.Attribute):
            yield node
        yield from stating(node)


def number(node):
    """Whether a node is a plain number of the data, or an axis."""
    return isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)


def tolerance(node):
    """Whether a node is a number that leaves room for rounding: so small, or so near to another."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return isinstance(node.left, ast.Constant) and tolerance(node.right)
    value = getattr(node, "value", None)
    return isinstance(value, float) and 0 < value < 1e-3


def by_seed(node):
    """Whether a node is the remainder of a seed, by which a test chooses among its cases."""
    remainder = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)
    return remainder and isinstance(node.left, ast.Name) and node.left.id == "seed"


def sized(node):
    """Whether a node is a call whose result is a grid, a sample or a tolerance.

    Also in another precision or shape, and stretched or shifted by a plain number.
    """
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        return any(isinstance(a, ast.Constant) for a in sides) and any(map(sized, sides))
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in SAME_SAMPLE:
        return sized(node.func.value)
    return bool(SIZES.fullmatch(ast.unparse(node.func).rpartition(".")[2]))


def variants(node):
    """(new node) of every small change of one node."""
    if isinstance(node, ast.BinOp):
        nothing = isinstance(node.left, ast.Constant) and node.left.value == 0
        if type(node.op) in SWAPPED and not tolerance(node.right) and not nothing:
            new = copy.deepcopy(node)
            new.op = SWAPPED[type(node.op)]()
            yield new
        for side in ("left", "right"):
            constant = getattr(node, side)
            value = constant.value if isinstance(constant, ast.Constant) else None
            if isinstance(value, int | float) and value is not True and not tolerance(constant):
                new = copy.deepcopy(node)
                setattr(new, side, ast.Constant(value + 1))
                yield new
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        turned = copy.deepcopy(node)
        turned.ops[0] = SWAPPED[type(node.ops[0])]()
        yield turned
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not number(node):
        yield copy.deepcopy(node.operand)
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield ast.Attribute(copy.deepcopy(node.value), NAMES[node.attr])


def of_function(source, function):
    """(what is changed, the falsified source) for the body of one function of a module."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    whole = source.encode()
    for statement in function.body:
        for node in [statement, *stating(statement)]:
            for new in variants(node):
                row, column, end_row, end_column = _segment(node)
                start, end = starts[row - 1] + column, starts[end_row - 1] + end_column
                changed = whole[:start] + f"({ast.unparse(new)})".encode() + whole[end:]
                what = f"{ast.unparse(node)} -> {ast.unparse(new)}"
                yield what, changed.decode()
