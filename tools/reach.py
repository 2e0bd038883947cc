"""What a piece of Python uses of the package: the definitions that it reaches, not whole files.

A definition (a function, a whole class, a constant) uses the names that stand in it. Whoever is
called must have been named by somebody who is called, so all that can run is found by following
names through the modules and their imports. Where names do not tell (a module handed on as an
object, ``import_module``, ``globals()``), everything in question counts. With a module counts what
happens when it is imported: its statements that are no definitions, and those of its imports.

Files count where a definition names them: ``"page.css"``, or ``__file__``, which stands for the
files beside the module that have its name (``live/x.js`` of ``live/x.py``). Three functions are
followed by their first argument:
``measured("wgan")`` reads one JSON file, ``check("waiting-time")`` asks one question,
``show_source(GAN)`` prints a source as it is written, comments and all.
"""

import ast
import hashlib
from collections import defaultdict
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

PACKAGE = "gancourse"
MEASURED = ("gancourse.experiments.measured", "measured")
SHOWN = ("gancourse.notebook", "show_source")
ASKED = {("gancourse.exercises", name) for name in ("check", "find", "everything")}
QUESTIONS, DECLARE = "gancourse.questions", "exercise"
#: These look for files and modules by a name that is made up; the calls above say by which.
UNDERSTOOD = {MEASURED[0], "gancourse.exercises"}
OWN_NAMES = {"globals", "locals", "eval", "exec"}
ANY_NAMES = {"import_module", "__import__", "__subclasses__"}
LISTS = {"iterdir", "glob", "rglob", "listdir", "scandir", "walk"}
OUTWARD = ("__name__", "__doc__", "__package__", "__spec__", "__loader__")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
INNER = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def form(node, docstrings=False):
    """Syntax without what does not act (layout, comments, docstrings); the same in all Pythons."""
    if isinstance(node, list):
        return [form(part, docstrings) for part in node if docstrings or not says_only(part)]
    if not isinstance(node, ast.AST):
        return ascii(node)
    if isinstance(node, ast.JoinedStr):
        return ["JoinedStr", *joined(node, docstrings)]
    fields = ((name, getattr(node, name, None)) for name in sorted(node._fields))
    skip = ("ctx", "kind", "type_comment")
    return [
        type(node).__name__,
        *((n, form(v, docstrings)) for n, v in fields if v not in (None, []) and n not in skip),
    ]


def joined(node, docstrings):
    """The parts of an f-string; Pythons differ in where they cut its text."""
    parts: list = []
    for value in node.values:
        if isinstance(value, ast.Constant) and parts and isinstance(parts[-1], str):
            parts[-1] += str(value.value)
        else:
            parts.append(
                value.value if isinstance(value, ast.Constant) else form(value, docstrings)
            )
    return [part for part in parts if part != ""]


def says_only(statement):
    """Whether a statement is a string: a docstring, which does nothing."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def dotted(node):
    """``("a", "b", "c")`` of ``a.b.c``, or ()."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def imported(statement, package=""):
    """(name that is bound, module, name in it or None, the statement for this name alone)."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            alone: ast.stmt = ast.Import([alias])
            if alias.asname:
                yield alias.asname, alias.name, None, alone
            else:  # `import a.b` opens a.b, and binds a
                first = alias.name.partition(".")[0]
                yield first, first, None, alone
                yield "", alias.name, None, alone
            continue
        module = statement.module or ""
        if statement.level:
            parents = package.split(".")
            base = parents[: len(parents) - statement.level + 1]
            module = ".".join([*base, *filter(None, [module])])
        alone = ast.ImportFrom(module, [alias], 0)
        yield alias.asname or alias.name, module, alias.name, alone


def argument(call):
    """The name that a call gives first, or None if it is computed or there is no call."""
    given = [*call.args, *(k.value for k in call.keywords if k.arg == "name")] if call else []
    return given[0].value if given and isinstance(given[0], ast.Constant) else None


def written_into(statement):
    """The roots of what an assignment writes into: ``TABLE`` of ``TABLE["x"] = 1``."""
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for node in (node for target in targets for node in ast.walk(target)):
            if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
                while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
                    node = node.func if isinstance(node, ast.Call) else node.value
                yield getattr(node, "id", "")


def stored(*statements):
    """Every name that statements bind in their own scope."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        if not isinstance(node, DEFINITIONS | INNER):
            waiting += ast.iter_child_nodes(node)


def hidden_in(function):
    """Names that are a function's own: they stand for nothing of the module."""
    body = function.body if isinstance(function.body, list) else [function.body]
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    nodes = [node for statement in body for node in ast.walk(statement)]
    outside = {n for g in nodes if isinstance(g, ast.Global | ast.Nonlocal) for n in g.names}
    return (arguments | set(stored(*body))) - outside


def before(function):
    """What stands in a function's head, outside of its scope, but for its arguments."""
    return filter(None, [getattr(function, "returns", None)])


def is_main_guard(statement):
    return isinstance(statement, ast.If) and "__name__" in {
        node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)
    }


class Module:
    """The statements of a module: by the name that they define, or as acts of the import.

    ``units``: name -> statements; ``imports``: name -> [(module, name in it, statement)];
    ``acts``: what happens at import; ``questions``: exercise -> its declaration.
    """

    def __init__(self, name, source, package):
        self.name, self.package, self.source = name, package, source
        self.units, self.imports = defaultdict(list), defaultdict(list)
        self.acts, self.questions = [], {}
        self.tree = ast.parse(source)
        for statement in self.tree.body:
            self._sort(statement)

    def _sort(self, statement):
        if says_only(statement) or is_main_guard(statement):
            return
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for bound, module, name, alone in imported(statement, self.package):
                self.imports[bound].append((module, name, alone))
            return
        if question := self._question(statement):
            self.questions[question] = statement
            return
        names = set(stored(statement))
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom) and not self._defines(statement):
                for bound, module, name, alone in imported(node, self.package):
                    self.imports[bound].append((module, name, alone))
                    names.add(bound)
        for name in names | set(written_into(statement)):
            self.units[name].append(statement)
        if not self._defines(statement) or self._acts(statement):
            self.acts.append(statement)

    def _question(self, statement):
        """The name of the exercise that a statement declares."""
        if self.package == QUESTIONS and isinstance(statement, ast.Expr):
            call = statement.value
            if isinstance(call, ast.Call) and dotted(call.func)[-1:] == (DECLARE,):
                return argument(call)
        return None

    @staticmethod
    def _defines(statement):
        return isinstance(statement, DEFINITIONS | ast.Assign | ast.AnnAssign | ast.AugAssign)

    def _acts(self, statement):
        """Whether a definition does something to others: it calls the package, or writes there."""
        if isinstance(statement, DEFINITIONS):
            called = [getattr(d, "func", d) for d in statement.decorator_list]
        else:
            called = [n.func for n in ast.walk(statement) if isinstance(n, ast.Call)]
            if any(not name or name in self.imports for name in written_into(statement)):
                return True
        roots = {dotted(node)[0] if dotted(node) else "" for node in called}
        ours = {n for n, found in self.imports.items() if any(self._ours(f[0]) for f in found)}
        return bool(roots & (ours | self.units.keys()))

    @staticmethod
    def _ours(name):
        return name.split(".")[0] == PACKAGE

    def exact(self, names):
        """The source text of a definition, as ``inspect.getsource`` finds it; or None."""
        body, found = self.tree.body, []
        for name in names:
            found = [n for n in body if isinstance(n, DEFINITIONS) and n.name == name]
            body = found[-1].body if found else []
        if not found:  # the module, or something that it got from elsewhere
            return None if names else self.source
        lines, pieces = self.source.splitlines(), []
        for node in found:
            last = node.end_lineno or 0
            for number in range(last, len(lines)):  # comments of its own depth belong to it
                text = lines[number].lstrip()
                depth = len(lines[number]) - len(text)
                if text and not (text[0] == "#" and depth >= node.body[0].col_offset):
                    break
                last = number + 1 if text else last
            pieces.append("\n".join(lines[first_line(node) - 1 : last]))
        return "\n".join(pieces)


def first_line(node):
    """Where a statement begins, its decorators included."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


@lru_cache(1024)
def parsed(name, source, package):
    return Module(name, source, package)


class Reach:
    """All that ``code`` can use of the package below ``root``.

    ``units``: (module, name) of every definition; ``acts``: modules that are imported;
    ``files``: data and scripts; ``shown``: (module, names) whose source text is printed.
    """

    def __init__(self, root, code):
        self.root = Path(root)
        self.units, self.acts, self.files, self.shown = {}, {}, set(), set()
        self.docstrings = False
        chapter = Module("", code, "")
        for self.statement in chapter.tree.body:
            self._follow(chapter, self.statement)
        for found in list(chapter.imports.values()):
            for module, name, _ in found:
                self._bind(module, name)

    # ---- modules --------------------------------------------------------------------------------

    def module(self, name):
        """The module of that name, if it is one of the package."""
        if name.split(".")[0] != PACKAGE:
            return None
        base = self.root.joinpath(*name.split("."))
        for path, package in (
            (base / "__init__.py", name),
            (base.with_suffix(".py"), name.rpartition(".")[0]),
        ):
            if path.exists():
                return parsed(name, path.read_text("utf-8"), package)
        return None

    def beneath(self, name):
        """The modules in a package, itself among them."""
        folder = self.root.joinpath(*name.split("."))
        files = sorted(folder.rglob("*.py")) if folder.is_dir() else []
        names = (path.relative_to(self.root).with_suffix("").parts for path in files)
        return {name, *(".".join(p[:-1] if p[-1] == "__init__" else p) for p in names)}

    def _enter(self, name):
        """Import a module: its parents, its acts, and whatever it imports."""
        module = self.module(name)
        if module is None or name in self.acts:
            return
        self.acts[name] = module.acts
        self._enter(name.rpartition(".")[0])
        for found in list(module.imports.values()):
            for source, inner, _ in found:
                self._enter(source)
                self._enter(f"{source}.{inner}")
        for statement in module.acts:
            self._follow(module, statement)

    def _whole(self, name):
        """In doubt, all of a module or package."""
        for part in self.beneath(name):
            self._enter(part)
            module = self.module(part)
            for unit in list(module.units) if module else []:
                self._take(module, unit)
            for question in module.questions if module else []:
                self._ask(question)

    # ---- names ----------------------------------------------------------------------------------

    def _bind(self, module, name):
        """``from module import name``, used or not."""
        self._enter(module)
        self._enter(f"{module}.{name}")
        if found := self.module(module):
            if name == "*":
                self._whole(module)
            elif name is not None and self.module(f"{module}.{name}") is None:
                self._take(found, name)

    def _take(self, module, name):
        """One definition of a module, and what it uses."""
        if not module.name or (module.name, name) in self.units:
            return
        alone = [statement for *_, statement in module.imports.get(name, [])]
        self.units[module.name, name] = [*module.units.get(name, []), *alone]
        for statement in list(module.units.get(name, [])):
            self._follow(module, statement)

    def _resolve(self, module, local, names):
        """The definitions that ``a.b.c`` stands for in a module, as (module, rest of the names)."""
        root, *rest = names
        if root in module.units:
            yield module, (root, *rest)
        for source, inner, _ in [*module.imports.get(root, []), *local.get(root, [])]:
            if module.name and inner == "__version__":  # a note in a checkpoint changes no result
                continue
            if root in module.imports:
                self._take(module, root)
            target = self.module(source)
            if target is None:
                continue
            self._enter(source)
            yield from self._walk(target, [inner, *rest] if inner is not None else rest)

    def _walk(self, module, names):
        """Follow attributes from a module on: to a definition, or to a module as an object."""
        if not names:
            yield module, ()
            return
        name, *rest = names
        inner = self.module(f"{module.name}.{name}")
        if name in module.units:
            yield module, tuple(names)
        elif inner is not None:
            self._enter(inner.name)
            yield from self._walk(inner, rest)
        elif name in module.imports:
            yield from self._resolve(module, {}, names)
        elif name not in OUTWARD:
            yield module, ()

    # ---- what stands in a statement -------------------------------------------------------------

    def _follow(self, module, statement):
        local, calls = defaultdict(list), {}
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for bound, source, inner, _ in imported(node, module.package):
                    local[bound].append((source, inner, None))
                    self._enter(source)
                    self._enter(f"{source}.{inner}")
            elif isinstance(node, ast.Call):
                calls[id(node.func)] = node
        self._names(module, statement, local, calls)
        self._strings(module, statement)

    def _names(self, module, node, local, calls, hidden=frozenset()):
        if isinstance(node, FUNCTIONS):
            for child in (*getattr(node, "decorator_list", []), node.args, *before(node)):
                self._names(module, child, local, calls, hidden)
            hidden = hidden | (hidden_in(node) - local.keys())
            body = node.body if isinstance(node.body, list) else [node.body]
            for child in body:
                self._names(module, child, local, calls, hidden)
            return
        names = dotted(node)
        if names and names[0] not in hidden:
            self._special(module, names)
            for target, rest in list(self._resolve(module, local, names)):
                self._use(module, target, rest, local, calls.get(id(node)))
        if isinstance(node, ast.Attribute) and node.attr in (*ANY_NAMES, "__doc__"):
            self._special(module, (node.attr,))
        for child in () if names else ast.iter_child_nodes(node):
            self._names(module, child, local, calls, hidden)

    def _special(self, module, names):
        if {"__doc__", "getdoc", "help"} & set(names):
            self.docstrings = True
        if module.name and names[0] == "__file__":
            path = self._path(module.name)
            self.files |= {p for p in path.parent.glob(f"{path.stem}.*") if self._is_data(p)}
        if module.name and names[0] in OWN_NAMES:
            self._whole(module.name)
        if ANY_NAMES & set(names) and module.name not in UNDERSTOOD:
            self._whole(PACKAGE)

    def _use(self, module, target, rest, local, call):
        """One use of a definition, or of a module as an object."""
        if not rest:
            if module.name not in UNDERSTOOD:
                self._whole(target.name)
            return
        self._take(target, rest[0])
        found = target.name, rest[0]
        if module.name in UNDERSTOOD or len(rest) > 1 or module.name == target.name:
            return
        if found == MEASURED:
            self._read(argument(call))
        elif found in ASKED:
            self._ask(argument(call))
        elif found == SHOWN:
            self._show(module, local, call)

    def _read(self, name):
        folder = self._path(MEASURED[0]).parent
        self.files |= {p for p in folder.glob("*.json") if name in (None, p.stem)}

    def _ask(self, name):
        found = False
        modules = [self.module(part) for part in sorted(self.beneath(QUESTIONS))]
        for module in filter(None, modules):
            for question, statement in module.questions.items():
                if name in (None, question):
                    found = True
                    key = module.name, f"exercise {question}"
                    if key not in self.units:
                        self.units[key] = [statement]
                        self._enter(module.name)
                        self._follow(module, statement)
        if not found and name is not None:
            self._ask(None)

    def _show(self, module, local, call):
        """A source that is printed: of ours by its exact text; of the chapter's own it is there."""
        names = dotted(call.args[0]) if call and call.args else ()
        targets = list(self._resolve(module, local, names)) if names else []
        bound = module.units.get(names[0], []) if names else []
        bound = [statement for statement in bound if statement.lineno < call.lineno]
        known = names and (module.imports.get(names[0]) or local.get(names[0]) or bound)
        inside = isinstance(self.statement, DEFINITIONS)  # where it may be an argument's name
        if not known or inside or not all(isinstance(s, DEFINITIONS) for s in bound):
            self.shown.add((PACKAGE, ()))
        self.shown |= {(target.name, rest) for target, rest in targets if target is not module}

    # ---- files ----------------------------------------------------------------------------------

    def _path(self, name):
        base = self.root.joinpath(*name.split("."))
        package = base / "__init__.py"
        return package if package.exists() else base.with_suffix(".py")

    @staticmethod
    def _is_data(path):
        return path.is_file() and path.suffix not in {".py", ".pyc", ".md"}

    def _strings(self, module, statement):
        """The files that strings name: beside the module, or in a package that is named, too."""
        if not module.name or module.name in UNDERSTOOD:
            return
        texts = set(patterns(statement))
        folders = {t: self.root.joinpath(*t.split(".")) for t in texts if t.startswith(PACKAGE)}
        for folder in {self._path(module.name).parent, *folders.values()}:
            data = list(filter(self._is_data, folder.glob("*")))
            named = {p for p in data if any(fnmatchcase(p.name, t) for t in texts if "." in t)}
            if not named and (folder in folders.values() or self._lists(module, statement)):
                named = set(data)
            self.files |= named

    @staticmethod
    def _lists(module, statement):
        """Whether a statement looks through the folder in which its module lies."""
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        bases = {"__file__", "__package__"} & names
        for other in (s for name in names for s in module.units.get(name, [])):
            bases |= {"__file__"} & {n.id for n in ast.walk(other) if isinstance(n, ast.Name)}
        called = {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}
        return bool(bases and called & LISTS)

    # ---- the sum --------------------------------------------------------------------------------

    def digest(self):
        """Changes with whatever is reached, and with nothing else."""
        sha = hashlib.sha256()
        for kind, parts in (("unit", self.units), ("act", self.acts)):
            for key in sorted(key for key in parts if parts[key]):
                sha.update(repr((kind, key, form(parts[key], self.docstrings))).encode())
        for path in sorted(self.files):
            sha.update(path.relative_to(self.root).as_posix().encode() + b"\0")
            sha.update(hashlib.sha256(path.read_bytes()).digest())
        for key in sorted(self.shown):
            sha.update(repr((key, self._text(*key))).encode())
        return sha.hexdigest()

    def _text(self, name, names):
        """What is printed of a thing; where nobody knows what is printed, all that is used."""
        known = None if name == PACKAGE else self.module(name).exact(names)
        return known or [self.module(part).source for part in sorted(self.acts)]


def patterns(statement):
    """The strings of a statement, with a * for what is filled in; docstrings are none of them."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "*" for p in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        waiting += [child for child in ast.iter_child_nodes(node) if not says_only(child)]
