"""A guard against draws from the global generators of numpy and Python: a run's numbers depend on its seed only."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vigan import rng
from vigan.models.build import Networks
from vigan.training.randomness import GlobalDrawError


@contextmanager
def no_other_draws(arm: str) -> Iterator[None]:
    """Raise GlobalDrawError if either is drawn from, or seeded, within.

    Python's is not looked at where modules are imported within: libraries draw from it while they are.
    """
    before, known = _states(), len(sys.modules)
    yield
    if len(sys.modules) == known or rng.numpy_state() != before.numpy:
        _compare(arm, before)


class NoOtherDraws:
    """A callback that raises GlobalDrawError once either has been drawn from, or seeded, since the first iteration.

    What is before that, `vigan.training.run` guards, as it does torch's by `vigan.training.randomness`.
    """

    def __init__(self, arm: str) -> None:
        self.arm = arm
        self.before: _States | None = None

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:  # noqa: ARG002
        """Look at both where telemetry is logged."""
        if row is None and self.before is not None:
            return
        self.before = _compare(self.arm, self.before)


def _compare(arm: str, before: _States | None) -> _States:
    """The states now. Raises GlobalDrawError if they are others than they were `before`, where that is known."""
    now = _states()
    if before is not None and now != before:
        raise GlobalDrawError(
            f"arm '{arm}': a plug-in draws from numpy's or Python's global generator, and would get other "
            "weights in every process; draw from the `draws` that a stabiliser's hook is given instead"
        )
    return now


class _States(NamedTuple):
    numpy: bytes
    python: object


def _states() -> _States:
    return _States(rng.numpy_state(), random.getstate())
