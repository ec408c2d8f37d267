"""What the README and the deviations say of kept results is so."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNNING = " ".join(README.split())
"""The README without line breaks, in which a sentence can be looked for."""
TABLES = ROOT / "results" / "ring" / "tables"
RANGES = {
    "modes captured": ("ring", "modes", 16),
    "modes with": ("ring", "fair_modes", 16),
    "share of samples": ("ring", "high_quality", 16),
    "coverage of faces": ("celeba10k-32", "coverage", 6),
    "distance from faces": ("celeba10k-32", "frechet", 6),
}
"""Rows that tell both arms' mean and range at the end: how they begin, their study, metric and seeds."""


def _cells(beginning: str) -> list[str]:
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {beginning}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("beginning", RANGES)
def test_means_and_ranges_at_the_end_are_those_of_the_kept_results(beginning: str) -> None:
    study, metric, seeds = RANGES[beginning]
    tables = ROOT / "results" / study / "tables"
    _, without, with_, better, real = _cells(beginning)
    near = 0.501 if metric == "frechet" else 0.00501
    summary = pd.read_csv(tables / "summary.csv").query("score == 'last' and metric == @metric").set_index("arm")
    pairs = pd.read_csv(tables / "pair-summary.csv").set_index("metric").loc[metric]
    for cell, arm in ((without, pairs["first"]), (with_, pairs["second"])):
        row = summary.loc[arm]
        assert row["n"] == seeds
        assert _numbers(cell) == pytest.approx([row["mean"], row["low"], row["high"]], abs=near)
    assert _numbers(better) == [pairs["second_better"], pairs["equal"]]
    floor = pd.read_csv(tables / "floors.csv").set_index("metric").loc[metric, "value"]
    assert _numbers(real) == pytest.approx([floor], abs=near)


def test_the_verdicts_are_those_of_the_kept_results() -> None:
    claims = pd.read_csv(TABLES / "claims.csv").set_index("id")
    for name, claim in claims.iterrows():
        _, verdict, estimate, p = _cells(f"{name}:")
        assert verdict == claim["verdict"]
        assert claim["n"] == 16
        assert _numbers(estimate) == pytest.approx([claim["estimate"], claim["low"], claim["high"]], abs=0.00501)
        assert float(p) == pytest.approx(claim["p_holm"], rel=0.03)


SO_FAR = {
    "C1": [("digits", "C1-digits"), ("celeba10k-32", "C1-small")],
    "C2": [("digits", "C2-digits"), ("celeba10k-32", "C2-small")],
    "C3": [("digits", "C3-digits")],
    "C4": [("digits", "C4-digits"), ("celeba10k-cpu", "C4-narrow")],
    "C5": [("toy", "C5-updates"), ("toy", "C5-free-d")],
    "C6": [("family", "-better-"), ("family-digits", "-better-")],
}
"""Where the verdicts on the article's claims are: a study, and what the names of its claims contain."""


@pytest.mark.parametrize("claim", SO_FAR)
def test_the_verdicts_so_far_are_those_of_the_kept_results(claim: str) -> None:
    told = re.findall(r": ([a-z ]+)(?:;|$)", _cells(f"{claim}:")[1])
    found = []
    for study, name in SO_FAR[claim]:
        claims = pd.read_csv(ROOT / "results" / study / "tables" / "claims.csv").set_index("id")["verdict"]
        found += claims[claims.index.str.contains(name)].unique().tolist()
    assert told == list(dict.fromkeys(found))


RIVALS = {
    "nothing": "ring-k5-l0",
    "**the regulariser**, λ": "ring-k5-l1",
    "a fifth of the learning rate": "ring-k5-lr",
    "gradients clipped": "ring-k5-clip",
    "weights averaged": "ring-k5-average",
    "spectral normalisation": "ring-k5-spectral",
    "R1 penalty": "ring-k5-r1",
    "five updates of D": "ring-k5-d5",
    "K = 1 instead": "ring-k1-l0",
}


@pytest.mark.parametrize("beginning", RIVALS)
def test_the_table_of_rivals_is_that_of_the_kept_results(beginning: str) -> None:
    _, *cells = _cells(beginning)
    summary = pd.read_csv(ROOT / "results" / "toy" / "tables" / "summary.csv")
    last = summary.query("score == 'last' and arm == @RIVALS[@beginning]").set_index("metric")["mean"]
    assert [float(cell) for cell in cells] == pytest.approx(last[["fair_modes", "high_quality"]].tolist(), abs=0.00501)


def test_the_toy_study_says_what_the_readme_says_of_it() -> None:
    tables = ROOT / "results" / "toy" / "tables"
    runs = pd.read_csv(tables / "runs.csv")
    claims = pd.read_csv(tables / "claims.csv")
    assert f"{len(runs)} runs on ring and grid" in README
    assert f"{len(claims)} claims written before them" in README
    verdicts = claims.set_index("id")["verdict"]
    rivals = verdicts[verdicts.index.str.startswith("R-")].value_counts()
    assert f"All {(verdicts == 'supported').sum()} claims about that were supported" in README
    told = f"({rivals['contradicted']} claims contradicted, {rivals['inconclusive']} inconclusive)"
    assert told in RUNNING
    free = pd.read_csv(tables / "speed.csv").query("arm == 'ring-k1-d5' and event == 'reach'").iloc[0]
    assert f"{free['events']} of {free['n']} runs on track ({verdicts['C5-free-d']})" in README
    reach = pd.read_csv(tables / "speed.csv").query("event == 'reach'").set_index("arm")
    arms = ("ring-k5-l0", "grid-k5-l0", "ring-k1-l0")
    told = [f"{reach.loc[arm, 'events']} of {reach.loc[arm, 'n']}" for arm in arms]
    assert "{} on the ring, {} on the grid".format(*told[:2]) in RUNNING
    assert f"one D update {told[2]}" in README
    held = reach.loc[["ring-k5-l1", "grid-k5-l1"]]
    assert (held["events"] == held["n"]).all()
    once = runs[runs["arm"].str.contains("-k1-l")]
    weights = once.groupby(["experiment", "seed"])["weights_sha256"].nunique()
    assert set(weights) == {1}
    assert set(once["arm"].str.extract(r"-l(.*)")[0]) == {"0", "0p01", "0p1", "1", "5"}


READINGS = {
    "experiment 1 (BN), read literally": "bn-literal",
    "experiment 1, as released": "bn-released",
    "experiment 1, as derived": "bn-proximal",
    "experiment 2 (no BN), read literally": "nobn-literal",
    "experiment 2, as released": "nobn-released",
    "experiment 2, as derived": "nobn-proximal",
}


@pytest.mark.parametrize("beginning", READINGS)
def test_the_table_of_readings_is_that_of_the_kept_results(beginning: str) -> None:
    _, *distances, better, same = _cells(beginning)
    tables = ROOT / "results" / "digits" / "tables"
    arms = [f"{READINGS[beginning]}-{side}" for side in ("plain", "regularised")]
    summary = pd.read_csv(tables / "summary.csv").query("score == 'last' and metric == 'frechet'").set_index("arm")
    assert [float(cell) for cell in distances] == pytest.approx(summary.loc[arms, "mean"].tolist(), abs=0.501)
    assert summary.loc[arms, "n"].tolist() == [10, 10]
    weights = pd.read_csv(tables / "runs.csv").pivot(index="seed", columns="arm", values="weights_sha256")
    assert int(same) == (weights[arms[0]] == weights[arms[1]]).sum()
    pairs = pd.read_csv(tables / "pair-summary.csv").query("metric == 'frechet'").set_index("second")
    assert int(better) == pairs.loc[arms[1], "second_better"]


def test_the_digits_study_says_what_the_readme_says_of_it() -> None:
    tables = ROOT / "results" / "digits" / "tables"
    claims = pd.read_csv(tables / "claims.csv").set_index("id")["verdict"]
    assert f"{len(pd.read_csv(tables / 'runs.csv'))} runs of narrow DCGANs" in README
    assert (claims != "not tested").sum() == 6
    speed = pd.read_csv(tables / "speed.csv").query("event == 'collapse'")
    assert len(speed) == 12
    assert set(speed["events"]) == {0}
    verdicts = {"C1": "contradicted", "C2": "supported", "C2-than-C1": "contradicted"}
    assert {name: claims[f"{name}-digits"] for name in verdicts} == verdicts
    assert set(claims[claims.index.str.contains("C3|C4")]) == {"inconclusive"}
    assert (claims == "inconclusive").sum() == 3
    reach = pd.read_csv(tables / "speed.csv").query("event == 'reach'").set_index("arm")
    later = [
        reach.loc[f"nobn-{reading}-regularised", "than_partner"] for reading in ("literal", "released", "proximal")
    ]
    assert min(later) > 0
    beyond = reach.index[(reach["than_partner_low"] > 0) & reach.index.str.startswith("nobn")]
    assert beyond.tolist() == ["nobn-proximal-regularised"]
    scores = pd.read_csv(tables / "scores.csv").query("metric == 'frechet' and arm == 'nobn-released-plain'")
    last = scores.set_index("seed")["last"].sort_values()
    assert (last.index[-1], round(last.iloc[-1])) == (16, 644)
    assert last.iloc[-2] < 400
    floor = pd.read_csv(tables / "floors.csv").set_index("metric").loc["frechet", "value"]
    assert float(_cells("real digits beside real digits")[1]) == pytest.approx(floor, abs=0.501)


FACES = {
    "BN, at the end": ("narrow-bn", "last"),
    "no BN, at the end": ("narrow-nobn", "last"),
    "no BN, mean over training": ("narrow-nobn", "area"),
}


@pytest.mark.parametrize("beginning", FACES)
def test_the_table_of_faces_is_that_of_the_kept_results(beginning: str) -> None:
    _, *distances, better = _cells(beginning)
    experiment, score = FACES[beginning]
    tables = ROOT / "results" / "celeba10k-cpu" / "tables"
    scores = pd.read_csv(tables / "scores.csv").query("metric == 'frechet'")
    values = scores.pivot(index="seed", columns="arm", values=score)
    plain, regularised = (values[f"{experiment}-{side}"] for side in ("plain", "regularised"))
    assert [float(cell) for cell in distances] == pytest.approx([plain.mean(), regularised.mean()], abs=0.501)
    assert int(better) == (regularised < plain).sum()
    assert len(values) == 5


def test_the_study_of_faces_says_what_the_readme_says_of_it() -> None:
    tables = ROOT / "results" / "celeba10k-cpu" / "tables"
    runs = pd.read_csv(tables / "runs.csv")
    assert f"{len(runs)} runs of narrow DCGANs on 10,000 faces" in RUNNING
    claims = pd.read_csv(tables / "claims.csv").set_index("id")
    assert set(claims["verdict"].drop("C4-narrow")) == {"not tested"}
    judged = claims.loc["C4-narrow"]
    judgement = re.search(r"C4-narrow[^.]*?\*\*(\w+)\*\*: (−?\d+) \[(−?\d+), (−?\d+)\]", RUNNING)
    assert judgement is not None
    assert judgement[1] == judged["verdict"]
    numbers = [float(number.replace("−", "-")) for number in judgement.groups()[1:]]
    assert numbers == pytest.approx(judged[["estimate", "low", "high"]].tolist(), abs=0.501)
    untrained = pd.read_csv(tables / "curves.csv").query("metric == 'frechet' and step == 0").set_index("arm")["mean"]
    for beginning, experiment in (("BN, before", "narrow-bn"), ("no BN, before", "narrow-nobn")):
        arms = [f"{experiment}-plain", f"{experiment}-regularised"]
        told = _numbers(" ".join(_cells(beginning)[1:3]))
        assert told == pytest.approx(untrained[arms].tolist(), abs=0.501)
    assert judged["low"] < 0 < judged["high"]
    area = pd.read_csv(tables / "summary.csv").query("score == 'area'").set_index(["metric", "arm"])["mean"]
    with_, without = (area["frechet", f"narrow-nobn-{side}"] for side in ("regularised", "plain"))
    assert untrained["narrow-nobn-plain"] < with_ < without
    assert area["coverage"].max() < 0.001
    ends = pd.read_csv(tables / "pair-summary.csv").query("metric == 'frechet'").set_index("experiment")
    assert ends.loc["narrow-nobn", "ci_low"] < 0 < ends.loc["narrow-nobn", "ci_high"]
    floors = pd.read_csv(tables / "floors.csv").set_index("metric")["value"]
    last = pd.read_csv(tables / "summary.csv").query("score == 'last' and metric == 'vendi'").set_index("arm")["mean"]
    scores = [last["narrow-nobn-regularised"], last["narrow-nobn-plain"], floors["vendi"]]
    assert "Vendi score {:.1f} against {:.1f}; real faces {:.1f}".format(*scores) in RUNNING
    assert _numbers(_cells("real faces beside other real faces")[1]) == pytest.approx([floors["frechet"]], abs=0.501)


def test_the_study_of_small_faces_says_what_the_readme_says_of_it() -> None:
    tables = ROOT / "results" / "celeba10k-32" / "tables"
    runs = pd.read_csv(tables / "runs.csv")
    assert f"{len(runs)} runs of narrow DCGANs on 10,000 faces of 32x32" in RUNNING
    claims = pd.read_csv(tables / "claims.csv").set_index("id")
    assert claims["verdict"].to_dict() == {
        "C1-small": "contradicted", "C2-small": "supported", "C2-than-C1-small": "contradicted",
    }  # fmt: skip
    assert not claims["edited"].any()
    n, share, low, high = claims.loc["C1-small", ["n", "estimate", "low", "high"]]
    assert f"({share * n:.0f} of {n:.0f}, [{low:.0f}, {high:.2f}])" in RUNNING
    speed = pd.read_csv(tables / "speed.csv").set_index(["event", "arm"])
    assert set(speed.loc["collapse", "events"]) == {0}
    arms = ["small-bn-plain", "small-bn-regularised"]
    reached, shares = speed.loc["reach", "events"], speed.loc["reach", "mean_share"]
    assert reached[arms].tolist() == [6, 6]
    assert shares[arms[0]] == shares[arms[1]]
    other = pd.read_csv(tables / "sensitivity.csv").query("event == 'collapse' and not chosen")
    assert other["rule"].nunique() == 8
    marked = other.query("events > 0")
    assert marked[["rule", "arm", "events"]].to_numpy().tolist() == [
        ["coverage < 0.75 x running-maximum, 1 in a row", "small-bn-plain", 1]
    ]
    ends = pd.read_csv(tables / "pair-summary.csv").set_index("metric").loc[["frechet", "coverage"]]
    assert (ends["ci_low"] < 0).all()
    assert (ends["ci_high"] > 0).all()
    coverage = pd.read_csv(tables / "curves.csv").query("metric == 'coverage'")
    for _, course in coverage.groupby("arm"):
        assert course["mean"].idxmax() == course["step"].idxmax()
    assert set(runs["iterations"]) == {6240}


ALI = {
    "ring: modes with": ("family", "ring-", "fair_modes", 16),
    "grid: modes with": ("family", "grid-", "fair_modes", 16),
    "digits: classes with": ("family-digits", "", "fair_modes", 8),
    "digits: Fréchet": ("family-digits", "", "frechet", 8),
    "digits: error": ("family-digits", "", "reconstruction_error", 8),
}


@pytest.mark.parametrize("beginning", ALI)
def test_the_table_of_ali_is_that_of_the_kept_results(beginning: str) -> None:
    study, prefix, metric, n = ALI[beginning]
    _, *cells = _cells(beginning)
    tables = ROOT / "results" / study / "tables"
    last = pd.read_csv(tables / "summary.csv").query("score == 'last'").set_index(["metric", "arm"])
    for cell, loss in zip(cells, ("derived", "min-max", "non-saturating"), strict=True):
        row = last.loc[metric, f"{prefix}ali-{loss}"]
        assert row["n"] == n
        assert float(cell) == pytest.approx(row["mean"], abs=0.5 * 10.0 ** -len(cell.partition(".")[2]))


def test_what_the_term_put_back_into_ali_changes_is_that_of_the_kept_results() -> None:
    last = pd.read_csv(ROOT / "results" / "family" / "tables" / "summary.csv").query("score == 'last'")
    means = last.set_index(["metric", "arm"])["mean"]
    errors = [means["reconstruction_error", f"ring-ali-{loss}"] for loss in ("latents", "derived")]
    told = "an error of {:.2f} instead of {:.2f}), but only {:.2f} of 8".format(
        *errors, means["fair_modes", "ring-ali-latents"]
    )
    assert told in RUNNING


def test_the_distances_on_faces_are_those_of_the_kept_results() -> None:
    tables = ROOT / "results" / "family-faces" / "tables"
    curves = pd.read_csv(tables / "curves.csv").query("metric == 'frechet'").pivot(
        index="step", columns="arm", values="mean"
    )  # fmt: skip
    last = curves.iloc[-1]
    (untrained,) = curves.iloc[0].unique()
    floor = pd.read_csv(tables / "floors.csv").set_index("metric").loc["frechet", "value"]
    numbers = (last["faces-vae"], last["faces-aae"], last["faces-ali"], untrained, floor)
    told = "{:.0f}, {:.0f} and {:.0f}, where an untrained G has {:.0f} and real faces have {:.0f}".format(*numbers)
    assert f"Fréchet distances of {told}" in RUNNING
    assert f"{curves.index[-1]:,} iterations" in README


@pytest.mark.parametrize("study", ["family", "family-digits"])
def test_c6_is_contradicted_and_its_reverse_supported_as_the_readme_says(study: str) -> None:
    claims = pd.read_csv(ROOT / "results" / study / "tables" / "claims.csv").set_index("id")["verdict"]
    told = claims[~claims.index.str.contains("coverage")]
    assert set(told[told.index.str.contains("better")]) == {"contradicted"}
    assert set(told[told.index.str.contains("worse")]) == {"supported"}


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
    assert modes["nobn-adam-torch"].tolist() == [10, 10]


def test_the_effect_of_k_is_that_of_the_kept_results() -> None:
    (told,) = re.findall(
        r"32 seeds, 4,000 iterations, the mean number of captured modes was (.*?) \(`config/toy\.yaml`\)",
        (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8"),
    )
    summary = pd.read_csv(ROOT / "results" / "toy" / "tables" / "summary.csv")
    last = summary.query("score == 'last' and metric == 'modes'").set_index("arm")
    arms = [last.loc[f"ring-k{k}-l0"] for k in (1, 2, 5)]
    assert told == ", ".join(f"{arm['mean']:.2f} with K = {k}" for arm, k in zip(arms, (1, 2, 5), strict=True))
    assert {arm["n"] for arm in arms} == {32}
