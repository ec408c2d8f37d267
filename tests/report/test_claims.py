"""Rows of the claims table become verdicts that say what they rest on."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from vigan.analysis.verdicts import VERDICTS
from vigan.io.files import RecordError
from vigan.report.claims import COLUMNS, SIGNS, verdicts
from vigan.report.page import Picture, Verdict

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
    (made,) = verdicts(pd.DataFrame([{**ROW, **changes}]), {("curves", "ring"): CURVES})
    return made


def test_a_claim_s_estimate_comes_with_interval_n_and_what_it_counts() -> None:
    made = _verdict()
    assert made.estimate == ("0.8125", "[0.5435, 0.9595], n = 16: share of seeds higher by 1 or more")
    facts = dict(made.numbers)
    assert facts["Share of seeds higher by 1 or more"] == "0.8125 [0.5435, 0.9595]"
    assert facts["Difference: median, range"] == "4.25, −0.5 to 5.6"
    assert facts["n"] == "16"


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        ("supported", ["0.012"]),
        ("contradicted", ["1"]),
        ("equivalent", ["0.9"]),
        ("inconclusive", ["0.012", "1", "0.9"]),
        ("not testable here", []),
    ],
)
def test_of_p_values_only_those_that_the_verdict_hangs_on_are_shown(verdict: str, shown: list[str]) -> None:
    assert [value for term, value in _verdict(verdict=verdict).numbers if term.startswith("p ")] == shown


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
