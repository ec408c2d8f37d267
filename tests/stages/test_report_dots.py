"""Every run of a kept study is on its page."""

from __future__ import annotations

from pathlib import Path

from vigan.analysis.tables import read_table
from vigan.config.load import load_study
from vigan.stages.report_dots import dots

ROOT = Path(__file__).parents[2]
TABLES = ("scores", "summary", "floors")


def test_every_run_of_every_arm_is_a_dot_the_main_measure_first() -> None:
    study = load_study(ROOT / "config" / "ring.yaml")
    tables = {name: read_table(ROOT / "results" / "ring" / "tables" / f"{name}.csv") for name in TABLES}
    main = ("fair_modes", "toy-modes/n=2500/ref=train")
    made = dots(study, "ring", tables, 7, "figure-seeds-ring", main)
    assert made is not None
    first = made.charts[0]
    assert (first.title, made.number) == ("Modes with ≥ 20% of their fair share", 7)
    counted = {row.arm.name: len(row.columns.split()) for facet in first.facets for row in facet.rows}
    assert counted == {arm: len(study.seeds_of(arm)) for arm in study.experiments["ring"].names}


def test_where_nothing_was_measured_there_are_no_runs_to_show() -> None:
    study = load_study(ROOT / "config" / "ring.yaml")
    tables = {name: read_table(ROOT / "results" / "ring" / "tables" / f"{name}.csv")[:0] for name in TABLES}
    assert dots(study, "ring", tables, 1, "a", ("", "")) is None
