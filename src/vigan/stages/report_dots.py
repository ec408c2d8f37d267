"""Every run on the page: the last values of an experiment's runs, a strip an arm."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vigan.config.study import Study
from vigan.protocols.registry import METRICS
from vigan.report.dots import Runs, dot_chart
from vigan.report.drawn import Dots
from vigan.stages.report_curves import better, grouped_arms, measured, of_metric, real_value

NOTE = (
    "A dot is a run’s last value; seeds have one order in all rows. Below the dots: mean over seeds (median of "
    "measures without bounds) and its 95% interval."
)
NOTE_LOST = " Crosses: runs without a value, at the worst edge."
NOTE_REAL = " Thin dashed line: real data against real data."


def dots(
    study: Study, name: str, tables: Mapping[str, pd.DataFrame], number: int, anchor: str, main: tuple[str, str]
) -> Dots | None:
    """Every run of an experiment, the `main` (metric, protocol) first; None where nothing was measured."""
    experiment = study.experiments[name]
    scores, summary = (table[table["experiment"] == name] for table in (tables["scores"], tables["summary"]))
    last, groups = summary[summary["score"] == "last"], grouped_arms(experiment)
    charts = [
        dot_chart(
            Runs(
                scores=of_metric(scores, key),
                estimates=of_metric(last, key),
                title=METRICS[key[0]].title,
                protocol=key[1],
                better=better(key[0]),
                real=real_value(tables["floors"], experiment, name, key),
                bounded=METRICS[key[0]].bounded(modes=1),
            ),
            groups,
        )
        for key in measured(scores, main)
    ]
    if not charts:
        return None
    charts = [*charts[:1], *sorted(charts[1:], key=lambda one: one.flat)]
    lost = any(row.lost for chart in charts for facet in chart.facets for row in facet.rows)
    real = any(chart.real for chart in charts)
    return Dots(anchor, number, NOTE + NOTE_LOST * lost + NOTE_REAL * real, charts)
