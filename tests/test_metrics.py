import math

import pytest
import torch

from gancourse.data.images import images
from gancourse.data.toys import grid, ring
from gancourse.errors import GanCourseError
from gancourse.metrics import FaceModes, interval, mode_coverage


def test_a_perfect_sampler_covers_everything():
    modes, quality, kl = mode_coverage(grid().sample(5000, seed=0), grid())
    assert modes == 25
    assert quality.item() == pytest.approx(1 - math.exp(-4.5), abs=0.005)
    assert 0 <= kl < 0.01


def test_a_collapsed_sampler_has_one_mode_and_reverse_kl_log_k():
    modes, quality, kl = mode_coverage(ring().means[:1].repeat(100, 1), ring())
    assert (modes, quality) == (1, 1)
    assert kl.item() == pytest.approx(math.log(8))


def test_reverse_kl_by_hand():
    means = ring(4).means
    samples = means[[0, 0, 0, 1]]  # q = (3/4, 1/4, 0, 0)
    expected = 0.75 * math.log(0.75) + 0.25 * math.log(0.25) + math.log(4)
    assert mode_coverage(samples, ring(4)).reverse_kl.item() == pytest.approx(expected)


def test_bad_samples_count_against_quality_only():
    samples = torch.cat([ring().means, torch.full((8, 2), 5.0)])
    modes, quality, kl = mode_coverage(samples, ring())
    assert (modes, quality) == (8, 0.5)
    assert kl.item() == pytest.approx(0, abs=1e-12)
    assert mode_coverage(samples, ring(), least=2).modes == 0
    assert mode_coverage(samples[8:], ring()).reverse_kl.isnan()


def test_members_are_counted_separately():
    samples = torch.stack([ring().means, ring().means[:1].repeat(8, 1)])
    result = mode_coverage(samples, ring())
    assert result.modes.tolist() == [8, 1]
    assert result.high_quality.shape == result.reverse_kl.shape == (2,)


def test_not_a_number_is_named():
    with pytest.raises(GanCourseError, match="not finite"):
        mode_coverage(torch.full((4, 2), math.nan), ring())


def test_interval_is_students():
    mean, half = interval(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert mean == 3
    assert half == pytest.approx(2.776445 * math.sqrt(2.5) / math.sqrt(5), rel=1e-6)
    with pytest.raises(GanCourseError):
        interval(torch.tensor([1.0]))


def test_face_modes_are_read_off_the_pixels():
    faces = images("faces")
    every = faces[torch.arange(len(faces))]
    mode, good = FaceModes(faces).assign(every)
    truth = 8 * faces.labels["background"] + faces.labels["skin"]
    assert (mode == truth)[good].float().mean() > 0.98
    assert good.float().mean() > 0.95
    assert mode_coverage(every, FaceModes(faces)).modes == 40


def test_noise_is_no_face():
    noise = torch.rand(500, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert mode_coverage(noise, FaceModes(images("faces"))).high_quality < 0.02
    with pytest.raises(GanCourseError, match="faces are"):
        FaceModes(images("faces")).assign(torch.zeros(2, 1, 16, 16))
