"""Weight clipping of a critic: Arjovsky, Chintala, Bottou (2017), arXiv 1701.07875, algorithm 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from vigan.config.base import Positive
from vigan.objectives.hooks import Linear, Stabiliser


class WeightClip(Stabiliser):
    """`limit` is the paper's c, 0.01 there: the largest absolute value that a parameter of D keeps."""

    limit: Positive

    def after_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Clip D's parameters after its step; those of other groups are left as they are."""
        if group == "d":
            torch._foreach_clamp_min_(list(parameters), -self.limit)
            torch._foreach_clamp_max_(list(parameters), self.limit)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """D's weight, clipped."""
        return {"after_step": linear.w.clamp(-self.limit, self.limit)}
