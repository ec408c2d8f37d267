"""Adversarially learned inference (BiGAN): three losses of generator and encoder, on logits.

D(x, z) is the probability of a pair (x, E(x)), in p, against a pair (G(z), z), in q. Su (2018), equations 39 to 43;
D's own loss, equation 38, is `losses.discriminator_loss` on both kinds of pairs.
Every loss is a scalar in nats: two batch means, from logits (N,) on pairs of p and logits (M,) on pairs of q.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.functional import logsigmoid

from vigan.objectives.base import Loss, Objective, Tensors

PairLoss = Callable[[Tensor, Tensor], Tensor]


def derived(p_logits: Tensor, q_logits: Tensor) -> Tensor:
    """-E_p[log D] - E_q[log D]: the article's, equation 41, which is 40 without its last two terms."""
    return -logsigmoid(p_logits).mean() - logsigmoid(q_logits).mean()


def min_max(p_logits: Tensor, q_logits: Tensor) -> Tensor:
    """E_p[log D] + E_q[log(1 - D)]: minus twice D's loss, equation 42."""
    return logsigmoid(p_logits).mean() + logsigmoid(-q_logits).mean()


def non_saturating(p_logits: Tensor, q_logits: Tensor) -> Tensor:
    """-E_p[log(1 - D)] - E_q[log D]: D's loss with the labels exchanged, equation 43."""
    return -logsigmoid(-p_logits).mean() - logsigmoid(q_logits).mean()


LOSSES: Mapping[str, PairLoss] = {"derived": derived, "min-max": min_max, "non-saturating": non_saturating}
"""The losses of generator and encoder that the article compares, by name."""


class Ali(Objective):
    """G maps z to fakes, E maps x to codes; the regulariser compares both with their old values.

    On G(z) it is the first of the two terms that the article drops from (40). The second is another: for a Gaussian
    encoder it is the squared norm of z - E(G(z)), a loss of E if the arm gives it a weight.
    """

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Fakes G(z) and codes E(x)."""
        return self.networks["generator"](z), self.networks["encoder"](x)

    def discriminator_inputs(self, outputs: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """(x, E(x)) as real, (G(z), z) as fake."""
        fake, code = outputs
        return (x, code), (fake, z)

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """The arm's choice of loss, on D's logits of both kinds of pairs, and E's own term."""
        assert x is not None
        pairs = self.discriminator_inputs(outputs, x, z)
        logits = tuple(self.networks["discriminator"](*pair) for pair in pairs)
        value = LOSSES[self.settings.loss](*logits)
        if not self.settings.latents:
            return Loss(value, logits)
        error = (z - self.networks["encoder"](outputs[0].detach())).square().sum(1).mean()
        return Loss(value + self.settings.latents * error, logits, {"latents": error})
