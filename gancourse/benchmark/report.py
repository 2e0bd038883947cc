"""What the times of a benchmark say: every figure made of them is a function here."""

import statistics
from typing import NamedTuple


class Spread(NamedTuple):
    """Median and quartiles over the turns."""

    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    """The median of ``values`` and their quartiles."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def speedup(case: dict, loop: str, over: str = "textbook") -> Spread:
    """GAN-iterations per second of ``loop`` over those of the other, turn by turn."""
    work = case["gan_iterations"][loop] / case["gan_iterations"][over]
    pairs = zip(case["seconds"][over], case["seconds"][loop], strict=True)
    return spread([work * theirs / mine for theirs, mine in pairs])


def fraction_of_peak(case: dict, loop: str) -> Spread:
    """FLOP/s of ``loop`` over those of the fastest convolution (of the matmul, for a toy)."""
    dtype = "bf16" if "bf16" in loop else "fp32"
    peaks = zip(
        *(
            rates
            for name, rates in case["kernels"].items()
            if name.startswith(case["peak"]) and name.endswith(dtype)
        ),
        strict=True,
    )
    pairs = zip(case["seconds"][loop], peaks, strict=True)
    return spread([case["gflop"][loop] / t / max(peak) for t, peak in pairs])


def table(result: dict) -> str:
    """The result as text: a block per case, a line per loop."""
    about = result["machine"]
    where = about.get("gpu", about["cpu"])
    lines = [
        f"{where}, torch {about['torch']}, {about['threads']} thread, load {result['load']}"
        + (" (quick: measures nothing)" if result["quick"] else "")
    ]
    for case in result["cases"].values():
        over = next(iter(case["seconds"]))
        lines += [
            "",
            f"{case['title']} ({case['turns']} turns)",
            f"  {'loop':26}{'ms/step':>10}  speed against {over:19}of peak   MB",
        ]
        for loop, seconds in case["seconds"].items():
            ratio, peak = speedup(case, loop, over), fraction_of_peak(case, loop)
            memory = case["memory"].get(loop)
            lines.append(
                f"  {loop:26}{1e3 * spread(seconds).median:10.2f}  x{ratio.median:.2f} "
                f"({ratio.low:.2f} to {ratio.high:.2f}){'':11}{peak.median:10.0%}"
                + (f"{memory:7.0f}" if memory else "")
            )
    return "\n".join(lines)
