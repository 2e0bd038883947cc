"""The loops that the benchmark compares with: as tutorials write them, and ours written out.

Each one is an endless generator that yields after every step, so that a step is ``next(loop)``.
Those of the tutorials take any iterable of batches ``(x,)`` and play the same games as
:mod:`gancourse.games`, with fresh noise in every turn; what differs is how, not what, they compute.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from gancourse.gans import GAN


def loader(data: Tensor, batch: int) -> DataLoader:
    """The ``DataLoader`` of the tutorials, over samples that are decoded and scaled already."""
    return DataLoader(TensorDataset(data), batch, shuffle=True, drop_last=True)


def non_saturating(
    gan: GAN, batches: Iterable, lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)
) -> Iterator[tuple[float, float]]:
    """Binary cross-entropy against labels of 0 and 1; yields both losses."""
    G, D, bce = gan.G, gan.D, nn.BCEWithLogitsLoss()
    device = next(G.parameters()).device
    d_optimizer = torch.optim.Adam(D.parameters(), lr=lr, betas=betas)
    g_optimizer = torch.optim.Adam(G.parameters(), lr=lr, betas=betas)
    while True:
        for (x,) in batches:
            x = x.to(device)
            ones, zeros = torch.ones(len(x), device=device), torch.zeros(len(x), device=device)
            d_optimizer.zero_grad()
            fake = G(torch.randn(len(x), gan.latent_dim, device=device))
            d_loss = bce(D(x).view(-1), ones) + bce(D(fake.detach()).view(-1), zeros)
            d_loss.backward()
            d_optimizer.step()
            g_optimizer.zero_grad()
            fake = G(torch.randn(len(x), gan.latent_dim, device=device))
            g_loss = bce(D(fake).view(-1), ones)
            g_loss.backward()
            g_optimizer.step()
            yield d_loss.item(), g_loss.item()


def wasserstein_gp(
    gan: GAN,
    batches: Iterable,
    weight: float = 10.0,
    d_steps: int = 5,
    lr: float = 1e-4,
    betas: tuple[float, float] = (0.0, 0.9),
    detach: bool = False,
) -> Iterator[tuple[float, float]]:
    """WGAN-GP; yields both losses after each of the generator's turns.

    Without ``detach`` the critic's loss is differentiated with respect to the generator's weights
    too, and the result thrown away: so it stands in the tutorial that many have copied.
    """
    G, D = gan.G, gan.D
    device = next(G.parameters()).device
    d_optimizer = torch.optim.Adam(D.parameters(), lr=lr, betas=betas)
    g_optimizer = torch.optim.Adam(G.parameters(), lr=lr, betas=betas)
    turn = 0
    while True:
        for (x,) in batches:
            x = x.to(device)
            d_optimizer.zero_grad()
            fake = G(torch.randn(len(x), gan.latent_dim, device=device))
            fake = fake.detach() if detach else fake
            penalty = slope_penalty(D, x, fake.detach())
            d_loss = D(fake).mean() - D(x).mean() + weight * penalty
            d_loss.backward()
            d_optimizer.step()
            turn += 1
            if turn % d_steps == 0:
                g_optimizer.zero_grad()
                g_loss = -D(G(torch.randn(len(x), gan.latent_dim, device=device))).mean()
                g_loss.backward()
                g_optimizer.step()
                yield d_loss.item(), g_loss.item()


def slope_penalty(D: nn.Module, x: Tensor, fake: Tensor) -> Tensor:
    """The gradient penalty between real and fake images, without its weight."""
    alpha = torch.rand(len(x), 1, 1, 1, device=x.device)
    between = (alpha * x + (1 - alpha) * fake).requires_grad_(True)
    scores = D(between)
    (slope,) = torch.autograd.grad(
        scores, between, torch.ones_like(scores), create_graph=True, retain_graph=True
    )
    return ((slope.view(len(x), -1).norm(2, dim=1) - 1) ** 2).mean()


def relativistic(
    gan: GAN,
    batches: Iterable,
    gamma: float = 1.0,
    lr: float = 1e-4,
    betas: tuple[float, float] = (0.0, 0.9),
) -> Iterator[tuple[float, float]]:
    """Relativistic pairing with R1 and R2; yields both losses."""
    G, D = gan.G, gan.D
    device = next(G.parameters()).device
    d_optimizer = torch.optim.Adam(D.parameters(), lr=lr, betas=betas)
    g_optimizer = torch.optim.Adam(G.parameters(), lr=lr, betas=betas)

    def squared_slope(x, scores):
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        return slope.square().sum([1, 2, 3]).mean()

    while True:
        for (x,) in batches:
            x = x.detach().to(device).requires_grad_(True)
            d_optimizer.zero_grad()
            fake = G(torch.randn(len(x), gan.latent_dim, device=device))
            fake = fake.detach().requires_grad_(True)
            real_scores, fake_scores = D(x), D(fake)
            d_loss = F.softplus(fake_scores - real_scores).mean() + gamma / 2 * (
                squared_slope(x, real_scores) + squared_slope(fake, fake_scores)
            )
            d_loss.backward()
            d_optimizer.step()
            g_optimizer.zero_grad()
            fake = G(torch.randn(len(x), gan.latent_dim, device=device))
            g_loss = F.softplus(D(x.detach()) - D(fake)).mean()
            g_loss.backward()
            g_optimizer.step()
            yield d_loss.item(), g_loss.item()


def bare(
    gan: GAN,
    batches: Iterable,
    optimizer: Callable,
    d_steps: int = 1,
    amp: bool = False,
    layout: torch.memory_format = torch.channels_last,
    freeze: bool = True,
    read: bool = False,
) -> Iterator[None]:
    """Our own loop with nothing around it: no history, no checks, no position of the noise.

    What :class:`gancourse.training.Training` costs is measured against it, and, with one of the
    switches turned, what each of its habits is worth.
    """
    device = next(gan.parameters()).device
    if any(isinstance(part, nn.Conv2d) for part in gan.modules()):
        gan.to(memory_format=layout)  # type: ignore[call-overload]  # which torch takes
    d_optimizer, g_optimizer = optimizer(gan.D.parameters()), optimizer(gan.G.parameters())
    weights, stream = list(gan.D.parameters()), iter(batches)
    precision = torch.autocast(device.type, torch.bfloat16) if amp else nullcontext()

    def turn(loss_of, optimizer):
        with precision:
            loss = loss_of(x)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        return loss.sum().item() if read else None

    while True:
        for _ in range(d_steps):
            (x,) = next(stream)
            turn(gan.d_loss, d_optimizer)
        for weight in weights:
            weight.requires_grad_(not freeze)
        turn(gan.g_loss, g_optimizer)
        for weight in weights:
            weight.requires_grad_(True)
        yield
