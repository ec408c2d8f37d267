"""The adversarial auto-encoder: a GAN on codes, the prior's draws its real examples. Su (2018), equations 30 to 34.

D(z) is the probability that z was drawn from the prior q(z), and not E(x) of an example; its own loss, equation 30, is
`losses.discriminator_loss` on the prior's draws and on codes.
"""

from __future__ import annotations

from torch import Tensor

from vigan.objectives import losses


def encoder_loss(code_logits: Tensor) -> Tensor:
    """-log D(E(x)), batch mean, a scalar in nats, from logits (N,): equation 33, without KL(p(z) || p_o(z)) of 32."""
    return losses.generator_loss(code_logits)


def reconstruction(x: Tensor, decoded: Tensor) -> Tensor:
    """||x - G(E(x))||^2, a sum over coordinates and a mean over the batch: equation 34's term, without its lambda."""
    return (x - decoded).square().flatten(1).sum(1).mean()
