"""Rows of the claims table become verdicts that say what they rest on."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from vigan.analysis.verdicts import VERDICTS
from vigan.describe.claims import OLDER_FORM
from vigan.io.files import RecordError
from vigan.report.claims import COLUMNS, SIGNS, counts, verdicts
from vigan.report.page import Picture, Verdict
from vigan.report.units import Unit, of_metric

CURVES = Picture(3, "figure-curves-ring", "", "", "", "", "chart")
ROW = {
    **dict.fromkeys(COLUMNS, math.nan),
    "id": "C5", "experiment": "ring", "arms": "plain;regularised", "statement": "s", "place": "p", "rule": "r",
    "test": "exact sign test", "verdict": "supported", "n": 16, "estimate": 0.8125, "low": 0.5435, "high": 0.9595,
    "unit": "share of seeds higher by 1 or more", "median_difference": 4.25, "lowest_difference": -0.5,
    "highest_difference": 5.6, "margin": "1", "boundary": "margin", "p_supported": 0.012, "p_contradicted": 1.0,
    "p_equivalent": 0.9, "reason": "because", "figures": "survival;curves",
}  # fmt: skip
UNTESTED = {**dict.fromkeys(COLUMNS, math.nan), "id": "C6", "verdict": "not tested", "n": 0}


def _verdict(**changes: object) -> Verdict:
    rows = pd.DataFrame([{**ROW, **changes}])
    (made,) = verdicts(rows, {("curves", "ring"): CURVES}, {"C5": of_metric("fair_modes")})
    return made


def test_a_claim_s_estimate_comes_with_its_unit_interval_n_and_what_it_counts() -> None:
    made = _verdict()
    assert made.estimate == ("81.25%", "[54.35, 95.95], n = 16: share of seeds higher by 1 mode or more")
    facts = dict(made.numbers)
    assert facts["Share of seeds higher by 1 mode or more"] == "81.25% [54.35, 95.95], n = 16 seeds"
    assert facts["Difference, second arm minus first"] == "median +4.25 modes, from −0.5 to 5.6"


def test_a_difference_of_shares_is_told_in_percentage_points() -> None:
    made = _verdict(unit="difference of two shares of runs", estimate=-0.5, low=-0.75, high=-0.25)
    assert made.estimate.text == "−50 percentage points"


def test_a_share_of_runs_says_of_which() -> None:
    rows = pd.DataFrame([{**ROW, "unit": "share of runs", "fates": "plain 11/16"}])
    (made,) = verdicts(rows, {}, {"C5": Unit(runs="with a bad end")})
    assert made.estimate.rest.endswith("n = 16: share of runs with a bad end")
    assert dict(made.numbers)["Share of runs with a bad end"].startswith("81.25%")
    assert dict(made.numbers)["Runs with a bad end"] == "plain 11/16"


def test_equal_differences_in_all_seeds_are_told_once() -> None:
    made = _verdict(median_difference=0.0, lowest_difference=0.0, highest_difference=0.0)
    assert dict(made.numbers)["Difference, second arm minus first"] == "0 modes in every seed"


def test_differences_without_a_median_are_told_by_their_range() -> None:
    made = _verdict(median_difference=None, lowest_difference=-math.inf, highest_difference=math.inf)
    assert (
        dict(made.numbers)["Difference, second arm minus first"]
        == "from −∞ to ∞ (∞: one of a seed's two runs diverged)"
    )


@pytest.mark.parametrize("verdict", ["supported", "contradicted", "equivalent", "inconclusive", "not testable here"])
def test_a_card_has_at_most_one_p_value_and_one_interval(verdict: str) -> None:
    reasons = {
        "inconclusive": "No test decides; p after correction: 0.12 for it, 1 against, 0.9 for less than the margin.",
        "not testable here": "Too few runs were on track.",
    }
    made = _verdict(verdict=verdict, reason=reasons.get(verdict, "As claimed; p = 0.012 after correction."))
    card = " ".join([made.reason, *(value for _, value in made.numbers)])
    assert card.count(" p ") == (verdict != "not testable here")
    assert card.count("[") == 1


def test_where_nothing_decides_the_smallest_p_is_named_with_what_it_is_for() -> None:
    reason = "No test decides; p after correction: 0.5 for it, 1 against, 0.2 for a difference below the margin."
    made = _verdict(verdict="inconclusive", reason=reason, p_supported=0.5, p_equivalent=0.2)
    assert made.reason == (
        "No test decides: of the p after correction the smallest, for a difference below the margin, is 0.2."
    )


@pytest.mark.parametrize(
    "more",
    [
        "Both arms fail: at least half of the runs of either were never on track.",
        "12 of the 24 seeds that the study names.",
        "Both arms fail: in most runs of either fair_modes is low. Not trained here: theirs.",
    ],
)
@pytest.mark.parametrize("third", ["", ", 0.7 for a difference below the margin"])
def test_what_else_must_be_known_of_a_verdict_is_not_cut_off(more: str, third: str) -> None:
    reason = f"No test decides; p after correction: 0.5 for it, 1 against{third}. {more}"
    made = _verdict(verdict="inconclusive", reason=reason, p_supported=0.5)
    assert made.reason == f"No test decides: of the p after correction the smallest, for the claim, is 0.5. {more}"


def test_verdicts_are_counted_in_one_order() -> None:
    made = [_verdict(verdict=verdict) for verdict in ("inconclusive", "supported", "inconclusive")]
    assert [(count.number, count.verdict) for count in counts(made)] == [(1, "supported"), (2, "inconclusive")]


def test_a_rule_of_an_older_form_is_told_apart_from_one_that_was_changed() -> None:
    made = _verdict(changed=OLDER_FORM)
    assert (made.changed, made.older_form, made.rewritten) == ("", True, True)
    assert (_verdict(changed="alpha").changed, _verdict(changed="alpha").older_form) == ("alpha", False)
    assert _verdict(changed="alpha").rewritten
    assert not _verdict().rewritten


def test_how_often_an_event_came_in_each_arm_is_shown() -> None:
    made = _verdict(fates="plain 11/16; regularised 0/16")
    assert dict(made.numbers)["Runs with the event"] == "plain 11/16, regularised 0/16"


def test_evidence_leads_to_the_figures_that_are_on_the_page() -> None:
    assert _verdict().evidence == [("Figure 3", "figure-curves-ring")]


def test_a_claim_that_was_not_tested_has_no_numbers_and_no_evidence() -> None:
    (made,) = verdicts(pd.DataFrame([UNTESTED]), {("curves", "ring"): CURVES})
    assert made.estimate == ("–", "n = 0")
    assert made.numbers == []
    assert made.evidence == []
    assert (made.mark, made.tone, made.experiment) == ("○", "not-tested", "")


def test_what_became_of_its_rule_stands_with_it() -> None:
    made = _verdict(
        changed="alpha changed after them", first_verdict="first judged as A: supported | first judged as B: x"
    )
    assert made.changed == "alpha changed after them"
    assert made.before == ["first judged as A: supported", "first judged as B: x"]
    assert (_verdict().changed, _verdict().before) == ("", [])


def test_every_verdict_has_a_sign_of_its_own() -> None:
    assert SIGNS.keys() == set(VERDICTS)
    assert len(set(SIGNS.values())) == len(SIGNS)


@pytest.mark.parametrize("changes", [{"verdict": "proved"}, {"verdict": math.nan}])
def test_what_is_no_verdict_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="is no verdict"):
        _verdict(**changes)


def test_a_table_that_lacks_a_column_is_refused_by_its_name() -> None:
    with pytest.raises(RecordError, match=r"claims\.csv: lacks p_supported"):
        verdicts(pd.DataFrame([ROW]).drop(columns="p_supported"), {})


def test_a_difference_of_means_has_the_unit_of_what_it_is_a_difference_of() -> None:
    """The estimate was 0.2, two lines above differences in percentage points."""
    unit = "Share of high-quality samples, mean difference"
    rows = pd.DataFrame([{**ROW, "unit": unit, "estimate": 0.2, "low": 0.1, "high": 0.3}])
    (made,) = verdicts(rows, {}, {"C5": of_metric("high_quality")})
    assert made.estimate == ("20 percentage points", f"[10, 30], n = 16: {unit}")
    assert dict(made.numbers)[unit] == "20 percentage points [10, 30], n = 16 seeds"


def test_names_keep_their_capitals() -> None:
    made = _verdict(unit="KL of modes to uniform (nats), mean difference")
    assert "KL of modes to uniform (nats), mean difference" in dict(made.numbers)


@pytest.mark.parametrize(
    ("median", "lowest", "highest", "told"),
    [
        (-math.inf, -math.inf, 3.0, "median −∞, from −∞ to 3"),
        (-math.inf, -math.inf, -math.inf, "−∞ in every seed"),
        (math.nan, -math.inf, math.inf, "from −∞ to ∞"),
    ],
)
def test_an_infinite_difference_is_said_to_be_that_of_a_run_that_diverged(
    median: float, lowest: float, highest: float, told: str
) -> None:
    row = {**ROW, "median_difference": median, "lowest_difference": lowest, "highest_difference": highest}
    (made,) = verdicts(pd.DataFrame([row]), {}, {"C5": of_metric("frechet")})
    assert dict(made.numbers)["Difference, second arm minus first"] == f"{told} (∞: one of a seed's two runs diverged)"
