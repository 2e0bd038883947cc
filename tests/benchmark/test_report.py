"""The figures that are made of the times."""

import pytest

from gancourse.benchmark import report


def test_what_the_times_say():
    case = {
        "peak": "conv",
        "gan_iterations": {"textbook": 1, "ours": 10},
        "gflop": {"ours": 6.0},
        "seconds": {"textbook": [1.0, 2.0, 4.0], "ours": [1.0, 1.0, 1.0]},
        "kernels": {
            "conv a fp32": [10, 20, 30],
            "conv b fp32": [12, 5, 5],
            "conv b bf16": [99] * 3,
            "matmul 8 fp32": [99] * 3,
        },
    }
    assert report.speedup(case, "ours") == (20, 15, 30)
    assert report.fraction_of_peak(case, "ours") == pytest.approx((0.3, 0.25, 0.4))
