"""The tables of docs/metrics.md, from the records of `vigan bench witness` and `vigan bench bias`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vigan.evaluation.witness import CLOSE, reason, relative
from vigan.evaluation.witness_tools import TOOLS

WORDS = {
    "frechet": "Fréchet distance",
    "frechet_by_ours": "the same, the reference from our file of statistics",
    "frechet_by_theirs": "the same here, the reference from its file",
    "kid_mean": "KID, 100 subsets of 1,000",
    "kid_of_all": "KID, one subset: all",
    "precision": "precision (k = 3)",
    "recall": "recall (k = 3)",
    "density": "density (k = 5)",
    "coverage": "coverage (k = 5)",
}
Tools = Mapping[str, Mapping[str, Any]]


def parts(witness: Mapping[str, Any], bias: Mapping[str, Any]) -> dict[str, str]:
    """The tables and the reasons, by the titles that the page gives them."""
    sides = witness["settings"]["sides"]
    small, large = (witness["details"][words] for words in sorted(sides, key=sides.__getitem__))
    made = {"resized": small, "not resized": large}
    return {title: f"{table(tools)}\n\n{reasons(tools)}" for title, tools in made.items()} | {"bias": bias_table(bias)}


def bias_table(record: Mapping[str, Any]) -> str:
    """A row for each spectrum, a column for each number of samples: measured, and by first order."""
    counts = record["settings"]["counts"]
    cells: dict[str, dict[int, str]] = {}
    for row in record["details"]["rows"]:
        cells.setdefault(row["spectrum"], {})[row["n"]] = f"{row['measured']:.3g} ({row['first_order']:.3g})"
    lines = [["eigenvalues", *(f"n = {n:,}" for n in counts)], ["---"] * (len(counts) + 1)]
    lines += [[words, *(found[n] for n in counts)] for words, found in cells.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table(tools: Tools) -> str:
    """A row for each number, a column for each tool; an empty cell is one that the tool does not give."""
    names = ["vigan", *(tool for tool in TOOLS if tool in tools)]
    titles = [f"{name} {tools[name]['version']}" if name != "vigan" else name for name in names]
    rows = [[words, *(_cell(tools, name, metric) for name in names)] for metric, words in WORDS.items()]
    lines = [["number", *titles], ["---"] * (len(names) + 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def reasons(tools: Tools) -> str:
    """Why numbers differ by more than `CLOSE`, one line for each tool and reason."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for tool, metric, apart in differences(tools):
        by_reason.setdefault((tool, reason(tool, metric)), []).append(f"{WORDS[metric]} {apart:+.2%}")
    lines = [f"- {tool}: {why} ({'; '.join(numbers)})" for (tool, why), numbers in by_reason.items()]
    return "\n".join(lines) or "No two numbers differ by more than 1e-3."


def differences(tools: Tools) -> Iterator[tuple[str, str, float]]:
    """(tool, number, relative difference) of every number that is not close to ours."""
    for tool, found in tools.items():
        for metric, value in found["numbers"].items():
            apart = relative(value, _ours(tools, metric))
            if abs(apart) > CLOSE:
                yield tool, metric, apart


def _ours(tools: Tools, metric: str) -> float:
    numbers = tools["vigan"]["numbers"]
    return numbers["frechet" if metric.startswith("frechet") else metric]


def _cell(tools: Tools, tool: str, metric: str) -> str:
    value = tools[tool]["numbers"].get(metric)
    return "" if value is None else f"{value:.6g}"
