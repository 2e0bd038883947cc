import pytest

from gancourse.errors import GanCourseError
from gancourse.notebook import budget, device, show_source


@pytest.mark.parametrize("name, value", [("smoke", 1), ("cpu", 2), ("gpu", 3)])
def test_the_environment_chooses_the_budget(monkeypatch, name, value):
    monkeypatch.setenv("GANCOURSE_BUDGET", name)
    assert budget(smoke=1, cpu=2, gpu=3) == value


def test_without_the_variable_the_device_chooses(monkeypatch):
    monkeypatch.delenv("GANCOURSE_BUDGET", raising=False)
    assert budget(smoke=1, cpu=2, gpu=3) == {"cpu": 2, "cuda": 3}[device().type]


def test_a_misspelt_budget_is_a_clear_error(monkeypatch):
    monkeypatch.setenv("GANCOURSE_BUDGET", "huge")
    with pytest.raises(GanCourseError, match="smoke, cpu, gpu"):
        budget(smoke=1, cpu=2, gpu=3)


def test_shown_source_is_the_real_source():
    from gancourse.games import Minimax

    shown = show_source(Minimax)
    assert "def d_loss(self, real, fake):" in repr(shown)
    assert shown._repr_markdown_().startswith("```python\nclass Minimax(Game):")
