"""What an arm makes the engine do: what decides its weights, where its regulariser acts, what moves BN's averages."""

from __future__ import annotations

import math
from typing import Any

from vigan.config.arms import Arm, Dcgan


def computation(arm: Arm, coordinates: int) -> dict[str, Any]:
    """What decides an arm's weights: arms that are equal here train the same bits from the same seed and data.

    All of its fields, but K for the reading, and for lambda the weight of the mean over `coordinates` numbers, 0 where
    it never acts.
    """
    decided = arm.model_dump(exclude={"reading", "updates_per_batch", "lambda_mean", "lambda_sum"})
    return {**decided, "k": arm.k, "lambda": arm.lambda_per_mean(coordinates) if arm.updates > 1 else 0.0}


def coordinates(arm: Arm, shape: tuple[int, ...]) -> int:
    """How many numbers the regulariser compares on examples of `shape`."""
    return arm.model.coordinates(math.prod(shape), arm.network.latent)


def active_updates(arm: Arm) -> range:
    """Updates of a phase, counted from 1, on which the regulariser acts: empty where it is off or inert.

    The first update is made at G = G_o. One batch's old fakes are its first forward, so the term is exactly zero
    there; those of several batches come out of one forward, whose BN statistics are not the batch's own.
    """
    if not arm.regularised:
        return range(0)
    return range(1 if arm.g_batches > 1 and has_batch_norm(arm) else 2, arm.updates + 1)


def bn_updates(arm: Arm, role: str = "generator") -> dict[str, int]:
    """How often an iteration moves the moving averages of a network's BN layers, by the forward that does it."""
    sampled = has_batch_norm(arm) and role in arm.model.sampled
    counts = arm.model.forwards(arm, role) if sampled else {}
    return {forward: count for forward, count in counts.items() if count}


def has_batch_norm(arm: Arm) -> bool:
    """Whether an arm's networks have BN layers."""
    return isinstance(arm.network, Dcgan) and arm.network.batch_norm
