"""The progress bar of a training."""

import time
from collections.abc import Sequence

from torch import Tensor
from tqdm.auto import tqdm

#: Seconds between two looks at the losses: on a GPU a look waits for it.
PAUSE = 0.5


class Bar(tqdm):
    """A bar over ``steps`` that shows from its third second on how the losses stand.

    Of a single step there is nothing to show.
    """

    def __init__(self, steps: int, **how):
        look = dict(desc="training", unit="step", delay=2, leave=False)
        if steps == 1:
            how = {"disable": True} | how
        super().__init__(range(steps), **look, **how)
        self.words: dict[str, object] = {}
        self.due = time.monotonic() + PAUSE

    def set_postfix(self, words: dict, refresh: bool = True) -> None:
        """Show ``words`` behind the bar, beside those that were set before under other names."""
        self.words |= words
        super().set_postfix(self.words, refresh=refresh)

    def tell(self, names: Sequence[str], losses: Sequence[Tensor]) -> None:
        """Show the losses of a step (``d_loss`` as D), the means of members, if it is time to."""
        if self.disable or time.monotonic() < self.due:
            return
        means = {
            name.removesuffix("_loss").upper() if "_" in name else name: loss.float().mean().item()
            for name, loss in zip(names, losses, strict=True)
        }
        self.set_postfix({name: f"{mean:.3f}" for name, mean in means.items()}, refresh=False)
        self.due = time.monotonic() + PAUSE
