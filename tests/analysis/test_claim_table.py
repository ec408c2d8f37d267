"""Rule, evidence and verdict of every claim in one row, and in one paragraph."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vigan.analysis.betting import bounded_mean
from vigan.analysis.claim_table import CLAIM_COLUMNS, History, claim_table
from vigan.analysis.exact import share_interval, share_test
from vigan.analysis.multiplicity import holm
from vigan.analysis.paired_shares import paired_share_test
from vigan.config.claims import Untested
from vigan.describe.claims import describe_rule

from .studied import (
    CLAIMS,
    COLLAPSE,
    DIES,
    FALLS,
    GOOD,
    MEAN,
    NEVER,
    OFTEN,
    SHARE,
    SHARES,
    SIGN,
    TIME,
    Courses,
    measurements,
    study_of,
    three_arms,
)

BAD_END = {**SHARES, "event": "bad-end"}
HELPS = {"plain": [FALLS] * 7 + [GOOD], "regularised": [GOOD] * 8}
SAME = {"plain": [GOOD] * 8, "regularised": [(0.0, 6.0, 7.0, 7.5 + 0.5 * (i % 2)) for i in range(8)]}
HARMS = {"plain": [GOOD] * 8, "regularised": [FALLS] * 8}
UNTESTED = {"id": "C6", "statement": "as well", "place": "there", "test": "none", "reason": "no encoder"}

NO_RUN = "Of no seed that the study names has a run of these arms been made."


def _table(*claims: dict[str, Any], courses: Courses = HELPS, seeds: int = 8) -> pd.DataFrame:
    study = study_of(*claims, seeds=seeds)
    return claim_table(study, measurements(study, courses))


def _row(claim: dict[str, Any], courses: Courses = HELPS, seeds: int = 8) -> dict[str, Any]:
    return _table(claim, courses=courses, seeds=seeds).iloc[0].to_dict()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_each_kind_of_claim_is_supported_where_the_regulariser_helps(claim: dict[str, Any]) -> None:
    twice = {arm: [*runs, *runs] for arm, runs in HELPS.items()}
    assert _row(claim, twice, seeds=16)["verdict"] == "supported"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [(SIGN, "contradicted"), (MEAN, "contradicted"), (TIME, "contradicted"), (SHARES, "contradicted"),
     (SHARE, "contradicted"), (OFTEN, "contradicted")],
    ids=lambda value: value["id"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_each_kind_of_claim_is_contradicted_where_it_harms(claim: dict[str, Any], verdict: str) -> None:
    assert _row(claim, HARMS)["verdict"] == verdict


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [(SIGN, "equivalent"), (TIME, "not testable here"), (SHARES, "not testable here"), (BAD_END, "not testable here"),
     (SHARE, "not testable here"), (OFTEN, "not testable here")],
    ids=lambda value: value["id"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_where_nothing_happened_scores_are_alike_and_events_are_not_testable(claim, verdict) -> None:
    assert _row(claim, SAME)["verdict"] == verdict


@pytest.mark.parametrize("row", [SIGN, MEAN], ids=["sign", "mean"])
@pytest.mark.parametrize("beyond", ["margin", "zero", "minus-margin"])
def test_arms_that_both_fail_are_neither_equivalent_nor_as_good(row: dict[str, Any], beyond: str) -> None:
    claim, fail = {**row, "beyond": beyond}, {arm: [(0.0,) * 4] * 32 for arm in ("plain", "regularised")}
    study = three_arms(claim, seeds=32)
    others_work = claim_table(study, measurements(study, {**fail, "third": [GOOD] * 32})).iloc[0]
    assert others_work["verdict"] not in {"supported", "equivalent"}
    assert "Both arms fail: in most runs of either" in others_work["reason"]
    assert beyond != "margin" or others_work["verdict"] == "contradicted"
    all_fail = _row(claim, fail, seeds=32)
    assert all_fail["verdict"] == "not testable here"
    assert all_fail["reason"].endswith("nothing shows that it would have told them apart.")


def test_arms_that_are_both_at_the_top_are_said_to_be() -> None:
    found = _row(SIGN, {arm: [GOOD] * 8 for arm in ("plain", "regularised")})
    assert found["verdict"] == "equivalent"
    assert " Both are at the top: in most runs of either fair_modes is less than the margin from" in found["reason"]


@pytest.mark.parametrize("beyond", ["zero", "margin"])
def test_arms_that_come_to_the_same_ends_are_alike(beyond: str) -> None:
    courses = {"plain": [FALLS, GOOD] * 16, "regularised": [FALLS, GOOD] * 16}
    found = _row({**SHARES, "beyond": beyond}, courses, seeds=32)
    assert found["verdict"] == "equivalent"
    assert found["estimate"] == 0
    assert found["low"] < 0 < found["high"]


def test_an_arm_that_never_learns_is_not_kept_from_collapsing() -> None:
    """Five of eight plain runs learn and then collapse, the regularised arm never learns: once "supported"."""
    courses = {"plain": [FALLS] * 5 + [GOOD] * 3, "regularised": [NEVER] * 8}
    assert _row(SHARES, courses)["verdict"] == "not testable here"
    assert _row(SHARE, courses)["verdict"] == "contradicted"
    assert _row(BAD_END, courses)["verdict"] != "supported"


def test_an_arm_whose_runs_all_diverge_is_not_kept_from_collapsing() -> None:
    courses = {"plain": [FALLS] * 7 + [GOOD], "regularised": [DIES] * 8}
    assert _row(SHARES, courses)["verdict"] == _row(TIME, courses)["verdict"] == "not testable here"
    assert _row(SHARE, courses)["verdict"] == "contradicted"
    assert _row(BAD_END, courses)["verdict"] != "supported"


def test_a_difference_is_counted_second_minus_first_whatever_is_claimed() -> None:
    assert _row(SHARES)["estimate"] == -7 / 8
    assert _row(SHARES)["unit"] == "difference of two shares of runs"
    assert _row({**MEAN, "direction": "lower"})["estimate"] == _row(MEAN)["estimate"] == pytest.approx(49 / 8)


def test_the_row_holds_estimate_interval_and_every_p() -> None:
    found = _row(SIGN)
    assert (found["estimate"], found["low"], found["high"], found["n"]) == share_interval(7, 8)
    assert found["unit"] == "share of seeds higher by 1 or more"
    assert found["p_above_margin"] == found["p_supported"] == share_test(7, 8, 0.5, "greater")
    assert found["p_below_margin"] == found["p_contradicted"] == share_test(7, 8, 0.5, "less")
    assert found["p_above_zero"] == share_test(7, 8, 0.5, "greater")
    assert found["p_above_minus_margin"] == share_test(8, 8, 0.5, "greater")
    assert found["p_equivalent"] == found["p_below_margin"]
    assert (found["median_difference"], found["lowest_difference"], found["highest_difference"]) == (7, 0, 7)
    assert (found["margin"], found["boundary"], found["figures"]) == ("1", "margin", "seeds;curves")
    mean = _row(MEAN)
    assert (mean["estimate"], mean["low"], mean["high"]) == pytest.approx(bounded_mean([7.0] * 7 + [0.0], -8, 8)[:3])
    shares = _row(SHARES)
    assert shares["p_above_margin"] == paired_share_test(7, 0, 8, 0.2)
    assert pd.isna(shares["median_difference"])
    share = _row(SHARE)
    assert share["p_above_margin"] == share_test(0, 8, 0.4, "less")
    assert pd.isna(share["p_above_zero"])


def test_the_row_says_how_the_arms_fared_its_control_among_them() -> None:
    courses = {"plain": [FALLS] * 4 + [DIES, NEVER, GOOD, GOOD], "regularised": [GOOD] * 7 + [DIES]}
    assert _row(SHARE, courses)["fates"] == "regularised 1/8; plain 6/8"
    assert _row(SHARES, courses)["fates"] == "plain 4/8; regularised 0/8"
    assert _row(SIGN, courses)["fates"] == ""


def test_each_kind_of_p_is_corrected_over_the_studys_claims() -> None:
    table = _table(*CLAIMS, UNTESTED)
    alone = {claim["id"]: _row(claim) for claim in CLAIMS}
    for kind in ("p_supported", "p_contradicted", "p_equivalent"):
        expected = holm([alone[claim["id"]][kind] for claim in CLAIMS])
        assert table[kind].iloc[:-1].tolist() == pytest.approx(list(expected))
        assert pd.isna(table[kind].iloc[-1])
    assert table["p_supported"].iloc[0] > alone["sign"]["p_supported"]


def test_a_fixed_rule_on_fewer_seeds_than_it_names_is_left_open() -> None:
    few = {arm: runs[:7] for arm, runs in HELPS.items()}
    found = _row(SIGN, few)
    assert (found["verdict"], found["n"]) == ("inconclusive", 7)
    assert "7 of the 8 seeds" in found["reason"]
    more = {arm: runs[:7] * 2 for arm, runs in HELPS.items()}
    assert _row({**MEAN, "sampling": "sequential"}, more, seeds=16)["verdict"] == "supported"


def test_arms_without_runs_are_not_tested() -> None:
    found = _row(SIGN, {"plain": [GOOD] * 8})
    assert (found["verdict"], found["n"]) == ("not tested", 0)
    assert pd.isna(found["estimate"])


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_an_experiment_without_runs_is_not_tested(claim: dict[str, Any]) -> None:
    found = _row(claim, {})
    assert (found["verdict"], found["reason"]) == (
        "not tested",
        "Of no seed that the study names has a run of these arms been made.",
    )


def test_a_claim_that_the_study_cannot_judge_says_why() -> None:
    table = _table(SIGN, UNTESTED)
    assert list(table["id"]) == ["sign", "C6"]
    assert list(table["verdict"]) == ["supported", "not tested"]
    assert table["reason"].iloc[1] == "no encoder"
    assert list(table.columns) == CLAIM_COLUMNS


def test_rows_that_come_in_another_order_are_the_same_claims() -> None:
    study = study_of(*CLAIMS)
    data = measurements(study, HELPS)
    mixed = data._replace(scores=data.scores.sample(frac=1, random_state=0), events=data.events.iloc[::-1])
    assert claim_table(study, mixed).equals(claim_table(study, data))


def test_the_rule_of_the_row_is_the_claims_in_words() -> None:
    (claim,) = study_of(SIGN).claims
    assert not isinstance(claim, Untested)
    assert _row(SIGN)["rule"] == describe_rule(claim)
    assert _row(SIGN)["test"] == "exact sign test over seeds"


def test_what_became_of_a_rule_stands_in_its_row_and_in_no_other() -> None:
    study = study_of(SIGN, MEAN)
    past = History({"mean": "claim.margin changed after them"}, {"mean": "first judged otherwise"})
    table = claim_table(study, measurements(study, HELPS), past).set_index("id")
    assert table["changed"].to_dict() == {"sign": "", "mean": "claim.margin changed after them"}
    assert table["first_verdict"].to_dict() == {"sign": "", "mean": "first judged otherwise"}


def test_a_control_shows_something_only_within_the_part_of_training_that_counts() -> None:
    """It was supported with a control that had none of the events until then."""
    late = {"plain": [(0.0, 6.0, 7.0, 1.0)] * 8, "regularised": [GOOD] * 8}
    assert _row(SHARE, late)["verdict"] == "supported"
    study = study_of({**SHARE, "by": 0.7}, collapse={**COLLAPSE, "on_track_by": 0.7})
    found = claim_table(study, measurements(study, late)).iloc[0]
    assert found["verdict"] == "not testable here"
    assert found["reason"].endswith("as rare: a bad end occurred in 0 of 8 runs of plain within 70% of training.")
    assert found["fates"] == "regularised 0/8; plain 0/8"
