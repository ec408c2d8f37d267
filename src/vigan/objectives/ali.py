"""Adversarially learned inference (BiGAN): three losses of generator and encoder, on logits.

D(x, z) is the probability of a pair (x, E(x)), in p, against a pair (G(z), z), in q. Su (2018), equations 39 to 43;
D's own loss, equation 38, is `losses.discriminator_loss` on both kinds of pairs.
Every loss is a scalar in nats: two batch means, from logits (N,) on pairs of p and logits (M,) on pairs of q.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.functional import logsigmoid

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
