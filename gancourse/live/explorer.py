"""A walk through a latent space, with the real torch model in a running kernel."""

from collections.abc import Callable

import torch
from torch import Tensor

from gancourse.data import sheets
from gancourse.errors import GanCourseError, demand_seed
from gancourse.networks.latent import slerp
from gancourse.page.widget import Widget


class LatentExplorer(Widget):
    """What :func:`latent_explorer` returns: the noise ``A``, ``B`` of two faces, and directions."""

    def __init__(self, draw: Callable[[Tensor], Tensor], directions: Tensor, seed: int):
        self.draw, self.directions = draw, directions
        self._rng = torch.Generator().manual_seed(seed)
        self.A, self.B = self._noise(), self._noise()

    def _noise(self) -> Tensor:
        return torch.randn(self.directions.shape[1], generator=self._rng)

    def z(self, t: float, steps: Tensor | list[float]) -> Tensor:
        """The arc from ``A`` to ``B`` at ``t``, moved by so many units along each direction."""
        steps = torch.as_tensor(steps, dtype=torch.float)
        return slerp(self.A, self.B, t) + steps @ self.directions

    def still(self, columns: int = 8):
        """Row 1: from ``A`` to ``B``. Then a row for each direction, from -3 to 3 around ``A``."""
        from IPython.display import Image

        k, rest = len(self.directions), torch.zeros(len(self.directions))
        rows = [self.z(float(t), rest) for t in torch.linspace(0, 1, columns)]
        rows += [
            self.z(0, s * torch.eye(k)[i]) for i in range(k) for s in torch.linspace(-3, 3, columns)
        ]
        pictures = self.draw(torch.stack(rows))
        scale = max(1, 700 // (columns * (pictures.shape[-1] + 1)))
        return Image(sheets.png(pictures, columns, scale, colours=64), format="png")

    def controls(self):
        """An ipywidgets box: the face, a slider from A to B, one per direction, two buttons."""
        import ipywidgets

        def slider(text, low, high):
            return ipywidgets.FloatSlider(
                0,
                min=low,
                max=high,
                step=(high - low) / 60,
                description=text,
                continuous_update=True,
            )

        self.t = slider("A to B", 0, 1)
        self.sliders = [slider(f"direction {i + 1}", -3, 3) for i in range(len(self.directions))]
        self.new, self.reset = (
            ipywidgets.Button(description=text) for text in ("New face", "Sliders to 0")
        )
        self.image = ipywidgets.Image(format="png")
        for control in (self.t, *self.sliders):
            control.observe(self._show, "value")
        self.new.on_click(self._next)
        self.reset.on_click(lambda _: [control.set_trait("value", 0) for control in self.sliders])
        self._show()
        buttons = ipywidgets.HBox([self.new, self.reset])
        return ipywidgets.HBox([self.image, ipywidgets.VBox([self.t, *self.sliders, buttons])])

    def _show(self, _=None) -> None:
        z = self.z(self.t.value, [control.value for control in self.sliders])
        picture = self.draw(z[None])
        self.image.value = sheets.png(picture, 1, scale=max(1, 288 // picture.shape[-1]))

    def _next(self, _) -> None:
        self.A, self.B = self.B, self._noise()
        self.t.value = 1
        self._show()


def latent_explorer(gan, directions: Tensor | None = None, *, seed: int = 0) -> LatentExplorer:
    """Sliders for a trained generator of pictures: a walk between two faces, and directions of z.

    ``gan`` is a GAN or a Training (whose averaged generator is taken, if there is one).
    ``directions``: rows of shape ``(k, latent_dim)``; without them, two random orthogonal ones.
    """
    demand_seed(seed, where="latent_explorer")
    G, gan = getattr(gan, "average", None), getattr(gan, "gan", gan)
    G = getattr(gan, "G", None) if G is None else G
    size = getattr(gan, "latent_dim", None)
    if G is None or size is None:
        raise GanCourseError(
            f"{type(gan).__name__} has no generator G with a latent_dim",
            where="latent_explorer",
            fix="pass a GAN or a Training",
        )

    @torch.no_grad()
    def draw(z: Tensor) -> Tensor:
        was_training = G.training
        try:
            return G.eval()(z.to(next(G.parameters()))).cpu()
        finally:
            G.train(was_training)

    rng = torch.Generator().manual_seed(seed)
    if directions is None:
        directions = torch.linalg.qr(torch.randn(size, 2, generator=rng))[0].T
    if directions.dim() != 2 or directions.shape[1] != size:
        raise GanCourseError(
            f"directions have shape {tuple(directions.shape)}",
            where="latent_explorer",
            fix=f"pass rows of {size} numbers",
        )
    if getattr(G, "members", None) is not None or draw(torch.zeros(1, size)).dim() != 4:
        raise GanCourseError(
            "the generator does not draw single pictures",
            where="latent_explorer",
            fix="pass a GAN of pictures, no ensemble",
        )
    return LatentExplorer(draw, directions.float().cpu(), seed)
