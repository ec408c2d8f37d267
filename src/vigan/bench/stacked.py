"""Many perceptrons of one shape as one network, computed by batched matrix products."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vigan.models.build import Networks
from vigan.models.mlp import Discriminator, Perceptron


class Stacked(nn.Module):
    """Perceptrons side by side: (members, N, inputs) to (members, N, outputs), or (members, N) for discriminators."""

    def __init__(self, members: Sequence[Perceptron]) -> None:
        """Stack the parameters of `members`, which must be of one shape."""
        super().__init__()
        self.flat = isinstance(members[0], Discriminator)
        names = [name for name, _ in members[0].named_parameters()]
        self.stacks = nn.ParameterList(
            torch.stack([member.get_parameter(name).detach() for member in members]) for name in names
        )

    def forward(self, x: Tensor) -> Tensor:
        """Each member's output for its own batch."""
        w1, b1, w2, b2, w3, b3 = self.stacks
        h = torch.baddbmm(b1.unsqueeze(1), x, w1.mT).relu()
        h = torch.baddbmm(b2.unsqueeze(1), h, w2.mT).relu()
        y = torch.baddbmm(b3.unsqueeze(1), h, w3.mT)
        return y.squeeze(2) if self.flat else y

    def member(self, index: int) -> list[Tensor]:
        """One member's parameters, in the order of its own."""
        return [stack.detach()[index] for stack in self.stacks]


def stacked(members: Sequence[Networks]) -> Networks:
    """The networks of all `members`, stacked. Raises TypeError if one is not a perceptron."""
    return Networks({role: _stack([member[role] for member in members]) for role in members[0]})


def _stack(networks: Sequence[nn.Module]) -> Stacked:
    perceptrons = [network for network in networks if isinstance(network, Perceptron)]
    if len(perceptrons) < len(networks):
        raise TypeError("only perceptrons can be stacked")
    return Stacked(perceptrons)
