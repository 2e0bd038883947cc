"""What the commands' lines have in common."""

import argparse
import sys

import pytest

from commands.harness import run
from gancourse.commands.arguments import Parser, whole
from gancourse.commands.main import parser
from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints


def test_every_option_is_explained():
    commands = parser()._subparsers._group_actions[0].choices
    assert set(commands) == {"train", "sample", "evaluate", "benchmark"}
    for sub in commands.values():
        assert len(sub.ready()._actions) > 2
        assert all(action.help for action in sub._actions)


def test_help_is_plain_text(capsys):
    for line in (["--help"], *([name, "--help"] for name in ("train", "sample", "evaluate"))):
        with pytest.raises(SystemExit) as leaving:
            run(*line)
        assert leaving.value.code == 0 and "`" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "called, name",
    [
        ("/somewhere/bin/gancourse", "gancourse"),
        ("gancourse.exe", "gancourse"),
        ("/somewhere/gancourse/__main__.py", "python -m gancourse"),
    ],
)
def test_advice_names_the_command_that_was_typed(tmp_path, capsys, monkeypatch, called, name):
    monkeypatch.setattr(sys, "argv", [called])
    checkpoints.save(tmp_path / "foreign.pt", {"a": 1})
    (tmp_path / "empty").mkdir()
    for line, advice in [
        (["train"], f"see `{name} train --help`"),
        ([], f"see `{name} --help`"),
        (["evaluate", tmp_path / "empty"], f"`{name} train --out` has filled"),
        (["evaluate", tmp_path / "foreign.pt"], f"`{name} train` has written"),
    ]:
        assert run(*line) == 2
        assert advice in capsys.readouterr().err.splitlines()[1]


@pytest.mark.parametrize(
    "text, message", [("0", "at least 1"), ("1.5", "no whole"), (str(2**63), "large")]
)
def test_a_whole_number_is_one_that_torch_takes(text, message):
    number = whole(1)
    assert (number("1"), number(str(2**63 - 1))) == (1, 2**63 - 1)
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        number(text)


def test_a_mistake_on_the_line_is_one_of_ours():
    with pytest.raises(GanCourseError, match="required: --x") as problem:
        options = Parser(prog="course")
        options.add_argument("--x", required=True)
        options.parse_args([])
    assert "`course --help`" in str(problem.value)
