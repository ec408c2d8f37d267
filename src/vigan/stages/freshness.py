"""Whether what a stage reads is of the study as it is described today; what is not is refused by name, or told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vigan.config.elsewhere import READING
from vigan.config.study import Study
from vigan.elsewhere.files import is_at_hand, place_of
from vigan.evaluation.code import protocol_code
from vigan.evaluation.origin import of_measurement, read_floor, reference_identity
from vigan.io.elsewhere_record import SAMPLES, ElsewhereFiles
from vigan.io.files import RecordError
from vigan.io.run_record import MEASURED, RunFiles, RunRecord, train_again
from vigan.io.stamp import Stamp, check, check_files, read_stamp, stale
from vigan.layout import Layout
from vigan.provenance import stage_digest
from vigan.runtime.settings import in_storage
from vigan.stages.kept_study import changed_since, unlike
from vigan.stages.made_from import (
    files_of,
    first_files,
    floors_of,
    name_of,
    of_figure,
    of_import,
    of_pictures,
    of_tables,
)
from vigan.stages.publish import RECORD

ANALYSE = "run `vigan analyse` again"
PARTS = ("claims.", "datasets.", "experiments.")
NUMBERS = ("metrics.csv", "noise.csv")


def check_runs(layout: Layout, runs: Sequence[RunFiles]) -> list[str]:
    """What is to be told of runs that can be analysed together: code that is not today's.

    Raises RecordError naming a run that is of another config or other data, was measured by other protocols, in another
    way or against other references than the study asks for, is damaged, or was made by other code than those beside it.
    """
    study, alike = layout.study, _Alike()
    records = [run.record() for run in runs]
    floors = {
        (name, protocol.name): _floor(path, protocol.name)
        for (name, protocol), (_, path) in zip(study.measured(), layout.floors(), strict=True)
    }
    for run, record in zip(runs, records, strict=True):
        dataset = study.experiments[run.experiment].dataset
        own = {protocol: floor for (name, protocol), floor in floors.items() if name == dataset}
        _check_data(run, record, own)
        record.check_telemetry(run.folder / "telemetry.csv")
        alike.add(run, record, _check_measured(study, run, record, own))
    return alike.told(study)


def _floor(path: Path, protocol: str) -> Any:
    record = read_floor(path)
    if record["protocol"] != protocol:
        raise RecordError(f"{path}: of protocol {record['protocol']}, not {protocol}; run `vigan reference` again")
    return record


def _check_data(run: RunFiles, record: RunRecord, floors: Mapping[str, Any]) -> None:
    for protocol, floor in floors.items():
        if record.data_sha256 != floor["data_sha256"]:
            raise RecordError(
                f"{run.folder}: trained on other data than the real data of {protocol} are today; "
                f"{train_again(run.spec)}"
            )


def _check_measured(study: Study, run: RunFiles, record: RunRecord, floors: Mapping[str, Any]) -> Stamp:
    stamp = run.measured(record, *NUMBERS)
    references = {protocol: reference_identity(floor) for protocol, floor in floors.items()}
    code = stamp.made_from.get("code", "")
    wanted = of_measurement(record, study.protocols_of(run.spec.name), references, code)
    if line := stale(f"{run.folder / NUMBERS[0]}", stamp.made_from, wanted, run.mend):
        raise RecordError(line)
    return stamp


class _Alike:
    """Runs of an experiment, held to one code each for training and for measuring."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, ...], tuple[str, RunFiles]] = {}

    def add(self, run: RunFiles, record: RunRecord, stamp: Stamp) -> None:
        """Raise RecordError naming two runs of which one was made by other code than the other."""
        for what, code, mend in self._codes(run, record, stamp):
            known, other = self.first.setdefault(what, (code, run))
            if known != code:
                raise RecordError(
                    f"{other.folder} and {run.folder}: {what[0]} by different code ({known[:12]} and {code[:12]}), so "
                    f"they cannot be compared; {mend}"
                )

    def _codes(self, run: RunFiles, record: RunRecord, stamp: Stamp) -> Iterator[tuple[tuple[str, ...], str, str]]:
        modules = run.spec.arm.modules
        again = "train the run of the earlier code again"
        yield ("trained", run.experiment, *modules), record.code_sha256, again
        of_today = record.code_sha256 == _training_code(modules)
        yield ("trained", run.experiment), "today's code" if of_today else "earlier code", again
        yield ("measured", run.experiment), stamp.made_from["code"], "evaluate the run of the earlier code again"

    def told(self, study: Study) -> list[str]:
        """One line for each experiment whose runs are all of earlier code."""
        lines = []
        for (what, experiment, *modules), (code, run) in self.first.items():
            protocols = study.experiments[experiment].protocols
            today = _training_code(run.spec.arm.modules) if what == "trained" else protocol_code("evaluate", protocols)
            if (what == "measured" or modules) and code != today:
                lines.append(f"the runs of '{experiment}' were {what} by other code than today's ({code[:12]})")
        return list(dict.fromkeys(lines))


def _training_code(modules: Sequence[str]) -> str:
    """Digest of today's code that trains with some modules."""
    return stage_digest("train", modules)


def check_tables(tables: Path, runs: Sequence[RunFiles]) -> None:
    """Raise RecordError, naming a run, unless the tables were made from exactly these runs under their current spec.

    Digests that an earlier version gave to the same spec are accepted.
    """
    from vigan.analysis.tables import read_table  # pandas, which `vigan claims` does without

    made = read_table(tables / "runs.csv")
    if missing := {"arm", "reading", "seed", "config_sha256"} - set(made.columns):
        raise RecordError(f"{tables / 'runs.csv'}: has no column '{min(missing)}'; {ANALYSE}")
    made = made[made["reading"] != READING]  # of those the stamp of the tables tells
    found = dict(zip(zip(made["arm"], made["seed"], strict=True), made["config_sha256"], strict=True))
    if line := unlike(tables, found, (run.spec for run in runs)):
        raise RecordError(f"{line}; {ANALYSE}")


def check_stamped_tables(layout: Layout, *, kept: bool = False) -> None:
    """Raise RecordError unless the tables are what `vigan analyse` made of the study, its rules and its runs.

    With `kept`, tables that were kept of earlier code will do, and those of a version that stamped none.
    """
    path = layout.stamp("tables")
    if kept and not path.exists():
        check_tables(layout.tables, layout.run_files())
        return
    if not kept:
        check_elsewhere(layout)
    stamp, wanted = read_stamp(path, ANALYSE), of_tables(layout)
    wanted |= _not_here(layout, stamp)
    if kept:
        wanted["code"] = stamp.made_from.get("code", "")
    if line := stale(layout.tables, stamp.made_from, wanted, ANALYSE):
        check_tables(layout.tables, layout.run_files())  # names the run, where one is of another config
        raise RecordError(line)
    check_files(path, stamp, layout.all_tables().values(), ANALYSE)


def check_elsewhere(layout: Layout) -> None:
    """Raise RecordError naming an arm from elsewhere whose files, or place in the study, are not what was read."""
    for arm in layout.elsewhere_files():
        found = arm.stamp().made_from
        if line := stale(f"arm '{arm.name}'", found, of_import(layout, arm), arm.mend):
            raise RecordError(line)


def check_away(layout: Layout, arm: ElsewhereFiles) -> None:
    """Raise RecordError where an arm's files are away, and what was read of them is not what the study asks for today.

    To read it again would begin with its removal.
    """
    if is_at_hand(arm.arm) or not (arm.folder / MEASURED).is_file():
        return
    found = arm.stamp().made_from
    mend = f"bring {place_of(arm.arm)} back, or take the change back"
    if line := stale(f"arm '{arm.name}', whose files are away", found, of_import(layout, arm), mend):
        raise RecordError(line)


def check_samples(layout: Layout, experiment: str) -> None:
    """Raise RecordError naming samples that are not what was drawn of a run as the study describes it."""
    shown = layout.study.experiments[experiment].pictured
    for one in first_files(layout, shown) if shown else ():
        check_kept_samples(one)


def check_kept(results: Path, files: Sequence[Path], study: Study | None) -> str | None:
    """Raise RecordError naming a table, or raw numbers, that are not what `vigan analyse` wrote.

    What of the study's file changed since, in a line; None if nothing. Tables that are kept without their runs have no
    stamp: of them is told what they say themselves.
    """
    path = Layout.stamp_in(results, "tables")
    if not path.exists():
        return changed_since(study, results) if study is not None else None
    stamp = read_stamp(path, ANALYSE)
    check_files(path, stamp, files, ANALYSE)
    if study is None:
        return None
    parts = study.parts()
    known = {name: digest for name, digest in stamp.made_from.items() if name in parts or name.startswith(PARTS)}
    return stale(results / "tables", known, parts, ANALYSE) or _changed_elsewhere(study, results)


def _changed_elsewhere(study: Study, results: Path) -> str | None:
    """A line on the first arm from elsewhere whose files are at hand, and are not those that were read."""
    layout = Layout(study)
    for arm in layout.elsewhere_files() if layout.results.resolve() == results.resolve() else ():
        if (arm.folder / MEASURED).is_file():
            known, today = arm.stamp().made_from["files"], of_import(layout, arm)["files"]
            if line := stale(f"arm '{arm.name}'", {"files": known}, {"files": today}, f"{arm.mend}, and {ANALYSE}"):
                return line
    return None


def _not_here(layout: Layout, stamp: Stamp) -> dict[str, str]:
    """What a stamp names that does not lie here, as it says: results are copied without all they were made from."""
    gone = _absent(layout)
    return {name: digest for name, digest in stamp.made_from.items() if name in gone}


def _absent(layout: Layout) -> set[str]:
    """Names in stamps of what does not lie here.

    A run is here as soon as it is trained: one that is not measured is being made again. Values of real data that are
    not here are others where other files of the same description were prepared. Of a storage nothing counts as here:
    what lies beside a job are inputs of others, one fetched after the other, and Snakemake knows what is stale.
    """
    if in_storage():
        return {name_of(run) for run in layout.run_files()} | set(floors_of(layout))
    from vigan.data.identity import is_prepared_of_others  # who only tells verdicts does not wait for numpy

    unmeasured = [run for run in layout.run_files() if not (run.folder / MEASURED).exists()]
    gone = {name_of(run) for run in unmeasured if not (run.folder / RECORD).exists()}
    gone |= {f"runs.{arm.name}" for arm in layout.elsewhere_files() if not (arm.folder / MEASURED).exists()}
    sets = layout.study.datasets.items()
    others = tuple(f"floors.{name}." for name, data in sets if is_prepared_of_others(data, layout.data(data)))
    floors = {name for name, path in floors_of(layout).items() if not path.exists()}
    return gone | {name for name in floors if not name.startswith(others)}


def check_figures(layout: Layout, *, kept: bool = False) -> None:
    """Raise RecordError naming a figure that was not drawn from the tables that lie there.

    With `kept`, by whatever code, and not of figures of a version that stamped none.
    """
    wanted = of_figure(layout)
    for (kind, experiment), path in layout.all_figures().items():
        stamp, mend = layout.stamp(path.name), f"run `vigan figure --kind {kind} --experiment {experiment}` again"
        if kept and not stamp.exists():
            continue
        code = {"code": read_stamp(stamp, mend).made_from.get("code", "")} if kept else {}
        check(stamp, path, wanted | code, [path], mend)


def check_frames(layout: Layout) -> None:
    """Raise RecordError naming pictures of an experiment that are not of its runs as they are."""
    for experiment, path in layout.all_frames().items():
        stamp, mend = layout.stamp(path.name), f"run `vigan frames --experiment {experiment}` again"
        wanted = of_pictures(layout, files_of(layout, experiment)) | _not_here(layout, read_stamp(stamp, mend))
        check(stamp, path, wanted, [path], mend)


def check_kept_samples(files: RunFiles | ElsewhereFiles) -> None:
    """Raise RecordError naming samples that are missing, damaged, or of another run than lies beside them."""
    if isinstance(files, RunFiles):
        files.measured(files.record(), SAMPLES)
    else:
        path = files.folder / MEASURED
        check_files(path, read_stamp(path, files.mend), [files.folder / SAMPLES], files.mend)
