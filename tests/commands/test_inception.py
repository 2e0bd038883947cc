"""FID and KID: the library's own numbers, asked for in one way and refused in clear ones."""

import importlib.util
import sys

import pytest
import torch

from commands.harness import QUICK, run
from gancourse.commands import inception
from gancourse.errors import GanCourseError
from gancourse.metrics import frechet


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    line = ["--data", "digits", "--game", "minimax", "--steps", 1, *QUICK]
    assert run("train", *line, "--out", folder) == 0
    return folder


def test_without_the_library_one_message_says_how_to_get_it(digits, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)  # as if it were not installed
    assert run("evaluate", digits, "--fid") == 2
    assert capsys.readouterr().err == (
        "error: --fid: FID and KID need the library torch-fidelity\n"
        "Fix: pip install 'gancourse[metrics]', or pip install torch-fidelity\n"
    )


def test_points_have_no_inception_features(tmp_path, capsys):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path) == 0
    assert run("evaluate", tmp_path, "--fid") == 2
    assert "for pictures, and ring are points" in capsys.readouterr().err


def test_pictures_reach_the_network_as_bytes_in_three_channels():
    seen = []
    net = lambda x: seen.append(x) or (x.float().mean((2, 3)),)
    x = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1, 1).expand(3, 1, 2, 2)
    found = inception.features(net, x, batch=2)
    assert [len(part) for part in seen] == [2, 1] and seen[0].dtype == torch.uint8
    assert torch.equal(found, torch.tensor([0.0, 128.0, 255.0])[:, None].expand(3, 3))


@pytest.fixture(scope="module")
def fidelity():
    """Where the extra ``metrics`` is installed."""
    if importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("SKIPPED: needs the extra metrics")
    return inception.library()


@pytest.fixture(scope="module")
def weights(fidelity, tmp_path_factory):
    """The real network, with random weights: a network without any cannot be had."""
    inside = fidelity.feature_extractor_inceptionv3
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inside.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        patch.setattr(inside, "load_state_dict_from_url", lambda *_, **__: None)
        net = inside.FeatureExtractorInceptionV3("random", ["2048"])
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(net.state_dict(), path)
    return path


def test_its_fid_is_our_frechet_distance_and_its_kid_is_unbiased(fidelity):
    torch.manual_seed(0)
    a, b = torch.randn(600, 12), torch.randn(600, 12) * 1.3 + 0.4
    found = inception.distances(a, b)
    assert found["fid"] == pytest.approx(frechet(a, b), rel=1e-4)
    kernel = lambda x, y: (x.double() @ y.double().T / 12 + 1) ** 3
    inner = [(k.sum() - k.trace()) / (600 * 599) for k in (kernel(a, a), kernel(b, b))]
    mmd = float(sum(inner) - 2 * kernel(a, b).mean())
    assert found["kid"] == pytest.approx(mmd, abs=0.2 * mmd)
    same = inception.distances(a[:300], a[300:])
    assert abs(same["kid"]) < found["kid"] / 10 and same["kid_spread"] > 0


def test_the_whole_way_on_the_command_line(fidelity, digits, weights, capsys, monkeypatch):
    # 75 pixels instead of 299: the smallest that the network takes, in a 16th of the time.
    monkeypatch.setattr(fidelity.FeatureExtractorInceptionV3, "INPUT_IMAGE_SIZE", 75)
    assert run("evaluate", digits, "--n", 100, "--inception", weights) == 0
    out = capsys.readouterr().out
    for name in ("fid ", "kid ", "kid_spread ", "fid: ", "kid: "):
        assert any(line.startswith(name) for line in out.splitlines()), name


def test_weights_are_not_fetched_unless_asked(fidelity, digits, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    asked = []
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *a, **k: asked.append((a, k)))
    assert run("evaluate", digits, "--fid") == 2 and not asked
    errors = capsys.readouterr().err
    assert "not here" in errors and "--download" in errors and "--inception FILE" in errors
    assert run("evaluate", digits, "--fid", "--download") == 2
    (((address, path), options),) = asked
    assert options == {"hash_prefix": "6726825d"} and path.endswith("6726825d.pth")
    assert address.endswith("weights-inception-2015-12-05-6726825d.pth")


def test_a_file_of_weights_runs_no_program(fidelity, tmp_path):
    class Planted:
        def __reduce__(self):
            return (open, (str(tmp_path / "planted"), "w"))

    torch.save({"a": Planted()}, tmp_path / "evil.pth")
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pth")
    for name in ("evil", "other"):
        with pytest.raises(GanCourseError, match="no weights of the Inception network"):
            inception.network(tmp_path / f"{name}.pth")
    assert not (tmp_path / "planted").exists()
