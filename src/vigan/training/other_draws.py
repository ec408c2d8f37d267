"""A guard against draws from the global generators of numpy and Python: a run's numbers depend on its seed only."""

from __future__ import annotations

import random

import numpy as np

from vigan.models.build import Networks
from vigan.training.randomness import GlobalDrawError


class NoOtherDraws:
    """A callback that raises GlobalDrawError once either has been drawn from, or seeded, since the first iteration.

    Torch's are guarded by `vigan.training.randomness`.
    """

    def __init__(self, arm: str) -> None:
        self.arm, self.before = arm, b""

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:  # noqa: ARG002
        """Look at both where telemetry is logged."""
        if row is None and self.before:
            return
        now = _states()
        if self.before and now != self.before:
            raise GlobalDrawError(
                f"arm '{self.arm}': a plug-in draws from numpy's or Python's global generator, and would get other "
                "weights in every process; draw from the `draws` that a stabiliser's hook is given instead"
            )
        self.before = now


def _states() -> bytes:
    numpy = np.random.get_state(legacy=False)
    return repr((numpy, random.getstate())).encode() + numpy["state"]["key"].tobytes()
