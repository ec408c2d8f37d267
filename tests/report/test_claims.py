"""Rows of the claims table become verdicts that say what they rest on."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from vigan.io.files import RecordError
from vigan.report.claims import COLUMNS, MARKS, verdicts
from vigan.report.page import Picture, Verdict

CURVES = Picture(3, "figure-curves-ring", "", "", "", "", "chart")
ROW = {
    "id": "C5", "experiment": "ring", "arms": "plain;regularised", "quotation": "q", "place": "p", "rule": "r",
    "verdict": "supported", "n": 16, "estimate": 4.25, "low": -0.5, "high": 5.6, "p": 0.00003, "p_holm": 0.012,
    "needed_n": math.nan, "reason": "because", "edited": False, "figures": "survival;curves",
}  # fmt: skip
UNTESTED = {**dict.fromkeys(COLUMNS, math.nan), "id": "C6", "verdict": "not tested", "n": 0, "edited": False}


def _verdict(**changes: object) -> Verdict:
    (made,) = verdicts(pd.DataFrame([{**ROW, **changes}]), {("curves", "ring"): CURVES})
    return made


def test_a_claim_s_numbers_come_with_interval_n_and_both_p_values() -> None:
    made = _verdict()
    assert made.estimate == ("4.25", "[−0.5, 5.6], n = 16")
    facts = dict(made.numbers)
    assert facts["Estimate [interval]"] == "4.25 [−0.5, 5.6]"
    assert facts["n"] == "16"
    assert facts["p"] == "< 0.0001"
    assert facts["p, Holm-corrected over the claims"] == "0.012"
    assert not any("needed" in term for term in facts)


def test_an_estimate_without_an_interval_is_shown_without_one() -> None:
    assert _verdict(low=math.nan, high=math.nan).estimate == ("4.25", "n = 16")


def test_evidence_leads_to_the_figures_that_are_on_the_page() -> None:
    assert _verdict().evidence == [("Figure 3", "figure-curves-ring")]


def test_a_claim_that_was_not_tested_has_no_numbers_and_no_evidence() -> None:
    (made,) = verdicts(pd.DataFrame([UNTESTED]), {("curves", "ring"): CURVES})
    assert made.estimate == ("–", "n = 0")
    assert made.numbers == []
    assert made.evidence == []
    assert (made.mark, made.tone, made.experiment) == ("○", "not-tested", "")


def test_how_many_seeds_would_be_needed_is_told_where_it_is_known() -> None:
    assert ("n that would settle it, if the effect is as seen", "23") in _verdict(needed_n=23.0).numbers


@pytest.mark.parametrize(("written", "edited"), [(True, True), (False, False), ("True", True), ("False", False)])
def test_an_edited_rule_is_known_however_the_table_was_read(written: object, edited: bool) -> None:
    assert _verdict(edited=written).edited is edited


def test_every_verdict_has_a_sign_of_its_own() -> None:
    assert len(set(MARKS.values())) == len(MARKS) == 4


@pytest.mark.parametrize("changes", [{"verdict": "proved"}, {"verdict": math.nan}])
def test_what_is_no_verdict_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="is no verdict"):
        _verdict(**changes)


def test_a_table_that_lacks_a_column_is_refused_by_its_name() -> None:
    with pytest.raises(RecordError, match=r"claims\.csv: lacks p_holm"):
        verdicts(pd.DataFrame([ROW]).drop(columns="p_holm"), {})
