"""Events of runs from elsewhere: whoever is measured more often has no more of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from vigan.analysis.claim_table import claim_table
from vigan.analysis.given_table import long_table as given
from vigan.analysis.given_table import real_values
from vigan.analysis.measured import measured
from vigan.analysis.shared_steps import at_shared_steps
from vigan.config.claims import Untested

from .studied import COLLAPSE, FLOORS, SHARE, SHARES, TIME, long_table, study_of, three_arms

OFTEN = range(0, 70, 10)
COURSE = (0.0, 3.0, 6.0, 7.0, 2.0, 1.0, 5.0)
"""On track at 20, below half of its maximum at 40 and 50."""
TWICE = {**COLLAPSE, "consecutive": 2}
BAD_END = {**SHARES, "event": "bad-end"}
LATE = {**TIME, "event": "reach"}


def _judged(claim: Mapping[str, Any], seldom: Sequence[int], course: Sequence[float] = COURSE, **rules: Any) -> Any:
    """The row of a claim on two arms of one course, the second measured at some of the steps alone."""
    study, steps = study_of(claim, seeds=12, **rules), {"plain": [*OFTEN], "regularised": seldom}
    rows = [
        (arm, seed, step, "fair_modes", value)
        for arm, own in steps.items() for seed in range(12) for step, value in zip(OFTEN, course, strict=True)
        if step in own
    ]  # fmt: skip
    table = given(study, pd.DataFrame(rows, columns=["arm", "seed", "step", "metric", "value"]))
    found = measured(table, real_values(study, table, FLOORS), study.experiments)
    return claim_table(study, found).iloc[0]


@pytest.mark.parametrize("claim", [SHARES, BAD_END, SHARE])
def test_a_run_that_is_seldom_measured_is_not_the_more_stable_one(claim: Mapping[str, Any]) -> None:
    """Of two equal arms that which was measured at fewer steps had fewer collapses: SUPPORTED."""
    assert "12/12" in _judged(claim, OFTEN, collapse=TWICE)["fates"]
    found = _judged(claim, (0, 20, 60), collapse=TWICE)
    assert found["verdict"] == "not testable here"
    assert "0/12" in found["fates"]
    assert "12/12" not in found["fates"]
    assert (
        "Events are those that are seen at the 3 steps that its runs share (regularised, seed 0, has 3 of 7)."
        in found["reason"]
    )


def test_nor_does_it_get_on_track_later() -> None:
    found = _judged({**LATE, "direction": "later"}, (0, 20, 60), [step / 10 for step in OFTEN])
    assert (found["verdict"], found["median_difference"]) == ("equivalent", 0)


@pytest.mark.parametrize(
    ("claim", "rules", "told"),
    [
        (
            BAD_END,
            {"on_track_by": 0.5},
            "'on_track_by' is 0.5 of training, and a run is first measured",
        ),
        (
            SHARES,
            {"consecutive": 2},
            "'consecutive' is 2, and of a run 1 evaluation counts: no run",
        ),
        (
            {**SHARE, "event": "collapse", "by": 0.5},
            {},
            "'by' is 0.5 of training, and a run is first",
        ),
    ],
)
def test_what_no_run_could_have_at_the_steps_that_all_share_is_not_testable(
    claim: Mapping[str, Any], rules: Mapping[str, Any], told: str
) -> None:
    """An arm with a number before training and one after was never on track at its step 0: SUPPORTED."""
    found = _judged(claim, (0, 60), [8.0] * 7 if "on_track_by" in rules else COURSE, collapse={**COLLAPSE, **rules})
    assert found["verdict"] == "not testable here"
    assert f"Its runs share 2 steps (regularised, seed 0, has 2 of 7): {told}" in found["reason"]


def test_runs_that_share_all_steps_are_judged_at_these() -> None:
    assert "steps that its runs share" not in _judged(SHARES, OFTEN)["reason"]


def test_an_arm_that_is_trained_here_is_seen_at_the_steps_of_the_other_and_no_third_is() -> None:
    """Of the arm that no claim is about, all steps are seen, and its events and costs stay what they were."""
    study = three_arms(SHARES, seeds=12)
    dip = (0.0, 8.0, 2.0, 8.0)
    whole = long_table({arm: [dip] * 12 for arm in ("plain", "regularised", "third")})
    apart = whole["arm"] == "regularised"
    table = whole[~apart | (whole["step"] != 40)].assign(reading=whole["reading"].mask(apart, "elsewhere"))
    data = measured(table, FLOORS, study.experiments)
    (claim,) = study.claims
    assert not isinstance(claim, Untested)
    seeds = {arm: range(12) for arm in ("plain", "regularised")}
    events = at_shared_steps(claim, "circle", study.experiments["circle"], data, seeds).data.events
    collapsed = events[events["event"] == "collapse"].groupby("arm")["observed"].sum().to_dict()
    assert collapsed == {"plain": 0, "regularised": 0, "third": 12}
    assert len(events) == len(data.events)
    assert claim_table(study, data).iloc[0]["fates"] == "plain 0/12; regularised 0/12"
