"""A run at other steps than those at which it was measured."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.analysis.trajectories import Trajectory, on_shared_steps

NAN = float("nan")


def _run(steps: list[int], values: list[float]) -> Trajectory:
    return Trajectory(("ring", "plain", "elsewhere", 0), "plain", np.array(steps), np.array(values), 8.0)


@pytest.mark.parametrize(
    ("steps", "values", "seen"),
    [
        ([0, 10, 20, 60], [0, 1, 2, 6], {0: 0, 20: 2, 60: 6}),
        ([0, 10, 60], [0, NAN, NAN], {0: 0, 20: NAN, 40: NAN, 60: NAN}),
        ([0, 20, 30, 40, 60], [0, 2, NAN, 4, 6], {0: 0, 20: 2, 40: NAN, 60: 6}),
        ([0, 10], [NAN, NAN], {0: NAN, 20: NAN, 40: NAN, 60: NAN}),
    ],
)
def test_that_a_run_diverged_is_seen_at_the_next_step(
    steps: list[int], values: list[float], seen: dict[int, float]
) -> None:
    found = _run(steps, values).at(np.array([0, 20, 40, 60]))
    np.testing.assert_equal(dict(zip(found.steps.tolist(), found.values.tolist(), strict=True)), seen)


def test_a_run_that_diverged_takes_no_step_from_the_others() -> None:
    whole, dead = _run([0, 20, 40], [0, 1, 2]), _run([0, 10, 40], [0, NAN, NAN])
    assert [run.steps.tolist() for run in on_shared_steps([whole, dead])] == [[0, 20, 40]] * 2
    assert on_shared_steps([dead])[0] is dead
