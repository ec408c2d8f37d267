"""The curves on the page: which metrics, which arms beside which, and what an iteration counts in each unit of time."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vigan.analysis.tables import RUN_KEYS
from vigan.config.arms import Arm, Ledger
from vigan.config.counts import most_examples
from vigan.config.datasets import Dataset
from vigan.config.experiment import Experiment
from vigan.config.study import Study
from vigan.figures.facets import whole_groups
from vigan.protocols.registry import METRICS
from vigan.report import chart, drawn
from vigan.report.drawn import Charts, Unit
from vigan.stages.older_curves import by_an_older_method
from vigan.stages.report_summary import apart_in_words

UNITS = {
    "iterations": "iterations",
    "epochs": "epochs",
    "images": "real images shown",
    "updates": "updates of G",
    "seconds": "seconds of training",
}
"""Units of the time axis, in the order of the switch; "seconds" are those of the machine that trained."""
COLOURS = 7
"""Tones of lines; of more arms each has a panel of its own."""
NOTE = "Line: mean over seeds (median of measures without bounds). Band: its 95% interval, or the range of few seeds."
NOTE_OLDER = (
    "Line: mean over seeds. Band: its 95% interval. Both are by an earlier version’s method, which made these tables; "
    "last values, above and below, are by today’s: medians of measures without bounds, intervals that hold at any n."
)
NOTE_REAL = " Thin dashed line: real data against real data."


def units(study: Study) -> list[Unit]:
    """Units of the switch: epochs first where a claim speaks of them and all arms have them.

    None of them where a data set's size is not known.

    Steps alone where nothing was trained here: nobody here knows what they count.
    """
    if not any(experiment.arms for experiment in study.experiments.values()):
        return [Unit("iterations", "steps", chosen=True)]
    told = [most_examples(dataset) for dataset in study.datasets.values()]
    known = {name: words for name, words in UNITS.items() if name != "epochs" or all(told)}
    spoken = any("epoch" in claim.statement.lower() for claim in study.claims)
    first = "epochs" if spoken and "epochs" in known and not study.elsewhere else "iterations"
    return [Unit(name, words, chosen=name == first) for name, words in known.items()]


def per_iteration(arm: Arm, dataset: Dataset, seconds: float) -> dict[str, float]:
    """What one iteration of an arm counts in each unit, as far as it is known."""
    ledger, count = Ledger.of(arm, 1), most_examples(dataset)
    counted = {
        "iterations": 1.0,
        "epochs": ledger.real_images / count if count else 0.0,
        "images": float(ledger.real_images),
        "updates": float(ledger.g_updates),
        "seconds": seconds,
    }
    return {unit: number for unit, number in counted.items() if number > 0}


def seconds_per_iteration(runs: pd.DataFrame, timing: pd.DataFrame) -> dict[str, float]:
    """Mean seconds of an iteration over the runs of each arm."""
    both = runs[[*RUN_KEYS, "iterations"]].merge(timing[[*RUN_KEYS, "seconds"]], on=RUN_KEYS)
    both = both[both["iterations"] > 0]
    return {str(arm): float((part["seconds"] / part["iterations"]).mean()) for arm, part in both.groupby("arm")}


def charts(
    study: Study, name: str, tables: Mapping[str, pd.DataFrame], number: int, anchor: str, main: tuple[str, str]
) -> Charts | None:
    """All curves of an experiment, the `main` (metric, protocol) first, what never moves last; None without any."""
    experiment = study.experiments[name]
    table = tables["curves"][tables["curves"]["experiment"] == name]
    shown = measured(table, main)
    if not shown:
        return None
    arms = drawn_arms(experiment)
    dataset = study.data_of(name)
    seconds = seconds_per_iteration(tables["runs"], tables["timing"])
    costs = {arm: _cost(experiment, arm, dataset, seconds.get(arm, 0.0)) for arm in arms}
    axis = _axis(study, costs)
    grouped = grouped_arms(experiment)
    older = by_an_older_method(table, tables["summary"])
    apart = f" Not trained here: {apart_in_words(experiment)}." if experiment.elsewhere else ""
    partners, small = _partners(experiment, arms), len(arms) > COLOURS
    drawn_of = [
        chart.chart(_subject(table, tables["floors"], experiment, key), grouped, axis, partners, small=small)
        for key in shown
    ]
    real = NOTE_REAL if any(panel.real for one in drawn_of for facet in one.facets for panel in facet.panels) else ""
    grey = " Grey: the line of its partner, or of the first arm where it has none." if small else ""
    return Charts(
        anchor=anchor,
        number=number,
        unit=axis.unit,
        note=(NOTE_OLDER if older else NOTE) + grey + real + apart,
        arms=list(arms.values()),
        charts=[*drawn_of[:1], *sorted(drawn_of[1:], key=lambda one: one.flat)],
        costs=[(arm, {unit: f"{value:.6g}" for unit, value in known.items()}) for arm, known in costs.items()],
    )


def measured(table: pd.DataFrame, main: tuple[str, str]) -> list[tuple[str, str]]:
    """Every (metric, protocol) but for checks, the main one first, then in the order of `METRICS`."""
    order = list(METRICS)
    found = dict.fromkeys(zip(table["metric"], table["protocol"], strict=True))
    known = [key for key in found if not METRICS[key[0]].check]
    return sorted(known, key=lambda key: (key != main, order.index(key[0])))


def _axis(study: Study, costs: Mapping[str, Mapping[str, float]]) -> chart.Axis:
    """The axis that the page shows first: epochs if claims speak of them and all arms have them, else iterations."""
    first = next(unit.name for unit in units(study) if unit.chosen)
    name = first if all(first in known for known in costs.values()) else "iterations"
    return chart.Axis(name, {arm: known[name] for arm, known in costs.items()})


def drawn_arms(experiment: Experiment) -> dict[str, drawn.Arm]:
    """Arms with their looks: colours by their place in their group, dashed where they are plain among others."""
    both = len({arm.regularised for arm in experiment.arms.values()}) > 1
    return {
        name: drawn.Arm(name, f"c{place % COLOURS}", dashed=both and not _regularised(experiment, name))
        for group in whole_groups(experiment.arms, list(experiment.elsewhere))
        for place, name in enumerate(group.arms)
    }


def grouped_arms(experiment: Experiment) -> list[chart.Group]:
    """Arms that are drawn together, under their headings."""
    arms = drawn_arms(experiment)
    return [
        chart.Group(group.title, [arms[arm] for arm in group.arms])
        for group in whole_groups(experiment.arms, list(experiment.elsewhere))
    ]


def _regularised(experiment: Experiment, arm: str) -> bool:
    return arm in experiment.arms and experiment.arms[arm].regularised


def _cost(experiment: Experiment, arm: str, dataset: Dataset | None, seconds: float) -> dict[str, float]:
    """What a step of an arm counts; of one from elsewhere nobody here knows more than that it is one."""
    if dataset is None or arm not in experiment.arms:
        return {"iterations": 1.0}
    return per_iteration(experiment.arms[arm], dataset, seconds)


def _partners(experiment: Experiment, arms: Mapping[str, drawn.Arm]) -> dict[str, drawn.Arm]:
    """The arm that each is compared with; the experiment's first for those that are not compared."""
    paired = {second: first for first, second in experiment.pairs()}
    first = experiment.baseline or experiment.names[0]
    return {name: arms[paired.get(name, first)] for name in arms if paired.get(name, first) != name}


def _subject(table: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, key: tuple[str, str]) -> chart.Subject:
    rows, name = of_metric(table, key), str(table["experiment"].iloc[0])
    real = real_value(floors, experiment, name, key)
    bounded = METRICS[key[0]].bounded(modes=1)  # what counts modes has a number of them
    counted = "iteration" if experiment.arms else "step"
    return chart.Subject(rows, METRICS[key[0]].title, key[1], better(key[0]), real, bounded, counted)


def of_metric(table: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    """The rows of a (metric, protocol)."""
    return table[(table["metric"] == key[0]) & (table["protocol"] == key[1])]


def better(metric: str) -> str:
    """Which direction of a metric is better, in words."""
    return {-1: "lower is better", 0: "neither is better", 1: "higher is better"}[METRICS[metric].sign]


def real_value(floors: pd.DataFrame, experiment: Experiment, name: str, key: tuple[str, str]) -> float | None:
    """What real data have of a (metric, protocol) on the data of an experiment, if that is known."""
    real = of_metric(floors[floors["dataset"] == experiment.data_name(name)], key)["value"]
    return float(real.iloc[0]) if len(real) and real.iloc[0] == real.iloc[0] else None
