import pytest
import torch

from gancourse.data.images import Images, images
from gancourse.errors import GanCourseError
from gancourse.metrics import classifier, frechet


def halves(name, test):
    """Training and test part, split by a fixed permutation."""
    every = images(name)
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(0))
    return [
        Images(name, every.pixels[part], {key: v[part] for key, v in every.labels.items()})
        for part in (order[test:], order[:test])
    ]


def all_of(data):
    return data[torch.arange(len(data))]


@pytest.fixture(scope="module")
def digits():
    train, test = halves("digits", 500)
    return classifier(train), train, test


def test_digits_are_recognised(digits):
    net, _, test = digits
    assert net.accuracy(all_of(test), test.labels)["digit"] > 0.96


def test_features_are_near_for_digits_and_far_for_noise(digits):
    net, train, test = digits
    real = net.features(all_of(train))
    assert real.shape == (len(train), 64)
    noise = torch.rand(500, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one_digit = all_of(test)[test.labels["digit"] == 3].repeat(10, 1, 1, 1)
    near, collapsed, far = (
        frechet(net.features(x), real) for x in (all_of(test), one_digit, noise)
    )
    assert 5 * near < min(collapsed, far)


def test_portions_change_nothing(digits):
    net, _, test = digits
    x = all_of(test)
    torch.testing.assert_close(net.features(x, batch=7), net.features(x))


def test_the_seed_decides_and_the_callers_random_state_stays():
    data = images("digits")
    state = torch.get_rng_state()
    nets = [classifier(data, steps=3, seed=seed) for seed in (0, 0, 1)]
    assert torch.equal(state, torch.get_rng_state())
    x = data[torch.arange(4)]
    first, again, other = (net.features(x) for net in nets)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert not any(weight.requires_grad for weight in nets[0].parameters())


def test_faces_have_a_head_for_each_attribute():
    data = images("faces")
    net = classifier(data, steps=2)
    scores = net(data[torch.arange(3)])
    assert set(scores) == set(data.labels)
    assert scores["background"].shape == (3, 5) and scores["skin"].shape == (3, 8)
    assert net.features(data[torch.arange(3)]).shape == (3, 64)


def test_a_set_without_labels_is_named():
    with pytest.raises(GanCourseError, match="no labels"):
        classifier(Images("folder", torch.zeros(9, 16, 16, 1, dtype=torch.uint8)))
