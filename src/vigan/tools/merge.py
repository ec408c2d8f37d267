"""Join the results of one study from several machines, run by run; refuse results made under different conditions."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vigan.config.base import digest_of
from vigan.io.durable import copy, make_folder, rename, sync_folder
from vigan.io.elsewhere_record import write_first_rules
from vigan.io.files import RecordError, read_json, sha256_file, write_json
from vigan.io.locks import held
from vigan.io.run_record import MEASURED as STAMP
from vigan.io.run_record import RunFiles, RunRecord, read_run
from vigan.io.stamp import read_stamp
from vigan.tools.first_verdicts import first_verdicts
from vigan.tools.merge_elsewhere import PLACE, WRITTEN, Imported, each_once, imported

TRAINED = ("telemetry.csv", "snapshots", "run.json")
NUMBERS = ("metrics.csv", "noise.csv", "samples.npz")
MEASURED = (*NUMBERS, STAMP)
"""What training and evaluation leave, in the order of their making."""

VARYING = ("seconds", "joules", "seal")
"""What of a record differs between two makings of one run."""


class Found(NamedTuple):
    """A run in a results folder: the folder, the run's place below it, its record."""

    source: Path
    place: Path
    record: RunRecord

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self.source / self.place

    def traits(self) -> Iterator[tuple[str, str, Any]]:
        """(what, of what, value) of everything that must be equal in every source."""
        record, home = self.record, f"arm '{self.record.spec.name}', "
        yield "config", home, record.spec.model_dump(mode="json", exclude={"seed"})
        yield "code", home, record.code_sha256
        yield "data", home, record.data_sha256
        yield from (("claim", f"'{claim}', ", digest_of(rule)) for claim, rule in record.rules.items())
        if (stamp := self.folder / STAMP).exists():
            made_from = read_stamp(stamp, "evaluate the run again").made_from
            yield "measuring code", home, made_from["code"]
            for name, declared in made_from.items():
                if name.startswith("protocols."):
                    yield f"'{name.partition('.')[2]}'", home, declared
        if (metrics := self.folder / "metrics.csv").exists():
            yield "protocols", home, _protocols(metrics)


def merge(sources: Sequence[Path], out: Path) -> dict[str, int]:
    """Write the runs of all `sources`, results folders of one study, into `out`; return how many came from each.

    A run that is in two sources is taken once, from the one that has measured it, if both have the same bits; so is
    what was read of an arm that was made elsewhere. Raises RecordError if `out` is no new folder apart from all
    sources, if a source has no runs or a damaged one, if runs of an arm differ in config, code, data, claims, protocols
    or the code that measured them, if such an arm was read from files of other content or otherwise, or if two makings
    of one run, or tables of first verdicts, differ; the message names the digests.
    """
    _refuse_place(out, sources)
    for source in sources:
        _refuse_strange(source)
    runs = [run for source in sources for run in _runs(source)]
    for run in runs:
        _check_sound(run)
    arms = [arm for source in sources for arm in imported(source)]
    _refuse_unlike(runs, arms)
    chosen, read, first = _chosen(runs), each_once(arms), first_verdicts(sources)
    counts = {str(source): _count(source, chosen, read) for source in sources}
    made = out.with_name(f".{out.name}.merging")
    with held(made / "lock") as (_, alone):
        if alone is False:
            raise RecordError(f"{out}: another process merges into it; wait for it")
        shutil.rmtree(made / "whole", ignore_errors=True)  # of a merge that was killed
        _write(sources, chosen, made / "whole")
        for arm in read:
            write_first_rules(made / "whole" / arm.place, arm.record.rules)
            for name in WRITTEN:
                _copy(arm.folder / name, made / "whole" / arm.place / name)
        if first:
            copy(first, made / "whole" / first.name)
        write_json(made / "whole" / "merged.json", counts)
        shutil.rmtree(out, ignore_errors=True)  # at most specs, which every plan of the study writes
        rename(made / "whole", out)
        shutil.rmtree(made, ignore_errors=True)  # a network drive keeps the lock as long as it is held
    return counts


def _refuse_place(out: Path, sources: Sequence[Path]) -> None:
    """Raise RecordError unless a new folder can be put there, or one in the place of a folder of specs alone."""
    place, name_another = Path(os.path.realpath(out)), "name a folder that does not exist yet"
    if os.path.lexists(out) and (out.is_symlink() or not out.is_dir()):
        raise RecordError(f"{out}: no folder but a file or a link; {name_another}")
    if out.exists() and {path.name for path in out.iterdir()} - {"specs"}:
        raise RecordError(f"{out}: holds something already; {name_another}")
    if not next(parent for parent in place.parents if parent.exists()).is_dir():
        raise RecordError(f"{out}: lies in a file; {name_another}")
    if Path.cwd().is_relative_to(place):
        raise RecordError(f"{out}: a new folder cannot take the place of the one that you work in; {name_another}")
    if within := [source for source in sources if place.is_relative_to(os.path.realpath(source))]:
        raise RecordError(f"{out}: lies in {within[0]}, whose runs are to be joined; name a folder outside of it")


def _count(source: Path, runs: Sequence[Found], arms: Sequence[Imported]) -> int:
    """Runs that were taken from a source."""
    read = sum(len(arm.record.runs) for arm in arms if arm.source == source)
    return read + sum(run.source == source for run in runs)


def _refuse_strange(source: Path) -> None:
    """Raise RecordError for a link, a pipe or a device among what would be copied: it may lead anywhere, or nowhere."""
    for part in ("runs", "specs", PLACE):
        for base, folders, names in os.walk(source / part):
            for path in (source / part, *(Path(base) / name for name in (*folders, *names))):
                if os.path.lexists(path) and not _is_plain(path):
                    raise RecordError(f"{path}: neither a file nor a folder but a link, pipe or device; remove it")


def _is_plain(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _runs(source: Path) -> list[Found]:
    records = sorted(source.glob("runs/*/*/seed-*/run.json"))
    if not records and not any(source.glob(f"{PLACE}/*")):
        raise RecordError(f"{source}: holds no runs; name the folder results/STUDY of a study")
    return [_found(source, path) for path in records]


def _found(source: Path, path: Path) -> Found:
    """A run by its record. Raises RecordError if it lies in the place of another."""
    found = Found(source, path.parent.relative_to(source), read_run(path))
    spec = found.record.spec
    if (place := Path("runs", spec.name, spec.arm.reading, f"seed-{spec.seed}")) != found.place:
        raise RecordError(f"{path}: it is the record of {place}; put its folder there")
    return found


def _check_sound(run: Found) -> None:
    """Raise RecordError naming a file of a run that is not what was written."""
    run.record.check_telemetry(run.folder / "telemetry.csv")
    run.record.check_snapshots(run.folder / "snapshots")
    if (run.folder / STAMP).exists():
        RunFiles("", run.folder, run.record.spec).measured(run.record, *NUMBERS)


def _refuse_unlike(runs: Sequence[Found], arms: Sequence[Imported]) -> None:
    """Raise RecordError naming the differences between makings of one arm, or between claims of the study."""
    first: dict[tuple[str, str], tuple[Any, Found | Imported]] = {}
    problems = []
    for run in (*runs, *arms):
        for what, home, value in run.traits():
            known, other = first.setdefault((what, home), (value, run))
            if known != value:
                problems.append((what, f"{home}{_format_values(known, value)} of {other.folder} and {run.folder}"))
    shown = list(dict.fromkeys(problems))[:3]
    if shown:
        summary = "; ".join(f"{what} differs: {text}" for what, text in shown)
        raise RecordError(f"not results of one study, so nothing was merged ({len(problems)} differences). {summary}")


def _protocols(path: Path) -> list[str]:
    """Protocols that a run was measured under."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines or "protocol" not in (header := lines[0].split(",")):
        raise RecordError(f"{path}: not a table of metrics; evaluate the run again")
    column = header.index("protocol")
    cells = [line.split(",") for line in lines[1:]]
    if any(len(row) != len(header) for row in cells):
        raise RecordError(f"{path}: not a table of metrics; evaluate the run again")
    return sorted({row[column] for row in cells})


def _format_values(known: Any, value: Any) -> str:
    """The two values of a trait, digests by their first 12 letters, settings by the names of those that differ."""
    if isinstance(known, dict):
        fields = ", ".join(name for name in known if known[name] != value.get(name))
        return f"{fields}, digests {digest_of(known)[:12]} and {digest_of(value)[:12]}"
    if isinstance(known, list):
        return f"{' '.join(known)} and {' '.join(value)}"
    return f"digests {known[:12]} and {value[:12]}"


def _chosen(runs: Sequence[Found]) -> list[Found]:
    """Each run once. Raises RecordError naming the files of a run whose two executions differ."""
    chosen: dict[Path, Found] = {}
    for run in runs:
        other = chosen.setdefault(run.place, run)
        if other is not run:
            _refuse_other_bits(other, run)
            chosen[run.place] = max(other, run, key=lambda made: (made.folder / STAMP).exists())
    return list(chosen.values())


def _refuse_other_bits(first: Found, second: Found) -> None:
    one, two = _digests(first), _digests(second)
    if unlike := sorted(name for name in one.keys() & two.keys() if one[name] != two[name]):
        digests = f"{one[unlike[0]][:12]} and {two[unlike[0]][:12]}"
        raise RecordError(
            f"{first.folder} and {second.folder}: the same run with other content ({', '.join(unlike)}; "
            f"{unlike[0]} has digests {digests}); decide for one of them and remove the other"
        )


def _digests(run: Found) -> dict[str, str]:
    """Digest by name of each of a run's files; of its record without `VARYING`."""
    files = [path for name in (*TRAINED, *MEASURED) for path in _below(run.folder / name)]
    found = {str(path.relative_to(run.folder)): sha256_file(path) for path in files}
    record = read_json(run.folder / "run.json")
    return {**found, "run.json": digest_of({key: value for key, value in record.items() if key not in VARYING})}


def _below(path: Path) -> list[Path]:
    """A file, or the files of a folder except hidden ones, which other programs may have put there."""
    if path.is_dir():
        return [file for file in sorted(path.glob("*")) if file.name[0] != "."]
    return [path] if path.exists() else []


def _write(sources: Sequence[Path], runs: Sequence[Found], out: Path) -> None:
    """Copy specs, what was trained and what was measured, in this order: Snakemake goes by time stamps."""
    make_folder(out / "specs")
    for source in sources:
        for spec in sorted((source / "specs").glob("*.json")):
            (out / "specs" / spec.name).unlink(missing_ok=True)
            copy(spec, out / "specs" / spec.name)
    for names in (TRAINED, MEASURED):
        for run in runs:
            for name in names:
                _copy(run.folder / name, out / run.place / name)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder of files but for hidden ones; on disk afterwards."""
    make_folder(target if source.is_dir() else target.parent)
    for file in _below(source):
        copy(file, target / file.name if source.is_dir() else target)
    sync_folder(target if source.is_dir() else target.parent)
