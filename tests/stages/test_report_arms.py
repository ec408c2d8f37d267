"""What arms share is told once, and what differs is a narrow table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from vigan.config.load import load_study
from vigan.stages.report_arms import differing

STUDY = load_study(Path(__file__).parents[2] / "config" / "ring.yaml")


def test_shared_settings_are_told_once_and_the_others_by_arm() -> None:
    arms = pd.DataFrame(
        {
            "experiment": "ring",
            "arm": ["plain", "regularised"],
            "k": [2, 2],
            "lambda_sum": [0.0, 1.0],
            "none": [None, None],
        }
    )
    ((_, shared, table),) = differing(STUDY, arms)
    assert shared == [("k", "2")]
    assert table.columns == ["arm", "lambda_sum"]
    assert [[cell.text for cell in row] for row in table.rows] == [["plain", "0"], ["regularised", "1"]]


def test_nothing_is_said_of_settings_that_nobody_here_knows() -> None:
    """Two methods of one table were arms of "the same settings"."""
    rows = {"experiment": "ring", "arm": ["wgan", "stylegan"], "trained": "not trained here", "path": "t.csv"}
    for more, told in (({}, "All that is known of arms is the same. Nobody"), ({"where": ["a", "b"]}, "What is known")):
        ((_, _, table),) = differing(STUDY, pd.DataFrame({**rows, **more}))
        assert table.caption.startswith(told)
        assert "settings of those that were not trained here" in table.caption
