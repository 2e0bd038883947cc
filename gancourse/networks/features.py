r"""A small classifier, whose features say how far generated images are from real ones.

The Frechet distance needs features in which likeness means something. Large pictures use those of
a network trained on ImageNet; for images of 16 pixels a classifier of the very data does, and
trains in a few seconds.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError

FEATURES = 64


class Classifier(nn.Module):
    """Two convolutions and a layer of 64 features, then one linear head per label.

    ``classes`` maps each label to how many values it has.
    """

    def __init__(self, channels: int, size: int, classes: dict[str, int]):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (size // 4) ** 2, FEATURES),
            nn.ReLU(),
        )
        self.heads = nn.ModuleDict({name: nn.Linear(FEATURES, n) for name, n in classes.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Scores of every class of every label, each ``(batch, classes)``."""
        found = self.body(x)
        return {name: head(found) for name, head in self.heads.items()}

    @torch.no_grad()
    def features(self, x: Tensor, batch: int = 500) -> Tensor:
        """The layer before the heads, shape ``(n, 64)``, in portions of ``batch`` images."""
        return torch.cat([self.body(part) for part in x.split(batch)])

    @torch.no_grad()
    def accuracy(self, x: Tensor, labels: dict[str, Tensor]) -> dict[str, float]:
        """The share of images of which each label is found."""
        return {
            name: (scores.argmax(-1) == labels[name]).float().mean().item()
            for name, scores in self(x).items()
        }


def classifier(images, steps: int = 500, seed: int = 0, batch: int = 64) -> Classifier:
    """A classifier of all the labels of ``images``, trained for ``steps``; frozen.

    The same ``seed`` gives the same classifier; the caller's random state is left alone.
    ``images`` is a :class:`gancourse.data.images.Images` with at least one label. Minimises the
    mean cross-entropy over the labels, with Adam at a rate that falls linearly to zero.
    """
    if not images.labels:
        raise GanCourseError(
            f"{images.name} has no labels to learn",
            where="classifier",
            fix="use a set with labels, such as images('digits')",
        )
    classes = {name: int(values.max()) + 1 for name, values in images.labels.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Classifier(images.channels, images.size, classes)
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, fused=True)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / steps)
            index = torch.randint(len(images), (batch,))
            found = net(images[index])
            loss = sum(
                F.cross_entropy(found[name], images.labels[name][index]) for name in classes
            ) / len(classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval().requires_grad_(False)
