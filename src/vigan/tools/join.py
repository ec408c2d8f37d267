"""Join raw numbers of one study whose seeds were run at several times or places, and whose runs are gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from vigan.analysis.raw import Raw, read_raw, write_raw
from vigan.analysis.tables import RUN_KEYS
from vigan.config.study import Study
from vigan.io.durable import copy, rename
from vigan.io.files import RecordError
from vigan.io.run_record import RunRecord
from vigan.layout import Layout
from vigan.stages.freshness import check_kept
from vigan.stages.kept_study import check_records
from vigan.tools.first_verdicts import first_verdicts

Key = tuple[str, str, str, int]
"""A run: experiment, arm, reading, seed."""
TABLES = ("metrics", "noise", "telemetry")


class Part(NamedTuple):
    """The raw numbers of a results folder."""

    folder: Path
    raw: Raw
    records: dict[Key, RunRecord]


def join(study: Study, folders: Sequence[Path]) -> Raw:
    """The raw numbers that several results folders keep of one study, in the order of its runs.

    A run of several folders is taken from the first. Raises RecordError if its numbers are others elsewhere; if a run
    is none of the study's, as its file describes them; if an arm was trained on other data, or by other code (unless a
    run of that arm, which both have, has the same weights); if real data were measured otherwise; or if there are arms
    that were made elsewhere.
    """
    parts = [_part(study, folder) for folder in folders]
    for part in parts:
        if part.raw.elsewhere:
            raise RecordError(f"{part.folder}: has arms that were made elsewhere, which only `vigan merge` joins")
    for one, other in combinations(parts, 2):
        for problem in (*_of_study(one, other), *_of_arms(one, other)):
            raise RecordError(f"{other.folder}: not of the same study as {one.folder}: {problem}")
    order = {(key.arm, key.reading, key.seed): place for place, key in enumerate(study.every_run())}
    owner = {key: part for part in reversed(parts) for key in part.records}
    keys = sorted(owner, key=lambda key: (order.get(key[1:], len(order)), key))
    metrics, noise, telemetry = (_joined(name, owner, keys, parts) for name in TABLES)
    records = [(key[0], owner[key].records[key]) for key in keys]
    logged = {column for part in parts for column in part.raw.logged}
    return Raw(records, metrics, noise, telemetry, logged, parts[0].raw.floors)


def join_into(study: Study, results: Path, folders: Sequence[Path]) -> Raw:
    """Join what a results folder keeps, if anything, with what `folders` keep, and write it there: all, or nothing.

    What a killed join left is put right first. Raises RecordError as `join` does.
    """
    raw = results / "raw"
    made, old = (raw.with_name(f".{raw.name}.{word}") for word in ("joining", "old"))
    if old.exists() and not raw.exists():
        rename(old, raw)
    joined, first = join(study, [*([results] if raw.exists() else []), *folders]), first_verdicts([results, *folders])
    for left in (made, old):
        shutil.rmtree(left, ignore_errors=True)
    write_raw(joined, made)
    if first and first.parent != results:
        copy(first, results / first.name)
    Layout.stamp_in(results, "tables").unlink(missing_ok=True)  # what it says of raw numbers will no longer be so
    if raw.exists():
        rename(raw, old)
    rename(made, raw)
    shutil.rmtree(old, ignore_errors=True)
    return joined


def _part(study: Study, folder: Path) -> Part:
    check_kept(folder, sorted((folder / "raw").glob("[!.]*")), None)
    raw = read_raw(folder / "raw")
    check_records(study, (record for _, record in raw.records), folder / "raw")
    records = {(home, r.spec.name, r.spec.arm.reading, r.spec.seed): r for home, r in raw.records}
    return Part(folder, raw, records)


def _of_study(one: Part, other: Part) -> Iterator[str]:
    if not one.raw.floors.equals(other.raw.floors):
        yield "real data were measured otherwise (real-data.json)"


def _of_arms(one: Part, other: Part) -> Iterator[str]:
    """What differs between arms that are in both."""
    common = [key for key in one.records if key in other.records]
    for key in common:
        alike = one.records[key].weights_sha256 == other.records[key].weights_sha256
        if not alike or _numbers(one, key) != _numbers(other, key):
            yield f"its run of '{key[1]}', seed {key[3]}, is another"
    witnessed = {key[:3] for key in common}
    traits = {key[:3]: _traits(record) for key, record in one.records.items()}
    for key, record in other.records.items():
        for what, found in _traits(record).items():
            if traits.get(key[:3], {}).get(what, found) != found and not (what == "code" and key[:3] in witnessed):
                remedy = "; run one of the seeds that are there again" if what == "code" else ""
                yield f"arm '{key[1]}' has other {what}{remedy}"


def _traits(record: RunRecord) -> dict[str, Any]:
    return {"data": record.data_sha256, "code": record.code_sha256}


def _numbers(part: Part, key: Key) -> list[str]:
    return [_rows(getattr(part.raw, name), [key]).to_csv(index=False) for name in TABLES]


def _joined(name: str, owner: dict[Key, Part], keys: Sequence[Key], parts: Sequence[Part]) -> pd.DataFrame:
    """A table's rows of all runs, each from its owner, in the order of runs."""
    tables = [_rows(getattr(part.raw, name), [key for key in keys if owner[key] is part]) for part in parts]
    whole = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    place = {key: number for number, key in enumerate(keys)}
    rank = pd.Series([place[key] for key in _keys(whole)], dtype=int)
    return whole.iloc[rank.argsort(kind="stable")].reset_index(drop=True)


def _rows(table: pd.DataFrame, keys: Sequence[Key]) -> pd.DataFrame:
    wanted = set(keys)
    return table[[key in wanted for key in _keys(table)]]


def _keys(table: pd.DataFrame) -> Iterator[Key]:
    return zip(*(table[column] for column in RUN_KEYS), strict=True)
