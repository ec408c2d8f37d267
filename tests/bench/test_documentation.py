"""What the documentation says of records is what the records say, and they say what it promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vigan.bench.documentation import PAGE, PARTS_OF_STUDIES, TABLES, filled, kept_studies, multiplicity, with_study
from vigan.bench.plots import POWER_OF, POWER_RULES, growth, power
from vigan.io.benchmark_records import newest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def record() -> Any:
    return newest(ROOT / "bench" / "records", "calibration")


def test_the_page_of_the_statistics_is_that_of_the_last_record() -> None:
    text = (ROOT / PAGE).read_text()
    assert re.findall(r"<!-- (?!end)(.*) -->", text) == [*TABLES, "multiplicity"]
    assert filled(text, ROOT) == text


def test_a_part_that_was_changed_by_hand_is_made_again() -> None:
    text = (ROOT / PAGE).read_text()
    assert filled(text.replace("supported", "proved"), ROOT) != text.replace("supported", "proved")


def test_false_verdicts_are_no_more_frequent_than_alpha_by_more_than_chance(record: Any) -> None:
    assert record["settings"]["studies"] == 2000
    assert record["settings"]["numbers"] == [5, 6, 8, 10, 16, 32]
    """The worst of so many cells is well above alpha by chance alone: by chance it may be, once in as many."""
    assert record["summary"]["least_p_of_a_cell"] > 1 / record["summary"]["cells"]


def test_exact_tests_err_with_a_chance_of_at_most_alpha(record: Any) -> None:
    assert max(record["summary"]["sizes_highest"].values()) <= record["settings"]["alpha"]


def test_every_interval_covers_at_all_numbers_of_seeds(record: Any) -> None:
    assert min(record["summary"]["coverage_lowest"].values()) >= 0.93
    assert {row["n"] for row in record["details"]["intervals"]} == set(record["settings"]["numbers"])


def test_false_verdicts_over_all_studies_are_counted_from_the_kept_ones() -> None:
    studies = kept_studies(ROOT)
    with_claims = [study for study in studies if study.rules()]
    assert multiplicity(studies).startswith(f"{len(with_claims)} kept studies test ")
    assert f"At most {0.05 * len(with_claims):.2f} of" in multiplicity(studies)


def test_the_picture_of_power_shows_both_ways_of_sampling(record: Any) -> None:
    axis = power(record).axes[0]
    drawn = {str(line.get_label()): list(line.get_ydata()) for line in axis.get_lines()}
    rows = [row for row in record["details"]["power"] if row["process"] == POWER_OF and row["rule"] == POWER_RULES[0]]
    fixed, bets = (next(row["supported"] for row in rows if row["way"] == way) for way in ("fixed", "peeked"))
    assert fixed in drawn.values()
    assert bets in [list(line.get_ydata()) for line in axis.get_lines()]


def test_a_kept_curve_is_drawn_in_order_of_its_settings() -> None:
    """JSON sorts keys as text: 10 before 2."""
    figure = growth({"details": {"seconds": {"k": {"1": 1.0, "10": 9.0, "2": 2.0}}}})
    measured, proportional = figure.axes[0].get_lines()
    assert list(measured.get_xdata()) == list(proportional.get_xdata()) == [1, 2, 10]
    assert list(measured.get_ydata()) == [1, 2, 9]


@pytest.mark.parametrize("page", PARTS_OF_STUDIES, ids=str)
def test_the_pages_of_studies_are_those_of_their_last_records(page: Path) -> None:
    assert with_study(page, ROOT) == (ROOT / page).read_text()
