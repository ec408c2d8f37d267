"""Gradient clipping: the gradient of G's phase gets a norm of at most `max_norm`; Pascanu et al. (2013)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from vigan.config.base import Positive
from vigan.objectives.hooks import Linear, Stabiliser


class GradClip(Stabiliser):
    """`max_norm` is the largest joint Euclidean norm of the gradients of what G's phase moves."""

    max_norm: Positive

    def before_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Scale all gradients of G's phase by one factor; those of D are left as they are."""
        if group == "g":
            nn.utils.clip_grad_norm_(parameters, self.max_norm, foreach=True)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The gradient, its norm no larger than `max_norm`; torch adds 1e-6 to the norm that it divides by."""
        return {"before_step": linear.gradient * (self.max_norm / (linear.gradient.norm() + 1e-6)).clamp(max=1.0)}
