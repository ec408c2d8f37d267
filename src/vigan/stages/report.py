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
from vigan.records import write_text
from vigan.report.page import Note, Page, Picture, Section, embed, render
from vigan.report.tables import pair_tables, plain_table, score_tables


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
        arms=plain_table(tables["arms"].dropna(axis=1, how="all"), "Every setting of every arm.", "arms"),
        runs=plain_table(tables["runs"].drop(columns=["config_sha256"]), "One row a run, digests shortened.", "runs"),
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
        ("Runs", str(len(runs))),
        ("Seeds used", _listed(sorted(runs["seed"].unique()))),
        ("Diverged runs", str((runs["status"] == "diverged").sum())),
    ]


def _listed(seeds: list[int]) -> str:
    together = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"seed {seeds[0]} to seed {seeds[-1]}" if together else ", ".join(f"seed {seed}" for seed in seeds)


def _warnings(runs: pd.DataFrame) -> list[str]:
    fewest = runs.groupby("arm")["seed"].nunique().min()
    few = f"Arms with {_count(fewest, 'seed')} only: differences between them are illustrations, not findings."
    return [few] if fewest < 5 else []


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


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
    floors = tables["floors"][tables["floors"]["dataset"] == experiment.dataset]
    return Section(
        name=name,
        title=experiment.title,
        facts=_facts(study, experiment),
        differences=_differences_of_arms(study, experiment),
        pictures=pictures,
        tables=[*score_tables(summary, floors), *pair_tables(pairs)],
    )


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
    arms = experiment.arms.values()
    schedules = (f"{_count(a.d_batches, 'D update')}, {a.g_batches} x {_count(a.k, 'G update')}" for a in arms)
    return [
        ("Data set", f"{experiment.dataset} ({study.datasets[experiment.dataset].source})"),
        ("Iterations", str(experiment.iterations)),
        ("An iteration", "; ".join(dict.fromkeys(schedules))),
        ("Reading", ", ".join(dict.fromkeys(arm.reading for arm in arms))),
        ("Protocols", ", ".join(protocol.name for protocol in experiment.protocols)),
    ]


def _of(table: pd.DataFrame, experiment: str) -> pd.DataFrame:
    return table[table["experiment"] == experiment]


def _provenance(tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    timing, runs = tables["timing"], tables["runs"]
    versions = timing.drop(columns=["experiment", "arm", "reading", "seed", "seconds"]).drop_duplicates()
    return [
        ("Training time, summed over runs", f"{timing['seconds'].sum() / 60:.1f} minutes"),
        ("Devices", ", ".join(sorted(runs["device"].unique()))),
        ("Data (SHA-256)", ", ".join(digest[:12] for digest in runs["data_sha256"].unique())),
        ("Training code (digest)", ", ".join(digest[:12] for digest in runs["code_sha256"].unique())),
        *((str(name), ", ".join(str(v) for v in versions[name].unique())) for name in versions.columns),
    ]
