"""What the README and the deviations say of kept results is so."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLES = ROOT / "results" / "ring" / "tables"
ROWS = {"modes captured": "modes", "modes with": "fair_modes", "share of samples": "high_quality"}


def _cells(beginning: str) -> list[str]:
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {beginning}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize(("beginning", "metric"), ROWS.items(), ids=ROWS.values())
def test_the_ring_table_is_that_of_the_kept_results(beginning: str, metric: str) -> None:
    _, without, with_, better, real = _cells(beginning)
    summary = pd.read_csv(TABLES / "summary.csv").query("score == 'last' and metric == @metric").set_index("arm")
    for cell, arm in ((without, "ring-plain"), (with_, "ring-regularised")):
        row = summary.loc[arm]
        assert row["n"] == 16
        assert _numbers(cell) == pytest.approx([row["mean"], row["low"], row["high"]], abs=0.00501)
    pairs = pd.read_csv(TABLES / "pair-summary.csv").set_index("metric").loc[metric]
    assert _numbers(better) == [pairs["second_better"], pairs["equal"]]
    floor = pd.read_csv(TABLES / "floors.csv").set_index("metric").loc[metric, "value"]
    assert _numbers(real) == pytest.approx([floor], abs=0.00501)


def test_the_verdicts_are_those_of_the_kept_results() -> None:
    claims = pd.read_csv(TABLES / "claims.csv").set_index("id")
    for name, claim in claims.iterrows():
        _, verdict, estimate, p = _cells(f"{name}:")
        assert verdict == claim["verdict"]
        assert claim["n"] == 16
        assert _numbers(estimate) == pytest.approx([claim["estimate"], claim["low"], claim["high"]], abs=0.00501)
        assert float(p) == pytest.approx(claim["p_holm"], rel=0.03)


ALI = {"digits with": "fair_modes", "Fréchet distance on": "frechet", "error of decoded": "reconstruction_error"}


@pytest.mark.parametrize(("beginning", "metric"), ALI.items(), ids=ALI.values())
def test_the_table_of_ali_on_digits_is_that_of_the_kept_results(beginning: str, metric: str) -> None:
    _, *cells = _cells(beginning)
    tables = ROOT / "results" / "family-digits" / "tables"
    summary = pd.read_csv(tables / "summary.csv").query("score == 'last' and metric == @metric").set_index("arm")
    for cell, arm in zip(cells, ("ali-derived", "ali-min-max", "ali-non-saturating"), strict=True):
        assert summary.loc[arm, "n"] == 8
        assert float(cell) == pytest.approx(summary.loc[arm, "mean"], abs=0.5 * 10.0 ** -len(cell.partition(".")[2]))


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_every_link_to_a_file_of_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_effect_of_the_two_adams_is_that_of_the_kept_results() -> None:
    tables = ROOT / "results" / "adam" / "tables"
    telemetry = pd.read_csv(tables / "telemetry.csv").query("iteration == 10")
    losses = telemetry.pivot(index="seed", columns="arm", values="d_loss")
    assert (losses["nobn-adam-tf1"] / losses["nobn-adam-torch"] - 1).abs().round(2).tolist() == [0.02, 0.02]
    scores = pd.read_csv(tables / "scores.csv").query("metric == 'modes'")
    modes = scores.pivot(index="seed", columns="arm", values="last")
    assert modes["nobn-adam-tf1"].tolist() == [10, 1]
    assert modes["nobn-adam-torch"].tolist() == [10, 7]
