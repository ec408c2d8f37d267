"""What the documentation says of records is what the records say."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.bench import tables
from vigan.bench.plots import growth, newest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("title", ["false verdicts", "coverage", "rejections"])
def test_the_tables_of_the_statistics_are_those_of_the_last_record(title: str) -> None:
    record = newest(ROOT / "bench" / "records", "calibration")
    text = (ROOT / "docs" / "statistics.md").read_text()
    written = text.split(f"<!-- {title} -->\n")[1].split("\n<!-- end -->")[0]
    assert written == getattr(tables, title.replace(" ", "_"))(record)


def test_the_false_verdicts_without_an_effect_stay_below_alpha() -> None:
    record = newest(ROOT / "bench" / "records", "calibration")
    highest = record["summary"]["false_studies_highest"]
    assert max(highest[truth] for truth in ("no effect", "no collapse", "harm")) <= record["settings"]["alpha"]


def test_a_kept_curve_is_drawn_in_order_of_its_settings() -> None:
    """JSON sorts keys as text: 10 before 2."""
    figure = growth({"details": {"seconds": {"k": {"1": 1.0, "10": 9.0, "2": 2.0}}}})
    measured, proportional = figure.axes[0].get_lines()
    assert list(measured.get_xdata()) == list(proportional.get_xdata()) == [1, 2, 10]
    assert list(measured.get_ydata()) == [1, 2, 9]
