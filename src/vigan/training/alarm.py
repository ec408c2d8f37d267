"""An alarm, not a stop: a line when the samples of a run lose their diversity. Training goes on, unchanged."""

from __future__ import annotations

from vigan.config.arms import RunSpec
from vigan.errors import say
from vigan.models.build import Networks

FALLEN, BACK = 0.25, 0.5
"""Shares of the highest diversity so far below which it has fallen, and above which it is back."""


class DiversityAlarm:
    """A callback that compares each row's diversity with the highest one it has seen of the run.

    Warns once per drop. After resuming, the maximum starts anew.
    """

    def __init__(self, spec: RunSpec) -> None:
        self.name, self.highest, self.when, self.fallen = f"{spec.name} seed {spec.seed}", 0.0, 0, False

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:  # noqa: ARG002
        """Look at a row of telemetry, if there is one."""
        if row is None or "diversity" not in row:
            return
        diversity = row["diversity"]
        if diversity > self.highest:
            self.highest, self.when = diversity, iteration
        if diversity > BACK * self.highest:
            self.fallen = False
        elif diversity < FALLEN * self.highest and not self.fallen:
            self.fallen = True
            say(
                f"warning: {self.name}, iteration {iteration}: samples on fixed latents have a diversity of "
                f"{diversity:.3g}, which was {self.highest:.3g} at {self.when}: a sign of collapse; training goes on"
            )
