"""The small reports that the repository keeps show the tables and figures that it keeps."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("results/*/report-small.html"))
BADGE = re.compile(r'<a href="#claim-\d+">([^<]+)</a></th><td><span class="badge [\w-]+"><.*?> ([\w ]+)<')

pytestmark = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)


def test_its_verdicts_are_those_of_the_kept_table(page: Path) -> None:
    claims = pd.read_csv(page.parent / "tables" / "claims.csv")
    told = BADGE.findall(page.read_text(encoding="utf-8"))
    assert told == list(zip(claims["id"], claims["verdict"], strict=True))


def test_its_figures_and_tables_are_kept(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    figures = re.findall(r'<img src="([^"]+)"', text)
    tables = set(re.findall(r'href="(tables/[^"]+)"', text))
    assert len(figures) >= 5
    assert "tables/claims.csv" in tables or "states no claims" in text
    for target in (*figures, *tables):
        assert (page.parent / target).exists(), target
