"""Arms that are alike because both fail, or both are at the top: what may then be said, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from vigan.analysis.alike import alike_in_failing, remark
from vigan.analysis.fates import Fate
from vigan.analysis.outcomes import Differences, Near, Occurrences
from vigan.config.claims import Boundary
from vigan.config.claims import TestedClaim as Tested

from .studied import MEAN, SHARE, SHARES, SIGN, TIME

ZEROS = np.zeros(8)
ALL = {"supported", "contradicted", "equivalent", "inconclusive"}


def _claim(row: Mapping[str, Any], **change: Any) -> Tested:
    return TypeAdapter(Tested).validate_python({**row, **change})


def _on_track(plain: int, regularised: int) -> dict[str, Fate]:
    return {"plain": Fate(8, {"reach": plain}), "regularised": Fate(8, {"reach": regularised})}


@pytest.mark.parametrize(
    ("near", "lacking"),
    [("worst", {"supported", "equivalent"}), ("all worst", ALL), ("best", set()), ("", set())],
)
@pytest.mark.parametrize("row", [SIGN, MEAN])
def test_arms_at_the_worst_value_are_not_as_good_as_each_other(row: dict[str, Any], near: Near, lacking) -> None:
    assert alike_in_failing(_claim(row), Differences(ZEROS, 8.0, near), {}).keys() == lacking


@pytest.mark.parametrize(
    ("beyond", "lacking"),
    [("minus-margin", {"supported", "equivalent"}), ("zero", {"equivalent"}), ("margin", {"equivalent"})],
)
def test_by_a_distance_arms_fail_alike_if_most_of_their_runs_were_never_on_track(beyond: Boundary, lacking) -> None:
    """No distance is the worst: an arm that ends farther away than it began was "as good" as another such."""
    claim, apart = _claim(SIGN, beyond=beyond), Differences(ZEROS, np.inf)
    found = alike_in_failing(claim, apart, _on_track(4, 0))
    assert found.keys() == lacking
    assert set(found.values()) == {"Both arms fail: at least half of the runs of either were never on track."}
    assert not alike_in_failing(claim, apart, _on_track(5, 0))
    assert not alike_in_failing(claim, Differences(ZEROS, 8.0), _on_track(0, 0))


@pytest.mark.parametrize(("bad", "fails"), [(24, False), (25, True)])
def test_a_share_that_is_the_margin_from_its_worst_is_not_less(bad: int, fails: bool) -> None:
    """1 - 24/30 is a little less than 0.2, as computers count."""
    claim = _claim({**SHARES, "event": "bad-end"}, beyond="zero")
    fates = {arm: Fate(30, {"bad-end": bad}) for arm in claim.arms}
    same = np.arange(30) < bad
    assert bool(alike_in_failing(claim, Occurrences(same, same), fates)) is fails


def test_without_a_rule_for_being_on_track_nothing_is_known_of_arms_by_a_distance() -> None:
    assert not alike_in_failing(
        _claim(SIGN), Differences(ZEROS, np.inf), {"plain": Fate(8, {}), "regularised": Fate(8, {})}
    )


@pytest.mark.parametrize("verdict", ["supported", "contradicted", "inconclusive"])
def test_a_verdict_that_can_be_given_on_arms_that_fail_says_that_they_do(verdict: str) -> None:
    claim, apart = _claim(SIGN), Differences(ZEROS, np.inf)
    failing, learned = (alike_in_failing(claim, apart, _on_track(runs, runs)) for runs in (0, 8))
    said = remark(claim, apart, failing, verdict)
    assert said == " Both arms fail: at least half of the runs of either were never on track."
    assert remark(claim, apart, learned, verdict) == ""
    assert remark(claim, apart, failing, "not tested") == ""


@pytest.mark.parametrize("row", [SIGN, TIME])
def test_that_arms_are_equivalent_in_most_seeds_says_in_how_many(row: dict[str, Any]) -> None:
    """A rival that fails in one seed of seven and is as good in six was "equivalent", and no word of the one."""
    claim = _claim(row, margin=0.5)
    values = np.array([0.0, 0.1, -0.2, 0.0, 0.5, 0.0, -3.0, 0.0])
    assert remark(claim, Differences(values, 8.0), {}, "equivalent") == (
        " It is in 6 of 8 seeds; of the others nothing is said."
    )
    assert remark(claim, Differences(ZEROS, 8.0), {}, "equivalent") == ""


def test_a_mean_is_about_all_seeds_and_shares_have_no_differences() -> None:
    assert remark(_claim(MEAN), Differences(np.array([0.0, 9.0]), 9.0), {}, "equivalent") == ""
    assert remark(_claim(SHARE), Differences(ZEROS, 1.0), {}, "supported") == ""


def test_arms_that_cannot_be_better_are_told() -> None:
    said = remark(_claim(MEAN), Differences(ZEROS, 8.0, "best"), {}, "equivalent")
    assert said.startswith(" Both are at the top: in most runs of either fair_modes")
