"""The arms of a study on the page: what those of an experiment share, in what they differ, and every setting."""

from __future__ import annotations

import pandas as pd

from vigan.config.study import Study
from vigan.report.cells import Cell, Table
from vigan.report.page import Facts
from vigan.report.tables import cell

NO_SETTING = ("experiment", "arm")
APART = " Nobody here knows the settings of those that were not trained here."


def differing(study: Study, arms: pd.DataFrame) -> list[tuple[str, Facts, Table]]:
    """Of each experiment its title, the settings that all of its arms share, and the others, a row an arm."""
    return [
        (experiment.title, *_split(arms[arms["experiment"] == name])) for name, experiment in study.experiments.items()
    ]


def _split(arms: pd.DataFrame) -> tuple[Facts, Table]:
    settings = [str(name) for name in arms.columns if name not in NO_SETTING]
    words = {name: [cell(name, value) for value in arms[name]] for name in settings}
    shared = [(name, told[0]) for name, told in words.items() if len(set(told)) == 1 and arms[name].notna().any()]
    other = [name for name, told in words.items() if len(set(told)) > 1]
    rows = [[Cell(str(arm)), *(Cell(words[name][place]) for name in other)] for place, arm in enumerate(arms["arm"])]
    caption = "The settings in which arms differ." if other else "All arms have the same settings."
    if "trained" in arms and arms["trained"].notna().any():
        caption = ("What is known of arms and differs." if other else "All that is known of arms is the same.") + APART
    return shared, Table(caption, ["arm", *other], rows, "tables/arms.csv", named=True)
