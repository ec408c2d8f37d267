"""Kept records as Markdown tables, which the documentation holds word for word (a test keeps them equal)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def false_verdicts(record: Mapping[str, Any]) -> str:
    """Share of simulated studies with a false verdict, by truth and number of seeds."""
    rows = pd.DataFrame(record["details"]["verdicts"]).drop_duplicates(["truth", "n"])
    table = rows.pivot(index="truth", columns="n", values="false_studies").reindex(rows["truth"].unique())
    return _markdown(["truth", *(f"n = {n}" for n in table.columns)], [[t, *_told(row)] for t, row in table.iterrows()])


def coverage(record: Mapping[str, Any]) -> str:
    """Share of 95% intervals of the mean that cover it, by law of the runs and their number."""
    rows = pd.DataFrame(record["details"]["intervals"])
    table = rows[rows["statistic"] == "mean"].pivot(index="law", columns="n", values="covered")
    return _markdown(
        ["law", *(f"n = {n}" for n in table.columns)], [[law, *_told(row)] for law, row in table.iterrows()]
    )


def rejections(record: Mapping[str, Any]) -> str:
    """Share of one-sided tests at 0.05 that reject though there is no effect."""
    rows = pd.DataFrame(record["details"]["tests"])
    named = rows[rows["effect"] == "none"].assign(name=rows["test"] + ", " + rows["law"])
    table = named.pivot(index="name", columns="n", values="rejected")
    body = [[name, *_told(row)] for name, row in table.iterrows()]
    return _markdown(["test, law", *(f"n = {n}" for n in table.columns)], body)


def _told(row: pd.Series) -> list[str]:
    return [f"{value:.3f}" for value in row]


def _markdown(head: list[str], body: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
