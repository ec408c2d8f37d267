"""Which prepared data set a study's images are: told by their content, wherever they lie.

Only images and MNIST come from files that can change; what else is prepared is told by its description alone. Names,
sizes and times are looked at each time, the files themselves only where these are not what they were.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from vigan.config.base import digest_of
from vigan.config.datasets import CelebA, Dataset, DataSource, Digits, ImageFolder, StackedDigits, key, without_place
from vigan.data.files import Files, files_of, named_place
from vigan.data.source import DataError
from vigan.io.files import RecordError, read_json, write_json
from vigan.io.stamp import sealed, unsealed
from vigan.runtime.settings import MachineError, in_storage

PREPARED = Path("data")
"""Where data sets are prepared."""
RECORD = "source.json"
"""Beside a prepared array: what it was made from, and where that was seen."""
PASSED_ON = "VIGAN_SOURCES"
"""Environment of the jobs of a study: what its plan found out, so that no job looks again and all agree."""


class Source(NamedTuple):
    """A data set found: the name of its folder; place, glance and content of its files, if they are at hand."""

    key: str
    place: str = ""
    glance: str = ""
    content: str = ""


def fetched(root: Path = PREPARED) -> Path:
    """Where sources are fetched to, and found from then on, of data sets that are prepared in `root`."""
    return root / "download"


def sources(datasets: Iterable[Dataset], archive: Path | None = None, root: Path = PREPARED) -> dict[str, Source]:
    """Sources by the digest of their data set, of those that are made from files.

    `archive` is where CelebA lies, if it was named; `root` holds the prepared data sets. Where files are fetched from
    a storage none is looked for: planner and jobs would not see the same.
    """
    if in_storage():
        return {}
    known = _passed_on()
    return {data.digest: known.get(data.digest) or find(data, archive, root) for data in from_files(datasets)}


def from_files(datasets: Iterable[Dataset]) -> list[Dataset]:
    """Those data sets that are made from files, which can change."""
    return [data for data in datasets if isinstance(data, CelebA | ImageFolder) or _of_mnist(data) or _of_plugin(data)]


def _of_plugin(dataset: Dataset) -> bool:
    """Whether a plug-in's source says which files it reads, though there may be none now."""
    return isinstance(dataset, DataSource) and type(dataset).source_files is not DataSource.source_files


def _passed_on() -> dict[str, Source]:
    """What the plan found out. Raises MachineError if the environment holds something else."""
    try:
        return {digest: Source(*found) for digest, found in json.loads(os.environ.get(PASSED_ON, "{}")).items()}
    except (ValueError, TypeError, AttributeError):
        raise MachineError(f"{PASSED_ON} is not what a plan passes on to its jobs; unset it") from None


def export(found: Mapping[str, Source]) -> None:
    """Put sources into the environment of the commands started from here."""
    os.environ[PASSED_ON] = json.dumps(found)


def find(dataset: Dataset, archive: Path | None, root: Path) -> Source:
    """The source of a data set; where its files are not at hand, what was prepared of these the last time."""
    records = _records(dataset, root)
    try:
        files = files_of(dataset, archive, fetched(root))
    except (DataError, OSError):  # a folder that cannot be listed, a share that is gone
        files = None
    if files is None:
        named = named_place(dataset, archive)
        of_it = (name for name, record in records.items() if named is None or _may_be(named, record["seen"]))
        return Source(next(of_it, key(dataset)))
    try:
        return _identified(dataset, files, records, root)
    except DataError:  # preparing tells why
        return Source(key(dataset))


def _may_be(named: Path, seen: Iterable[str]) -> bool:
    """Whether files were seen at a place: at an absolute path, or at a relative one of this or of another project."""
    parts = () if named.is_absolute() else PurePath(os.path.normpath(named)).parts
    if parts and parts[0] not in ("..", "."):
        return any(PurePath(place).parts[-len(parts) :] == parts for place in seen)
    place = named.resolve()
    return any(place in (Path(one), *Path(one).parents) for one in seen)


def _identified(dataset: Dataset, files: Files, records: Mapping[str, Any], root: Path) -> Source:
    glance = files.glance()
    for name, record in records.items():
        if record["seen"].get(files.place) == glance:
            return Source(name, files.place, glance, record["content"])
    content = files.content()
    for name, record in records.items():
        if record["content"] == content:
            with suppress(OSError):  # a note, so that they need not be read again
                _write(dataset, Source(name, files.place, glance, content), root / name, record)
            return Source(name, files.place, glance, content)
    name = f"{dataset.source}-{digest_of([_description(dataset), content])[:10]}"
    return Source(name, files.place, glance, content)


def confirm(dataset: Dataset, before: Source | None, archive: Path | None, folder: Path) -> None:
    """Record in `folder`, beside the array just made, what it was made from: `before`, unless that was fetched since.

    Raises DataError if the files are not what they were before they were read.
    """
    files = files_of(dataset, archive, fetched(folder.parent))
    if files is None:
        return
    glance = files.glance()
    if before is not None and before.glance not in ("", glance):
        raise DataError(f"{files.place}: changed while it was read; run the same command again")
    content = before.content if before is not None and before.content else files.content()
    _write(dataset, Source(folder.name, files.place, glance, content), folder)


def _write(dataset: Dataset, source: Source, folder: Path, before: Mapping[str, Any] | None = None) -> None:
    """Write what was prepared, when, and where it was seen; `before` is the record that is written again."""
    known = before or {}
    seen = {**known.get("seen", {}), source.place: source.glance}
    record = {"of": _description(dataset), "content": source.content, "seen": seen}
    write_json(folder / RECORD, sealed(record | {"made": known.get("made", time.time_ns())}))


def _of_mnist(dataset: Dataset) -> bool:
    return isinstance(dataset, Digits | StackedDigits) and dataset.origin != "sklearn"


def _description(dataset: Dataset) -> dict[str, Any]:
    return without_place(dataset).model_dump(mode="json")


def _records(dataset: Dataset, root: Path) -> dict[str, Any]:
    """Records by folder of data sets that are described alike, the one that was prepared last first.

    By what they say of it: their times may be those of a copy.
    """
    read = {path: _read(path) for path in root.glob(f"{dataset.source}-*/{RECORD}")}
    alike = {path: record for path, record in read.items() if record and record["of"] == _description(dataset)}
    made = {path: record.get("made", path.stat().st_mtime_ns) for path, record in alike.items()}
    return {path.parent.name: alike[path] for path in sorted(made, key=made.__getitem__, reverse=True)}


def is_prepared_of_others(dataset: Dataset, folder: Path) -> bool:
    """Whether other files of the same description were prepared beside `folder`, which holds none of this data set."""
    if not from_files([dataset]) or folder.name in (there := _records(dataset, folder.parent)):
        return False
    named = named_place(dataset, None)
    return any(named is None or _may_be(named, record["seen"]) for record in there.values())


def _read(path: Path) -> Any:
    """A record, None if there is none or it is damaged: then the files are read again."""
    try:
        record = unsealed(read_json(path))
    except (RecordError, ValueError):
        return None
    match record:
        case {"of": dict(), "content": str(), "seen": dict()}:
            return record
    return None
