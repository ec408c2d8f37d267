"""A Gaussian mixture fitted by EM: alternating closed-form minimisation of the joint KL over p(z|x) and the mixture."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from vigan.config.base import NonNegative
from vigan.config.methods.base import ArmSettings, Description, Method, NetworkSpec, Panel, Phase

_UNIT = "without the entropy of the data"


class Em(Method):
    """`floor` is added to the diagonals of the covariances."""

    kind: Literal["em"]
    floor: NonNegative = 1e-6
    networks: ClassVar[tuple[str, ...]] = ("mixture",)
    panels: ClassVar[Mapping[str, Panel]] = MappingProxyType(
        {
            "p_step": Panel("Joint KL after the p-step (nats)", _UNIT),
            "q_step": Panel("Joint KL after the q-step (nats)", _UNIT),
        }
    )

    @property
    def parts(self) -> Mapping[str, str]:
        """The joint KL after either step."""
        return {
            "p_step": f"joint KL after p(z|x) = q(z|x) (nats, {_UNIT})",
            "q_step": f"joint KL after the mixture was fitted to p(z|x) (nats, {_UNIT})",
        }

    def roles(self, latent: int) -> Mapping[str, NetworkSpec]:
        """The mixture, as a generator."""
        return {"generator": NetworkSpec("generator")}

    def phases(self, arm: ArmSettings) -> tuple[Phase, ...]:
        """A p-step and a q-step on the same batch."""
        p_step = Phase("p_step", "exact", (), arm.g_batches)
        return p_step, p_step._replace(name="q_step", batches_of="p_step")

    def check_data(self, arm: ArmSettings, examples: int | None) -> None:
        """Raise ValueError unless a batch is the whole data set, on which the steps are exact."""
        if examples is None:
            raise ValueError("EM needs a data set whose source states its count (a plug-in's `most`)")
        if arm.g_batches != 1 or arm.batch_size != examples:
            raise ValueError(
                f"an iteration of EM is made on the whole data set: write g_batches 1 and "
                f"batch_size {examples}, its count, not {arm.g_batches} and {arm.batch_size}"
            )
        if arm.precision != "float32":
            raise ValueError(f"EM calculates in float64 whatever its precision: leave '{arm.precision}' out")

    def describe(self, arm: ArmSettings) -> Description:
        """Text for `vigan explain`."""
        return Description(
            trained="mixture",
            batch="examples",
            steps=(
                f"p-step: p(z|x) = q(z|x), exact, for {arm.batch_size} examples",
                "q-step: the mixture of least KL(p~(x) p(z|x) || q(z) q(x|z)), exact, then "
                f"{self.floor:g} added to the diagonals of its covariances",
                "in float64; no D, no gradients: the optimiser and the latents are not used",
            ),
        )
