"""What an arm makes the engine do: what decides its weights, where its regulariser acts, what moves BN's averages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from vigan.config.arms import REGULARISER, Arm, Dcgan, Network, Optimiser, Precision
from vigan.config.models import ENCODING, Aae, Ali, Model, Vae


class Computation(NamedTuple):
    """What decides an arm's weights: arms that are equal here train the same bits from the same seed and data."""

    model: Model
    network: Network
    d_batches: int
    g_batches: int
    k: int
    batch_size: int
    weights: Mapping[str, float]
    optimiser: Optimiser
    precision: Precision


def computation(arm: Arm, coordinates: int) -> Computation:
    """What an arm computes on examples of `coordinates` numbers: weights of zero, or that never act, are left out."""
    acting_weights = {name: weight for name, weight in weights(arm, coordinates).items() if weight}
    if updates(arm) == 1:
        acting_weights.pop(REGULARISER, None)
    return Computation(
        arm.model, arm.network, arm.d_batches, arm.g_batches, arm.k, arm.batch_size, acting_weights, arm.optimiser,
        arm.precision,
    )  # fmt: skip


def coordinates(arm: Arm, shape: tuple[int, ...]) -> int:
    """How many numbers the regulariser holds back: of G(z), of E(x) for the AAE, of both for ALI."""
    match arm.model:
        case Aae():
            return arm.network.latent
        case Ali():
            return math.prod(shape) + arm.network.latent
        case _:
            return math.prod(shape)


def acting(arm: Arm, coordinates: int) -> range:
    """Updates of a phase, counted from 1, on which the regulariser acts: empty where it is off or inert.

    The first update is made at G = G_o. One batch's old fakes are its first forward, so the term is exactly zero
    there; those of several batches come out of one forward, whose BN statistics are not the batch's own.
    """
    if not weights(arm, coordinates)[REGULARISER]:
        return range(0)
    return range(1 if arm.g_batches > 1 and has_batch_norm(arm) else 2, updates(arm) + 1)


def moves(arm: Arm, role: str = "generator") -> dict[str, int]:
    """How often an iteration moves the moving averages of a network's BN layers, by the forward that does it."""
    counts = _forwards(arm, role) if has_batch_norm(arm) and role in sampling(arm) else {}
    return {forward: count for forward, count in counts.items() if count}


def sampling(arm: Arm) -> dict[str, str]:
    """The letters of the networks that samples and codes are made with, by role."""
    return {"generator": "G", **({"encoder": "E"} if isinstance(arm.model, ENCODING) else {})}


def _forwards(arm: Arm, role: str) -> dict[str, int]:
    phase, old, encodes = updates(arm), int(old_fakes_move(arm)), role == "encoder"
    match arm.model:
        case Vae():
            return {"the phase's updates": phase}
        case Aae(decoder="joint"):
            shown = {"D's codes": arm.d_batches, "the old codes": old} if encodes else {}
            return {"the phase's updates": phase, **shown}
        case Aae():
            lesson = {"G's updates": arm.g_batches}
            return (
                {"D's codes": arm.d_batches, "E's updates": phase, "the old codes": old} | lesson if encodes else lesson
            )
        case Ali():
            again = phase if encodes and arm.model.latents else 0
            made = {"D's pairs": arm.d_batches, "the phase's updates": phase, "the old fakes and codes": old}
            return {**made, "codes of fakes": again}
        case _:
            return {"D's fakes": arm.d_batches, "G's updates": phase, "the old fakes": old}


def weights(arm: Arm, coordinates: int) -> dict[str, float]:
    """Weight of every term by name, as the engine collects them; the regulariser's is that of the mean."""
    return {REGULARISER: arm.lambda_per_mean(coordinates), **arm.stabilisers}


def updates(arm: Arm) -> int:
    """G updates of one phase, against one D and one G_o."""
    return arm.g_batches * arm.k


def has_batch_norm(arm: Arm) -> bool:
    """Whether an arm's networks have BN layers."""
    return isinstance(arm.network, Dcgan) and arm.network.batch_norm


def old_fakes_move(arm: Arm) -> bool:
    """Whether the forward that makes the old fakes moves G's moving averages, as in the released graph."""
    return arm.reading == "released" and arm.regularised
