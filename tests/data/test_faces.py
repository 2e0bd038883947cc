"""The faces that ship with the package, and the modes that are read off their pixels."""

import pytest
import torch

from gancourse.data.faces import FaceModes
from gancourse.data.images import images
from gancourse.errors import GanCourseError
from gancourse.metrics import mode_coverage


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


def test_faces_ship_with_their_attributes():
    faces = images("faces")
    assert (len(faces), faces.size, faces.channels) == (10_000, 16, 3)
    assert len(faces.pixels.flatten(1).unique(dim=0)) == 10_000, "all differ"
    assert {
        name: int(v.max()) + 1
        for name, v in faces.labels.items()
        if name in ("background", "skin", "hair")
    } == {"background": 5, "skin": 8, "hair": 45}
    assert len(faces.categories["skin"]) == 8
