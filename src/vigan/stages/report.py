"""Put a study's tables and figures on one page."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from vigan.analysis.tables import read_table
from vigan.config.deviations import Deviation, load_deviations
from vigan.config.study import Experiment, Study
from vigan.config.telling import tell_difference
from vigan.layout import FIGURES, TABLES, Layout
from vigan.metrics.catalogue import METRICS
from vigan.records import write_text
from vigan.report.page import Note, Page, Picture, Section, Table, embed, render

DIGITS = 4
OVER_SEEDS = "Over seeds, mean [lowest, highest] of each run's last, best and mean-over-training value (area)."
SEED_BY_SEED = "Seed by seed, the last value with the regulariser minus the last value without."


def report(study: Study, config: Path, layout: Layout, deviations: Path) -> None:
    """Write the study's report from the tables and figures that `layout` names, and the list of deviations."""
    tables = {name: read_table(path) for name, path in layout.all_tables().items()}
    command = f"snakemake --cores all --configfile {config} --"
    page = Page(
        study=study.study,
        title=study.title,
        summary=_summary(study, tables["runs"]),
        warnings=_warnings(tables["runs"]),
        sections=[
            _section(study, name, experiment, tables, layout, command) for name, experiment in study.experiments.items()
        ],
        arms=_table(tables["arms"].dropna(axis=1, how="all"), "Every setting of every arm.", "arms"),
        runs=_table(tables["runs"].drop(columns=["config_sha256"]), "One row a run; digests are shortened.", "runs"),
        deviations=[_note(deviation) for deviation in load_deviations(deviations)],
        provenance=_provenance(tables),
        tables=[(f"tables/{name}.csv", meaning) for name, meaning in TABLES.items()],
        commands=[("This study, from nothing", f"{command} all"), ("This page alone", f"{command} {layout.report}")],
    )
    write_text(layout.report, render(page))


def _summary(study: Study, runs: pd.DataFrame) -> list[tuple[str, str]]:
    return [
        ("Experiments", str(len(study.experiments))),
        ("Arms", str(runs["arm"].nunique())),
        ("Runs (arms x seeds)", str(len(runs))),
        ("Seeds", ", ".join(str(seed) for seed in sorted(runs["seed"].unique()))),
        ("Diverged runs", str((runs["status"] == "diverged").sum())),
    ]


def _warnings(runs: pd.DataFrame) -> list[str]:
    fewest = runs.groupby("arm")["seed"].nunique().min()
    few = f"With {fewest} seeds an arm, differences between arms are illustrations, not findings."
    return [few] if fewest < 5 else []


def _section(
    study: Study, name: str, experiment: Experiment, tables: dict[str, pd.DataFrame], layout: Layout, command: str
) -> Section:
    pictures = [
        Picture(
            source=embed(layout.figure(kind, name)),
            alt=f"{experiment.title}. {meaning}.",
            caption=f"{meaning[0].upper()}{meaning[1:]}.",
            command=f"{command} {layout.figure(kind, name)}",
        )
        for kind, meaning in FIGURES.items()
    ]
    summary, pairs = (_of(tables[table], name) for table in ("summary", "pair-summary"))
    return Section(
        name=name,
        title=experiment.title,
        facts=_facts(study, experiment),
        differences=_differences_of_arms(study, experiment),
        pictures=pictures,
        tables=[
            _table(_last_best_area(summary), OVER_SEEDS, "summary"),
            _table(_differences(pairs), SEED_BY_SEED, "pair-summary"),
        ],
    )  # fmt: skip


def _differences_of_arms(study: Study, experiment: Experiment) -> list[str]:
    """The words of `vigan diff`, for each pair."""
    coordinates = math.prod(study.datasets[experiment.dataset].shape)
    return [
        tell_difference(first, experiment.arms[first], second, experiment.arms[second], coordinates)
        for first, second in experiment.pairs()
    ]


def _note(deviation: Deviation) -> Note:
    facts = [
        ("The article", deviation.article),
        ("The released code", deviation.released),
        ("Here", deviation.ours),
        ("Can it move a number?", deviation.moves_numbers),
        ("Measured effect", deviation.effect),
        ("Held by", ", ".join(deviation.tests) or "no test"),
    ]
    return Note(deviation.topic, facts)


def _facts(study: Study, experiment: Experiment) -> list[tuple[str, str]]:
    arm = next(iter(experiment.arms.values()))
    return [
        ("Data set", f"{experiment.dataset} ({study.datasets[experiment.dataset].source})"),
        ("Iterations", str(experiment.iterations)),
        ("An iteration", f"{arm.d_batches} D updates; G: {arm.g_batches} batches x {arm.k} updates"),
        ("Reading", ", ".join(dict.fromkeys(a.reading for a in experiment.arms.values()))),
        ("Protocols", ", ".join(protocol.name for protocol in experiment.protocols)),
    ]


def _of(table: pd.DataFrame, experiment: str) -> pd.DataFrame:
    return table[table["experiment"] == experiment]


def _last_best_area(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per metric and arm, one column per score, as text."""
    text = summary.assign(text=[_spread(row) for row in summary.itertuples()], metric=_named(summary))
    wide = text.pivot(index=["metric", "arm", "diverged"], columns="score", values="text").reset_index()
    return wide[["metric", "arm", "diverged", "last", "best", "area"]]


def _differences(pairs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "metric": _named(pairs),
            "arms": pairs["second"] + " − " + pairs["first"],
            "n": pairs["n"],
            "difference": [_spread(row) for row in pairs.itertuples()],
            "seeds in which the regulariser is better": pairs["second_better"],
            "equal": pairs["equal"],
        }
    )


def _named(table: pd.DataFrame) -> list[str]:
    arrows = {"lower": "↓", "higher": "↑", "none": ""}
    metrics = [METRICS[name] for name in table["metric"]]
    return [f"{m.title} {arrows[m.better]} · {p}" for m, p in zip(metrics, table["protocol"], strict=True)]


def _spread(row) -> str:  # noqa: ANN001 - a named tuple made by pandas
    return f"{_number(row.mean)} [{_number(row.low)}, {_number(row.high)}], n = {row.n}" if row.n else "none"


def _number(value: object) -> str:
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def _table(frame: pd.DataFrame, caption: str, name: str) -> Table:
    rows = [
        [_cell(column, value) for column, value in zip(frame.columns, row, strict=True)]
        for row in frame.to_numpy(object)
    ]
    return Table(caption, [str(column) for column in frame.columns], rows, f"tables/{name}.csv")


def _cell(column: str, value: object) -> str:
    return str(value)[:12] if column.endswith("_sha256") else _number(value)


def _provenance(tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    timing, runs = tables["timing"], tables["runs"]
    versions = timing.drop(columns=["experiment", "arm", "reading", "seed", "seconds"]).drop_duplicates()
    return [
        ("Training time, all runs", f"{timing['seconds'].sum() / 60:.1f} minutes"),
        ("Devices", ", ".join(sorted(runs["device"].unique()))),
        ("Data (SHA-256)", ", ".join(digest[:12] for digest in runs["data_sha256"].unique())),
        ("Training code (digest)", ", ".join(digest[:12] for digest in runs["code_sha256"].unique())),
        *((str(name), ", ".join(str(v) for v in versions[name].unique())) for name in versions.columns),
    ]
