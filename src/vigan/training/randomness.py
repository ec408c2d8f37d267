"""Guard against draws from torch's global generators: a run's numbers must depend on its seed only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vigan.errors import UserError


class GlobalDrawError(UserError, RuntimeError):
    """Random numbers were drawn that do not depend on the run's seed; the message says what to use instead."""


@contextmanager
def no_global_draws(device: torch.device, arm: str) -> Iterator[None]:
    """Raise GlobalDrawError if the state of torch's generator of the CPU or of `device` changes within.

    They are not seeded: the same run would get different weights in every process.
    """
    before = _states(device)
    yield
    if _states(device) != before:
        raise GlobalDrawError(
            f"arm '{arm}': a stabiliser, a model or a network draws from torch's global generator, and would get other "
            "weights in every process; draw from the `draws` that a stabiliser's hook is given instead"
        )


def _states(device: torch.device) -> list[bytes]:
    """The generators' states as bytes, which are faster to compare than tensors."""
    states = [torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])]
    return [state.numpy().tobytes() for state in states]
