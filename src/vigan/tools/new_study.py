"""A study file for runs that lie in a folder: what is there becomes arms, what nobody can know is left to the user."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from vigan.config.elsewhere import ElsewhereArm, Samples
from vigan.config.study import Study
from vigan.config.yaml_text import parse
from vigan.data.archive import Folder, images_in
from vigan.elsewhere.files import LOG, METRIC_LINES, below, check_plain, files_of, place_of
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.read import names_of, read
from vigan.elsewhere.samples import ARRAYS, snapshots
from vigan.elsewhere.studiogan import says_numbers
from vigan.elsewhere.table import rows_of
from vigan.io.files import RecordError

TABLES = (".csv", ".parquet")
NAMING = ("arm", "method", "model", "algorithm", "config", "name", "run")
"""Columns of a table that tell arms apart, the first of them that it has."""
MOST_ARMS = 50
MEASURE = "efflite0-128"
"""The protocol that measures samples."""
FEWEST = 16
"""Samples below which no protocol measures anything."""


class Found(NamedTuple):
    """An arm that was found: as it stands in a study file, and what its files hold."""

    name: str
    row: Mapping[str, Any]
    seeds: frozenset[int]
    ends: tuple[int, ...]
    metrics: frozenset[str]
    protocols: frozenset[str]
    unread: frozenset[str]
    samples: int | None = None


def new_study(folder: Path, name: str) -> tuple[str, list[Found]]:
    """The text of a study file of the runs in `folder`, and its arms. Raises RecordError where there are none."""
    rows = list(islice(_rows(folder), MOST_ARMS + 1))
    if not rows:
        raise RecordError(
            f"{folder}: no table (.csv, .parquet), no metric-*.jsonl of StyleGAN, no log of StudioGAN, and no samples "
            "in seed-0/step-1000/ are in it"
        )
    if len(rows) > MOST_ARMS:
        raise RecordError(f"{folder}: more than {MOST_ARMS} arms; name a smaller folder")
    arms = [_look(title, row) for title, row in _named(rows)]
    text = _text(name, folder, arms)
    Study.model_validate(parse(text)[0])
    return text, arms


def _rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, what stands at `from`) of everything in a folder that may be an arm."""
    if folder.is_file():
        yield from _of_table(folder)
        return
    files = list(below(folder, lambda name: not name.startswith(".")))
    for file in files:
        if file.suffix.lower() in TABLES:
            yield from _of_table(file)
    lines = dict.fromkeys(_home(file.parent, folder) for file in files if METRIC_LINES.fullmatch(file.name))
    logs = dict.fromkeys(file.parent for file in files if LOG.fullmatch(file.name) and says_numbers(file))
    yield from ((home.name, {"format": "stylegan", "path": str(home)}) for home in lines)
    yield from ((home.name, {"format": "studiogan", "path": str(home)}) for home in logs)
    yield from ((home.name, {"format": "samples", "path": str(home)}) for home in _sampled(files, folder))


def _home(run: Path, folder: Path) -> Path:
    """The folder of an arm, from that of one of its runs."""
    return run.parent if run != folder else run


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


def _of_table(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
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
        values[row[column]] += 1
        if len(values) > MOST_ARMS:
            raise RecordError(f"{file}: more than {MOST_ARMS} arms in column '{column}'; name a smaller table")
    if column is None:
        yield file.stem, {"format": "table", "path": str(file)}
        return
    for value in values:
        yield value, {"format": "table", "path": str(file), "where": {column: value}}


def _named(rows: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same with names that a study can have, each once."""
    taken: set[str] = set()
    for title, row in rows:
        plain = slug(title)
        names = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield name, row


def slug(title: str) -> str:
    """The nearest name that a study or an arm can have."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50].strip("-") or "runs"


def _look(name: str, row: dict[str, Any]) -> Found:
    """What the files of an arm hold."""
    try:
        arm = ElsewhereArm.model_validate({"from": row})
    except ValidationError:
        raise RecordError(f"{row['path']}: a name that no study file can hold; rename it") from None
    if isinstance(arm.origin, Samples):
        return _look_at_samples(name, row, arm)
    names, numbers = names_of(arm.origin), list(read(arm))
    known = [number for number in numbers if number.metric in names]
    ends: dict[int, int] = {}
    for number in known:
        ends[number.seed] = max(ends.get(number.seed, 0), number.step)
    return Found(
        name,
        row,
        frozenset(ends),
        tuple(ends.values()),
        frozenset(names[number.metric] for number in known),
        frozenset(number.protocol for number in known if number.protocol),
        frozenset(_unread(numbers, names)),
    )


def _unread(numbers: Sequence[Number], names: Mapping[str, str]) -> set[str]:
    return {number.metric for number in numbers if number.metric not in names}


def _look_at_samples(name: str, row: dict[str, Any], arm: ElsewhereArm) -> Found:
    found = snapshots(place_of(arm), files_of(arm))
    ends: dict[int, int] = {}
    for seed, step in found:
        ends[seed] = max(ends.get(seed, 0), step)
    counts = []
    for path in found.values():
        if path.is_dir():
            folder = Folder(path)
            counts.append(len(images_in(folder, folder.names())))
    fewest = min(counts, default=0)
    nothing = frozenset[str]()
    return Found(name, row, frozenset(ends), tuple(ends.values()), nothing, nothing, nothing, fewest)


def _text(name: str, folder: Path, arms: Sequence[Found]) -> str:
    read_arms, sampled = [arm for arm in arms if arm.samples is None], [arm for arm in arms if arm.samples is not None]
    if not any(arm.seeds for arm in arms):
        unread = sorted({metric for arm in arms for metric in arm.unread})
        raise RecordError(
            f"{folder}: no metric in it has a name that is known here ({', '.join(unread[:8]) or 'none'}); write a "
            "study file with `metrics: {theirs: ours}` (docs/foreign-runs.md)"
        )
    arms = [arm for arm in arms if arm.seeds]
    shared = frozenset.intersection(*(arm.seeds for arm in arms))
    seeds = sorted(shared or frozenset.union(*(arm.seeds for arm in arms)))
    lines = [
        "# Written by `vigan new`: runs that were made elsewhere. Write the claims before you look at the results.",
        f"study: {_quoted(name)}",
        f'title: "Runs of {slug(folder.name)}, made elsewhere"',
        f"seeds: {seeds}" + ("" if shared else "   # no seed is in all arms: pairs need equal numbers"),
        "",
    ]
    if sampled:
        lines += [
            "datasets:",
            "  real: {source: folder, path: real-images, side: 64}   # what samples are compared with: put yours here",
            "",
        ]
    lines.append("experiments:")
    if read_arms := [arm for arm in read_arms if arm.seeds]:
        lines += _experiment("reported", read_arms, shared, _reported(read_arms))
    if sampled:
        lines += _experiment("measured", sampled, shared, _measured(sampled))
    return "\n".join([*lines, "", *_claims(read_arms or sampled), ""])


def _experiment(title: str, arms: Sequence[Found], shared: frozenset[int], protocols: list[str]) -> list[str]:
    last = Counter(end for arm in arms for end in arm.ends).most_common()
    iterations = max(1, max(end for end, count in last if count == last[0][1]))
    more = {arm.name: sorted(arm.seeds - shared) for arm in arms if shared and arm.seeds - shared}
    return [
        f"  {title}:",
        f'    title: "Runs made elsewhere, {"their samples measured here" if title == "measured" else "as reported"}"',
        *(["    dataset: real"] if title == "measured" else []),
        f"    iterations: {iterations}   # the last step that counts, in the files' own unit",
        *protocols,
        f"    baseline: {_quoted(arms[0].name)}",
        *(
            ["    more_seeds: {" + ", ".join(f"{_quoted(arm)}: {own}" for arm, own in more.items()) + "}"]
            if more
            else []
        ),
        "    arms:",
        *(f"      {_quoted(arm.name)}: {{from: {json.dumps(dict(arm.row))}}}{_comment(arm)}" for arm in arms),
    ]


def _comment(arm: Found) -> str:
    """What of an arm has no name here, in a comment; names of strangers' files are quoted as JSON, on one line."""
    listed = ", ".join(json.dumps(name[:40]) for name in sorted(arm.unread)[:8])
    return f"   # not read: {listed}; `metrics: {{theirs: ours}}` names them" if listed else ""


def _reported(arms: Sequence[Found]) -> list[str]:
    """Protocols of numbers that were measured elsewhere."""
    called = sorted({protocol for arm in arms for protocol in arm.protocols})
    if not called:
        return ["    protocols: [{kind: elsewhere}]   # samples: how many each number is of, if you know"]
    return ["    protocols:", *(f"      - {{kind: elsewhere, called: {json.dumps(one)}}}" for one in called)]


def _measured(arms: Sequence[Found]) -> list[str]:
    """A protocol for samples: as many as every snapshot has, of those whose number is told without reading them."""
    fewest = min((arm.samples for arm in arms if arm.samples), default=1000)
    return [f"    protocols: [{{kind: {MEASURE}, samples: {max(FEWEST, fewest)}}}]"]


def _claims(arms: Sequence[Found]) -> list[str]:
    """A claim to fill in, as a comment: its margin is the user's."""
    metric = next((name for name in ("fid", "kid", "score") if any(name in arm.metrics for arm in arms)), "fid")
    metric, protocol = (metric, "elsewhere") if arms[0].samples is None else ("frechet", MEASURE)
    first, second = arms[0].name, arms[-1].name
    return [
        "# claims:",
        "#   - id: C1",
        f'#     statement: "{second} has a better {metric} than {first}."',
        '#     place: "mine"',
        "#     test: paired-sign",
        f"#     arms: [{_quoted(first)}, {_quoted(second)}]",
        f"#     metric: {metric}",
        f"#     protocol: {protocol}",
        f"#     direction: {'higher' if metric == 'score' else 'lower'}",
        "#     margin: ...   # the smallest difference that matters",
    ]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)
