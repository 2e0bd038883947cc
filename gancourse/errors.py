"""The one exception that this package raises for a user's mistake."""


class GanCourseError(Exception):
    """A mistake that its reader can mend: what is wrong, where, and the fix.

    The command line prints it in at most three lines and exits with status 2.

    Parameters
    ----------
    what
        The fault, naming the thing: ``"size must be a power of two from 16 to 128, not 48"``.
    where
        The place: a file, an argument, a training step.
    fix
        What to do instead.
    """

    def __init__(self, what: str, where: str | None = None, fix: str | None = None):
        self.what, self.where, self.fix = what, where, fix
        lines = [what if where is None else f"{where}: {what}"]
        if fix:
            lines.append(f"Fix: {fix}")
        super().__init__("\n".join(map(_printable, lines)))

    def __reduce__(self):
        return type(self), (self.what, self.where, self.fix)


def _printable(text: str) -> str:
    """One line: a file's name may hold a line break, which would forge a fix, or escape codes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def brief(value: object) -> str:
    """A value as a message names it: in a few words, whatever it is."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    shape = value.shape if hasattr(value, "shape") and hasattr(value, "dtype") else None
    text = repr(value) if shape is None else "<"
    if len(text) <= 60 and "\n" not in text and not text.startswith("<"):
        return text
    if isinstance(value, str):
        return f"{text[:60]}..."
    kind = type(value).__name__
    article = "an" if kind[0] in "AEIOUaeiou" else "a"
    return f"{article} {kind}" + ("" if shape is None else f" of shape {tuple(shape)}")


def demand_callable(
    name: str, value: object, where: str | None = None, fix: str | None = None
) -> None:
    """Raise unless ``value`` can be called, or is ``None``."""
    if value is not None and not callable(value):
        raise GanCourseError(f"{name} must be callable, not {brief(value)}", where, fix)


#: Where seeds end: the numbers that torch and NumPy take without dropping a bit.
SEEDS = 2**32


def demand_whole(
    name: str, value: int, least: int = 0, where: str | None = None, fix: str | None = None
) -> None:
    """Raise unless ``value`` is a whole number of at least ``least``; ``True`` is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise GanCourseError(
            f"{name} must be a whole number of at least {least}, not {brief(value)}", where, fix
        )


def demand_seed(seed: int, where: str | None = None) -> None:
    """Raise unless ``seed`` is a whole number from 0 up to 2**32 - 1.

    Of a larger one torch drops what is above: 2**32 would be the same run as 0.
    """
    demand_whole("seed", seed, where=where)
    if seed >= SEEDS:
        raise GanCourseError(
            f"seed must be less than 2**32 ({SEEDS}), not {seed}",
            where=where,
            fix="choose a smaller one; 0, 1, 2 are as random as any",
        )


def demand_number(
    name: str,
    value: float,
    least: float = 0.0,
    below: float = float("inf"),
    where: str | None = None,
) -> None:
    """Raise unless ``value`` is a number, at least ``least`` and less than ``below``."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and least <= value < below):
        upto = "" if below == float("inf") else f" and less than {below:g}"
        raise GanCourseError(
            f"{name} must be a number of at least {least:g}{upto}, not {brief(value)}", where
        )
