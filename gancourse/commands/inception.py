"""FID and KID: distances in the features of the Inception network, as papers report them.

Network, weights and both formulas are those of torch-fidelity (the extra ``metrics``), so that the
numbers can be compared with those of others. Nothing is fetched unless that is asked for.
"""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from gancourse import files
from gancourse.data import torchvision_sets
from gancourse.errors import GanCourseError

#: Pictures in a subset that KID averages over, at most, and how many subsets: its authors' own.
SUBSET, SUBSETS = 1000, 100
#: More bytes than the weights have.
LARGEST = 2**28


def library():
    """``torch_fidelity``; :class:`GanCourseError` if it is not installed."""
    try:
        torchvision_sets.library()  # also where its operators do not fit torch
        import torch_fidelity
    except (ImportError, GanCourseError):
        raise GanCourseError(
            "FID and KID need the library torch-fidelity",
            where="--fid",
            fix="pip install 'gancourse[metrics]', or pip install torch-fidelity",
        ) from None
    return torch_fidelity


def network(weights: str | Path | None = None, download: bool = False) -> Any:
    """The Inception network, with the ``weights`` in a file, or those that were fetched before.

    Only tensors are taken from the file. The library would unpickle whatever is in it.
    """
    inside = library().feature_extractor_inceptionv3
    path = Path(weights) if weights is not None else _kept(inside.URL_INCEPTION_V3, download)
    try:
        with files.opened(path, follow=True) as file:
            state = torch.load(io.BytesIO(file.read(LARGEST)), "cpu", weights_only=True)
        again = io.BytesIO()
        torch.save(dict(state), again)
        again.seek(0)
        return inside.FeatureExtractorInceptionV3("inception", ["2048"], again)
    except FileNotFoundError:
        raise GanCourseError(
            "the weights of the Inception network are not here",
            where=str(path),
            fix="let them be fetched with --download (96 MB), or name their file: --inception FILE",
        ) from None
    except Exception as problem:  # a damaged file fails in a dozen ways
        raise GanCourseError(
            f"these are no weights of the Inception network ({str(problem).splitlines()[0][:100]})",
            where=str(path),
            fix="name the file weights-inception-2015-12-05-6726825d.pth of torch-fidelity",
        ) from None


def _kept(address: str, download: bool) -> Path:
    """Where torch keeps the file of an address; fetched, with its hash compared, if asked."""
    path = Path(torch.hub.get_dir(), "checkpoints", address.rpartition("/")[2])
    if download and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = path.stem.rpartition("-")[2]
        torch.hub.download_url_to_file(address, str(path), hash_prefix=digest)
    return path


@torch.no_grad()
def features(net: Any, pictures: Tensor, batch: int = 32) -> Tensor:
    """What the network sees in pictures ``(n, 1 or 3, size, size)`` in [-1, 1]: ``(n, 2048)``."""
    found = []
    for part in tqdm(pictures.split(batch), desc="inception", unit="batch", delay=2, leave=False):
        bytes_ = ((part + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        found.append(net(bytes_.expand(-1, 3, -1, -1))[0].cpu())
    return torch.cat(found)


def distances(fake: Tensor, real: Tensor) -> dict[str, float]:
    """FID and KID of features ``(n, d)``, by the library; KID with the spread of its subsets."""
    from torch_fidelity import metric_fid, metric_kid

    fid = metric_fid.fid_statistics_to_metric(
        *map(metric_fid.fid_features_to_statistics, (fake, real)), verbose=False
    )
    subset = min(SUBSET, max(2, min(len(fake), len(real)) // 2))  # halves still differ
    kid = metric_kid.kid_features_to_metric(
        fake, real, kid_subsets=SUBSETS, kid_subset_size=subset, verbose=False
    )
    return {
        "fid": fid[metric_fid.KEY_METRIC_FID],
        "kid": kid[metric_kid.KEY_METRIC_KID_MEAN],
        "kid_spread": kid[metric_kid.KEY_METRIC_KID_STD],
    }
