"""A small classifier, whose features say how far generated images are from real ones.

The Frechet distance needs features in which likeness means something. Large pictures use those of
a network trained on ImageNet; for images of 16 pixels a classifier of the very data does, and
:func:`gancourse.metrics.classifier` trains one in a few seconds.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        """The mean cross-entropy over the labels, ``(batch, number of labels)``: its own player."""
        scores = self(x).values()
        each = [F.cross_entropy(found, y) for found, y in zip(scores, labels.T, strict=True)]
        return torch.stack(each).mean()

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
