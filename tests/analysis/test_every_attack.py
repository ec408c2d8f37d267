"""What a hostile referee broke earlier rules with, and what the rules say of it now: ten attacks, and three more.

The processes are those of `vigan bench calibration`, the verdicts those of whole simulated studies.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from simulated_tables import COLLAPSE, PROTOCOL, REACH, study_of

from vigan.analysis.betting import bounded_mean
from vigan.analysis.exact import share_test
from vigan.analysis.fates import Fate
from vigan.analysis.raw import read_raw, write_raw
from vigan.analysis.testability import untestable
from vigan.analysis.verdicts import judge
from vigan.bench.calibration_processes import ATTACKS, EFFECTS, GROUPS, Process, coupled, ending, held
from vigan.bench.calibration_rules import rules
from vigan.bench.calibration_verdicts import cases_of, simulated, verdicts
from vigan.config.claims import Untested, arms_of
from vigan.config.load import load_study
from vigan.stages.analyse import derive

from . import studied

ALPHA, STUDIES = 0.05, 300
CONFIG = Path(__file__).parents[2] / "config"
STUDY_FILES = [file for file in sorted(CONFIG.glob("*.yaml")) if "\nexperiments:" in file.read_text(encoding="utf-8")]


def shares(process: Process, chosen: Sequence[str], *numbers: int, studies: int = STUDIES) -> pd.DataFrame:
    """By rule, way and n: in how many studies each verdict was given."""
    drawn = simulated(process, studies, numbers, (20,))
    return pd.DataFrame(verdicts(drawn, numbers, chosen)).set_index(["rule", "way", "n"]).sort_index()


def at_most_alpha(count: int, studies: int = STUDIES) -> bool:
    """Whether so many false verdicts may come of a rule that errs with a chance of at most alpha."""
    return share_test(count, studies, ALPHA, "greater") > 1e-4


def test_1_an_arm_that_never_learns_is_not_supported() -> None:
    collapses = [f"collapses-{at}" for at in ("margin", "zero", "minus-margin")]
    chosen = ["rare-20", "rare-40", "ends-margin", "ends-zero", *collapses]
    found = shares(ATTACKS["the regularised arm never learns"], chosen, 8, 16)
    assert (found["supported"] == 0).all()
    assert (found.loc[collapses, "not testable here"] == STUDIES).all()
    assert found["equivalent"].map(at_most_alpha).all()
    assert found.loc[("ends-zero", "fixed", 16), "contradicted"] > 0.5 * STUDIES


def test_1_the_reason_says_what_became_of_the_arm() -> None:
    claim = rules("fixed")["collapses-margin"]
    fared = {"plain": Fate(8, {"reach": 8, "collapse": 5, "bad-end": 5})}
    never = untestable(claim, {**fared, "regularised": Fate(8, {"reach": 3, "collapse": 0, "bad-end": 5})})
    assert never["supported"].startswith("Only 3 of 8 runs of regularised got on track")
    died = untestable(claim, {**fared, "regularised": Fate(8, {"reach": 8, "collapse": 1, "bad-end": 6})})
    assert died["supported"].startswith("Only 3 of 8 runs of regularised got on track and did not diverge")
    assert not untestable(claim, {**fared, "regularised": Fate(8, {"reach": 7, "collapse": 1, "bad-end": 2})})


def test_1_an_arm_that_lets_all_learn_is_not_contradicted() -> None:
    chosen = ["ends-margin", "ends-zero", "rare-40", "collapses-margin", "time-margin"]
    found = shares(ATTACKS["80% of plain runs never learn"], chosen, 8, 16)
    assert (found["contradicted"] == 0).all()
    assert found.loc[("ends-margin", "fixed", 16), "supported"] > 0.9 * STUDIES
    assert found.loc[("collapses-margin", "fixed", 16), "not testable here"] > 0.9 * STUDIES


@pytest.mark.parametrize("n", [6, 16, 32])
def test_2_without_events_nothing_is_concluded_of_them(n: int) -> None:
    chosen = ["rare-20", "rare-40", "often-40", "ends-margin", "ends-zero", "collapses-margin", "time-margin"]
    found = shares(ATTACKS["no run ends badly"], chosen, n, studies=1)
    assert (found["not testable here"] == 1).all()


def test_2_no_event_in_six_runs_leaves_room_for_a_third() -> None:
    (case,), _ = cases_of(rules("fixed")["rare-40"], ATTACKS["no run ends badly"], np.array([[6]]))
    assert case.evidence.estimate.high == pytest.approx(1 - 0.025 ** (1 / 6))


@pytest.mark.parametrize("place", ["at zero", "at the margin", "at minus the margin"])
@pytest.mark.parametrize(
    ("group", "name", "rule"),
    [
        ("mean of modes", "10% fail", "mean"),
        ("mean of modes", "20% fail", "mean"),
        ("half of the seeds beyond, modes", "20% fail", "sign"),
        ("half of the seeds beyond, time", "20% early", "time"),
    ],
)
def test_3_rare_failures_do_not_make_verdicts_false(group: str, name: str, rule: str, place: str) -> None:
    boundary = {"at zero": "zero", "at the margin": "margin", "at minus the margin": "minus-margin"}[place]
    found = shares(GROUPS[group][f"{name}, {place}"], [f"{rule}-{boundary}"], 5, 8, 16)
    assert {"supported", "contradicted"} <= set(found["false"].iloc[0])
    assert found[["supported", "contradicted"]].map(at_most_alpha).all(axis=None)


def test_4_a_collapse_in_the_beginning_is_a_collapse() -> None:
    chosen = ["often-40", "ends-margin", "collapses-margin", "time-margin"]
    found = shares(ATTACKS["plain runs collapse early"], chosen, 8)
    assert (found.loc[(slice(None), "fixed"), "supported"] == STUDIES).all()


def test_4_runs_of_which_a_quarter_collapses_are_not_called_stable() -> None:
    found = shares(ATTACKS["a quarter of the regularised runs collapse"], ["rare-20"], 8, 16, 32)
    assert "supported" in found["false"].iloc[0]
    assert found["supported"].map(at_most_alpha).all()


def test_5_an_effect_short_of_the_margin_is_not_supported_at_the_margin() -> None:
    """Every seed is better, by less than matters: certain, and not as claimed."""
    found = shares(held(5, (0.5, 0.4), (0.5, 0.9)), ["sign-margin", "sign-zero", "mean-margin"], 16, 32)
    for rule in ("sign", "mean"):
        assert (found.loc[f"{rule}-margin", "supported"] == 0).all(), rule
    assert (found.loc["sign-zero", "supported"] == STUDIES).all()
    assert (found.loc["sign-margin", "equivalent"] == STUDIES).all()


def test_6_a_fixed_rule_gives_no_verdict_before_all_of_its_seeds_are_run() -> None:
    claim = rules("fixed")["ends-zero"]
    (case,), _ = cases_of(claim, EFFECTS["90% against 5% end badly"], np.array([[0, 8, 0, 0]]))
    assert judge([case])[0].verdict == "supported"
    early = judge([case._replace(seeds=10)])[0]
    assert early.verdict == "inconclusive"
    assert "8 of the 10 seeds" in early.reason


@pytest.mark.parametrize("rule", ["sign-zero", "ends-zero", "often-40", "mean-zero"])
def test_6_bets_may_be_looked_at_as_often_as_one_likes(rule: str) -> None:
    group, name = {
        "sign-zero": ("half of the seeds beyond, modes", "nearly constant, at zero"),
        "mean-zero": ("mean of modes", "nearly constant, at zero"),
    }.get(rule, ("bad ends", "50%, pairs 0 alike, at zero"))
    process = coupled(ending(0.4), ending(0.4)) if rule == "often-40" else GROUPS[group][name]
    found = shares(process, [rule], 20).loc[(rule, "peeked", 20)]
    assert {"supported", "contradicted"} <= set(found["false"])
    assert at_most_alpha(found["supported"])
    assert at_most_alpha(found["contradicted"])


SAMPLES = {"kind": "toy-modes", "samples": 2500}
PARTS: dict[str, dict[str, Any]] = {
    "seeds": {"seeds": 3}, "iterations": {"iterations": 40}, "snapshots": {"snapshots": 10},
    "protocol": {"protocols": [{**SAMPLES, "samples": 500}]},
    "collapse": {"collapse": {**COLLAPSE, "below": 0.4}}, "on track": {"reach": {**REACH, "share": 0.6}},
}  # fmt: skip


def _rules(sampling: str = "fixed", seeds: int = 2, statement: str = "", **changes: object) -> Mapping[str, Any]:
    """What is kept with the runs of a study of one claim."""
    claim = rules(sampling)["ends-margin"].model_copy(update={"statement": statement})
    return study_of([claim], seeds, **changes).rules()


@pytest.mark.parametrize("part", PARTS)
def test_6_a_rule_kept_with_runs_holds_all_that_it_reads(part: str) -> None:
    assert _rules(**PARTS[part]) != _rules()


def test_6_and_nothing_else() -> None:
    assert _rules(statement="Fewer, it is said.", title="Another title") == _rules()
    named = {event: {**rule, "protocol": PROTOCOL} for event, rule in (("collapse", COLLAPSE), ("reach", REACH))}
    assert _rules(protocols=[SAMPLES, {**SAMPLES, "samples": 700}], **named) == _rules(**named)


def test_6_seeds_may_be_added_to_a_sequential_rule() -> None:
    assert _rules("sequential", seeds=3) == _rules("sequential")


@pytest.mark.parametrize("sampling", ["fixed", "sequential"])
def test_7_no_interval_is_without_a_width(sampling: str) -> None:
    """Also where all seeds agree."""
    for process, n in product((*ATTACKS.values(), held(8, (1.0, -0.5))), (1, 5, 32)):
        for claim, place in product(rules(sampling).values(), range(len(process))):
            (case,), _ = cases_of(claim, process, n * np.eye(len(process), dtype=int)[[place]])
            assert case.evidence.estimate.high > case.evidence.estimate.low, claim.id


@pytest.mark.parametrize("n", [3, 5, 8, 16])
def test_7_runs_that_hold_8_modes_with_a_chance_of_90_percent_are_covered(n: int) -> None:
    rng = np.random.default_rng(n)
    found = [bounded_mean(np.where(rng.random(n) < 0.9, 8.0, 7.0), 0.0, 8.0) for _ in range(STUDIES)]
    missed = sum(not interval.low <= 7.9 <= interval.high for interval in found)
    assert at_most_alpha(missed)


def test_8_a_claim_that_could_mean_two_protocols_is_refused() -> None:
    claim, other = rules("fixed")["mean-zero"], "toy-modes/n=500/ref=train"
    both = {"protocols": [SAMPLES, {**SAMPLES, "samples": 500}]}
    named = {"collapse": {**COLLAPSE, "protocol": other}, "reach": {**REACH, "protocol": other}}
    with pytest.raises(ValidationError, match="could be any of 2 protocols"):
        study_of([claim], 2, **both, **named)
    study = study_of([claim.model_copy(update={"protocol": other})], 2, **both, **named)
    assert study.rules()["mean-zero"]["protocols"] == [other]


def test_9_what_the_article_says_would_be_found() -> None:
    found = shares(EFFECTS["80% against 10% end badly"], ["ends-zero", "ends-margin"], 8, 16)["supported"] / STUDIES
    assert found["ends-zero", "fixed", 8] > 0.7
    assert found["ends-zero", "fixed", 16] > 0.95
    assert found["ends-margin", "fixed", 16] > 0.8


@pytest.mark.parametrize("file", STUDY_FILES, ids=lambda file: file.stem)
def test_9_no_claim_is_the_mirror_of_another_or_says_the_same_of_another_share(file: Path) -> None:
    outcome = ("test", "metric", "protocol", "score", "event", "by")
    said = [
        (frozenset(arms_of(claim)), *(getattr(claim, field, None) for field in outcome))
        for claim in load_study(file).claims
        if not isinstance(claim, Untested)
    ]
    assert len(said) == len(set(said))


def test_10_onsets_and_verdicts_follow_from_the_numbers_that_are_kept(tmp_path: Path) -> None:
    study = studied.study_of(*studied.CLAIMS, seeds=2)
    courses = {"plain": [studied.FALLS] * 2, "regularised": [studied.GOOD] * 2}
    write_raw(studied.raw_of(study, courses), tmp_path)
    tables = derive(study, read_raw(tmp_path), tmp_path / "no-first-verdicts.csv")
    events, claims = (pd.read_csv(io.StringIO(tables[name])) for name in ("events", "claims"))
    collapses = events[(events["event"] == "collapse") & events["observed"]]
    assert collapses[["arm", "step"]].to_numpy().tolist() == [["plain", 40]] * 2
    assert claims.set_index("id").loc["often", "estimate"] == 1


def test_an_arm_that_diverges_is_not_kept_from_collapsing() -> None:
    of_collapse = ["collapses-margin", "collapses-zero", "time-margin"]
    found = shares(ATTACKS["the regularised arm diverges"], [*of_collapse, "ends-zero"], 8, 16)
    assert (found.loc[of_collapse, "not testable here"] == STUDIES).all()
    assert (found.loc["ends-zero", "supported"] == 0).all()


def test_a_bad_end_has_no_time() -> None:
    """A run that is never on track would have its own at the end of training, later than any."""
    claim = rules("fixed")["time-margin"]
    assert study_of([claim], 2).claims == (claim,)
    with pytest.raises(ValidationError, match="'collapse' or 'reach'"):
        study_of([claim.model_copy(update={"event": "bad-end"})], 2)


def test_seeds_that_go_far_either_way_are_not_equivalent() -> None:
    """In half of them the arms hold 4 modes more or fewer; that their median difference is none does not matter."""
    process = ATTACKS["4 modes more or 4 fewer, or half of the time as many"]
    found = shares(process, ["sign-margin", "mean-margin"], 8, 16, 32)
    assert "equivalent" in found.loc["sign-margin", "false"].iloc[0]
    assert found.loc["sign-margin", "equivalent"].map(at_most_alpha).all()
