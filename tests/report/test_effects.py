"""What the page says of arms against their partners follows from the table of pairs, by one rule."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vigan.report.effects import DIFFERENCES, VALUES, claims_by_pair, matrix, sentence, tone
from vigan.report.page import Link, Verdict

PROTOCOL = "toy-modes/n=500/ref=train"
PAIR: dict[str, Any] = {
    "experiment": "ring", "first": "plain", "second": "regularised", "metric": "fair_modes", "protocol": PROTOCOL,
    "n": 8, "center": 3.0, "ci_low": 1.0, "ci_high": 5.0, "center_of": "mean", "mean": 3.0, "low": -1.0, "high": 6.0,
    "p_two_sided": 0.01, "pairs": 8, "second_better": 7, "equal": 0,
}  # fmt: skip
SAME = {"center": 0.0, "low": 0.0, "high": 0.0, "ci_low": -1.0, "ci_high": 1.0}


def _pairs(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**PAIR, **change} for change in changes])


def _summary(**centers: float) -> pd.DataFrame:
    return pd.DataFrame([{"arm": arm, "n": 8, "center": center, "diverged": 0} for arm, center in centers.items()])


def _last(metric: str = "fair_modes", **centers: float) -> pd.DataFrame:
    key = {"metric": metric, "protocol": PROTOCOL, "n": 8, "ci_low": 0.5, "ci_high": 8.0, "diverged": 0}
    return pd.DataFrame([{"arm": arm, "center": center, **key} for arm, center in centers.items()])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "better"),
        ({"ci_low": -1.0}, "open"),
        ({"center": -3.0, "ci_low": -5.0, "ci_high": -1.0}, "worse"),
        ({"metric": "reverse_kl"}, "worse"),
        ({"metric": "density"}, "open"),
        ({"ci_low": float("nan")}, "open"),
        ({"n": 0}, "open"),
        (SAME, "same"),
    ],
)
def test_better_or_worse_is_what_the_interval_and_the_direction_say(changes: dict[str, Any], expected: str) -> None:
    assert tone(next(_pairs(changes).itertuples())) == expected


def test_a_matrix_has_a_row_a_pair_under_its_heading_and_the_main_measure_first() -> None:
    pairs = _pairs({"metric": "modes"}, {}, {"metric": "density"}, {"second": "other", **SAME})
    claim = (Link("C5", "claim-1"), "supported", "✓", "supported")
    made = matrix(
        pairs,
        {"K = 2": ["regularised"], "Others": ["other"]},
        {("plain", "regularised"): [claim]},
        ("fair_modes", PROTOCOL),
        _last(plain=4.0, regularised=7.0, other=4.0),
    )
    assert made is not None
    assert [title for title, _ in made.metrics] == [
        "Modes with ≥ 20% of their fair share\N{NO-BREAK SPACE}↑",
        "Modes captured\N{NO-BREAK SPACE}↑",
    ]
    assert [facet.title for facet in made.facets] == [VALUES, "K = 2", "Others"]
    assert [row.arm for row in made.facets[0].rows] == ["plain"]
    first, second = (facet.rows[0] for facet in made.facets[1:])
    assert first.effects[0].number == ("+3 modes", "[1, 5], n = 8")
    assert (first.effects[0].tone, first.verdicts) == ("better", [claim])
    assert second.effects[0].number == ("0", "the same in all 8 seeds")
    assert second.effects[1].number.text == "–"


def test_measures_in_which_no_pair_differs_come_last() -> None:
    pairs = _pairs({"metric": "precision", **SAME}, {"metric": "modes"}, {})
    made = matrix(pairs, {"": ["regularised"]}, {}, ("fair_modes", PROTOCOL), _last(regularised=7.0))
    assert made is not None
    assert [title.split()[0] for title, _ in made.metrics] == ["Modes", "Modes", "Precision"]


def test_arms_that_are_compared_with_none_show_their_values_which_are_neither_better_nor_worse() -> None:
    pairs, last = _pairs({}), pd.concat([_last(plain=4.0, regularised=7.0, alone=5.5), _last("modes", alone=6.0)])
    claim = (Link("R", "claim-2"), "supported", "✓", "supported")
    claims = {("regularised", "alone"): [claim]}
    made = matrix(pairs, {"": ["regularised", "alone"]}, claims, ("fair_modes", PROTOCOL), last)
    assert made is not None
    assert [facet.title for facet in made.facets] == [VALUES, DIFFERENCES]
    plain, alone = made.facets[0].rows
    assert (alone.arm, alone.against, alone.verdicts) == ("alone", "", [claim])
    assert [effect.number for effect in alone.effects] == [
        ("5.5 modes", "[0.5, 8], n = 8"),
        ("6 modes", "[0.5, 8], n = 8"),
    ]
    assert plain.effects[1].number.text == "–"
    assert {effect.tone for row in (plain, alone) for effect in row.effects} == {""}


def test_without_pairs_the_matrix_has_every_arm_s_values() -> None:
    made = matrix(_pairs({}).iloc[:0], {"": ["a", "b"]}, {}, ("", ""), _last(a=1.0, b=2.0))
    assert made is not None
    assert [(facet.title, len(facet.rows)) for facet in made.facets] == [("", 2)]
    assert "None is compared" in made.caption


def test_without_a_measure_that_has_a_direction_there_is_no_matrix() -> None:
    assert matrix(_pairs({}).iloc[:0], {}, {}, ("", ""), _last("density", a=1.0)) is None


def test_a_pair_is_told_with_effect_interval_both_values_and_seeds() -> None:
    told = sentence(_pairs({}), _summary(plain=4.0, regularised=7.0), "fair_modes")
    assert told == (
        "regularised is better than plain. Modes with ≥ 20% of their fair share, higher is better: 7 against 4 modes; "
        "difference +3 modes, 95% interval [1, 5]; better in 7 of 8 seeds."
    )
    assert "cannot be told apart from" in sentence(_pairs({"ci_low": -1.0}), _summary(plain=4.0), "fair_modes")
    assert sentence(_pairs(SAME), _summary(plain=4.0), "fair_modes").endswith("score the same in all 8 seeds.")
    assert "no seed has a value" in sentence(_pairs({"n": 0}), _summary(), "fair_modes")


def test_many_pairs_are_counted_and_the_largest_gain_is_named() -> None:
    told = sentence(
        _pairs({}, {"second": "b", "center": 4.0}, {"second": "c", **SAME}), _summary(plain=1.0), "fair_modes"
    )
    counted = "of 3 arms, each against its partner, 2 better, 1 the same in every seed."
    assert told == (
        f"Modes with ≥ 20% of their fair share, higher is better: {counted} Largest gain: b over plain, "
        "difference +4 modes, 95% interval [1, 5]."
    )


def test_where_none_gains_the_nearest_is_told_and_where_seeds_are_few_that_they_are() -> None:
    loss = {"center": -4.0, "ci_low": float("nan"), "ci_high": float("nan")}
    told = sentence(_pairs(SAME, {"second": "b", **loss}), _summary(plain=1.0), "fair_modes")
    assert told.endswith(
        "None gains; nearest to a gain is b against plain, difference −4 modes, n = 8, too few for an interval."
    )
    alone = sentence(_pairs(loss), _summary(plain=7.0, regularised=3.0), "fair_modes")
    assert alone.endswith(
        "3 against 7 modes; difference −4 modes, n = 8, too few for an interval; better in 7 of 8 seeds."
    )


def test_arms_that_are_no_pairs_are_told_by_the_best() -> None:
    told = sentence(_pairs({}).iloc[:0], _summary(a=2.0, b=1.0).assign(ci_low=0.5, ci_high=3.0), "reverse_kl")
    assert told.startswith("KL of modes to uniform (nats), lower is better: the last value of b, the best of 2 arms, ")
    assert told.endswith(" is 1 nat ([0.5, 3], n = 8).")
    assert sentence(_pairs({}).iloc[:0], _summary(), "reverse_kl").endswith("no arm has a value.")


def test_claims_are_found_by_the_pair_or_the_arm_that_they_are_about() -> None:
    fields: dict[str, Any] = dict.fromkeys(Verdict._fields, "")
    arms = {"A": "b", "B": "plain, b", "C": ""}
    made = [Verdict(**{**fields, "id": name, "arms": about}) for name, about in arms.items()]
    links = {pair: rows[0][0] for pair, rows in claims_by_pair(made).items()}
    assert links == {("", "b"): ("A", "claim-1"), ("plain", "b"): ("B", "claim-2")}


def test_medians_are_said_to_be_for_their_difference_is_not_that_of_the_medians() -> None:
    pairs = _pairs({"metric": "frechet", "protocol": "efflite0-128/n=256/ref=train", "center_of": "median"})
    told = sentence(pairs, _summary(plain=10.0, regularised=12.0), "frechet")
    assert "median difference +3, 95% interval [" in told
    assert "medians 12 against 10;" in told
    assert "median" not in sentence(_pairs({}), _summary(plain=4.0, regularised=7.0), "fair_modes")


def test_arms_that_are_equally_good_are_none_of_them_the_best() -> None:
    """Of three arms that held all modes the first was "the best"."""
    none = _pairs({}).iloc[:0]
    told = sentence(none, _summary(a=8.0, b=8.0, c=8.0), "fair_modes")
    assert told.endswith("the best last value, 8 modes, is that of all 3 arms.")
    assert sentence(none, _summary(a=8.0, b=8.0, c=7.0), "fair_modes").endswith("is that of 2 of 3 arms.")


def test_a_measure_without_a_better_direction_does_not_say_that_arms_are_alike() -> None:
    told = sentence(_pairs({"metric": "density"}), _summary(plain=0.1, regularised=0.5), "density")
    assert "of which neither more nor less is better" in told
    assert "told apart" not in told


def test_claims_against_another_than_the_partner_stand_in_the_row_and_name_it() -> None:
    claim = (Link("D-use", "claim-2"), "supported", "✓", "supported")
    made = matrix(
        _pairs({}), {"": ["regularised"]}, {("third", "regularised"): [claim]}, ("fair_modes", PROTOCOL),
        _last(plain=4.0, regularised=7.0, third=4.0),
    )  # fmt: skip
    assert made is not None
    (row,) = (row for facet in made.facets for row in facet.rows if row.arm == "regularised")
    assert row.verdicts == [(Link("D-use (against third)", "claim-2"), "supported", "✓", "supported")]


FEW = {"n": 6, "pairs": 16, "metric": "frechet", "center": 6.0, "ci_low": 5.0, "ci_high": 7.0, "center_of": "median"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"second_better": 10}, "open"),
        ({"second_better": 8}, "open"),
        ({"second_better": 1}, "worse"),
        ({"second_better": 0, "center": -6.0, "ci_low": -7.0, "ci_high": -5.0}, "open"),
        ({"second_better": 15, "center": -6.0, "ci_low": -7.0, "ci_high": -5.0}, "better"),
        ({"second_better": 10, **SAME}, "open"),
    ],
)
def test_where_runs_diverged_those_that_are_left_do_not_decide_alone(changes: dict[str, Any], expected: str) -> None:
    """Of 16 seeds the plain arm diverged in ten, and its partner was called worse for the six that were left."""
    assert tone(next(_pairs({**FEW, **changes}).itertuples())) == expected


def test_a_pair_of_which_runs_diverged_says_of_which_seeds_its_difference_is_and_how_many_diverged() -> None:
    summary = _summary(plain=41.25, regularised=46.6).assign(diverged=[10, 0])
    told = sentence(_pairs({**FEW, "second_better": 10}), summary, "frechet")
    assert told.startswith("regularised beside plain.")
    assert told.endswith(
        "95% interval [5, 7], of the 6 of 16 seeds in which both have a value; better in 10 of 16 seeds, a run without "
        "a value being worse than any (10 of plain diverged)."
    )
    none = sentence(_pairs({**FEW, "n": 0, "second_better": 16}), summary.assign(diverged=[16, 0]), "frechet")
    assert "no seed has a value of both regularised and plain; regularised is better in 16 of 16 seeds" in none
    assert none.endswith("(16 of plain diverged).")


def test_cells_of_pairs_of_which_runs_diverged_count_all_seeds() -> None:
    pairs = _pairs({**FEW, "second_better": 10}, {**FEW, "second": "other", "n": 0, "second_better": 16})
    made = matrix(pairs, {"": ["regularised", "other"]}, {}, ("frechet", PROTOCOL), _last("frechet", plain=41.0))
    assert made is not None
    told = [row.effects[0].number.rest for row in made.facets[-1].rows]
    assert told == ["[5, 7], n = 6; better in 10 of 16 seeds", "no seed has both; better in 16 of 16 seeds"]


def test_an_arm_that_gains_only_where_it_did_not_diverge_is_not_the_largest_gain() -> None:
    gain = {"center": -9.0, "ci_low": -10.0, "ci_high": -8.0, "second_better": 6}
    whole = {**FEW, "n": 16, "center": -1.0, "ci_low": -2.0, "ci_high": -0.5, "second_better": 16, "second": "b"}
    told = sentence(_pairs({**FEW, **gain}, whole), _summary(plain=41.25), "frechet")
    assert "1 better, 1 not told apart. In 1 of these pairs runs have no value" in told
    assert told.endswith("Largest gain of the others: b over plain, median difference −1, 95% interval [−2, −0.5].")


def test_an_arm_that_is_compared_with_none_says_how_many_of_its_runs_diverged() -> None:
    last = _last(a=2.0).assign(diverged=3)
    made = matrix(_pairs({}).iloc[:0], {"": ["a"]}, {}, ("", ""), last)
    assert made is not None
    assert made.facets[0].rows[0].effects[0].number.rest == "[0.5, 8], n = 8; 3 diverged"
    assert sentence(_pairs({}).iloc[:0], last, "fair_modes").endswith("([0.5, 8], n = 8; 3 diverged).")
