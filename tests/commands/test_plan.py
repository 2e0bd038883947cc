"""The plan of a run: noted in its checkpoints, read again, compared; and the gan that it makes."""

from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from commands.harness import QUICK, run
from gancourse.commands.plan import POINTS, Plan, checkpoint_at, trained
from gancourse.data.images import Images
from gancourse.data.toys import Toy
from gancourse.errors import GanCourseError
from gancourse.recipes import GRID, PICTURES, RING
from gancourse.saving import checkpoints

#: Notes as version 0.1.0 wrote them when they were a dictionary: of points, and of pictures.
OLD = [
    {
        **{"data": "ring", "size": None, "game": "hinge-sn", "seed": 0, "latent": 2, "width": 4},
        **{"root": "data", "download": False, "steps": 12, "batch": 8},
    },
    {
        **{"data": "digits", "size": 16, "game": "hinge-sn", "seed": 0, "latent": 64, "width": 4},
        **{"root": "data", "download": False, "channels": 1, "pictures": 1797, "steps": 12},
        "batch": 8,
    },
]


def of(notes, where="here.pt"):
    return Plan.of({"notes": notes}, where)


@pytest.mark.parametrize("notes", OLD, ids=["points", "pictures"])
def test_old_notes_are_read_and_nothing_of_them_is_lost(notes):
    plan = of(notes)
    assert plan.notes() | notes == plan.notes()
    assert of(plan.notes()) == plan


def test_a_plan_is_not_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        of(OLD[0]).steps = 5


@pytest.mark.parametrize("notes", OLD, ids=["points", "pictures"])
def test_one_clear_error_for_every_field_that_is_missing(notes):
    needed = {"data", "seed", "game", "latent", "width"}
    for name in needed | ({"size", "channels"} if "channels" in notes else set()):
        with pytest.raises(GanCourseError, match=rf"networks were built \(no '{name}'\)"):
            of({key: value for key, value in notes.items() if key != name})
    optional = {key: value for key, value in notes.items() if key in needed | {"size", "channels"}}
    assert of(optional).steps is None


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("data", 3, "'data' is of type int"),
        ("game", None, "'game' is of type NoneType"),
        ("seed", "0", "'seed' is of type str"),
        ("seed", True, "'seed' is of type bool"),
        ("seed", 2**70, "'seed' is out of range"),
        ("seed", 2**32, "'seed' is out of range"),
        ("seed", -1, "'seed' is out of range"),
        ("width", -4, "'width' is out of range"),
        ("latent", 2.0, "'latent' is of type float"),
        ("size", None, "'size' is of type NoneType"),
        ("channels", [3], "'channels' is of type list"),
        ("download", 1, "'download' is of type int"),
        ("steps", torch.ones(2), "'steps' is of type Tensor"),
    ],
)
def test_one_clear_error_for_a_field_of_another_type(name, value, told):
    with pytest.raises(GanCourseError) as problem:
        of(OLD[1] | {name: value})
    assert problem.value.where == "here.pt" and told in problem.value.what
    assert len(str(problem.value).splitlines()) == 2


@pytest.mark.parametrize("state", [{}, {"notes": None}, {"notes": ["ring"]}])
def test_a_checkpoint_without_notes_is_told_as_well(state):
    with pytest.raises(GanCourseError, match="does not say how its networks were built"):
        Plan.of(state, "here.pt")


def test_what_another_version_adds_does_not_matter():
    assert of(OLD[0] | {"colour": "blue"}) == of(OLD[0])


@pytest.mark.parametrize("notes", OLD, ids=["points", "pictures"])
def test_the_gan_is_the_one_of_the_recipe_and_the_seed(notes):
    plan = of(notes)
    assert plan.recipe is (RING if notes is OLD[0] else PICTURES)["hinge-sn"]
    state, other = plan.gan().state_dict(), replace(plan, seed=1).gan().state_dict()
    assert all(torch.equal(value, state[name]) for name, value in plan.gan().state_dict().items())
    assert any(not torch.equal(value, state[name]) for name, value in other.items())
    assert plan.gan().latent_dim == plan.latent
    with pytest.raises(GanCourseError, match="seed must be less than"):
        replace(plan, seed=2**32).gan()


def test_the_data_come_as_they_are_named(tmp_path):
    assert isinstance(of(OLD[1]).load(), Images) and len(of(OLD[1]).load()) == 1797
    for name in POINTS:
        assert isinstance(replace(of(OLD[0]), data=name).load(), Toy)
    with pytest.raises(GanCourseError, match="neither a known data set nor a folder"):
        replace(of(OLD[0]), data=str(tmp_path / "nowhere")).load()
    assert replace(of(OLD[0]), data="swiss-roll").recipe is GRID["hinge-sn"]


def test_what_a_sample_needs_is_counted():
    assert of(OLD[0]).numbers == 2 + 2
    assert replace(of(OLD[1]), channels=3, size=32).numbers == 64 + 3 * 32 * 32


def test_packing_is_for_points():
    with pytest.raises(GanCourseError, match="no game 'packed' for digits"):
        replace(of(OLD[1]), game="packed").recipe  # noqa: B018
    assert replace(of(OLD[0]), game="packed").gan().packing == 2


def test_a_run_differs_in_what_makes_it_another_run():
    plan = of(OLD[1])
    assert plan.differs_from(plan) is None
    for name, value in {"data": "faces", "seed": 9, "width": 9, "pictures": 9, "size": 32}.items():
        assert replace(plan, **{name: value}).differs_from(plan) == (
            name,
            getattr(plan, name),
            value,
        )
    assert replace(plan, width=9, batch=9).differs_from(plan)[0] == "batch", "the first by name"
    assert replace(plan, root="elsewhere", download=True).differs_from(plan) is None
    assert plan.differs_from(replace(plan, steps=None, pictures=None)) is None, "not noted then"
    moved = replace(plan, data="/b/pics").differs_from(replace(plan, data="/a/pics"))
    assert moved is None
    assert replace(plan, data="b/pics").differs_from(replace(plan, data="b/other"))[1] == "other"


def test_a_folder_stands_for_its_newest_checkpoint(tmp_path):
    for step in (1, 2):
        checkpoints.save(tmp_path / f"step-0000000{step}.pt", {"step": step})
    assert checkpoint_at(tmp_path) == tmp_path / "step-00000002.pt"
    assert checkpoint_at(tmp_path / "step-00000001.pt") == tmp_path / "step-00000001.pt"


def test_a_run_that_has_not_saved_yet_is_told_from_a_folder_of_none(tmp_path):
    with pytest.raises(GanCourseError, match="holds no checkpoint"):
        checkpoint_at(tmp_path)
    (tmp_path / "samples").mkdir()
    with pytest.raises(GanCourseError, match="has saved no checkpoint yet") as problem:
        checkpoint_at(tmp_path)
    assert str(tmp_path / "samples") in problem.value.fix


@pytest.mark.parametrize(
    "change, told",
    [
        ({"gan": {}}, "the weights do not fit"),
        ({"gan": {1: torch.ones(2)}}, "the weights do not fit"),
        ({"gan": {"G.0.weight": "text"}}, "the weights do not fit"),
        ({"gan": 5}, "'gan' is of type int"),
        ({"average": None}, "'average' is of type NoneType"),
        ({"average": {"0.weight": torch.ones(1)}}, "the weights do not fit"),
    ],
)
def test_weights_of_another_network_are_told(tmp_path, change, told):
    plan = of(OLD[0])
    good = {"notes": plan.notes(), "gan": plan.gan().state_dict(), "average": {}}
    trained(checkpoints.save(tmp_path / "good.pt", good))
    with pytest.raises(GanCourseError, match=told):
        trained(checkpoints.save(tmp_path / "bad.pt", good | change))


def test_what_is_sampled_and_evaluated_is_the_average(tmp_path):
    run("train", "--data", "ring", "--steps", 4, "--out", tmp_path, *QUICK)
    state = checkpoints.load(tmp_path / "step-00000004.pt")
    gan, _ = trained(tmp_path / "step-00000004.pt")
    for name, weight in gan.G.state_dict().items():
        assert torch.equal(weight, state["average"][name]), name
    assert any(
        not torch.equal(state["average"][name], state["gan"][f"G.{name}"])
        for name in state["average"]
    )
    assert not gan.training
