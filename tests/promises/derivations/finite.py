"""Pairs (x, z) of four and three values, drawn in known counts: every integral of the article is a finite sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

SEEDS = range(5)
VALUES_OF_X, VALUES_OF_Z = 4, 3


def counts(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(1, 20, shape))


def probabilities(counts: Tensor) -> Tensor:
    return counts.double() / counts.sum()


def distribution(seed: int, *shape: int) -> Tensor:
    return probabilities(counts(seed, *shape))


def given_z(joint: Tensor) -> Tensor:
    """The table of x given z: columns sum to 1."""
    return joint / joint.sum(0)


def given_x(joint: Tensor) -> Tensor:
    """The table of z given x: rows sum to 1."""
    return joint / joint.sum(1, keepdim=True)


def kl(first: Tensor, second: Tensor) -> Tensor:
    return (first * (first / second).log()).sum()


def batch(table: Tensor, counts: Tensor) -> Tensor:
    """A batch in which the entries of `table` come as often as `counts` says: its mean is the expectation."""
    return table.flatten().repeat_interleave(counts.flatten())


def logit(probability: Tensor) -> Tensor:
    return probability.log() - (1 - probability).log()


class Pair(NamedTuple):
    """Two joint distributions over the same values, and the counts they come from."""

    p: Tensor
    q: Tensor
    p_counts: Tensor
    q_counts: Tensor


def pair(seed: int, *shape: int) -> Pair:
    p_counts, q_counts = counts(2 * seed, *shape), counts(2 * seed + 1, *shape)
    return Pair(probabilities(p_counts), probabilities(q_counts), p_counts, q_counts)
