"""Check that a study's tables are those of its runs under the current study file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vigan.analysis.tables import read_table
from vigan.io.files import RecordError
from vigan.io.renamed import earlier_digests
from vigan.io.run_record import RunFiles


def check_tables(tables: Path, runs: Sequence[RunFiles]) -> None:
    """Raise RecordError, naming a run, unless the tables were made from exactly these runs under their current spec.

    Digests that an earlier version gave to the same spec are accepted.
    """
    made = read_table(tables / "runs.csv")
    found = dict(zip(zip(made["arm"], made["seed"], strict=True), made["config_sha256"], strict=True))
    wanted = {(run.spec.name, run.spec.seed): {run.spec.digest, *earlier_digests(run.spec)} for run in runs}
    for arm, seed in sorted({*found, *wanted}):
        if found.get((arm, seed)) not in wanted.get((arm, seed), ()):
            raise RecordError(
                f"{tables}: arm '{arm}', seed {seed} is not there, not in the study, or under another config; "
                "run `vigan analyse` again"
            )
