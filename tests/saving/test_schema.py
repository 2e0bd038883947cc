"""A saved state must have the form of this run's, weight by weight."""

import pytest
import torch

from gancourse.data.toys import ring
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks.mlp import mlp
from gancourse.saving import checkpoints, schema
from gancourse.training import Training

OPTIMIZERS = {
    "Adafactor": lambda p: torch.optim.Adafactor(p, lr=0.01),
    "SGD": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True),
    "AMSGrad": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
    "ASGD": lambda p: torch.optim.ASGD(p, lr=0.01),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.01),
    "Nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=0.01),
    "Adadelta": lambda p: torch.optim.Adadelta(p, lr=0.01),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=0.01),
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


@pytest.mark.parametrize("name", ["Adafactor", "momentum", "RMSprop", "two groups", "AdamW"])
def test_a_lost_entry_of_a_weight_is_refused_whichever_it_is(name):
    """Its weight would start afresh, without a word."""
    whole = trained(OPTIMIZERS[name], 2)
    for player in ("d_optimizer", "g_optimizer"):
        for i in range(len(whole.state()[player]["state"])):
            state = whole.state()
            del state[player]["state"][i]
            with pytest.raises(GanCourseError, match=f"{player}.state has no {i}"):
                trained(OPTIMIZERS[name], 0).restore(state)


class WithIdle(torch.nn.Module):
    """A discriminator with a frozen weight and with one that no loss depends on."""

    def __init__(self):
        super().__init__()
        self.net, self.unused = mlp(2, 1), torch.nn.Parameter(torch.ones(3))
        next(self.net.parameters()).requires_grad_(False)

    def forward(self, x):
        return self.net(x)


def with_idle(steps, optimizer="AdamW"):
    torch.manual_seed(0)
    gan = GAN(NonSaturating(), generator=mlp(2, 2), discriminator=WithIdle(), latent_dim=2)
    return Training(gan, ring().batches(4), optimizer=OPTIMIZERS[optimizer]).advance(steps)


@pytest.mark.parametrize("name", ["Adafactor", "SGD", "momentum", "AdamW"])
def test_weights_without_a_gradient_need_no_entry(name, tmp_path):
    """A frozen one, and one that no loss depends on, before the first step and after it."""
    whole = with_idle(5, name).state()
    for steps in (0, 3):
        resumed = with_idle(0, name)
        path = with_idle(steps, name).save(tmp_path / f"{steps}.pt")
        resumed.restore(checkpoints.load(path))
        schema.demand_equal(resumed.advance(5 - steps).state(), whole, "the state")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda saved: saved.update(idle=[0, 1, 99]),
        lambda saved: saved.update(idle=[True]),
        lambda saved: saved.update(idle={0: 1}),
        lambda saved: saved.update(idle=[0, 1, 2]),  # 2 has one
        lambda saved: saved.update(idle=[1]),  # and 0, which could learn
        lambda saved: saved.pop("idle"),
    ],
)
def test_the_list_of_weights_without_an_entry_is_looked_at(wrong):
    state = with_idle(3).state()
    idle = state["d_optimizer"]["idle"]
    assert [list(WithIdle().state_dict())[i] for i in idle] == ["unused", "net.0.weight"]
    wrong(state["d_optimizer"])
    with pytest.raises(GanCourseError, match="of another gan or of other settings"):
        with_idle(0).restore(state)


def test_a_frozen_weight_of_a_checkpoint_without_the_list_passes():
    """As earlier versions wrote them: its entry, if there was one, is not used."""
    state = with_idle(3).state()
    assert state["d_optimizer"].pop("idle") == [0, 1]
    training = with_idle(0)
    training.gan.D.unused.requires_grad_(False)
    training.restore(state)
    assert training.step == 3


def test_a_state_is_copied_and_not_adopted():
    """A tensor of equal shape with stride 0, as a file can hold it, makes fused kernels differ."""
    training = trained(None, 2)
    state = training.state()
    entry = state["d_optimizer"]["state"][0]
    entry["exp_avg_sq"] = torch.ones(1).expand(entry["exp_avg_sq"].shape)
    training.restore(state)
    held = training.D.optimizer.state[training.D.weights[0]]["exp_avg_sq"]
    assert held.is_contiguous() and held.data_ptr() != entry["exp_avg_sq"].data_ptr()


LATE = {
    "a weight": lambda state: state["gan"].popitem(),
    "the average": lambda state: state["average"].update(extra=torch.zeros(1)),
    "the last loss": lambda state: state.update(history={"d_loss": state["history"]["d_loss"]}),
    "the last optimizer": lambda state: next(
        reversed(state["g_optimizer"]["state"].values())
    ).popitem(),
    "the last moment": lambda state: next(reversed(state["g_optimizer"]["state"].values()))[
        "exp_avg"
    ].fill_(float("nan")),
    "the stream": lambda state: state["stream"].update({"pass": -1}),
    "the data": lambda state: state.update(data="other data"),
}


@pytest.mark.parametrize("wrong", LATE)
def test_a_restore_that_is_refused_leaves_the_training_as_it_was(wrong):
    """Whatever is looked at last: weights, step, losses and moments are those of before."""
    training, state = trained(None, 2), trained(None, 5).state()
    LATE[wrong](state)
    before, place = training.state(), training.place
    with pytest.raises(GanCourseError):
        training.restore(state)
    schema.demand_equal(training.state(), before, "the state")
    assert training.step == 2 and training.place == place
    again, other = training.advance(3).state(), trained(None, 5).state()
    schema.demand_equal(again, other, "the state")
