"""The calibration on few simulations: its processes, what is true of them, and that it judges as a study is judged."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from simulated_tables import FLOORS, long_table, study_of

from vigan.analysis.claim_table import claim_table
from vigan.analysis.estimates import run_scores
from vigan.analysis.events import events
from vigan.analysis.exact import share_test
from vigan.analysis.inference import infer
from vigan.analysis.outcomes import Differences, Measurements
from vigan.analysis.verdicts import judge
from vigan.bench import calibration, calibration_statistics
from vigan.bench.calibration_processes import (
    ATTACKS,
    EFFECTS,
    GROUPS,
    WELL,
    Pair,
    Run,
    collapsed,
    coupled,
    ending,
    held,
)
from vigan.bench.calibration_rules import FAMILY, TESTED, rules, seen, truth
from vigan.bench.calibration_verdicts import KINDS, Studies, cases_of, looks, outcome_of, simulated, verdicts
from vigan.config.claims import PairedMean, PairedShares, PairedSign, PairedTime

ALL = {f"{group}: {name}": process for group, part in GROUPS.items() for name, process in part.items()} | EFFECTS
AT_A_BOUNDARY = {
    "bad ends": ("ends",),
    "30% never learn, 5% diverge": ("ends", "collapses"),
    "mean of modes": ("mean",),
    "half of the seeds beyond, modes": ("sign",),
    "half of the seeds beyond, time": ("time",),
}
PLACES = {"at zero": "zero", "at the margin": "margin", "at minus the margin": "minus-margin"}


def test_every_process_is_one_of_runs_that_there_can_be() -> None:
    for name, process in ALL.items():
        assert sum(pair.chance for pair in process) == pytest.approx(1), name
        for run in (run for pair in process for run in (pair.first, pair.second)):
            assert 0 <= run.value <= 8, name
            assert 0 <= run.on_track <= run.time <= 1, name


@pytest.mark.parametrize("group", AT_A_BOUNDARY)
def test_a_process_is_exactly_where_it_is_said_to_be(group: str) -> None:
    """There, neither "beyond the boundary" nor "short of it" is true."""
    for name, process in GROUPS[group].items():
        boundary = PLACES[name.rsplit(", ", 1)[1]]
        for rule in AT_A_BOUNDARY[group]:
            assert {"supported", "contradicted"} <= set(truth(rules("fixed")[f"{rule}-{boundary}"], process).false), (
                name
            )


@pytest.mark.parametrize("alike", [-0.4, 0.0, 0.3, 0.9])
def test_pairs_are_as_alike_as_they_are_said_to_be(alike: float) -> None:
    process = coupled(ending(0.5), ending(0.5), alike)
    bad = np.array([[pair.chance, pair.first.had("bad-end"), pair.second.had("bad-end")] for pair in process])
    both = (bad[:, 0] * bad[:, 1] * bad[:, 2]).sum()
    assert (both - 0.25) / 0.25 == pytest.approx(alike)
    uneven = coupled(ending(0.4), ending(0.1), alike)
    shares = [sum(pair.chance for pair in uneven if run(pair).cause) for run in (lambda p: p.first, lambda p: p.second)]
    assert shares == pytest.approx([0.4, 0.1])


@pytest.mark.parametrize("name", ["sign-margin", "mean-zero", "ends-margin", "time-minus-margin", "rare-40"])
def test_what_is_true_is_what_many_seeds_come_to(name: str) -> None:
    process = GROUPS["30% never learn, 5% diverge"]["pairs 0 alike, at the margin"]
    claim, n = rules("sequential")[name], 20_000
    (case,), _ = cases_of(claim, process, simulated(process, 1, (n,), (0, 0)).tallies[n])
    true, found = truth(claim, process), case.evidence.estimate
    assert found.low < true.estimand < found.high
    assert found.high - found.low < (0.5 if name == "mean-zero" else 0.05)
    assert judge([case])[0].verdict not in true.false


def test_the_truth_of_a_claim_is_worked_out_by_hand() -> None:
    process = held(5, (0.6, 1.0), (0.3, 0.0), (0.1, -5.0))
    fewer = coupled(ending(0.5), ending(0.3))
    for name, among, estimand, false in (
        ("sign-margin", process, 0.6, ("contradicted", "equivalent")),
        ("sign-minus-margin", process, 0.9, ("contradicted", "equivalent")),
        ("mean-margin", process, 0.1, ("supported",)),
        ("mean-zero", process, 0.1, ("contradicted",)),
        ("ends-margin", fewer, -0.2, TESTED),
        ("often-40", fewer, 0.5, ("contradicted", "equivalent")),
        ("rare-40", fewer, 0.3, ("contradicted", "equivalent")),
    ):
        true = truth(rules("fixed")[name], among)
        assert true.estimand == pytest.approx(estimand)
        assert true.false == false, name


@pytest.mark.parametrize("sampling", ["fixed", "sequential"])
def test_a_sign_rule_sees_of_a_difference_only_what_it_is_beyond(sampling: str) -> None:
    claims = [claim for claim in rules(sampling).values() if isinstance(claim, PairedSign | PairedTime)]
    rng = np.random.default_rng(0)
    for claim, _ in product(claims, range(4)):
        unit = claim.margin
        differences = rng.choice([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5], 9) * unit
        if isinstance(claim, PairedSign):
            pairs = [Pair(1, Run(value=4), Run(value=4 + more)) for more in differences]
        else:
            field = "on_track" if claim.event == "reach" else "time"
            runs = [Run("" if field == "on_track" else "collapsed")._replace(**{field: 0.5 + d}) for d in differences]
            pairs = [Pair(1, runs[0]._replace(**{field: 0.5}), run) for run in runs]
        stand_ins = np.array([seen(claim, pair) for pair in pairs])
        assert infer(claim, Differences(stand_ins, 8.0)) == infer(claim, Differences(differences, 8.0)), claim.id


@pytest.mark.parametrize("kind", [PairedShares, PairedMean])
def test_which_boundary_decides_changes_neither_interval_nor_p_values(kind: type) -> None:
    process = GROUPS["30% never learn, 5% diverge"]["pairs 0 alike, at zero"]
    tally = simulated(process, 1, (9,), (0, 1)).tallies[9]
    for sampling in ("fixed", "sequential"):
        found = [
            infer(claim, outcome_of(claim, np.repeat([seen(claim, pair) for pair in process], tally[0])))._replace(
                boundary="zero"
            )
            for claim in rules(sampling).values()
            if isinstance(claim, kind) and getattr(claim, "event", "bad-end") == "bad-end"
        ]
        assert found == [found[0]] * 3


@pytest.mark.parametrize("sampling", ["fixed", "sequential"])
@pytest.mark.parametrize("name", [*ATTACKS, *EFFECTS, "30% never learn, 5% diverge: pairs 0 alike, at the margin"])
def test_outcomes_are_judged_as_the_tables_of_a_study_are(name: str, sampling: str) -> None:
    """From the long table of runs, through events, scores and the table of claims, comes the same verdict."""
    process = ({**ATTACKS, **ALL})[name]
    claims = [rules(sampling)[rule] for rule in FAMILY]
    tally = simulated(process, 1, (8,), (5, 5)).tallies[8]
    metrics = long_table(process, tally[0])
    study = study_of(claims, seeds=8)
    happened = events(metrics, FLOORS, study.experiments)
    table = claim_table(study, Measurements(run_scores(metrics), happened)).set_index("id")
    cases = [cases_of(claim, process, tally)[0][0] for claim in claims]
    for case, judged in zip(cases, judge(cases), strict=True):
        row = table.loc[case.claim.id]
        assert row["verdict"] == judged.verdict
        told = [row["estimate"], row["low"], row["high"], row["p_above_margin"], row["p_below_margin"]]
        of = case.evidence
        assert told == pytest.approx([*of.estimate[:3], of.above["margin"], of.below["margin"]])


def test_the_tables_come_to_every_kind_of_verdict() -> None:
    """So that the test above compares more than inconclusive ones."""
    given = set()
    for process in (*ATTACKS.values(), *EFFECTS.values()):
        cases = [
            cases_of(claim, process, simulated(process, 1, (n,), (5, 5)).tallies[n])[0][0]
            for claim, n in product(rules("fixed").values(), (8, 32))
        ]
        given |= {judge([case])[0].verdict for case in cases}
    assert given == {*KINDS, "inconclusive"}


def test_a_study_is_looked_at_after_every_two_seeds() -> None:
    assert looks(5) == [2, 4, 5]
    assert looks(6) == [2, 4, 6]
    drawn = simulated(coupled(ending(0.5), ending(0.5)), 30, (5, 6), (0, 0))
    assert list(drawn.tallies) == [2, 4, 5, 6]
    steps = [drawn.tallies[n] for n in (2, 4, 5, 6)]
    assert all((later >= earlier).all() for earlier, later in zip(steps, steps[1:], strict=False))
    assert [set(step.sum(axis=1)) for step in steps] == [{2}, {4}, {5}, {6}]


def test_a_verdict_that_was_once_reached_counts_though_it_is_lost_again() -> None:
    """Six good seeds, and then six bad ones."""
    process = (Pair(0.5, collapsed(), WELL), Pair(0.5, WELL, collapsed()))
    tallies = {n: np.array([[min(n, 6), max(0, n - 6)]]) for n in looks(12)}
    rows = pd.DataFrame(verdicts(Studies(process, tallies), (12,))).set_index(["rule", "way"])
    assert rows.loc[("ends-zero", "peeked"), "supported"] == 1
    assert rows.loc[("ends-zero", "sequential"), "supported"] == 0


def test_at_the_boundary_few_verdicts_are_false_and_an_effect_is_found() -> None:
    studies = 300
    null = simulated(GROUPS["bad ends"]["20%, pairs 0.3 alike, at zero"], studies, (8,), (0,))
    for row in verdicts(null, (8,)):
        for verdict in row["false"]:
            assert share_test(row[verdict], studies, 0.05, "greater") > 1e-4, row
    found = pd.DataFrame(verdicts(simulated(EFFECTS["90% against 5% end badly"], studies, (8,), (0,)), (8,)))
    shares = found.set_index(["rule", "way"])["supported"] / studies
    assert shares["ends-zero", "fixed"] > 0.9
    assert 0.3 < shares["ends-zero", "peeked"] < shares["ends-zero", "fixed"]


def test_a_rule_that_errs_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With twice the chance of an error that the rules name, false verdicts are too many."""
    from vigan.bench import calibration_rules

    process = GROUPS["half of the seeds beyond, modes"]["nearly constant, at the margin"]
    claim = rules("fixed")["sign-margin"].model_copy(update={"alpha": 0.2})
    monkeypatch.setattr("vigan.bench.calibration_verdicts.rules", lambda sampling: {"sign-margin": claim})
    rows = list(verdicts(simulated(process, 400, (8,), (0,)), (8,)))
    assert share_test(rows[0]["supported"], 400, calibration_statistics.ALPHA, "greater") < 1e-4
    assert calibration_rules.truth(claim, process).false == TESTED


def test_the_computed_sizes_are_those_of_a_simulation() -> None:
    rows = pd.DataFrame(calibration_statistics.sizes((8,))).set_index(["test", "boundary", "side"])["size"]
    assert rows["share", 0.5, "greater"] == pytest.approx(9 / 256)
    assert rows["paired-shares", 0.2, "greater"] == pytest.approx(0.034, abs=0.001)
    assert rows.max() <= calibration_statistics.ALPHA


def test_an_interval_that_misses_would_be_seen() -> None:
    """Of 5 runs that hold 7 or 8 of 8 modes, 59% agree: an interval without a width misses."""
    from vigan.analysis.exact import Interval

    mean, draw = calibration_statistics.BOUNDED["7 or 8 modes of 8"]

    def too_sure(values: np.ndarray) -> Interval:
        return Interval(float(values.mean()), float(values.min()), float(values.max()), len(values))

    assert calibration_statistics._covered(too_sure, mean, draw, 5, 500, 0) == pytest.approx(1 - 0.9**5, abs=0.06)


def test_the_laws_have_the_means_and_medians_they_are_said_to_have() -> None:
    rng = np.random.default_rng(0)
    for mean, draw in calibration_statistics.BOUNDED.values():
        assert draw(rng, (400, 100)).mean() == pytest.approx(mean, abs=0.01)
    for middle, draw in calibration_statistics.UNBOUNDED.values():
        assert np.median(draw(rng, (400, 101))) == pytest.approx(middle, abs=0.05)
    for lifetimes in calibration_statistics.LIFETIMES.values():
        assert sum(lifetimes.values()) == pytest.approx(1)


def test_the_same_seed_gives_the_same_rows() -> None:
    process = GROUPS["bad ends"]["50%, pairs 0 alike, at zero"]
    once, again, other = (list(verdicts(simulated(process, 8, (6,), (seed,)), (6,))) for seed in (0, 0, 1))
    assert once == again
    assert once != other


def test_a_record_holds_every_part_and_is_json(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    for name, value in (("QUICK_NUMBERS", (5,)), ("QUICK_STUDIES", 4), ("QUICK_PROCESSES", 1)):
        monkeypatch.setattr(calibration, name, value)
    found = calibration.measure(quick=True)
    assert found.details.keys() == {"sizes", "false_verdicts", "intervals", "attacks", "power"}
    wanted = {"share, fixed, supported", "paired-mean, peeked, contradicted", "family, sequential, equivalent"}
    assert wanted <= set(found.summary["false_verdicts_highest"])
    assert found.summary["coverage_lowest"]["share"] >= 0.95
    assert json.loads(json.dumps(found.summary)) == found.summary
    assert json.dumps(found.details)
    assert "attacks: 1 processes" in capsys.readouterr().out
