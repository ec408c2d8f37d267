"""The text of a study file of runs that were made elsewhere: what was found of them, with what is left to the user."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vigan.io.files import RecordError

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
    resumed: tuple[str, ...] = ()
    counted: bool = False


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
            lines += _experiment(title, own, shared, _measured(own) if title == "measured" else _reported(own))
    return "\n".join([*lines, "", *_claims(list(homes.values())), ""])


def _experiment(title: str, arms: Sequence[Found], shared: frozenset[int], protocols: list[str]) -> list[str]:
    last = Counter(end for arm in arms for end in arm.ends).most_common()
    iterations = max(1, max(end for end, count in last if count == last[0][1]))
    more = {arm.name: sorted(arm.seeds - shared) for arm in arms if shared and arm.seeds - shared}
    return [
        f"  {title}:",
        f'    title: "Runs made elsewhere, {"their samples measured here" if title == "measured" else "as reported"}"',
        *(["    dataset: real"] if title == "measured" else []),
        f"    iterations: {iterations}   # the last step that counts, in {_unit(arms)}",
        *protocols,
        f"    baseline: {_quoted(arms[0].name)}",
        *(
            ["    more_seeds: {" + ", ".join(f"{_quoted(arm)}: {own}" for arm, own in more.items()) + "}"]
            if more
            else []
        ),
        "    arms:",
        *(f"      {_quoted(arm.name)}: {{from: {_quoted(dict(arm.row))}}}{_comment(arm, iterations)}" for arm in arms),
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


def _reported(arms: Sequence[Found]) -> list[str]:
    """Protocols of numbers that were measured elsewhere."""
    called = sorted({protocol for arm in arms for protocol in arm.protocols})
    if not called:
        return ["    protocols: [{kind: elsewhere}]   # samples: how many each number is of, if you know"]
    return ["    protocols:", *(f"      - {{kind: elsewhere, called: {_quoted(one)}}}" for one in called)]


def _measured(arms: Sequence[Found]) -> list[str]:
    """A protocol for samples: as many as every snapshot has, of those whose number is told without reading them."""
    fewest = min((arm.samples for arm in arms if arm.samples), default=1000)
    return [f"    protocols: [{{kind: {MEASURE}, samples: {max(FEWEST, fewest)}}}]"]


def _claims(homes: Sequence[Sequence[Found]]) -> list[str]:
    """A claim to fill in, as a comment: its margin is the user's. None where no experiment has two arms."""
    arms = next((arms for arms in homes if len(arms) > 1), None)
    if arms is None:
        return ["# A claim compares two arms of one experiment."]
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


def _quoted(value: Any) -> str:
    """JSON that YAML reads as the same: of letters beyond ASCII those stay that JSON would write as a pair."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if " " <= sign <= "~" or ord(sign) > 0xFFFF else f"\\u{ord(sign):04x}" for sign in text)
