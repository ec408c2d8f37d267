from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from vigan.analysis.permutation import holm, sign_flip_test

from vigan.analysis.survival import log_rank
from vigan.analysis.verdicts import CLAIM_COLUMNS, claim_table, tell

from .studied import DIFFERENCE, OCCURRENCE, TIMING, measurements, study_of

GOOD, BAD = (0.0, 6.0, 7.0, 8.0), (0.0, 6.0, 2.0, 1.0)
HELPS = {"plain": [BAD] * 4 + [GOOD, BAD, BAD], "regularised": [GOOD] * 7}
SAME = {"plain": [GOOD] * 7, "regularised": [(0.0, 6.0, 7.0, 7.5 + 0.5 * (i % 2)) for i in range(7)]}
HARMS = {"plain": [GOOD] * 7, "regularised": [BAD] * 7}


def _judged(claim: dict[str, Any], courses: dict[str, Any], edited: tuple[str, ...] = ()) -> dict[str, Any]:
    study = study_of(claim)
    return claim_table(study, measurements(study, courses), edited).iloc[0].to_dict()


@pytest.mark.parametrize("claim", [DIFFERENCE, TIMING, OCCURRENCE], ids=lambda claim: claim["test"])
def test_each_kind_of_claim_is_supported_or_contradicted_as_the_runs_are(claim: dict[str, Any]) -> None:
    assert _judged(claim, HELPS)["verdict"] == "supported"
    assert _judged(claim, HARMS)["verdict"] == "contradicted"


@pytest.mark.parametrize("claim", [DIFFERENCE, TIMING], ids=lambda claim: claim["test"])
def test_an_effect_too_small_to_matter_contradicts(claim: dict[str, Any]) -> None:
    assert _judged(claim, SAME)["verdict"] == "contradicted"


@pytest.mark.parametrize(
    ("claim", "turned"),
    [(DIFFERENCE, {"direction": "lower"}), (TIMING, {"direction": "sooner"}), (OCCURRENCE, {"direction": "more"})],
    ids=lambda value: value.get("test", ""),
)
def test_the_opposite_claim_gets_the_opposite_verdict(claim: dict[str, Any], turned: dict[str, Any]) -> None:
    assert _judged({**claim, **turned}, HARMS)["verdict"] == "supported"
    assert _judged({**claim, **turned}, HELPS)["verdict"] == "contradicted"


def test_the_evidence_is_the_named_test_on_the_seeds_as_pairs() -> None:
    found = _judged(DIFFERENCE, HELPS)
    differences = [7, 7, 7, 7, 0, 7, 7]
    assert found["estimate"] == pytest.approx(np.mean(differences))
    assert found["low"] < found["estimate"] < found["high"]
    assert found["p"] == sign_flip_test(differences, rng=np.random.default_rng())
    late, early = ([60] * 7, [False] * 7), ([40] * 4 + [60] + [40] * 2, [True] * 4 + [False] + [True] * 2)
    assert _judged(TIMING, HELPS)["p"] == pytest.approx(log_rank(*early, *late, "greater"))
    assert _judged(TIMING, HELPS)["estimate"] == pytest.approx(6 / 7 / 3)
    assert _judged(OCCURRENCE, HELPS)["p"] == pytest.approx(0.5**7)


def test_seeds_are_joined_by_their_number_not_by_their_place() -> None:
    study = study_of(DIFFERENCE)
    data = measurements(study, HELPS)
    mixed = data._replace(scores=data.scores.sample(frac=1, random_state=0), metrics=data.metrics.iloc[::-1])
    assert claim_table(study, mixed, ()).equals(claim_table(study, data, ()))


def test_arms_are_compared_in_the_seeds_that_both_were_run_with() -> None:
    more = {"plain": [*HELPS["plain"], GOOD, GOOD], "regularised": HELPS["regularised"]}
    fewer = _judged(DIFFERENCE, HELPS)
    assert {key: _judged(DIFFERENCE, more)[key] for key in ("n", "estimate", "p")} == {
        key: fewer[key] for key in ("n", "estimate", "p")
    }


def test_a_run_that_diverged_counts_as_the_worst_there_is() -> None:
    nan = float("nan")
    died = {"plain": [(0.0, 6.0, nan, nan)] * 7, "regularised": [GOOD] * 7}
    assert _judged(DIFFERENCE, died)["estimate"] == 8
    assert _judged(DIFFERENCE, died)["n"] == 7
    assert _judged(DIFFERENCE, {"plain": [GOOD] * 7, "regularised": died["plain"]})["verdict"] == "contradicted"


def test_fewer_seeds_than_the_rule_asks_for_decide_nothing_and_say_how_many_would() -> None:
    few = {arm: runs[:4] for arm, runs in HELPS.items()}
    found = _judged(DIFFERENCE, few)
    assert found["verdict"] == "inconclusive"
    assert "4 of the 5" in found["reason"]
    assert found["needed_n"] == 5


def test_an_open_question_says_how_many_seeds_it_needs() -> None:
    noisy = {"plain": [BAD, GOOD] * 3, "regularised": [GOOD, BAD, GOOD, GOOD, GOOD, BAD]}
    found = _judged(DIFFERENCE, noisy)
    assert found["verdict"] == "inconclusive"
    assert found["needed_n"] > 6
    half = {"plain": [GOOD] * 6, "regularised": [GOOD, BAD, GOOD, GOOD, GOOD, GOOD]}
    found = _judged(OCCURRENCE, half)
    assert found["verdict"] == "inconclusive"
    assert found["needed_n"] > 6


def test_p_values_are_corrected_for_the_number_of_claims() -> None:
    claims = [DIFFERENCE, {**DIFFERENCE, "id": "again"}, TIMING]
    table = claim_table(study := study_of(*claims), measurements(study, HELPS), ())
    np.testing.assert_allclose(table["p_holm"], holm(table["p"]))
    np.testing.assert_allclose(table["p_against_holm"], holm(table["p_against"]))
    assert table["p_holm"].iloc[0] == 2 * table["p"].iloc[0]


def test_an_effect_that_is_certain_but_small_is_not_supported() -> None:
    small = {"plain": [(0, 6, 7, 7)] * 8, "regularised": [(0, 6, 7, 7.5)] * 8}
    found = _judged({**DIFFERENCE, "smallest_effect": 0.75}, small)
    assert found["p"] < 0.01
    assert found["verdict"] == "contradicted"


def test_an_event_outside_its_window_does_not_count() -> None:
    claim = {**OCCURRENCE, "arm": "plain", "direction": "more"}
    assert _judged(claim, HELPS)["estimate"] == pytest.approx(6 / 7)
    assert _judged({**claim, "after": 0.67}, HELPS)["estimate"] == 0
    assert _judged({**claim, "by": 0.66}, HELPS)["estimate"] == 0
    assert _judged({**claim, "by": 0.67}, HELPS)["estimate"] == pytest.approx(6 / 7)


def test_a_claim_that_the_study_cannot_judge_says_why() -> None:
    untested = {"id": "C6", "quotation": "as well", "place": "there", "test": "none", "reason": "no encoder"}
    study = study_of(DIFFERENCE, untested)
    table = claim_table(study, measurements(study, HELPS), ())
    assert list(table["verdict"]) == ["supported", "not tested"]
    assert table["reason"].iloc[1] == "no encoder"
    assert list(table.columns) == CLAIM_COLUMNS


def test_an_edited_rule_is_flagged() -> None:
    assert not _judged(DIFFERENCE, HELPS)["edited"]
    assert _judged(DIFFERENCE, HELPS, edited=("more",))["edited"]


def test_a_study_without_claims_says_so() -> None:
    study = study_of()
    table = claim_table(study, measurements(study, HELPS), ())
    assert list(table.columns) == CLAIM_COLUMNS
    assert tell(table) == "This study states no claims."


def test_verdicts_are_told_with_n_interval_and_rule() -> None:
    study = study_of(DIFFERENCE)
    told = tell(claim_table(study, measurements(study, HELPS), ("more",)))
    assert "more: SUPPORTED" in told
    assert "plain -> regularised: 6 [" in told
    assert "n = 7 seeds" in told
    assert "higher than that of plain by 1 or more" in told
    assert "changed after" in told


def test_a_verdict_that_its_interval_does_not_share_says_so() -> None:
    plain = [(0.0, 6.0, 7.0, 0.0)] * 5
    apart = {"plain": plain, "regularised": [(0.0, 6.0, 7.0, last) for last in (0.1, 0.2, 0.1, 0.2, 7.9)]}
    found = _judged(DIFFERENCE, apart)
    assert found["verdict"] == "supported"
    assert found["low"] < 0 < found["high"]
    assert found["reason"].endswith("its two-sided interval, found by other means, leaves room for none.")
    alike = _judged(DIFFERENCE, HELPS)
    assert alike["low"] > 0
    assert "interval" not in alike["reason"]
    turned = {"plain": plain, "regularised": [(0.0, 6.0, 7.0, last) for last in (1.9, 1.8, 1.9, 1.8, 0.1)]}
    found = _judged({**DIFFERENCE, "smallest_effect": 2.0}, turned)
    assert found["verdict"] == "contradicted"
    assert found["low"] < 2 < found["high"]
    assert "leaves room for one that matters" in found["reason"]
