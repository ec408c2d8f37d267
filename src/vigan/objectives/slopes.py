"""The norm of D's gradient in its input, which gradient penalties are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def slope_norms(discriminator: Callable[..., Tensor], inputs: Sequence[Tensor]) -> Tensor:
    """Euclidean norms (N,) of the gradient of D's logit in its whole input, at `inputs` (N, ...); differentiable."""
    at = [part.detach().requires_grad_() for part in inputs]
    slopes = torch.autograd.grad(discriminator(*at).sum(), at, create_graph=True)
    return torch.cat([slope.flatten(1) for slope in slopes], 1).norm(dim=1)
