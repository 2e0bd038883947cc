"""The command hands its options on and prints what the report says; the rest has its own tests."""

from pathlib import Path

import pytest
import torch

from commands.harness import run
from gancourse.benchmark import measuring, report


def test_the_options_arrive_and_the_table_is_printed(tmp_path, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(measuring, "run", lambda *a, **k: asked.append((a, k)) or {"a": 1})
    monkeypatch.setattr(report, "table", lambda result: f"the table of {result}")
    assert run("benchmark", "--quick", "--device", "cpu", "--out", tmp_path / "b.json") == 0
    assert run("benchmark") == 0
    assert capsys.readouterr().out == "the table of {'a': 1}\n" * 2
    assert asked == [
        ((tmp_path / "b.json",), {"quick": True, "device": torch.device("cpu")}),
        ((Path("benchmark.json"),), {"quick": False, "device": None}),
    ]


def test_what_the_command_calls_is_there():
    """It is called after minutes of measuring: too late to find out that it has moved."""
    assert callable(measuring.run) and callable(report.table)


def test_a_device_that_cannot_be_used_is_told_before_anything_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "run", lambda *a, **k: pytest.fail("measured"))
    assert run("benchmark", "--device", "abacus", "--out", tmp_path / "b.json") == 2
