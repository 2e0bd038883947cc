"""How the benchmark measures; that our loop is faster is measured, never tested."""

import json

import torch

from gancourse.benchmark import measuring, report


def test_flops_of_a_multiplication():
    """20 x 30 times 30 x 40: 2 * 20 * 30 * 40 operations."""
    a, b = torch.randn(20, 30), torch.randn(30, 40)
    assert measuring.flops(lambda n: a @ b) == 2 * 20 * 30 * 40 / 1e9


def test_turns_are_taken_in_turn_and_begin_with_another():
    order, now = [], [0.0]

    def loop(name, cost):
        def advance(n):
            order.append(name)
            now[0] += n * cost

        return advance

    seconds = measuring.take_turns(
        {"a": (loop("a", 1.0), 4), "b": (loop("b", 3.0), 2)}, 3, lambda: now[0]
    )
    assert order[2:] == ["a", "b", "b", "a", "a", "b"]
    assert seconds == {"a": [1.0] * 3, "b": [3.0] * 3}


def test_a_quick_run_has_the_form_of_a_whole_one(tmp_path):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    result = measuring.run(tmp_path / "there" / "result.json", quick=True, device="cpu")
    assert json.loads((tmp_path / "there" / "result.json").read_text()) == result
    assert threads == torch.get_num_threads() and torch.equal(state, torch.get_rng_state())
    assert result["quick"] and {"cpu", "cores", "torch", "threads"} <= set(result["machine"])
    for case in result["cases"].values():
        assert {len(times) for times in case["seconds"].values()} == {case["turns"]}
        assert all(t > 0 for times in case["seconds"].values() for t in times)
        assert set(case["gflop"]) == set(case["seconds"]) >= {"textbook", "ours", "bare"}
    text = report.table(result)
    assert "measures nothing" in text and "ours, 10 members" in text
