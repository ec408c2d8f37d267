"""What a study cannot show: every reason, in its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter

from vigan.analysis.fates import Fate
from vigan.analysis.testability import untestable
from vigan.config.claims import TestedClaim as Tested

from .studied import MEAN, OFTEN, SHARE, SHARES, SIGN, TIME

ALL = {"supported", "contradicted", "equivalent", "inconclusive"}
BAD_END = {**SHARES, "event": "bad-end"}
REACH = {**TIME, "event": "reach", "direction": "sooner"}
SLOW = {**OFTEN, "event": "reach", "direction": "less", "by": 0.5}


def _fates(plain: tuple[int, int, int], regularised: tuple[int, int, int], runs: int = 8) -> dict[str, Fate]:
    """Of so many runs of each arm: on track, collapsed, come to a bad end."""
    names = ("reach", "collapse", "bad-end")
    arms = {"plain": plain, "regularised": regularised}
    return {arm: Fate(runs, dict(zip(names, counts, strict=True))) for arm, counts in arms.items()}


def _told(row: Mapping[str, Any], fates: Mapping[str, Fate], **change: Any) -> dict[str, str]:
    return untestable(TypeAdapter(Tested).validate_python({**row, **change}), fates)


WELL = _fates((8, 5, 5), (8, 1, 1))


@pytest.mark.parametrize("row", [SIGN, MEAN, TIME, SHARES, BAD_END, REACH, SHARE, OFTEN, SLOW])
def test_where_events_came_and_arms_were_on_track_every_verdict_can_be_given(row: dict[str, Any]) -> None:
    assert _told(row, WELL) == {}


@pytest.mark.parametrize("row", [SIGN, MEAN])
def test_a_claim_about_scores_needs_no_events(row: dict[str, Any]) -> None:
    assert _told(row, _fates((0, 0, 8), (0, 0, 8))) == {}


@pytest.mark.parametrize("row", [TIME, SHARES, OFTEN])
def test_an_arm_that_was_hardly_ever_on_track_cannot_be_said_to_collapse_or_not(row: dict[str, Any]) -> None:
    """An arm that never learnt passed as kept from collapsing."""
    found = _told(row, _fates((3, 3, 8), (8, 1, 1)))
    assert found.keys() == ALL
    assert set(found.values()) == {"Only 3 of 8 runs of plain got on track: what was never on track cannot collapse."}


@pytest.mark.parametrize(("there", "lacking"), [(0, {"supported"}), (4, {"supported"}), (5, set())])
def test_an_arm_of_which_most_runs_never_get_there_is_not_slow(there: int, lacking: set[str]) -> None:
    """That fewer than half are there within a tenth of training was supported by an arm that never is."""
    found = _told(SLOW, _fates((there, 0, 8 - there), (8, 0, 0)))
    assert found.keys() == lacking
    if lacking:
        assert found["supported"] == (
            f"Only {there} of 8 runs of plain got on track at all: slow cannot be told from never."
        )


def test_every_arm_that_was_hardly_ever_on_track_is_named() -> None:
    (reason,) = set(_told(SHARES, _fates((3, 3, 8), (0, 0, 8))).values())
    assert reason.startswith("Only 3 of 8 runs of plain, 0 of 8 runs of regularised got on track")


@pytest.mark.parametrize("row", [TIME, SHARES])
def test_an_arm_whose_runs_diverge_is_not_kept_from_collapsing(row: dict[str, Any]) -> None:
    """Eight runs on track, of which five diverge: they cannot collapse any more."""
    found = _told(row, _fates((8, 6, 6), (8, 0, 5)))
    assert found.keys() == ALL
    assert set(found.values()) == {
        "Only 3 of 8 runs of regularised got on track and did not diverge: whether others would have collapsed is open."
    }
    assert _told(row, _fates((8, 6, 6), (8, 0, 1))) == {}


def test_an_arm_whose_runs_diverge_may_be_judged_by_its_bad_ends() -> None:
    assert _told(BAD_END, _fates((8, 6, 6), (8, 0, 8))) == {}
    assert _told(SHARE, _fates((8, 6, 6), (8, 0, 8))) == {}


def test_four_fifths_of_the_runs_on_track_are_enough_and_half_are_not() -> None:
    """Eight of sixteen that never learn are not eight that were kept from collapsing."""
    assert _told(SHARES, _fates((7, 2, 3), (7, 0, 1))) == {}
    assert _told(SHARES, _fates((8, 8, 8), (4, 0, 4))).keys() == ALL


def test_runs_that_never_got_on_track_count_as_a_bad_end_and_so_may_be_judged() -> None:
    assert _told(BAD_END, _fates((8, 5, 5), (0, 0, 8))) == {}
    assert _told(SHARE, _fates((8, 5, 5), (0, 0, 8))) == {}


@pytest.mark.parametrize("row", [TIME, SHARES])
def test_a_comparison_of_what_never_came_says_nothing_either_way(row: dict[str, Any]) -> None:
    """0 of 8 against 0 of 8 was "contradicted"."""
    found = _told(row, _fates((8, 0, 1), (8, 0, 0)))
    assert found.keys() == ALL
    assert set(found.values()) == {
        "Collapse occurred in none of the 16 runs of plain, regularised: there was nothing to be prevented, and "
        "nothing shows that the rule would have seen it."
    }


def test_what_is_wanted_and_never_came_is_told_in_other_words() -> None:
    (reason,) = set(_told(REACH, _fates((0, 0, 8), (0, 0, 8))).values())
    assert reason.startswith("Getting on track occurred in none of the 16 runs of plain, regularised: ")
    assert "nothing to be slow or fast" in reason


def test_a_bad_end_that_never_came_is_told_by_its_name() -> None:
    (reason,) = set(_told(BAD_END, _fates((8, 0, 0), (8, 0, 0))).values())
    assert reason.startswith("A bad end occurred in none of the 16 runs")


def test_events_of_a_third_arm_are_no_events_of_these_two() -> None:
    fates = {**_fates((8, 0, 0), (8, 0, 0)), "third": Fate(8, {"reach": 8, "collapse": 8, "bad-end": 8})}
    assert _told(SHARES, fates).keys() == ALL


def test_the_rarity_of_what_no_arm_had_cannot_be_concluded_but_its_frequency_is_refuted_all_the_same() -> None:
    none = _fates((8, 0, 0), (8, 0, 0))
    assert _told(SHARE, none).keys() == {"supported", "inconclusive"}
    assert _told(OFTEN, none).keys() == {"contradicted", "inconclusive"}
    assert "none of the 16 runs of plain, regularised" in _told(OFTEN, none)["contradicted"]


def test_another_arm_with_events_shows_that_the_rule_sees_them() -> None:
    assert _told(OFTEN, _fates((8, 0, 0), (8, 3, 3))) == {}


@pytest.mark.parametrize(("struck", "told"), [(4, False), (3, True)])
def test_an_arm_is_not_stable_where_its_control_is_as_stable(struck: int, told: bool) -> None:
    """C2 was supported though the control was as stable. The share of the rule is 40 %."""
    found = _told(SHARE, _fates((8, struck, struck), (8, 0, 0)))
    reason = f"Without what is studied it is as rare: a bad end occurred in {struck} of 8 runs of plain."
    assert found == (dict.fromkeys(("supported", "inconclusive"), reason) if told else {})


def test_a_control_at_the_very_share_is_as_rare() -> None:
    assert _told(SHARE, _fates((8, 4, 4), (8, 0, 0)), share=0.5).keys() == {"supported", "inconclusive"}


def test_that_a_bad_event_is_frequent_or_a_good_one_rare_needs_no_control() -> None:
    assert _told(OFTEN, _fates((8, 1, 1), (8, 0, 0))) == {}
    assert _told(SLOW, _fates((5, 0, 3), (1, 0, 7))) == {}


def test_a_control_that_has_the_event_after_the_part_of_training_that_counts_shows_nothing() -> None:
    late, early = _fates((8, 8, 8), (8, 0, 0)), _fates((8, 0, 0), (8, 0, 0))
    claim = TypeAdapter(Tested).validate_python({**SHARE, "by": 0.5})
    assert untestable(claim, late) == {}
    found = untestable(claim, late, counted=early)
    assert found.keys() == {"supported", "inconclusive"}
    assert found["supported"].endswith("as rare: a bad end occurred in 0 of 8 runs of plain within 50% of training.")
    one = untestable(claim, late, counted=_fates((8, 1, 1), (8, 0, 0)))
    assert one["supported"].endswith("as rare: a bad end occurred in 1 of 8 runs of plain within 50% of training.")


def test_whether_arms_were_on_track_and_an_event_was_ever_seen_is_asked_of_all_of_training() -> None:
    """An arm is slow where no run gets on track in time, and some do later: they show that the rule sees it."""
    slow = TypeAdapter(Tested).validate_python(SLOW)
    assert untestable(slow, _fates((8, 0, 0), (8, 0, 0)), counted=_fates((0, 0, 0), (0, 0, 0))) == {}
    claim = TypeAdapter(Tested).validate_python({**OFTEN, "by": 0.1})
    assert untestable(claim, _fates((8, 5, 5), (8, 0, 0)), counted=_fates((0, 1, 1), (0, 0, 0))) == {}
