import pytest
import torch

from gancourse.data.toys import ring
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks.mlp import mlp
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper
from gancourse.training import Training, train


class Run:
    """What a keeper needs of a training."""

    def __init__(self, step):
        self.step = step

    def state(self):
        return {"step": self.step, "weights": torch.full((500,), float(self.step))}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_last_two_are_kept(tmp_path):
    for step in (1, 2, 10, 300):
        Keeper(tmp_path).save(Run(step))
    assert names(tmp_path) == ["step-00000010.pt", "step-00000300.pt"]
    path, state = Keeper(tmp_path).newest()
    assert path.name == "step-00000300.pt" and state["step"] == 300


def test_the_best_is_kept_beside_them(tmp_path):
    scores = iter([5.0, 2.0, 3.0, 4.0])
    keeper = Keeper(tmp_path, keep=1, measure=lambda run: next(scores))
    for step in (1, 2, 3, 4):
        keeper.save(Run(step))
    assert names(tmp_path) == ["best.pt", "step-00000004.pt"]
    assert checkpoints.load(tmp_path / "best.pt")["step"] == 2


def test_a_measure_that_was_nan_is_no_best(tmp_path):
    scores = iter([float("nan"), 3.0, float("nan"), 4.0])
    keeper = Keeper(tmp_path, keep=1, measure=lambda run: next(scores))
    for step in (1, 2, 3, 4):
        keeper.save(Run(step))
    assert checkpoints.load(tmp_path / "best.pt")["step"] == 2


@pytest.mark.parametrize("best", [b"damaged", None])
def test_a_best_without_a_measure_stops_no_run(tmp_path, best):
    checkpoints.save(tmp_path / "best.pt", {"step": 1})  # as `Training.save` writes it
    if best is not None:
        (tmp_path / "best.pt").write_bytes(best)
    Keeper(tmp_path, measure=lambda run: 1.0).save(Run(2))
    assert checkpoints.load(tmp_path / "best.pt")["step"] == 2
    assert names(tmp_path) == ["best.pt", "step-00000002.pt"]


def test_the_reason_for_going_back_is_the_true_one(tmp_path):
    Keeper(tmp_path).save(Run(1))
    torch.save({"format": 99}, tmp_path / "step-00000002.pt")
    with pytest.warns(UserWarning, match="00000002.pt: checkpoint format 99.*step-00000001.pt"):
        assert Keeper(tmp_path).newest()[1]["step"] == 1


def test_a_damaged_newest_falls_back_with_a_warning_that_names_both(tmp_path):
    for step in (1, 2):
        Keeper(tmp_path).save(Run(step))
    newest = tmp_path / "step-00000002.pt"
    newest.write_bytes(newest.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="step-00000002.pt: .*damaged.*step-00000001.pt"):
        assert Keeper(tmp_path).newest()[1]["step"] == 1
    (tmp_path / "step-00000001.pt").write_bytes(b"")
    with pytest.raises(GanCourseError, match="damaged"):  # never silently back to zero
        Keeper(tmp_path).newest()


def test_an_empty_folder_has_none_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "step-notes.pt").write_text("mine")
    assert Keeper(tmp_path).newest() is None
    assert Keeper(tmp_path / "missing").newest() is None
    for step in (1, 2, 3):
        Keeper(tmp_path).save(Run(step))
    assert (tmp_path / "step-notes.pt").read_text() == "mine"
    with pytest.raises(GanCourseError, match="keep"):
        Keeper(tmp_path, keep=0)


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    gan = GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)
    training = train(gan, ring().batches(4), 2)
    torch.nn.init.constant_(gan.G[0].bias, float("nan"))
    with pytest.raises(GanCourseError, match="G.0.bias is not finite"):
        training.save(tmp_path / "x.pt")
    assert names(tmp_path) == []


# ---- optimizers ----------------------------------------------------------------------------------

OPTIMIZERS = {
    "Adafactor": lambda p: torch.optim.Adafactor(p, lr=0.01),
    "SGD": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True),
    "AMSGrad": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
    "ASGD": lambda p: torch.optim.ASGD(p, lr=0.01),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.01),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.01),
    "two groups": lambda p: torch.optim.Adam(
        [{"params": list(p)[:1], "lr": 0.1}, {"params": list(p)[1:]}], lr=0.01
    ),
}


def trained(optimizer, steps):
    torch.manual_seed(0)
    gan = GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)
    return Training(gan, ring().batches(4), optimizer=optimizer).advance(steps)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_resumes_to_the_same_bits(name, tmp_path):
    """Some hold other things of a matrix than of a vector, some hold nothing."""
    whole = trained(OPTIMIZERS[name], 7)
    path = trained(OPTIMIZERS[name], 4).save(tmp_path / "a.pt")
    resumed = trained(OPTIMIZERS[name], 0)
    resumed.restore(checkpoints.load(path))
    resumed.advance(3)
    for mine, theirs in zip(resumed.gan.parameters(), whole.gan.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda entry: entry.pop("row_var"),
        lambda entry: entry.update(variance=torch.zeros(3)),
        lambda entry: entry.update(row_var=entry["row_var"].double()),
        lambda entry: entry.update(row_var=torch.zeros(())),
        lambda entry: entry.update(step=3.0, row_var="x"),
    ],
)
def test_a_state_that_the_optimizer_would_not_make_is_refused(wrong):
    state = trained(OPTIMIZERS["Adafactor"], 2).state()
    wrong(state["d_optimizer"]["state"][0])
    with pytest.raises(GanCourseError, match="of another gan or of other settings"):
        trained(OPTIMIZERS["Adafactor"], 0).restore(state)


def test_a_state_is_copied_and_not_adopted():
    """A tensor of equal shape with stride 0, as a file can hold it, makes fused kernels differ."""
    training = trained(None, 2)
    state = training.state()
    entry = state["d_optimizer"]["state"][0]
    entry["exp_avg_sq"] = torch.ones(1).expand(entry["exp_avg_sq"].shape)
    training.restore(state)
    held = training.D.optimizer.state[training.D.weights[0]]["exp_avg_sq"]
    assert held.is_contiguous() and held.data_ptr() != entry["exp_avg_sq"].data_ptr()
