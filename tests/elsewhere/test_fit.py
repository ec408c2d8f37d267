"""Numbers fitted into a study: nothing is made up, and all that does not count is told."""

from __future__ import annotations

import math

import pytest

from vigan.config.experiment import Experiment
from vigan.elsewhere.fit import Fitted, Names, Place, fit
from vigan.elsewhere.numbers import Number
from vigan.io.files import RecordError

EXPERIMENT = Experiment.model_validate(
    {
        "title": "Theirs", "iterations": 20, "protocols": [{"kind": "elsewhere"}],
        "arms": {"theirs": {"from": "runs.csv"}},
    }
)  # fmt: skip
KNOWN = {"fid": "fid", "recall": "reported_recall"}


def number(seed: int, step: int, value: float | None, metric: str = "fid", protocol: str | None = None) -> Number:
    return Number(seed, step, metric, protocol, value, f"line of {seed}, {step}")


def run(seed: int, *steps: int, metric: str = "fid") -> list[Number]:
    return [number(seed, step, 1.0 / (1 + step), metric) for step in steps]


def fitted(numbers: list[Number], seeds: tuple[int, ...] = (0, 1), experiment: Experiment = EXPERIMENT) -> Fitted:
    return fit(numbers, Names(KNOWN, None), Place("theirs", experiment, seeds))


def statuses(found: Fitted) -> dict[int, str]:
    return {one.seed: one.status for one in found.runs}


def values(found: Fitted, metric: str = "fid") -> dict[tuple[int, int], float]:
    rows = found.table[found.table["metric"] == metric]
    return dict(zip(zip(rows["seed"], rows["step"], strict=True), rows["value"], strict=True))


def test_every_number_that_counts_is_there_and_no_other() -> None:
    found = fitted([*run(0, 0, 10, 20), *run(1, 0, 10, 20)])
    assert values(found) == {(seed, step): 1 / (1 + step) for seed in (0, 1) for step in (0, 10, 20)}
    assert statuses(found) == {0: "completed", 1: "completed"}
    assert found.told == ()


def test_a_run_that_ends_early_is_not_judged_and_told() -> None:
    found = fitted([*run(0, 0, 10, 20), *run(1, 0, 10)])
    assert statuses(found) == {0: "completed", 1: "unfinished"}
    assert set(found.table.loc[found.table["seed"] == 1, "status"]) == {"unfinished"}
    assert any("Not judged: FID (reported) of seed 1, not measured at step 20" in line for line in found.told)


def test_a_metric_that_ends_early_is_not_judged_while_the_others_of_its_run_are() -> None:
    found = fitted([*run(0, 0, 20), *run(0, 0, 10, metric="recall")], (0,))
    by_metric = found.table.groupby("metric")["status"].agg(set).to_dict()
    assert by_metric["fid"] == {"completed"}
    assert by_metric["reported_recall"] == {"unfinished"}
    assert statuses(found) == {0: "completed"}


def test_a_value_that_is_not_finite_is_a_divergence_and_no_number() -> None:
    found = fitted([*run(0, 0, 10), number(0, 20, math.nan), *run(1, 0, 10, 20)])
    assert statuses(found)[0] == "diverged"
    assert (0, 20) not in values(found)
    assert values(found, "finite")[0, 20] == 0
    assert any("Diverged: seed 0" in line for line in found.told)


def test_missing_and_unknown_seeds_late_steps_other_metrics_and_empty_cells_are_told() -> None:
    others = [
        *run(7, 20), *run(0, 30), number(0, 20, 1.0, "lpips"), number(0, 10, None), number(0, 20, 1.0, protocol="x"),
    ]  # fmt: skip
    told = " ".join(fitted([*run(0, 0, 20), *others]).told)
    for words in (
        "metrics 'lpips'", "protocols 'x'", "seed 7, which the study does not name", "steps after 20, of seed 0",
        "1 cell without a value", "Missing: seed 1",
    ):  # fmt: skip
        assert words in told


def test_every_character_of_a_stranger_s_names_can_be_seen_where_they_are_told() -> None:
    """They stood in the page as they are, where one turns the words after it round."""
    names = {"a\u202ebc": r"'a\u202ebc'", "d\x1b[31m\ne": r"'d\x1b[31m\ne'", "é 🚀": "'é 🚀'"}
    others = [*(number(0, 20, 1.0, name) for name in names), *(number(0, 20, 1.0, protocol=name) for name in names)]
    told = fitted([*run(0, 0, 20), *others], (0,)).told
    assert [line for line in told if ", ".join(names.values()) in line] == list(told)
    assert len(told) == 2


def test_unequal_steps_are_told_with_how_many_are_shared() -> None:
    told = fitted([*run(0, 0, 5, 10, 20), *run(1, 0, 10, 20)]).told
    assert any("at 4 steps, 3 of them in all runs" in line for line in told)


def test_the_same_number_twice_counts_once_and_two_for_one_place_are_refused() -> None:
    found = fitted([*run(0, 0, 20), *run(0, 20)], (0,))
    assert found.told == ("1 number twice, with equal values.",)
    assert len(values(found)) == 2
    with pytest.raises(RecordError, match=r"seed 0, step 20, 'fid' has two values, .* and 9; remove one"):
        fitted([*run(0, 0, 20), number(0, 20, 9.0)])


def test_a_value_that_its_metric_cannot_have_is_refused() -> None:
    with pytest.raises(RecordError, match="73 is no value of 'reported_recall', which lies from 0 to 1"):
        fitted([number(0, 20, 73.0, "recall")])


def test_nothing_to_read_is_refused_with_the_reason() -> None:
    with pytest.raises(RecordError, match="no number of it is one that the study asks for: Not read: metrics 'x'"):
        fitted([number(0, 20, 1.0, "x")])


def test_numbers_go_to_the_protocol_that_they_or_the_study_name() -> None:
    two = EXPERIMENT.model_copy(
        update={"protocols": tuple(EXPERIMENT.protocols[0].model_copy(update={"called": name}) for name in "ab")}
    )
    numbers = [number(0, 20, 1.0, protocol="a"), number(0, 20, 2.0, protocol="elsewhere/b"), number(0, 20, 3.0)]
    found = fit(numbers, Names(KNOWN, None), Place("theirs", two, (0,)))
    rows = found.table[found.table["metric"] == "fid"]
    assert dict(zip(rows["protocol"], rows["value"], strict=True)) == {"elsewhere/a": 1.0, "elsewhere/b": 2.0}


def test_what_others_call_a_protocol_comes_before_what_it_is_called_here() -> None:
    called = ("elsewhere", "elsewhere/b", "b")
    three = EXPERIMENT.model_copy(
        update={"protocols": tuple(EXPERIMENT.protocols[0].model_copy(update={"called": name}) for name in called)}
    )
    numbers = [number(0, 20, float(place), protocol=name) for place, name in enumerate(called)]
    found = fit(numbers, Names(KNOWN, None), Place("theirs", three, (0,)))
    rows = found.table[found.table["metric"] == "fid"]
    assert dict(zip(rows["value"], rows["protocol"], strict=True)) == {
        float(place): f"elsewhere/{name}" for place, name in enumerate(called)
    }
