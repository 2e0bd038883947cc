"""What the scripts share: parts, their file, a clock and rounding."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch

from gancourse.experiments import (
    blurred,
    face_coverage,
    factorial,
    games_table,
    mh_gan,
    normalization,
    quality,
    recording,
    surfaces,
    vae_gan,
    wgan,
)
from gancourse.experiments.measured import measured
from gancourse.experiments.recording import Clock, Experiment, layout, rounded, significant

SCRIPTS = (
    *(blurred, face_coverage, factorial, games_table, mh_gan, normalization, quality),
    *(surfaces, vae_gan, wgan),
)


@pytest.fixture
def toy(tmp_path):
    """An experiment of three parts, two of them a group; ``toy.done`` are those measured."""

    def parts(quick):
        return {name: partial(measure, name, quick) for name in ("one", "more/a", "more/b")}

    def measure(name, quick):
        experiment.done.append(name)
        return {"value": len(experiment.done), "quick": quick}

    about = lambda: {"seeds": [0], "settings": {"steps": 3}}
    experiment = Experiment(str(tmp_path / "toy.py"), "A toy.\n\nMore.", parts, about)
    experiment.done = []
    return experiment


def test_everything_is_measured_and_lies_in_its_place(toy):
    found = toy.main([])
    assert toy.done == ["one", "more/a", "more/b"]
    file = json.loads(toy.path.read_text())
    assert list(file) == ["meta", "one", "more"]
    assert file == {"meta": file["meta"], **found}
    assert found["more"]["b"] == {"value": 3, "quick": False}
    assert (file["meta"]["seeds"], file["meta"]["settings"]) == ([0], {"steps": 3})
    assert list(file["meta"]["parts"]) == toy.done


def test_one_part_or_group_anew_keeps_the_rest_and_the_order(toy):
    toy.main(["--only", "more"])
    toy.main(["--only", "one", "--only", "more/b"])
    assert toy.done == ["more/a", "more/b", "one", "more/b"]
    file = json.loads(toy.path.read_text())
    assert list(file) == ["meta", "one", "more"]
    assert [file["more"][key]["value"] for key in ("a", "b")] == [1, 4]


def test_what_is_there_can_be_left(toy):
    toy.main(["--only", "more/a"])
    before = toy.read()
    toy.main(["--missing"])
    assert toy.done == ["more/a", "one", "more/b"]
    assert toy.read()["more"]["a"] == before["more"]["a"]


def test_quick_writes_nothing(toy):
    assert toy.main(["--quick"])["one"]["quick"] and not toy.path.exists()


def test_a_part_says_beforehand_how_long_it_takes(toy, capsys):
    toy.main(["--only", "one"])
    assert "one: not measured yet" in capsys.readouterr().out
    text = json.loads(toy.path.read_text())
    text["meta"]["parts"]["one"] |= {"cpu_seconds": 41.7, "date": "2026-11-21"}
    toy.path.write_text(json.dumps(text))
    toy.main(["--only", "one"])
    assert "one: about 42 seconds of one core (as on 2026-11-21)" in capsys.readouterr().out


def test_a_part_that_is_not_there_is_told_with_those_that_are(toy, capsys):
    with pytest.raises(SystemExit) as left:
        toy.main(["--only", "mor"])
    assert left.value.code == 2 and "one; more/a; more/b" in capsys.readouterr().err
    assert not toy.done


def test_a_crash_keeps_what_was_measured_before_it(toy):
    toy.main(["--only", "more/a"])
    whole = toy.path.read_text()
    with pytest.raises(ValueError):  # JSON has no nan
        toy.write("more/b", float("nan"), 1.0, ["more/a", "more/b"])
    assert toy.path.read_text() == whole


def test_processes_that_measure_at_once_lose_nothing(toy):
    order = [f"group/{i}" for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: toy.write(name, name, 1.0, order), order))
    assert list(toy.read()["group"].values()) == order
    assert [path.name for path in toy.path.parent.iterdir()] == ["toy.json"]


# ---- the six files ----------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__.split(".")[-1])
def test_every_file_has_the_one_form(script):
    """Its parts are the script's, each says when and with what it was measured."""
    experiment = script.EXPERIMENT
    file = measured(experiment.path.stem)
    parts = file["meta"]["parts"]
    assert list(parts) == list(experiment.parts(True))
    for part, told in parts.items():
        assert recording.at(file, part) is not None
        assert set(told) >= {"date", "cpu_seconds", "gancourse", "machine"}
        assert told["machine"]["torch"] and told["machine"]["cpu"] and told["cpu_seconds"] >= 0
    about = json.loads(json.dumps(experiment.about()))  # as a file holds it
    assert {key: file["meta"][key] for key in about} == about
    assert set(file["meta"]) == {*about, "parts"} >= {"seeds", "settings"}
    assert experiment.path.read_text("utf-8") == layout(file) + "\n"


# ---- numbers ----------------------------------------------------------------------------------


def test_rounding():
    values = torch.tensor([[1 / 3, float("nan")], [float("inf"), 2e-6]], dtype=torch.float64)
    assert rounded(values) == [[0.3333, None], [None, 0.0]]
    assert significant(values, 2) == [[0.33, None], [None, 2e-6]]
    assert rounded((1.23456, 7, "x", None), 2) == [1.23, 7, "x", None]
    assert rounded(0.12345, 3) == 0.123 and rounded(torch.tensor([3, 4])) == [3, 4]


def test_the_layout_is_json_with_rows_of_numbers_on_one_line():
    value = {"rows": [[1.5] * 300, [None] * 300], "short": {"a": [1, 2], "b": "c"}, "empty": {}}
    text = layout(value)
    assert json.loads(text) == value
    lines = text.split("\n")
    assert len(lines) == 8 and lines[5].strip() == '"short": {"a": [1, 2], "b": "c"},'


def test_measuring_on_the_way_costs_no_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(recording.time, "process_time", lambda: now[0])
    clock = Clock()
    now[0] = 3.0
    assert clock() == 3.0
    assert clock.pause(lambda: now.__setitem__(0, 10.0) or "done") == "done"
    assert clock() == 3.0
