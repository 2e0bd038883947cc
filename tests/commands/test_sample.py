"""Samples and walks: how many, how large, and along which way."""

import torch
from PIL import Image

from commands.harness import run
from gancourse.commands.plan import Plan, trained
from gancourse.commands.sample import latent_walk


def test_as_many_as_asked_for_on_a_sheet_of_eight_columns(tmp_path, capsys):
    line = ["--data", "digits", "--steps", 1, "--width", 4, "--batch", 8]
    assert run("train", *line, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert run("sample", tmp_path / "run", "--out", tmp_path, "--n", 10, "--walks", 3) == 0
    paths = [tmp_path / "samples.png", tmp_path / "walk.png"]
    assert capsys.readouterr().out.split() == list(map(str, paths))
    with Image.open(paths[0]) as samples, Image.open(paths[1]) as walk:
        assert samples.size == (4 * (8 * 17 - 1), 4 * (2 * 17 - 1))
        assert walk.size == (4 * (8 * 17 - 1), 4 * (3 * 17 - 1))


def test_pictures_land_beside_the_checkpoint_unless_told_otherwise(tmp_path, capsys):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    beside = tmp_path / "run" / "step-00000001-samples"
    for given in (tmp_path / "run", tmp_path / "run" / "step-00000001.pt"):
        assert run("sample", given, "--n", 4, "--walks", 1) == 0
        told = capsys.readouterr().out.split()
        assert told == [str(beside / "samples.png"), str(beside / "walk.png")]
    assert sorted(path.name for path in beside.iterdir()) == ["samples.png", "walk.png"]


def test_a_planted_link_is_not_followed(tmp_path, capsys):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path / "run") == 0
    (tmp_path / "home").mkdir()
    (tmp_path / "run" / "step-00000001-samples").symlink_to(tmp_path / "home")
    assert run("sample", tmp_path / "run") == 2 and "symbolic link" in capsys.readouterr().err
    assert not list((tmp_path / "home").iterdir())


def test_a_latent_walk_keeps_the_length_of_the_noise(tmp_path):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path) == 0
    gan, plan = trained(tmp_path / "step-00000001.pt")
    seen = []
    gan.G.register_forward_hook(lambda _, inputs, out: seen.append(inputs[0]))
    assert latent_walk(gan, steps=5, stops=3, seed=0).shape == (15, 2)
    z = seen[0].view(3, 5, 2)
    assert torch.allclose(z[1, 0], z[0, -1], atol=1e-6), "one walk ends where the next begins"
    assert type(plan.gan()) is type(gan)
    for walk in z:
        length = torch.lerp(walk[0].norm(), walk[-1].norm(), torch.linspace(0, 1, 5))
        assert torch.allclose(walk.norm(dim=1), length, atol=1e-6)


def test_every_step_of_a_walk_turns_by_the_same_angle():
    gan = Plan(data="ring", seed=0, game="minimax", latent=3, width=4).gan()
    gan.G = torch.nn.Linear(3, 3, bias=False)
    torch.nn.init.eye_(gan.G.weight)  # so that a sample is its noise
    for walk in latent_walk(gan, steps=9, stops=6, seed=1).view(6, 9, 3):
        turns = torch.cosine_similarity(walk[1:], walk[:-1]).acos()
        whole = torch.cosine_similarity(walk[0], walk[-1], dim=0).acos()
        assert torch.allclose(turns, whole / 8, atol=1e-3)
