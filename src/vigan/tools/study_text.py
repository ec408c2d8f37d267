"""The text of a study file of runs that were made elsewhere: what was found of them, with what is left to the user."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from vigan.config.elsewhere import READING
from vigan.io.files import RecordError

MEASURE = "efflite0-128"
"""The protocol that measures samples."""
FEWEST = 16
"""Samples below which no protocol measures anything."""
UNSTATED = "unstated"
"""What the protocol is called of numbers whose files name none, where others beside them do."""


class Found(NamedTuple):
    """An arm that was found: as it stands in a study file, and what its files hold.

    `protocols` are those that its files name; with `unstated` there are numbers of which they name none.
    """

    name: str
    row: Mapping[str, Any]
    seeds: frozenset[int]
    ends: tuple[int, ...]
    metrics: frozenset[str]
    protocols: frozenset[str]
    unread: frozenset[str]
    samples: int | None = None
    resumed: tuple[str, ...] = ()
    counted: bool = False
    unstated: bool = False


class Ways(NamedTuple):
    """What protocols of numbers from elsewhere are called: those that files name, and, if need be, that of the rest."""

    named: tuple[str, ...] = ()
    rest: str | None = None

    @classmethod
    def of(cls, arms: Sequence[Found]) -> Ways:
        """Those of some arms: nobody knows that numbers of an unnamed protocol are of one that another file names."""
        named = tuple(sorted({protocol for arm in arms for protocol in arm.protocols}))
        if not named or not any(arm.unstated for arm in arms):
            return cls(named)
        free = (UNSTATED, *(f"{UNSTATED}-{number}" for number in range(2, len(named) + 2)))
        return cls(named, next(name for name in free if name not in named))

    @property
    def every(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.named, *([self.rest] if self.rest else []))

    def of_arm(self, arm: Found) -> list[str]:
        """Those of an arm."""
        return [name for name in self.every if name in arm.protocols or (arm.unstated and name == self.rest)]

    def row(self, arm: Found) -> dict[str, Any]:
        """An arm's origin: where it could be one of several, with the protocol of its numbers that name none."""
        return {**arm.row, **({"protocol": _full(self.rest or self.of_arm(arm)[0])} if len(self.every) > 1 else {})}


def _full(called: str) -> str:
    """The name that a protocol has in a study."""
    return f"{READING}/{called}"


def slug(title: str) -> str:
    """The nearest name that a study or an arm can have."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50].strip("-") or "runs"


def study_text(name: str, folder: Path, arms: Sequence[Found], others: Sequence[str]) -> str:
    """The text; `others` are files that were left out. Raises RecordError where no metric has a name that is known."""
    read_arms, sampled = [arm for arm in arms if arm.samples is None], [arm for arm in arms if arm.samples is not None]
    if not any(arm.seeds for arm in arms):
        unread = sorted({metric for arm in arms for metric in arm.unread})
        raise RecordError(
            f"{folder}: no metric in it has a name that is known here ({', '.join(unread[:8]) or 'none'}); write a "
            "study file with `metrics: {theirs: ours}` (docs/foreign-runs.md)"
        )
    nameless = [arm for arm in arms if not arm.seeds]
    arms = [arm for arm in arms if arm.seeds]
    shared = frozenset.intersection(*(arm.seeds for arm in arms))
    seeds = sorted(shared or frozenset.union(*(arm.seeds for arm in arms)))
    lines = [
        "# Written by `vigan new`: runs that were made elsewhere. Write the claims before you look at the results.",
        *(f"# Not read, for want of columns seed, step, metric and value: {_quoted(file)}" for file in others),
        *(
            f"# Left out, for no metric of it has a name here: {_quoted(dict(arm.row))}{_comment(arm)}"
            for arm in nameless
        ),
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
    read_arms = [arm for arm in read_arms if arm.seeds]
    by_images = [arm for arm in read_arms if arm.row["format"] == "stylegan"]
    by_iterations = [arm for arm in read_arms if arm not in by_images]
    homes = {
        "reported": by_iterations or by_images,
        "reported-by-images": by_images if by_iterations else [],
        "measured": sampled,
    }
    for title, own in homes.items():
        if own:
            lines += _experiment(title, own, shared)
    return "\n".join([*lines, "", *_claims(list(homes.values())), ""])


def _experiment(title: str, arms: Sequence[Found], shared: frozenset[int]) -> list[str]:
    ways = Ways.of(arms)
    last = Counter(end for arm in arms for end in arm.ends).most_common()
    iterations = max(1, max(end for end, count in last if count == last[0][1]))
    more = {arm.name: sorted(arm.seeds - shared) for arm in arms if shared and arm.seeds - shared}
    return [
        f"  {title}:",
        f'    title: "Runs made elsewhere, {"their samples measured here" if title == "measured" else "as reported"}"',
        *(["    dataset: real"] if title == "measured" else []),
        f"    iterations: {iterations}   # the last step that counts, in {_unit(arms)}",
        *(_measured(arms) if title == "measured" else _reported(ways)),
        f"    baseline: {_quoted(arms[0].name)}",
        *(
            ["    more_seeds: {" + ", ".join(f"{_quoted(arm)}: {own}" for arm, own in more.items()) + "}"]
            if more
            else []
        ),
        "    arms:",
        *(f"      {_quoted(arm.name)}: {{from: {_quoted(ways.row(arm))}}}{_comment(arm, iterations)}" for arm in arms),
    ]


def _unit(arms: Sequence[Found]) -> str:
    return "thousands of images" if arms[0].row["format"] == "stylegan" else "the files' own unit"


def _comment(arm: Found, iterations: int | None = None) -> str:
    """What a reader has to know of an arm, in a comment; names of strangers' files are quoted as JSON, on one line."""
    told = []
    if "seeds" in arm.row:
        told.append("seeds are numbers given here, for the files say none, or one twice: pairs by them are arbitrary")
    if arm.counted:
        told.append("taken for runs of one setting, as their names differ by counting numbers alone")
    if arm.resumed:
        listed = ", ".join(_quoted(name) for name in arm.resumed[:8])
        told.append(f"without {listed}, which go on from others of these runs")
    if others := sorted({end for end in arm.ends if end != iterations}):
        told.append(f"ends at {', '.join(map(str, others[:8]))}: runs that end earlier are not judged")
    if listed := ", ".join(_quoted(name[:40]) for name in sorted(arm.unread)[:8]):
        told.append(f"not read: {listed}; `metrics: {{theirs: ours}}` names them")
    return f"   # {'; '.join(told)}" if told else ""


def _reported(ways: Ways) -> list[str]:
    """Protocols of numbers that were measured elsewhere."""
    if not ways.every:
        return ["    protocols: [{kind: elsewhere}]   # samples: how many each number is of, if you know"]
    why = {ways.rest: "   # of numbers whose files name none: whether they compare with others, nobody here knows"}
    called = [f"      - {{kind: elsewhere, called: {_quoted(one)}}}{why.get(one, '')}" for one in ways.every]
    return ["    protocols:", *called]


def _measured(arms: Sequence[Found]) -> list[str]:
    """A protocol for samples: as many as every snapshot has, of those whose number is told without reading them."""
    fewest = min((arm.samples for arm in arms if arm.samples), default=1000)
    return [f"    protocols: [{{kind: {MEASURE}, samples: {max(FEWEST, fewest)}}}]"]


def _claims(homes: Sequence[Sequence[Found]]) -> list[str]:
    """A claim to fill in, as a comment: its margin is the user's. None where no two arms can be compared."""
    found = next(_comparable(homes), None)
    if found is None:
        return ["# A claim compares two arms of one experiment, by one protocol."]
    first, second, protocol = found
    known = first.metrics | second.metrics
    metric = next((name for name in ("fid", "kid", "score") if name in known), "fid")
    metric = metric if first.samples is None else "frechet"
    return [
        "# claims:",
        "#   - id: C1",
        f'#     statement: "{second.name} has a better {metric} than {first.name}."',
        '#     place: "mine"',
        "#     test: paired-sign",
        f"#     arms: [{_quoted(first.name)}, {_quoted(second.name)}]",
        f"#     metric: {metric}",
        f"#     protocol: {protocol}",
        f"#     direction: {'higher' if metric == 'score' else 'lower'}",
        "#     margin: ...   # the smallest difference that matters",
    ]


def _comparable(homes: Sequence[Sequence[Found]]) -> Iterator[tuple[Found, Found, str]]:
    """Two arms of one experiment and what a claim calls a protocol that both have; the first and the last arm first."""
    for arms in homes:
        ways = Ways.of(arms)
        for first, second in combinations((*arms[:1], *reversed(arms[1:])), 2):
            if first.samples is not None:
                yield first, second, MEASURE
            elif len(ways.every) < 2:
                yield first, second, READING
            else:
                both = (name for name in ways.of_arm(first) if name in ways.of_arm(second))
                yield from ((first, second, _quoted(_full(name))) for name in both)


def _quoted(value: Any) -> str:
    """JSON that YAML reads as the same: of letters beyond ASCII those stay that JSON would write as a pair."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if " " <= sign <= "~" or ord(sign) > 0xFFFF else f"\\u{ord(sign):04x}" for sign in text)
