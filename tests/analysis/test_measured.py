"""What became of every run counts: one that failed is no run less, and nobody is as good for failing alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.claim_table import claim_table
from vigan.analysis.given_table import long_table as given
from vigan.analysis.given_table import real_values
from vigan.analysis.measured import measured

from .studied import COLLAPSE, FALLS, FLOORS, GOOD, MEAN, NEVER, SHARE, SHARES, SIGN, TIME, measurements, study_of

SEQUENTIAL = {"sampling": "sequential"}
NAN = float("nan")
Ends = Sequence[tuple[int, float]]


def _judged(claim: Mapping[str, Any], runs: Mapping[str, Sequence[Ends]], **status: str) -> dict[str, Any]:
    """The row of a claim by a table of numbers: the (step, value) of each run; `status` of an arm's runs."""
    rows = [
        (arm, seed, step, "fair_modes", value, status.get(arm, "completed"))
        for arm, own in runs.items() for seed, ends in enumerate(own) for step, value in ends
    ]  # fmt: skip
    study = study_of(claim, seeds=max(map(len, runs.values())))
    table = given(study, pd.DataFrame(rows, columns=["arm", "seed", "step", "metric", "value", "status"]))
    found = measured(table, real_values(study, table, FLOORS), study.experiments)
    return claim_table(study, found).iloc[0].to_dict()


def _whole(values: Sequence[float]) -> Ends:
    return list(zip((0, 20, 40, 60), values, strict=True))


@pytest.mark.parametrize("last", [40, 60])
def test_a_run_that_is_said_to_have_diverged_came_to_a_bad_end_whatever_its_numbers_are(last: int) -> None:
    """Twelve diverged runs were twelve without a bad end: SUPPORTED."""
    runs = {
        "plain": [_whole(FALLS)] * 12,
        "regularised": [[one for one in _whole(GOOD) if one[0] <= last]] * 12,
    }
    found = _judged(SHARE, runs, regularised="diverged")
    assert found["fates"] == "regularised 12/12; plain 12/12"
    assert found["verdict"] == "contradicted"
    assert _judged({**SHARES, "event": "bad-end"}, runs, regularised="diverged")["estimate"] == 0


@pytest.mark.parametrize("claim", [SIGN, MEAN])
@pytest.mark.parametrize("first", [[], [(0, 1.0)]])
def test_a_run_that_never_had_a_finite_value_is_worse_than_any(claim: Mapping[str, Any], first: Ends) -> None:
    """Half of the runs diverged, and the other half alone were judged: SUPPORTED."""
    runs = {
        "plain": [[*first, (60, 5.0)]] * 24,
        "regularised": [[*first, (60, NAN if seed % 2 else 8.0)] for seed in range(24)],
    }
    found = _judged({**claim, **SEQUENTIAL}, runs)
    assert (found["n"], found["verdict"]) == (24, "inconclusive")
    assert _judged({**claim, **SEQUENTIAL}, {**runs, "regularised": [[(60, NAN)]] * 24})["verdict"] == "contradicted"


def test_runs_that_were_begun_and_not_finished_are_not_left_out_of_a_sequential_rule() -> None:
    """Twelve of 24 runs had been killed, and the others were judged: SUPPORTED, without a word of them."""
    runs = {
        "plain": [_whole((0.0, 5.0, 5.0, 5.0))] * 24,
        "regularised": [_whole(GOOD)[: 2 if seed % 2 else 4] for seed in range(24)],
    }
    found = _judged({**SIGN, **SEQUENTIAL}, runs)
    assert found["verdict"] == "inconclusive"
    assert found["reason"] == "12 of the 24 seeds that the rule names: runs of 12 ended early."
    not_begun = {**runs, "regularised": [_whole(GOOD)] * 12}
    found = _judged({**SIGN, **SEQUENTIAL}, not_begun)
    assert found["verdict"] == "supported"
    assert found["reason"].endswith("12 of the 24 seeds that the study names.")


@pytest.mark.parametrize(
    ("claim", "courses"),
    [
        ({**TIME, "event": "reach", "direction": "sooner"}, {"plain": [NEVER] * 20, "regularised": [NEVER] * 20}),
        ({**SHARES, "event": "bad-end"}, {"plain": [FALLS] * 40, "regularised": [FALLS] * 40}),
        ({**SHARES, "event": "reach", "direction": "more"}, {"plain": [NEVER] * 40, "regularised": [NEVER] * 40}),
    ],
)
@pytest.mark.parametrize(("beyond", "would"), [("minus-margin", "supported"), ("zero", "equivalent")])
def test_two_arms_that_fail_are_not_as_good_by_times_and_shares_either(
    claim: dict[str, Any], courses: dict[str, Any], beyond: str, would: str
) -> None:
    seeds = len(courses["plain"])
    claim = {**claim, "beyond": beyond}
    courses = {**courses, "regularised": [GOOD, *courses["regularised"][1:]]}
    study = study_of(claim, seeds=seeds)
    row = claim_table(study, measurements(study, courses)).iloc[0]
    assert row["verdict"] != would
    assert "Both arms fail" in row["reason"]
    well = {arm: [GOOD if claim["event"] == "reach" else FALLS, *[GOOD] * (seeds - 1)] for arm in courses}
    assert claim_table(study, measurements(study, well)).iloc[0]["verdict"] == would


def test_that_a_run_was_never_on_track_is_known_when_it_had_to_be() -> None:
    """Within half of training none of ten runs had come to a bad end, for that was known at the end: SUPPORTED."""
    claim = {**SHARE, "by": 0.7}
    study = study_of(claim, seeds=10, collapse={**COLLAPSE, "on_track_by": 0.7})
    found = measurements(study, {"plain": [FALLS] * 10, "regularised": [NEVER] * 10})
    ends = found.events[(found.events["arm"] == "regularised") & (found.events["event"] == "bad-end")]
    assert set(ends["step"]) == {40}
    row = claim_table(study, found).iloc[0]
    assert (row["fates"], row["verdict"]) == ("regularised 10/10; plain 10/10", "contradicted")


def test_a_run_that_diverges_after_it_had_to_be_on_track_was_never_on_track() -> None:
    study = study_of(collapse={**COLLAPSE, "on_track_by": 0.4}, seeds=2)
    found = measurements(study, {"plain": [(0.0, 1.0, 1.0, NAN), (0.0, NAN, NAN, NAN)], "regularised": [GOOD] * 2})
    ends = found.events[(found.events["arm"] == "plain") & (found.events["event"] == "bad-end")]
    assert list(zip(ends["step"], ends["cause"], strict=True)) == [(20, "never on track"), (20, "diverged")]
    assert np.all(ends["observed"])
