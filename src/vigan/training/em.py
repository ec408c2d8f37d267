"""EM: the joint KL minimised in turn over p(z|x) and over the mixture, each in closed form, on the whole batch."""

from __future__ import annotations

import math
from typing import ClassVar

import torch

from vigan.config.models import Em
from vigan.models.build import Networks
from vigan.models.mixture import GaussianMixture
from vigan.objectives.em import Mixture, joint_kl, maximise, posterior
from vigan.training.engine import Batches, Player, Update, Watch

COLUMNS = {
    "p_step": "joint KL after p(z|x) = q(z|x) (nats, without the entropy of the data)",
    "q_step": "joint KL after the mixture was fitted to p(z|x) (nats, same)",
}


class Alternation:
    """Plays EM: an iteration is a p-step and a q-step on one batch; it is exact where that is the whole data set."""

    players: ClassVar[dict[str, Player]] = {}

    def __init__(self, model: Em, networks: Networks) -> None:
        generator = networks.generator
        assert isinstance(generator, GaussianMixture)
        self.mixture, self.floor = generator, model.floor

    @torch.no_grad()
    def iterate(self, batches: Batches, watch: Watch | None = None) -> None:
        """One iteration; `watch` is told the joint KL after each of its two steps."""
        (x,) = (real.to(self.mixture.means) for real in batches.real)
        old = Mixture(self.mixture.weights, self.mixture.means, self.mixture.covariances)
        responsibilities = posterior(x, old)
        new = maximise(x, responsibilities, self.floor)
        for name, mixture in (("p_step", old), ("q_step", new)):
            if watch:
                found = joint_kl(x, responsibilities, mixture)
                watch(Update(name, found, found, {}, ()))
        for place, value in zip(old, new, strict=True):
            place.copy_(value)


class JointKL:
    """Telemetry of EM: the joint KL after each step."""

    columns = ("iteration", *COLUMNS)

    def begin(self) -> None:
        """Start a new row, before the iteration."""
        self.told: dict[str, float] = {}

    def __call__(self, update: Update) -> None:
        """Take note of one step."""
        self.told[update.player] = update.loss.item()

    def row(self, iteration: int) -> dict[str, float]:
        """Values of `columns` for the iteration that has just ended."""
        return {"iteration": float(iteration)} | self.told

    def finite(self, row: dict[str, float]) -> bool:
        """Whether the joint KL is: training goes on."""
        return all(math.isfinite(value) for value in row.values())
