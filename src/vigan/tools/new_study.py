"""A study file for runs that lie in a folder: what is there becomes arms, what nobody can know is left to the user."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from vigan.config.elsewhere import ElsewhereArm, Samples, Table
from vigan.config.study import Study
from vigan.config.yaml_text import YamlError, parse
from vigan.data.archive import Folder, images_in
from vigan.elsewhere import studiogan, stylegan
from vigan.elsewhere.files import LOG, METRIC_LINES, below, check_plain, files_of, place_of
from vigan.elsewhere.numbers import Number, short
from vigan.elsewhere.read import names_of, read
from vigan.elsewhere.samples import ARRAYS, snapshots
from vigan.elsewhere.studiogan import says_numbers
from vigan.elsewhere.table import check_columns, rows_of
from vigan.io.files import RecordError
from vigan.tools.run_groups import Candidate, groups
from vigan.tools.study_text import Found, slug, study_text

TABLES = (".csv", ".parquet")
NAMING = ("arm", "method", "model", "algorithm", "config", "name", "run")
"""Columns of a table that tell arms apart, the first of them that it has."""
MOST_ARMS = 50


def new_study(folder: Path, name: str) -> tuple[str, list[Found]]:
    """The text of a study file of the runs in `folder`, and its arms. Raises RecordError where there are none."""
    files = [] if folder.is_file() else list(below(folder, lambda name: not name.startswith(".")))
    others = [file for file in files if file.suffix.lower() in TABLES and not _is_long(file)]
    found = list(islice(_candidates(folder, [file for file in files if file not in others]), MOST_ARMS + 1))
    if not found and others:
        found, others = list(_of_table(others[0])), []
    if not found:
        raise RecordError(
            f"{folder}: no table (.csv, .parquet), no metric-*.jsonl of StyleGAN, no log of StudioGAN, and no samples "
            "in seed-0/step-1000/ are in it"
        )
    if len(found) > MOST_ARMS:
        raise RecordError(f"{folder}: more than {MOST_ARMS} arms; name a smaller folder")
    arms = [_look(one) for one in _named(found)]
    text = study_text(name, folder, arms, [str(file.relative_to(folder)) for file in others])
    _check(text, folder)
    return text, arms


def _check(text: str, folder: Path) -> None:
    """Raise RecordError unless the text is that of a study."""
    try:
        Study.model_validate(parse(text)[0])
    except YamlError as error:
        raise RecordError(f"{folder}: no study file can hold what is there ({error})") from None
    except ValidationError as error:
        raise RecordError(f"{folder}: no study file can hold what is there ({_problem(error)})") from None


def _problem(error: ValidationError) -> str:
    """The first thing that is wrong: its place, a value that is no list of others, and the message."""
    first = error.errors()[0]
    given = f" '{short(str(first['input']))}'" if isinstance(first["input"], str | int | float) else ""
    place = ".".join(map(str, first["loc"])) + given
    return ": ".join(filter(None, (place, first["msg"].removeprefix("Value error, "))))


def _is_long(file: Path) -> bool:
    """Whether a table has the columns of seeds, steps, metrics and values."""
    try:
        check_columns(file, Table(format="table", path=str(file)), list(next(rows_of(file))[1]))
    except (RecordError, ValidationError):
        return False
    return True


def _candidates(folder: Path, files: Sequence[Path]) -> Iterator[Candidate]:
    """Every file, or folder, in a folder that may be an arm, or the file that stands for it."""
    if folder.is_file():
        yield from _of_table(folder)
    for file in files:
        if file.suffix.lower() in TABLES:
            yield from _of_table(file)
    lines = dict.fromkeys(file.parent for file in files if METRIC_LINES.fullmatch(file.name))
    logs = [file for file in files if LOG.fullmatch(file.name) and says_numbers(file)]
    homes = {run: run.parent if run != folder else run for run in lines}
    yield from groups("stylegan", homes, stylegan.seed_of, stylegan.begun_from)
    yield from groups("studiogan", {log: log.parent for log in logs}, studiogan.seed_of)
    yield from (Candidate(home.name, {"format": "samples", "path": str(home)}) for home in _sampled(files, folder))


def _sampled(files: Sequence[Path], folder: Path) -> list[Path]:
    """Folders that hold samples by seed and step."""
    homes: dict[Path, None] = {}
    for file in files:
        place = file if file.suffix.lower() in ARRAYS else file.parent
        home = place.parent.parent
        by_name = re.search(r"seed", place.parent.name, re.IGNORECASE) and re.search(r"[0-9]$", place.stem)
        if by_name and home.is_relative_to(folder):
            homes[home] = None
    return list(homes)


def _of_table(file: Path) -> Iterator[Candidate]:
    """An arm of a table, or one for each name in a column that tells them apart."""
    check_plain(file)
    rows, values = rows_of(file), Counter[str]()
    column: str | None = None
    for count, (_, row) in enumerate(rows):
        if count == 0:
            known = {name.lower(): name for name in row}
            column = next((known[name] for name in NAMING if name in known), None)
        if column is None:
            break
        values[row[column].strip()] += 1  # as `where` picks them
        if len(values) > MOST_ARMS:
            raise RecordError(f"{file}: more than {MOST_ARMS} arms in column '{column}'; name a smaller table")
    if column is None:
        yield Candidate(file.stem, {"format": "table", "path": str(file)})
        return
    for value in values:
        yield Candidate(value, {"format": "table", "path": str(file), "where": {column: value}})


def _named(found: Sequence[Candidate]) -> Iterator[Candidate]:
    """The same with titles that a study can have as names, each once."""
    taken: set[str] = set()
    for one in found:
        plain = slug(one.title)
        names = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield one._replace(title=name)


def _look(found: Candidate) -> Found:
    """What the files of an arm hold."""
    try:
        arm = ElsewhereArm.model_validate({"from": found.row})
    except ValidationError:
        raise RecordError(f"{found.row['path']}: a name that no study file can hold; rename it") from None
    if isinstance(arm.origin, Samples):
        return _look_at_samples(found, arm)
    names, numbers = names_of(arm.origin), list(read(arm))
    known = [number for number in numbers if number.metric in names]
    ends: dict[int, int] = {}
    for number in (number for number in known if number.value is not None):
        ends[number.seed] = max(ends.get(number.seed, 0), number.step)
    return Found(
        found.title,
        found.row,
        frozenset(ends),
        tuple(ends.values()),
        frozenset(names[number.metric] for number in known),
        frozenset(number.protocol for number in known if number.protocol),
        frozenset(_unread(numbers, names)),
        resumed=found.resumed,
        counted=found.counted,
        unstated=any(number.protocol is None for number in known),
    )


def _unread(numbers: Sequence[Number], names: Mapping[str, str]) -> set[str]:
    return {number.metric for number in numbers if number.metric not in names}


def _look_at_samples(found: Candidate, arm: ElsewhereArm) -> Found:
    places = snapshots(place_of(arm), files_of(arm))
    ends: dict[int, int] = {}
    for seed, step in places:
        ends[seed] = max(ends.get(seed, 0), step)
    counts = []
    for path in places.values():
        if path.is_dir():
            folder = Folder(path)
            counts.append(len(images_in(folder, folder.names())))
    fewest = min(counts, default=0)
    nothing = frozenset[str]()
    return Found(*found[:2], frozenset(ends), tuple(ends.values()), nothing, nothing, nothing, fewest)
