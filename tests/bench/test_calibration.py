"""The calibration on few simulations: what it simulates, and what its shares must be."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from vigan.analysis.uncertainty import mean

from vigan.analysis.survival import share_test
from vigan.bench import calibration, calibration_statistics, calibration_verdicts
from vigan.bench.calibration_verdicts import PROTOCOL, TRUTHS, verdicts


def test_populations_have_the_means_they_are_said_to_have() -> None:
    for law in calibration_statistics.NULL.values():
        assert law.mean() == pytest.approx(0, abs=1e-12)
    assert calibration_statistics.EFFECT["modes"].mean() == pytest.approx(7.875 - 3.375)
    assert calibration_statistics.EFFECT["normal"].mean() == pytest.approx(1)


def test_intervals_count_as_missing_on_the_side_where_they_lie() -> None:
    """Of three runs that are 1 once in 100, most are all 0: intervals of width 0 below the mean 0.01."""
    row = calibration_statistics._coverage(mean, np.append(np.zeros(99), 1.0), 3, 50, 0)
    assert row["too_low"] > 0.9
    assert row["covered"] + row["too_low"] + row["too_high"] == pytest.approx(1)


@pytest.mark.parametrize(("truth", "effect"), [("smallest difference", 1.0), ("no effect", 0.0), ("effect", 0.7 * 6.5)])
def test_simulated_runs_lose_as_many_modes_as_their_truth_says(truth: str, effect: float) -> None:
    table = calibration_verdicts._long_table(TRUTHS[truth], 4000, np.random.default_rng(0))
    last = table[(table["metric"] == "fair_modes") & (table["step"] == calibration_verdicts.EVALUATIONS)]
    means = last.groupby("arm")["value"].mean()
    assert means["regularised"] - means["plain"] == pytest.approx(effect, abs=0.2)


def test_the_smallest_delay_is_a_tenth_of_training() -> None:
    from vigan.analysis.events import events

    table = calibration_verdicts._long_table(TRUTHS["smallest delay"], 2000, np.random.default_rng(0))
    found = events(table, calibration_verdicts._FLOORS, calibration_verdicts.study().experiments)
    shares = (found["step"] / found["end"]).groupby(found["arm"]).mean()
    assert shares["regularised"] - shares["plain"] == pytest.approx(0.1, abs=0.02)
    came = found.groupby("arm")["observed"].mean()
    assert came["regularised"] == pytest.approx(0.3, abs=0.03)
    assert set(table["protocol"]) == {PROTOCOL}


def test_without_an_effect_few_studies_say_there_is_one_and_with_one_most_do() -> None:
    simulations = 60
    rows = pd.DataFrame(verdicts(simulations, 0, (8,), ("no effect", "effect"))).set_index(["truth", "claim"])
    false = round(rows.loc[("no effect", "difference"), "false_studies"] * simulations)
    assert share_test(false, simulations, 0.05, "greater") > 0.01
    assert rows.loc[("effect", "timing"), "supported"] > 0.4
    assert rows.loc[("effect", "timing"), "contradicted"] == 0
    shares = rows[["supported", "contradicted", "inconclusive"]].sum(axis=1)
    np.testing.assert_allclose(shares, 1)


def test_the_same_seed_gives_the_same_rows() -> None:
    once, again, other = (list(verdicts(8, seed, (12,), ("harm",))) for seed in (0, 0, 1))
    assert once == again
    assert once != other


def test_a_record_holds_every_part_and_is_json(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(calibration, "SIZES", {"errors": (5,), "power": (5,)})
    for module in (calibration_statistics,):
        monkeypatch.setattr(module, "RUNS", (5,))
    found = calibration.measure(quick=True)
    assert found.details.keys() == {"intervals", "tests", "verdicts", "power"}
    assert set(found.summary["power"]) == {"difference", "timing", "occurrence"}
    assert json.loads(json.dumps(found.summary)) == found.summary
    assert "covered" in capsys.readouterr().out
