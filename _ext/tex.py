r"""A printed formula as a list of tokens that keeps what it says and forgets how it is set.

White space, ``\,``, ``\left``, ``\big``, alignment and line breaks, ``\tfrac`` beside
``\frac``, ``\mathrm`` beside ``\operatorname`` and braces round a single token do not matter. Every
symbol, sign, digit and index does.
"""

import hashlib
import re

TOKEN = re.compile(r"\\begin\{\w+\}|\\end\{\w+\}|\\[a-zA-Z]+|\\.|[^\s\\]", re.DOTALL)
WORDS = re.compile(r"\\(?:mathrm|operatorname|text|textrm|mathop)(?![a-zA-Z])\*?\s*(\{[^{}]*\}|\w)")
LENGTH = re.compile(r"\\hspace\*?\{[^{}]*\}|(?<=\\\\)\[[^\[\]]*(?:em|ex|pt)\]")
#: Environments that only lay out lines; in `cases` and `pmatrix` a line break separates things.
LAYOUT = r"\\(?:begin|end)\{(?:aligned|gathered|split|align|gather)\*?\}"
SPACE = {rf"\{c}" for c in ",;:! "} | {
    *(r"\quad", r"\qquad", r"\left", r"\right", r"\middle", r"\displaystyle", r"\textstyle"),
    *(rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")),
    *("~", r"\limits", r"\nolimits", r"\strut", r"\thinspace"),
}
#: Spellings of the same symbol.
SAME = {
    **{r"\tfrac": r"\frac", r"\dfrac": r"\frac", r"\leq": r"\le", r"\geq": r"\ge"},
    **{r"\lVert": r"\|", r"\rVert": r"\|", r"\Vert": r"\|", r"\neq": r"\ne"},
    **{r"\lvert": "|", r"\rvert": "|", r"\vert": "|", r"\mid": "|", r"\gets": r"\leftarrow"},
    **{r"\rightarrow": r"\to", r"\longrightarrow": r"\to", r"\iff": r"\Longleftrightarrow"},
    **{r"\implies": r"\Longrightarrow", r"\lbrace": r"\{", r"\rbrace": r"\}"},
    **{r"\ldots": r"\dots", r"\cdots": r"\dots", r"\lbrack": "[", r"\rbrack": "]"},
}
#: Names of functions that TeX writes with a command of their own: `\log` is `\mathrm{log}`.
NAMES = {
    *("log", "exp", "sin", "cos", "tan", "max", "min", "sup", "inf", "arg", "det", "lim"),
    *("Pr", "ln"),
}


def tokens(tex, lines=False):
    r"""The tokens of a formula; with ``lines`` the breaks of a layout stay, as ``\newline``."""
    words = []

    def keep(match):  # words are one token each, whatever is inside
        words.append(re.sub(r"\s+", " ", match[1].strip("{}")).strip())
        return f"\x00{len(words) - 1}\x00"

    text = re.sub(LAYOUT, " ", LENGTH.sub(" ", tex))
    text = WORDS.sub(keep, text)
    found, depth = [], 0
    for part in re.split(r"(\x00\d+\x00)", text):
        if part.startswith("\x00"):
            found.append(words[int(part.strip("\x00"))])
            continue
        for token in TOKEN.findall(part):
            depth += token.startswith(r"\begin") - token.startswith(r"\end")
            if token in SPACE or (token == "&" and not depth):
                continue
            if token == r"\\" and not depth:
                found += [r"\newline"] * lines
                continue
            token = SAME.get(token, token)
            found.append(token[1:] if token[1:] in NAMES and token[0] == "\\" else token)
    return _bare(found)


def _bare(found):
    """Without empty groups, and without braces round a single token."""
    changed = True
    while changed:
        changed, kept = False, []
        for token in found:
            kept.append(token)
            if kept[-2:] == ["{", "}"]:
                del kept[-2:]
                changed = True
            elif len(kept) > 2 and kept[-3] == "{" and kept[-1] == "}" and kept[-2] not in "{}":
                kept[-3:] = [kept[-2]]
                changed = True
        found = kept
    return found


def fingerprint(tex):
    """Eight hex digits that change when anything but the setting of a formula changes."""
    said = tokens(tex)
    while said and said[-1] in set(".,:;"):  # the sentence round the formula goes on
        said.pop()
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:8]
