"""Whether what is kept of a study, without its runs, is of the study as its file describes it today."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from vigan.config.arms import RunSpec
from vigan.config.base import digest_of
from vigan.config.claims import Untested
from vigan.config.elsewhere import READING
from vigan.config.study import RunKey, Study
from vigan.describe.claims import describe_rule
from vigan.io.elsewhere_record import ElsewhereRecord
from vigan.io.files import RecordError
from vigan.io.renamed import earlier_digests
from vigan.io.run_record import MEASURED, RunRecord
from vigan.layout import Layout

Run = tuple[str, int]
"""Arm and seed."""


def check_records(study: Study, records: Iterable[RunRecord], place: Path) -> None:
    """Raise RecordError naming a run in `place` that the study does not name, or describes otherwise.

    A study that named fewer seeds than were run would be judged by a choice of them.
    """
    wanted = digests_of(_specs(study))
    for record in records:
        run = (record.spec.name, record.spec.seed)
        if run not in wanted:
            raise RecordError(f"{place}: arm '{run[0]}', seed {run[1]} was run: name it in the study, which has others")
        if record.spec.digest not in wanted[run]:
            raise RecordError(f"{place}: arm '{run[0]}', seed {run[1]} was run with other settings than the study has")


def check_elsewhere_records(study: Study, records: Iterable[ElsewhereRecord], place: Path) -> None:
    """Raise RecordError naming an arm in `place` that is not the study's, was read otherwise, or has other seeds."""
    for record in records:
        known = study.elsewhere.get(record.arm)
        if known is None or known.identity != record.identity:
            raise RecordError(f"{place}: arm '{record.arm}' is not in the study, or was read in another way")
        if others := {run.seed for run in record.runs} - set(study.seeds_of(record.arm)):
            raise RecordError(
                f"{place}: arm '{record.arm}', seed {min(others)} was read: name it in the study, which has others"
            )


def left_out(layout: Layout) -> Iterator[str]:
    """A line for each arm of which runs lie here, finished, whose seeds the study does not name."""
    for experiment in layout.study.experiments.values():
        for name, arm in experiment.arms.items():
            known = layout.study.seeds_of(name)
            place = layout.run(RunKey(name, arm.reading, known[0])).parent
            named = (re.fullmatch(r"seed-(\d+)", path.parent.name) for path in place.glob(f"seed-*/{MEASURED}"))
            seeds = (int(match[1]) for match in named if match)
            if others := sorted(set(seeds) - set(known)):
                yield (
                    f"{place}: finished runs of seeds that the study does not name are left out "
                    f"({', '.join(map(str, others))}); no rule holds for a choice that was made after a look"
                )


def changed_since(study: Study, results: Path) -> str | None:
    """What in the study's file is not as in the tables that are kept of it, in a line; None if nothing is seen.

    By the runs and the rules that the tables name: other parts leave no trace in them.
    """
    tables = results / "tables"
    runs = _rows(tables / "runs.csv", "arm", "seed", "config_sha256")
    found = {
        (row["arm"], int(row["seed"])): digest
        for row in runs
        if row["seed"].isdigit() and (digest := row["config_sha256"]) and row.get("reading") != READING
    }
    if found and (line := unlike(tables, found, _specs(study))):
        return line
    read = {(row["arm"], row["seed"]): row["config_sha256"] for row in runs if row.get("reading") == READING}
    named = {arm: digest_of(own.identity) for arm, own in study.elsewhere.items()}
    for (arm, seed), digest in read.items():
        if named.get(arm) != digest or seed not in map(str, study.seeds_of(arm)):
            return f"{tables}: arm '{arm}', seed {seed} is not in the study, or was read in another way"
    if runs and (lacking := sorted(named.keys() - {arm for arm, _ in read})):
        return f"{tables}: arm '{lacking[0]}' is not there, and the study has it"
    rules = {row["id"]: row["rule"] for row in _rows(tables / "claims.csv", "id", "rule")}
    today = {claim.id: "" if isinstance(claim, Untested) else describe_rule(claim) for claim in study.claims}
    for id_ in today:
        if rules.get(id_) != today[id_]:
            return f"{tables}: claim '{id_}' has another rule in the study's file than it was judged by"
    for id_ in rules:
        if rules[id_] and id_ not in today:
            return f"{tables}: claim '{id_}' was judged, and is no longer in the study's file"
    return None


def unlike(tables: Path, found: Mapping[Run, str], specs: Iterable[RunSpec]) -> str | None:
    """A line on the first run whose settings, by their digest in a table, are not these; None if there is none."""
    wanted = digests_of(specs)
    for arm, seed in sorted({*found, *wanted}):
        if found.get((arm, seed)) not in wanted.get((arm, seed), ()):
            return f"{tables}: arm '{arm}', seed {seed} is not there, not in the study, or under another config"
    return None


def _specs(study: Study) -> Iterator[RunSpec]:
    return (study.run_spec(run.arm, run.seed) for run in study.runs())


def digests_of(specs: Iterable[RunSpec]) -> dict[Run, set[str]]:
    """By run, the digests that its settings have had."""
    return {(spec.name, spec.seed): {spec.digest, *earlier_digests(spec)} for spec in specs}


def _rows(path: Path, *columns: str) -> list[Mapping[str, str]]:
    """Rows of a table that has these columns; none of one that is not there or has not: others tell of damage."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [row for row in rows if all(row.get(column) is not None for column in columns)]
