"""What is shown of a run while it trains: its rate where it was resumed, events of it to its last row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vigan.config.arms import RunSpec
from vigan.training.callbacks import ProgressBar, TensorBoard

NETWORKS: Any = None


@pytest.mark.parametrize("resumed_at", [0, 5])
def test_rate_and_time_left_are_those_of_the_iterations_that_are_made_now(
    resumed_at: int, spec: Callable[..., RunSpec]
) -> None:
    """The iterations of earlier sessions counted as made in this one."""
    shown = ProgressBar(spec("mlp"))
    shown(resumed_at + 1, None, NETWORKS)
    shown(resumed_at + 2, None, NETWORKS)
    assert (shown.bar.n, shown.bar.initial) == (resumed_at + 2, resumed_at)
    shown.close()


def test_a_file_of_events_is_closed_wherever_a_run_ends(spec: Callable[..., RunSpec], tmp_path: Path) -> None:
    shown = TensorBoard(spec("mlp"), tmp_path)
    shown(2, {"iteration": 2.0, "d_loss": 0.5}, NETWORKS)
    stream = shown.stream
    assert stream
    assert not stream.closed
    shown.close()
    assert stream.closed
    shown(3, {"iteration": 3.0, "d_loss": 0.5}, NETWORKS)
    shown.close()
