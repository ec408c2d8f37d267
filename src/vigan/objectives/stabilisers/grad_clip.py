"""Gradient clipping in the generator phase, to a norm of at most `max_norm`; Pascanu et al. (2013)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from vigan.config.base import Positive
from vigan.objectives.hooks import Linear, Stabiliser


class GradClip(Stabiliser):
    """`max_norm` bounds the joint Euclidean norm of the generator phase's gradients."""

    max_norm: Positive

    def before_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Scale all gradients of the generator phase by one factor; leave those of D alone."""
        if group == "g":
            nn.utils.clip_grad_norm_(parameters, self.max_norm, foreach=True)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The gradient, its norm no larger than `max_norm`; torch adds 1e-6 to the norm that it divides by."""
        return {"before_step": linear.gradient * (self.max_norm / (linear.gradient.norm() + 1e-6)).clamp(max=1.0)}
