"""The time axis counts what an iteration of each arm counts, and the page knows which curves to show."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.stages.report_curves import COLOURS, NOTE_OLDER, charts, per_iteration, seconds_per_iteration, units

CONFIG = Path(__file__).parents[2] / "config"
PROTOCOL = "toy-modes/n=2500/ref=train"


def _study(name: str) -> Study:
    return load_study(CONFIG / f"{name}.yaml")


def test_an_iteration_counts_epochs_images_updates_and_seconds() -> None:
    study = _study("digits")
    arm = study.arm("nobn-released-plain")
    known = per_iteration(arm, study.datasets["digits"], 0.5)
    assert known["iterations"] == 1
    assert known["images"] == arm.real_batches * 64
    assert known["epochs"] == pytest.approx(known["images"] / 1797)
    assert known["updates"] == arm.g_batches * arm.k
    assert known["seconds"] == 0.5
    assert "seconds" not in per_iteration(arm, study.datasets["digits"], 0.0)


def test_seconds_of_an_iteration_are_those_of_the_runs() -> None:
    keys = {"experiment": ["ring"] * 3, "arm": ["a", "a", "b"], "reading": ["released"] * 3, "seed": [0, 1, 0]}
    runs, timing = pd.DataFrame({**keys, "iterations": [10, 10, 0]}), pd.DataFrame({**keys, "seconds": [1.0, 3.0, 1.0]})
    assert seconds_per_iteration(runs, timing) == {"a": pytest.approx(0.2)}


def test_epochs_come_first_where_a_claim_speaks_of_them() -> None:
    assert [unit.name for unit in units(_study("ring")) if unit.chosen] == ["iterations"]
    study = _study("ring")
    claim = study.claims[0].model_copy(update={"statement": "It collapses by epoch 20."})
    spoken = study.model_copy(update={"claims": (claim,)})
    assert [unit.name for unit in units(spoken) if unit.chosen] == ["epochs"]


def _tables(study: Study, experiment: str) -> dict[str, pd.DataFrame]:
    arms = list(study.experiments[experiment].arms)
    rows = [
        {"experiment": experiment, "arm": arm, "metric": metric, "protocol": PROTOCOL, "step": step, "n": 2,
         "center": 1.0, "low": 0.0, "high": 2.0, "ci_low": 0.5, "ci_high": 1.5}
        for arm in arms for metric in ("modes", "fair_modes", "finite") for step in (0, 4000)
    ]  # fmt: skip
    runs = pd.DataFrame(columns=["experiment", "arm", "reading", "seed", "iterations", "seconds"])
    floors = pd.DataFrame(columns=["dataset", "metric", "protocol", "value"])
    curves = pd.DataFrame(rows)
    summary = curves[curves["step"] == 4000].assign(score="last")
    return {"curves": curves, "summary": summary, "runs": runs, "timing": runs, "floors": floors}


def test_few_arms_share_a_panel_and_the_main_measure_comes_first() -> None:
    study = _study("ring")
    made = charts(study, "ring", _tables(study, "ring"), 1, "here", ("fair_modes", PROTOCOL))
    assert made is not None
    assert [chart.title for chart in made.charts] == ["Modes with ≥ 20% of their fair share", "Modes captured"]
    assert [[line.arm.name for line in panel.lines] for panel in made.charts[0].facets[0].panels] == [
        ["ring-plain", "ring-regularised"]
    ]
    assert [arm.dashed for arm in made.arms] == [True, False]


def test_bands_that_are_not_of_today_s_method_are_called_that() -> None:
    study = _study("ring")
    tables = _tables(study, "ring")
    other = {**tables, "summary": tables["summary"].assign(ci_low=0.25)}
    told = [charts(study, "ring", made, 1, "here", ("fair_modes", PROTOCOL)) for made in (tables, other)]
    assert [NOTE_OLDER in chart.note for chart in told if chart] == [False, True]


def test_of_what_was_made_elsewhere_nothing_but_steps_is_offered() -> None:
    assert units(_study("foreign")) == [("iterations", "steps", True)]


def test_many_arms_have_a_panel_each_under_headings() -> None:
    study = _study("toy")
    made = charts(study, "ring", _tables(study, "ring"), 1, "here", ("fair_modes", PROTOCOL))
    assert made is not None
    headings = [facet.title for facet in made.charts[0].facets]
    assert headings == ["K = 1", "K = 2", "K = 3", "K = 5", "K = 10", "Other arms"]
    panels = {panel.title: panel for facet in made.charts[0].facets for panel in facet.panels}
    assert [line.arm.name for line in panels["ring-k5-l1"].lines] == ["ring-k5-l0", "ring-k5-l1"]
    assert len(made.costs) == len(study.experiments["ring"].arms)


def test_without_curves_there_are_no_charts() -> None:
    study = _study("ring")
    tables = _tables(study, "ring")
    assert charts(study, "ring", {**tables, "curves": tables["curves"][:0]}, 1, "here", ("", "")) is None


@pytest.mark.parametrize("count", [COLOURS, COLOURS + 1])
def test_no_two_lines_of_a_panel_have_one_colour(count: int) -> None:
    """Of eight arms the first and the last had."""
    whole = _study("toy")
    experiment = whole.experiments["ring"]
    few = experiment.model_copy(update={"arms": dict(list(experiment.arms.items())[:count])})
    study = whole.model_copy(update={"experiments": {**whole.experiments, "ring": few}})
    made = charts(study, "ring", _tables(study, "ring"), 1, "here", ("fair_modes", PROTOCOL))
    assert made is not None
    for facet in made.charts[0].facets:
        for panel in facet.panels:
            assert len({line.arm.tone for line in panel.lines}) == len(panel.lines)
    assert made.charts[0].small == (count > COLOURS)
