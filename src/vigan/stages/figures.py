"""Draw a study's figures from its tables and samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vigan.analysis.profiles import improvements, profiles
from vigan.analysis.tables import read_table
from vigan.config.base import ConfigError
from vigan.config.datasets import Grid, Ring
from vigan.config.experiment import Experiment
from vigan.config.methods.base import Method, Panel
from vigan.config.study import Study
from vigan.contents import FIGURES, figures_of
from vigan.data.toy import means
from vigan.describe.arms import seeds_of_arms
from vigan.describe.claims import describe_event
from vigan.figures import curves, heatmap, profile, samples, seeds, style, survival
from vigan.figures.facets import facets, groups
from vigan.io.elsewhere_record import ElsewhereFiles
from vigan.io.run_record import RunFiles
from vigan.protocols.base import Metric
from vigan.protocols.registry import METRICS
from vigan.stages.kept_samples import PicturedRun, pictured, seeds_shown
from vigan.stages.older_curves import by_an_older_method


class Files(NamedTuple):
    """Locations of a study's tables, and of runs, or arms from elsewhere, of which there are samples."""

    tables: Path
    runs: Sequence[RunFiles | ElsewhereFiles]


class Subject(NamedTuple):
    """The subject of a figure: one experiment of a study, with its tables and runs."""

    study: Study
    name: str
    files: Files

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        return self.study.experiments[self.name]

    @property
    def facets(self) -> list[style.Looks]:
        """The looks of the arms, by facet."""
        return facets(self.experiment.arms, list(self.experiment.elsewhere))

    @property
    def titles(self) -> list[str]:
        """The titles of the facets."""
        return [group.title for group in groups(self.experiment.arms, list(self.experiment.elsewhere))]

    @property
    def looks(self) -> dict[str, style.Look]:
        """The looks of all arms, in their order."""
        known = {arm: look for facet in self.facets for arm, look in facet.items()}
        return {arm: known[arm] for arm in self.experiment.names}

    @property
    def methods(self) -> list[Method]:
        """The models of its arms, one of each kind and of each way to title panels, in the order of the arms."""
        models = [arm.model for arm in self.experiment.arms.values()]
        return list({(model.kind, *model.titles.items()): model for model in models}.values())

    def table(self, name: str) -> pd.DataFrame:
        """The experiment's rows of a table, as "metric@protocol" where they have protocols.

        So numbers of two protocols never share a panel.
        """
        table = read_table(self.files.tables / f"{name}.csv")
        table = table[table["experiment"] == self.name]
        return _keyed(table) if "protocol" in table else table

    def diverged(self) -> dict[str, int]:
        """Number of diverged runs of each arm."""
        runs = self.table("runs")
        return {arm: int(sum(runs.loc[runs["arm"] == arm, "status"] == "diverged")) for arm in self.experiment.names}

    def real(self) -> dict[str, float]:
        """Each metric of real data measured against real data."""
        floors = read_table(self.files.tables / "floors.csv")
        floors = _keyed(floors[floors["dataset"] == self.experiment.data_name(self.name)])
        return dict(zip(floors["metric"], floors["value"], strict=True))


Draw = Callable[[Subject], style.Figure]

SHARE = "share of runs"
ARROWS = {"lower": "\N{NO-BREAK SPACE}↓", "higher": "\N{NO-BREAK SPACE}↑", "none": ""}

ENDS = {
    "bad-end": heatmap.Panel("Runs that came to a bad end" + ARROWS["lower"], SHARE, "lower", share=True),
    "collapse": heatmap.Panel(
        "Runs that collapsed" + ARROWS["lower"], f"{SHARE} (one never on track cannot)", "lower", share=True
    ),
    "reach": heatmap.Panel("Runs that got on track" + ARROWS["higher"], SHARE, "higher", share=True),
}
"""Panels of events."""
LOGGED = {
    "d_loss": Panel("D's loss (nats)"),
    "d_accuracy": Panel("D's accuracy"),
    "d_penalty": Panel("Weighted terms of D's loss", "mean over D's updates"),
    "g_adversarial": Panel("Loss of the phase (nats)", "without terms; of models with a D"),
    "penalty": Panel("Weighted terms", "at the last update of a phase"),
    "diversity": Panel("Diversity: deviation over samples", "of 64 fixed latents, root mean square over coordinates"),
}
"""Panels of telemetry; models declare further ones, and other titles."""
DRIFT = {
    "drift": Panel(
        "Drift: mean (new − old)²", "of what the regulariser holds, at the last update of a phase", logarithmic=True
    ),
    "step": Panel("Step: |Δθ| / |θ|", "of what a phase moves, over the phase", logarithmic=True),
    "gradient_ratio": Panel("|∇ terms| / |∇ loss|", "at the last update of a phase", logarithmic=True),
}


def panels(general: Mapping[str, Panel], methods: Sequence[Method]) -> dict[str, Panel]:
    """Panels of telemetry by column: with the titles of the model if there is only one, else with general ones."""
    alone = methods[0].titles if len(methods) == 1 else {}
    return {column: alone.get(column, panel) for column, panel in general.items()}


def draw(kind: str, study: Study, experiment: str, files: Files, out: Path) -> None:
    """Draw figure `kind` (a key of `contents.FIGURES`) of one experiment, as SVG.

    Raises ConfigError naming those that there are, if it has none of that kind.
    """
    if kind not in (known := figures_of(study.experiments[experiment])):
        raise ConfigError(f"experiment '{experiment}' has no figure '{kind}'; known: {', '.join(known)}")
    style.save(_DRAW[kind](Subject(study, experiment, files)), out)


def _curves(subject: Subject) -> style.Figure:
    table, real = subject.table("curves"), subject.real()
    panels = {
        key: curves.Panel(metric.title + ARROWS[metric.better], protocol, real.get(key))
        for key, metric, protocol in _shown(table["metric"])
    }
    older = by_an_older_method(table, subject.table("summary"))
    return curves.draw(
        table, panels, subject.experiment.title, subject.facets, subject.diverged(), subject.titles, older=older
    )


def _telemetry(subject: Subject) -> style.Figure:
    own = {column: panel for method in subject.methods for column, panel in method.panels.items()}
    return _logged(subject, panels(LOGGED, subject.methods) | own, "during training")


def _drift(subject: Subject) -> style.Figure:
    trained = subject.methods[0].trained if len(subject.methods) == 1 else "a phase"
    return _logged(subject, panels(DRIFT, subject.methods), f"how far {trained} moves")


def _logged(subject: Subject, shown: Mapping[str, Panel], what: str) -> style.Figure:
    """Curves of telemetry; a model's columns with their own scale get panels of their own."""
    table = subject.table("telemetry-curves")
    scales = {name: arm.model.own_scale for name, arm in subject.experiment.arms.items()}
    metrics = [scales[arm].get(metric, metric) for arm, metric in zip(table["arm"], table["metric"], strict=True)]
    table = table.assign(metric=metrics)
    logged = set(table["metric"])
    known = {
        column: curves.Panel(panel.title, panel.subtitle, logarithmic=panel.logarithmic)
        for column, panel in shown.items()
        if column in logged
    }
    return curves.draw(
        table, known, f"{subject.experiment.title}: {what}", subject.facets, subject.diverged(), subject.titles
    )


def _seeds(subject: Subject) -> style.Figure:
    scores, real = subject.table("scores"), subject.real()
    rows = {
        key: seeds.Row(metric.title + ARROWS[metric.better], protocol, metric.better, real.get(key))
        for key, metric, protocol in _shown(scores["metric"])
    }
    heading = f"{subject.experiment.title}: every run"
    return seeds.draw(scores, subject.table("summary"), rows, heading, subject.looks, subject.experiment.pairs())


def _survival(subject: Subject) -> style.Figure:
    rules = {"bad-end": subject.experiment.collapse, "reach": subject.experiment.reach}
    titles = {"bad-end": "Runs that have come to no bad end", "reach": "Runs that are not on track yet"}
    panels = {event: survival.Panel(titles[event], describe_event(rule)) for event, rule in rules.items() if rule}
    heading = f"{subject.experiment.title}: when runs come to a bad end and get on track"
    return survival.draw(subject.table("survival"), panels, heading, subject.facets, subject.titles)


def _profile(subject: Subject) -> style.Figure:
    """Profiles of the metrics that have a better direction; without a baseline, the first arm stands in its place."""
    scores, baseline = subject.table("scores"), subject.experiment.baseline or subject.experiment.names[0]
    rows = {
        key: profile.Row(metric.title + ARROWS[metric.better], protocol, metric.sign, metric.bounded(modes=1))
        for key, metric, protocol in _shown(scores["metric"])
        if metric.sign
    }
    signs = {key: row.sign for key, row in rows.items()}
    heading = f"{subject.experiment.title}: how runs end"
    better = improvements(scores, signs, baseline)
    return profile.draw(profiles(scores, signs), better, rows, heading, subject.facets, baseline, subject.titles)


def _map(subject: Subject) -> style.Figure:
    """The events that the experiment has rules for, then every metric."""
    summary, counts = subject.table("summary"), subject.table("speed")
    events = {event: panel for event, panel in ENDS.items() if event in set(counts["event"])}
    metrics = {
        key: heatmap.Panel(metric.title + ARROWS[metric.better], protocol, metric.better)
        for key, metric, protocol in _shown(summary["metric"])
    }
    last = pd.concat([heatmap.shares(counts), summary[summary["score"] == "last"]])
    heading = f"{subject.experiment.title}: how runs end, by K and λ"
    return heatmap.draw(last, events | metrics, heading, heatmap.cells(subject.experiment.arms))


def _samples(subject: Subject) -> style.Figure:
    """Samples of the experiment's first seed of which there are some."""
    chosen, dataset = subject.experiment, subject.study.data_of(subject.name)
    assert dataset is not None
    own = [one for one in subject.files.runs if one.experiment == subject.name]
    first = seeds_shown(subject.study, subject.name, own)[:1]
    runs = list(pictured(own, dataset, first, checked=False))
    steps = chosen.snapshot_steps if chosen.arms else sorted({step for run in runs for step in run.samples})
    modes = means(dataset) if isinstance(dataset, Ring | Grid) else None
    each = seeds_of_arms(subject.study, chosen.pictured)
    shared = "" if chosen.elsewhere else " on the same latents"
    sequences = [_sequence(run, steps) for run in runs]
    return samples.draw(sequences, f"{chosen.title}: samples{shared}", each, modes)


def _sequence(run: PicturedRun, steps: Sequence[int]) -> samples.SampleSequence:
    arm = f"{run.arm}\n({style.NOT_TRAINED})" if run.elsewhere else run.arm
    return samples.SampleSequence(arm, run.seed, {step: run.at(step) for step in steps})


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(metric=table["metric"] + "@" + table["protocol"])


def _shown(keys: Iterable[str]) -> list[tuple[str, Metric, str]]:
    """(key, metric, protocol) of every "metric@protocol" but for checks, in the order of `METRICS`."""
    order = list(METRICS)
    split = {key: key.split("@", 1) for key in keys}
    known = sorted(split, key=lambda key: order.index(split[key][0]))
    return [(key, METRICS[split[key][0]], split[key][1]) for key in known if not METRICS[split[key][0]].check]


_DRAW: dict[str, Draw] = {
    "curves": _curves,
    "seeds": _seeds,
    "survival": _survival,
    "profile": _profile,
    "samples": _samples,
    "drift": _drift,
    "telemetry": _telemetry,
    "map": _map,
}
assert _DRAW.keys() == FIGURES.keys()
