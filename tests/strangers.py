"""Notes of a checkpoint as somebody else may have written them."""

import random

#: What stands where something else belongs.
ODD = [
    *(None, True, -1, 0, 3, 2**62, 2**63, 10**30, 1.5, float("nan"), "", "x", "faces", "/"),
    *("../..", "a\nFix: b", "\x1b[2J", "\ud800", "a" * 5000, "\0", [], {}, (1,), [[1]]),
]


def altered(state, n, odd=ODD, seed=0):
    """``n`` copies with other notes or entries, drawn from ``odd``."""
    rng = random.Random(seed)
    notes = [*state["notes"], "colour"]
    for i in range(n):
        other = {**state, "notes": dict(state["notes"])}
        for _ in range(rng.choice((1, 1, 2))):
            if not isinstance(other["notes"], dict):
                break
            if i % 3:
                other["notes"][rng.choice(notes)] = rng.choice(odd)
            elif rng.random() < 0.5:
                other[rng.choice(list(state))] = rng.choice(odd)
            else:
                other["notes"].pop(rng.choice(list(other["notes"])), None)
        yield other
