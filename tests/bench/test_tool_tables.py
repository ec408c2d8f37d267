"""docs/metrics.md says what the last record of `vigan bench witness` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vigan.bench import tool_tables
from vigan.bench.documentation import METRICS_PAGE, with_parts
from vigan.bench.plots import newest
from vigan.evaluation.witness_tools import TOOLS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def record() -> Any:
    return newest(ROOT / "bench" / "records", "witness")


@pytest.fixture(scope="module")
def bias() -> Any:
    return newest(ROOT / "bench" / "records", "bias")


def test_the_page_is_that_of_the_last_records(record: Any, bias: Any) -> None:
    text, parts = (ROOT / METRICS_PAGE).read_text(encoding="utf-8"), tool_tables.parts(record, bias)
    assert with_parts(text, parts) == text
    assert all(f"<!-- {title} -->\n|" in text for title in parts)


def test_the_first_order_of_the_bias_is_good_to_a_tenth_where_samples_are_twice_the_features(bias: Any) -> None:
    assert not bias["settings"]["quick"]
    enough = [row for row in bias["details"]["rows"] if row["n"] >= 2 * bias["settings"]["width"]]
    assert len(enough) >= 4
    for row in enough:
        assert row["first_order"] == pytest.approx(row["measured"], rel=0.1)


def test_every_tool_was_measured_and_every_difference_has_a_reason(record: Any) -> None:
    assert not record["settings"]["quick"]
    for tools in record["details"].values():
        assert set(tools) == {"vigan", *TOOLS}
        assert "not known" not in tool_tables.reasons(tools)


def test_where_nobody_resizes_all_tools_agree_but_for_random_subsets(record: Any) -> None:
    tools = record["details"]["299x299 pixels"]
    apart = {(tool, metric) for tool, metric, _ in tool_tables.differences(tools)}
    assert {metric for _, metric in apart} <= {"kid_mean"}


def test_files_of_statistics_are_worth_what_the_images_are(record: Any) -> None:
    tools = record["details"]["299x299 pixels"]
    for tool in ("clean-fid", "pytorch-fid", "torch-fidelity"):
        numbers = tools[tool]["numbers"]
        for way in ("frechet_by_ours", "frechet_by_theirs"):
            assert numbers[way] == pytest.approx(tools["vigan"]["numbers"]["frechet"], rel=1e-5)


def test_a_difference_without_a_reason_is_seen() -> None:
    tools = {
        "vigan": {"numbers": {"frechet": 1.0, "density": 0.5}},
        "prdc": {"version": "0", "numbers": {"density": 0.6, "frechet": 1.0001}},
    }
    assert tool_tables.reasons(tools) == "- prdc: not known (density (k = 5) +20.00%)"
    assert tool_tables.table(tools).splitlines()[0] == "| number | vigan | prdc 0 |"
