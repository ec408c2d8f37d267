"""A run's numbers come from its seed alone: what draws from torch's global generators is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vigan.errors import UserError


class GlobalDrawError(UserError, RuntimeError):
    """Something drew random numbers that no seed of ours decides; the message says what to use instead."""


@contextmanager
def no_global_draws(device: torch.device, arm: str) -> Iterator[None]:
    """Raise GlobalDrawError if torch's generator of the CPU or of `device` is in another state after than before.

    Nothing seeds them: the same run would get other weights in every process.
    """
    before = _states(device)
    yield
    if _states(device) != before:
        raise GlobalDrawError(
            f"arm '{arm}': a stabiliser, a model or a network draws from torch's global generator, and would get other "
            "weights in every process; draw from the `draws` that a stabiliser's hook is given instead"
        )


def _states(device: torch.device) -> list[bytes]:
    """The generators' states: as bytes, which are compared faster than tensors in every iteration."""
    states = [torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])]
    return [state.numpy().tobytes() for state in states]
