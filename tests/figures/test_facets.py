"""More arms than a panel can hold are drawn in facets: by K, in the same colours and on the same axes."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from workflow.conftest import ROOT

from vigan.config.arms import Arm
from vigan.config.load import load_study
from vigan.figures.curves import Panel, draw
from vigan.figures.facets import MOST, facets, groups, whole_groups
from vigan.figures.layout import add_height, stacked
from vigan.figures.style import looks

ROW = {"network": {"kind": "mlp"}, "d_batches": 1, "g_batches": 1}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _arm(k: int, weight: float = 0.0, reading: str = "proximal") -> Arm:
    return Arm.model_validate({**ROW, "reading": reading, "updates_per_batch": k, "lambda_sum": weight})


def test_few_arms_are_drawn_together_in_their_order() -> None:
    arms = {f"arm-{place}": _arm(1 + place % 2) for place in range(MOST)}
    assert [list(facet) for facet in facets(arms)] == [list(arms)]


def test_the_toy_studys_arms_by_k_and_its_rivals_after_them() -> None:
    arms = load_study(ROOT / "config" / "toy.yaml").experiments["ring"].arms
    *rows, rivals = facets(arms)
    assert [{arms[name].k for name in row} for row in rows] == [{1}, {2}, {3}, {5}, {10}]
    assert [[arms[name].lambda_ for name in row] for row in rows] == [[0, 0.01, 0.1, 1, 5]] * 5
    assert [list(row.values()) for row in rows] == [list(rows[0].values())] * 5
    assert {name for facet in (*rows, rivals) for name in facet} == set(arms)
    assert "ring-k5-clip" in rivals


def test_arms_that_are_no_table_are_cut_in_their_order_into_parts_alike() -> None:
    arms = {f"arm-{place}": _arm(1).model_copy(update={"d_batches": place + 1}) for place in range(MOST + 3)}
    assert [list(facet) for facet in facets(arms)] == [list(arms)[:6], list(arms)[6:]]


def test_every_facet_says_what_its_arms_have_in_common() -> None:
    arms = load_study(ROOT / "config" / "toy.yaml").experiments["ring"].arms
    assert [group.title for group in groups(arms)] == ["K = 1", "K = 2", "K = 3", "K = 5", "K = 10", "Other arms"]
    others = {f"arm-{place}": _arm(1).model_copy(update={"d_batches": place + 1}) for place in range(MOST + 2)}
    assert [group.title for group in groups(others)] == ["Arms, 1 of 2", "Arms, 2 of 2"]
    assert [group.title for group in groups({"alone": _arm(1)})] == [""]


def test_where_a_group_may_have_any_number_of_arms_none_is_cut() -> None:
    toy = load_study(ROOT / "config" / "toy.yaml").experiments["ring"].arms
    assert [group.title for group in whole_groups(toy)] == ["K = 1", "K = 2", "K = 3", "K = 5", "K = 10", "Other arms"]
    many = [f"far-{place}" for place in range(3 * MOST)]
    assert whole_groups({}, many) == [("", many)]
    assert [group.title for group in groups({}, many)] == ["Arms, 1 of 3", "Arms, 2 of 3", "Arms, 3 of 3"]
    beside = whole_groups({"here": _arm(1)}, many)
    assert [(group.title, len(group.arms)) for group in beside] == [("Arms", 1), ("Not trained here", 3 * MOST)]


def test_facets_share_their_axes_and_have_a_key_each() -> None:
    arms = {f"arm-{place}": _arm(1).model_copy(update={"d_batches": place + 1}) for place in range(MOST + 2)}
    rows = [
        (arm, "modes", step, 3, *(place + np.array([0, -1, 1, -0.5, 0.5])))
        for place, arm in enumerate(arms)
        for step in (0, 10)
    ]
    table = pd.DataFrame(rows, columns=["arm", "metric", "step", "n", "center", "low", "high", "ci_low", "ci_high"])
    figure = draw(table, {"modes": Panel("Modes")}, "A ring", facets(arms), {}, ["K = 1", "K = 2"])
    headings = [part.get_suptitle() for part in figure.subfigs]
    assert headings[0].startswith("A ring. K = 1")
    assert headings[1] == "K = 2"
    upper, lower = figure.axes
    assert upper.get_ylim() == lower.get_ylim()
    assert upper.get_ylim()[0] < -1
    assert upper.get_ylim()[1] > len(arms)
    keys = [
        {text.get_text().split(" ")[0] for text in key.get_texts() if text.get_text().startswith("arm-")}
        for key in figure.findobj(Legend)
    ]
    assert keys == [set(list(arms)[:5]), set(list(arms)[5:])]


def test_a_facet_has_no_panel_of_what_none_of_its_arms_logs() -> None:
    columns = ["arm", "metric", "step", "n", "center", "low", "high", "ci_low", "ci_high"]
    numbers = (3, *(1 + np.array([0, -1, 1, -0.5, 0.5])))
    logged = [("a", "modes"), ("b", "modes"), ("b", "kl")]
    table = pd.DataFrame([(*pair, step, *numbers) for pair in logged for step in (0, 10)], columns=columns)
    panels = {"modes": Panel("Modes"), "kl": Panel("KL")}
    figure = draw(table, panels, "A ring", [looks({"a": False}), looks({"b": False})], {})
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["Modes", "Modes", "KL"]


def test_a_part_is_as_high_as_it_is_alone() -> None:
    heights = [2.0, 3.5]
    figure = stacked(2, lambda part, place: add_height(part, heights[place]))
    assert figure.get_figheight() == sum(heights)
    assert [part.bbox.height / figure.dpi for part in figure.subfigs] == pytest.approx(heights[:], rel=1e-9)
