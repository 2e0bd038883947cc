"""``train --from``: an earlier run's networks, with which a new run begins.

The new run has them, and nothing else of the old one: its optimizers begin anew, and so do its
learning rates, which had fallen to almost nothing at the old run's end. The generator is the
averaged one, whose samples were on the old run's last sheet.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gancourse.commands.plan import POINTS, Plan, checkpoint_at, trained
from gancourse.errors import SEEDS, GanCourseError
from gancourse.gans import GAN
from gancourse.saving import checkpoints, schema


@dataclass(frozen=True)
class Start:
    """``networks`` of the run that had the ``plan``, from the checkpoint at ``path``."""

    path: Path
    networks: GAN
    plan: Plan
    sha256: str

    @classmethod
    def of(cls, path: str | Path, sha256: str | None = None) -> "Start":
        """From a checkpoint, or the newest in a folder; with ``sha256`` only from that file."""
        path = checkpoint_at(path)
        networks, plan = trained(path, sha256)
        return cls(path, networks, plan, sha256 or checkpoints.sha256_of(path))

    def plan_for(self, data: str, said: dict) -> Plan:
        """The plan of a new run on ``data``: the old one's, but for what is ``said``.

        A seed that is not said is the next one: with the old one the new run would draw the same
        batches and the same noise again. What would need other networks is refused.
        """
        if (data in POINTS) != (self.plan.data in POINTS):
            kinds = ("pictures", "points") if data in POINTS else ("points", "pictures")
            raise self.refusal(f"its networks draw {kinds[0]}, and {data} are {kinds[1]}", "--data")
        for name in ("size", "latent", "width"):
            if name in said and said[name] != getattr(self.plan, name):
                raise self.refusal(
                    f"its networks have {name} {getattr(self.plan, name)}, not {said[name]}",
                    f"--{name}",
                )
        seed = (self.plan.seed + 1) % SEEDS
        plan = replace(self.plan, data=data, start=self.sha256, **{"seed": seed} | said)
        if not self.fits(plan):
            raise self.refusal(
                f"its networks, those of {self.plan.game}, are not built like those of {plan.game}",
                "--game",
            )
        return plan

    def fits(self, plan: Plan) -> bool:
        """Whether the networks are built as those of ``plan``."""
        with torch.device("meta"):  # shapes without memory
            described = plan.gan().state_dict()
        try:
            schema.demand_weights(self.networks.state_dict(), described, "gan")
        except schema.MismatchError:
            return False
        return True

    def gan(self, plan: Plan) -> GAN:
        """The networks in the game of ``plan``."""
        gan = plan.gan()
        gan.load_state_dict(self.networks.state_dict())
        return gan

    def refusal(self, what: str, option: str) -> GanCourseError:
        """Why the new run cannot begin so."""
        return GanCourseError(
            what,
            where=f"--from {self.path}",
            fix=f"leave {option} out, or leave --from out and begin with new networks",
        )
