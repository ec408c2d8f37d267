"""Write a study's report from its tables, figures and pictures."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pandas.api.types import is_float_dtype

from vigan.analysis.tables import read_table
from vigan.config import schedule
from vigan.config.deviations import Deviation, load_deviations
from vigan.config.study import Study
from vigan.contents import LONG_TABLES, OMITTED, TABLES
from vigan.describe.arms import describe_difference, describe_elsewhere, explain
from vigan.figures.facets import whole_groups
from vigan.io.files import write_text
from vigan.layout import Layout
from vigan.protocols.registry import METRICS
from vigan.report.cells import Table
from vigan.report.claims import counts, verdicts
from vigan.report.effects import claims_by_pair, matrix
from vigan.report.frames import Frames, read_frames
from vigan.report.methods import metric_table, protocol_notes
from vigan.report.page import Difference, Facts, Note, Page, Samples, Section, Verdict
from vigan.report.render import embed, link, render, render_table
from vigan.report.slider import slider
from vigan.report.tables import pair_tables, plain_table, score_tables, settings_table
from vigan.stages import report_arms, report_curves, report_dots, report_first, report_summary
from vigan.stages.report_figures import (
    CURVES,
    SAMPLES,
    SEEDS,
    Pictures,
    anchor_of,
    command_for,
    drawn_again,
    in_the_pages_order,
    pictures_of,
)
from vigan.stages.report_published import published_table

IN_DETAIL = ("events", "speed", "survival", "incidence", "sensitivity", "noise")
"""Tables shown folded and unchanged under each experiment with rows in them."""

LONGEST = 150
"""Rows of such a table, or runs, beyond which the page shows its beginning alone."""

Tables = Mapping[str, pd.DataFrame]


class Lists(NamedTuple):
    """Files for the report of every study: deviations from the article, and results of other papers."""

    deviations: Path
    published: Path


def report(study: Study, config: Path, layout: Layout, lists: Lists) -> Path:
    """Write the study's report from the files that `layout` names and from `lists`; and its tables. Returns its path.

    Each short table is also written alone, as HTML, for `snakemake --report`.
    """
    tables = _tables(layout)
    page = _page(study, config, layout, lists, tables, embed)
    frames = [read_frames(path) for path in layout.all_frames().values()]
    whole = page._replace(
        slider=slider(study, frames) if frames else None,
        strip=report_first.strip(study, frames),
        samples=[_samples(study, layout, one) for one in frames],
        commands=[*page.commands, ("This page", command_for(config, layout.report))],
    )
    write_text(layout.report, render(whole))
    for name, path in layout.all_table_pages().items():
        write_text(path, render_table(_plain(tables[name], name)))
    return layout.report


def _samples(study: Study, layout: Layout, frames: Frames) -> Samples:
    number = 1 + list(in_the_pages_order(layout)).index((SAMPLES, frames.experiment))
    return report_first.samples(study, frames, number, anchor_of(SAMPLES, frames.experiment))


def small_report(study: Study, config: Path, layout: Layout, lists: Lists) -> Path:
    """Write the report without its slider, its figures linked, and return its path: small enough for a repository.

    Raises RecordError naming a figure that is not there.
    """
    source = partial(link, page=layout.small_report)
    page = _page(study, config, layout, lists, _tables(layout), source)
    pictures = pictures_of(study, layout, partial(command_for, config), source)
    shown = [picture for (kind, _), picture in pictures.items() if kind == SAMPLES]
    short = [(file, meaning) for file, meaning in page.tables if Path(file).stem not in LONG_TABLES]
    again = shlex.join(["vigan", "report", "--small", "--config", str(config)])
    commands = [*page.commands, ("The whole page", command_for(config, layout.report)), ("This page", again)]
    write_text(layout.small_report, render(page._replace(tables=short, commands=commands, sample_pictures=shown)))
    return layout.small_report


def _tables(layout: Layout) -> Tables:
    """Every table; of those that a repository may leave out, what pages draw, and what is there."""
    unread = set(OMITTED) - {"curves"}
    return {name: read_table(path) for name, path in layout.all_tables().items() if name not in unread or path.exists()}


def _page(
    study: Study, config: Path, layout: Layout, lists: Lists, tables: Tables, source: Callable[[Path], str]
) -> Page:
    """The page without a slider; `source` maps a figure's path to its URL."""
    command = partial(command_for, config)
    pictures = pictures_of(study, layout, command, source)
    claims = verdicts(tables["claims"], pictures, report_first.units_of_claims(study))
    trained = any(experiment.arms for experiment in study.experiments.values())
    return Page(
        study=study.study,
        title=study.title,
        lead=report_first.lead(study, tables["runs"], tables["timing"]),
        derivation=any(study.arm(run.arm).regularised for run in study.runs()),
        headlines=report_first.headlines(study, tables, claims),
        counts=counts(claims),
        strip=[],
        samples=[],
        sample_pictures=[],
        units=report_curves.units(study),
        summary=report_summary.summary(study, tables["runs"]),
        warnings=[*report_summary.warnings(tables["runs"]), *report_summary.of_elsewhere(tables["arms"])],
        claims=claims,
        sections=[_section(study, name, tables, pictures, claims) for name in study.experiments],
        slider=None,
        differing=report_arms.differing(study, tables["arms"].drop(columns="told", errors="ignore")),
        arms=settings_table(tables["arms"].drop(columns="told", errors="ignore"), "Every setting of every arm."),
        differences=_differences(study),
        schedules=_schedules(study),
        deviations=[_note(deviation) for deviation in load_deviations(lists.deviations)] if trained else [],
        protocols=protocol_notes(p for experiment in study.experiments.values() for p in experiment.protocols),
        metrics=metric_table(name for name in METRICS if name in {*tables["curves"]["metric"]}),
        published=published_table(study, lists.published),
        runs=_runs(tables["runs"]),
        failures=_failures(tables),
        no_failure=report_summary.no_failure(trained=trained, looked="metrics" in tables),
        provenance=report_summary.provenance(tables["runs"], tables["timing"]),
        tables=[(f"tables/{name}.csv", meaning) for name, meaning in TABLES.items()],
        figures=drawn_again(layout, pictures, command),
        commands=[("This study, from nothing", command("all"))],
    )


def _section(study: Study, name: str, tables: Tables, pictures: Pictures, claims: Sequence[Verdict]) -> Section:
    experiment = study.experiments[name]
    pairs, curves, seeds = _of(tables["pair-summary"], name), pictures[CURVES, name], pictures[SEEDS, name]
    main = report_first.main_metric(study, name, _of(tables["summary"], name))
    floors = tables["floors"][tables["floors"]["dataset"] == experiment.data_name(name)]
    details = [(table, _of(tables[table], name)) for table in IN_DETAIL]
    return Section(
        name=name,
        title=experiment.title,
        facts=report_summary.of_experiment(study, name),
        rules=report_summary.rules(experiment),
        matrix=matrix(
            pairs,
            {group.title: group.arms for group in whole_groups(experiment.arms, list(experiment.elsewhere))},
            claims_by_pair(claims),
            main,
            _last(tables["summary"], name),
        ),
        charts=report_curves.charts(study, name, tables, curves.number, curves.anchor, main),
        dots=report_dots.dots(study, name, tables, seeds.number, seeds.anchor, main),
        pictures=[
            picture
            for (kind, home), picture in pictures.items()
            if home == name and kind not in (CURVES, SEEDS, SAMPLES)
        ],
        tables=[
            *score_tables(_of(tables["summary"], name), floors),
            *pair_tables(pairs),
            *(_detail(part.drop(columns="experiment"), table) for table, part in details if len(part)),
        ],
    )


def _last(summary: pd.DataFrame, experiment: str) -> pd.DataFrame:
    rows = _of(summary, experiment)
    return rows[rows["score"] == "last"]


def _of(table: pd.DataFrame, experiment: str) -> pd.DataFrame:
    return table[table["experiment"] == experiment]


def _plain(table: pd.DataFrame, name: str, *, folded: bool = False) -> Table:
    return plain_table(table, f"{TABLES[name][0].upper()}{TABLES[name][1:]}.", name, folded=folded)


def _detail(table: pd.DataFrame, name: str) -> Table:
    """A folded table; of a long one its beginning, and where the rest is."""
    return _begun(_plain(table[:LONGEST], name, folded=True), len(table))


def _begun(shown: Table, rows: int) -> Table:
    """A table that shows so many rows, or its first: which is then said."""
    if rows <= LONGEST:
        return shown
    return shown._replace(caption=f"{shown.caption} The first {LONGEST} of {rows:,} rows: all are in the file.")


def _differences(study: Study) -> list[Difference]:
    """The output of `vigan diff` for each pair."""
    return [Difference(first, second, difference(study, first, second)) for first, second in study.pairs()]


def difference(study: Study, first: str, second: str) -> str:
    """How two arms differ, or of which of them nothing here knows the settings."""
    if apart := [arm for arm in (first, second) if arm in study.elsewhere]:
        return "\n".join(describe_elsewhere(arm, study.elsewhere[arm]) for arm in apart)
    return describe_difference(first, study.arm(first), second, study.arm(second), _size(study, first))


def _schedules(study: Study) -> list[Note]:
    """The output of `vigan explain` for each arm."""
    return [
        Note(name, [("", explain(name, arm, _size(study, name), experiment.iterations))])
        for experiment in study.experiments.values()
        for name, arm in experiment.arms.items()
    ] + [Note(name, [("", describe_elsewhere(name, arm))]) for name, arm in study.elsewhere.items()]


def _size(study: Study, arm: str) -> int:
    return schedule.coordinates(study.arm(arm), study.dataset_of(arm).shape)


def _note(deviation: Deviation) -> Note:
    words: Facts = [
        ("The article", deviation.article),
        ("The released code", deviation.released),
        ("Here", deviation.ours),
        ("Can it move a number?", deviation.moves_numbers),
        ("Measured effect", deviation.effect),
        ("Held by", ", ".join(deviation.tests) or "no test"),
    ]
    return Note(deviation.topic, words)


def _runs(runs: pd.DataFrame) -> Table:
    hidden = ["data_sha256", "code_sha256", "config_sha256", "threads"]
    shown = runs.drop(columns=hidden)
    whole = {column: "Int64" for column in shown if is_float_dtype(shown[column])}  # there are runs without a ledger
    return _begun(plain_table(shown[:LONGEST].astype(whole), "One row a run, digests shortened.", "runs"), len(shown))


def _failures(tables: Tables) -> Table | None:
    failed = report_summary.failures(tables["runs"], tables.get("metrics"))
    return plain_table(failed, "Runs that failed.", "runs") if len(failed) else None
