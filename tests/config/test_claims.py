"""Claims as they stand in a study file: what is refused, what their rules cover, which seeds and arms they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from studies import TINY

from vigan.config.base import ConfigError
from vigan.config.claims import (
    OneShare,
    Untested,
    arms_of,
    event_of,
    is_stability,
    named_arms,
    rule_of,
    sign_of,
)
from vigan.config.claims import TestedClaim as Tested
from vigan.config.load import load_study
from vigan.config.study import Study

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")
RULES = """\
    collapse: {metric: fair_modes, protocol: toy-modes, below: 0.5, once_above: 4.0}
    reach: {metric: fair_modes, protocol: toy-modes, share: 0.5}
"""
CLAIMED = (
    TINY.replace("    shared:\n", RULES + "    shared:\n")
    + """\
claims:
  - id: C1
    statement: it collapses
    place: experiment 1
    test: share
    arm: plain
    event: collapse
    direction: more
    share: 0.4
  - id: C2
    statement: it does not
    place: experiment 1
    test: share
    arm: regularised
    event: bad-end
    direction: less
    share: 0.3
    control: plain
  - id: C3
    statement: or later
    place: experiment 1
    test: paired-time
    arms: [plain, regularised]
    event: reach
    direction: sooner
    margin: 0.1
  - id: C4
    statement: or less often
    place: experiment 1
    replaces: [C4-old]
    test: paired-shares
    arms: [plain, regularised]
    event: bad-end
    direction: less
    margin: 0.2
    beyond: zero
  - id: C5
    statement: more modes
    place: analysis
    test: paired-mean
    arms: [plain, regularised]
    metric: fair_modes
    protocol: toy-modes
    direction: higher
    margin: 1.0
    sampling: sequential
  - id: C6
    statement: better samples
    place: analysis
    test: paired-sign
    arms: [plain, regularised]
    metric: high_quality
    protocol: toy-modes
    score: area
    direction: higher
    margin: 0.2
    beyond: minus-margin
  - id: C7
    statement: as well
    place: ALI
    test: none
    reason: no encoder
"""
)
TESTED = {"C1", "C2", "C3", "C4", "C5", "C6"}
OF_EVENTS = {"C1", "C2", "C3", "C4"}


def _load(tmp_path: Path, text: str) -> Study:
    (tmp_path / "tiny.yaml").write_text(text)
    return load_study(tmp_path / "tiny.yaml")


def _refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, text)
    message = str(refused.value)
    assert message.startswith(str(tmp_path / "tiny.yaml"))
    assert len(message.splitlines()) == 1
    return message


MISTAKES: dict[str, tuple[str, str, str]] = {
    "metric of a rule": ("fair_modes, protocol: toy-modes, below", "fare_modes, protocol: toy-modes, below",
                         "line 14: experiments.circle.collapse: 'toy-modes' gives no metric 'fare_modes'; "
                         "did you mean 'fair_modes'?"),
    "protocol of a rule": ("toy-modes, share", "toy-mode, share",
                           "line 15: experiments.circle.reach: unknown protocol kind 'toy-mode'; "
                           "did you mean 'toy-modes'?"),
    "share beyond 1": ("below: 0.5", "below: 1.5", "line 14: experiments.circle.collapse.below: Input should be less "
                       "than 1"),
    "a metric that rises": ("fair_modes, protocol: toy-modes, below", "reverse_kl, protocol: toy-modes, below",
                            "'reverse_kl' rises when a generator collapses; name a metric that falls"),
    "a metric without direction": ("metric: high_quality\n    protocol: toy-modes",
                                   "metric: density\n    protocol: efflite0-128",
                                   "of 'density' neither more nor less is better"),
    "an unknown arm": ("arm: plain\n", "arm: plane\n",
                       "claim 'C1': no arm 'plane' in this study; did you mean 'plain'"),
    "an arm twice": ("arms: [plain, regularised]\n    event: reach", "arms: [plain, plain]\n    event: reach",
                     "claim 'C3': compare two different arms of one experiment"),
    "an id twice": ("id: C6", "id: C5", "claim 'C5' is named twice"),
    "an id with spaces": ("id: C6", "id: C 6", "pattern"),
    "another test's direction": ("direction: sooner", "direction: higher", "'later' or 'sooner'"),
    "a direction of times for shares": ("direction: less\n    margin", "direction: sooner\n    margin",
                                        "'more' or 'less'"),
    "an unknown test": ("test: none", "test: nun", "'paired-sign', 'paired-mean', 'paired-time', 'paired-shares', "
                        "'share', 'none'"),
    "a test that is gone": ("test: paired-mean", "test: paired-permutation", "'paired-permutation'"),
    "no margin": ("    margin: 0.1\n", "", "'margin' is missing"),
    "a margin of nothing": ("margin: 1.0", "margin: 0.0", "greater than 0"),
    "a margin of shares beyond 1": ("margin: 0.2\n    beyond: zero", "margin: 1.2\n    beyond: zero", "less than 1"),
    "a margin of times beyond training": ("margin: 0.1", "margin: 1.0", "less than 1"),
    "a misspelt margin": ("    margin: 1.0", "    margn: 1.0", "unknown key 'margn'; did you mean 'margin'?"),
    "a margin that is gone": ("    margin: 1.0", "    smallest_effect: 1.0", "unknown key 'smallest_effect'"),
    "an unknown boundary": ("beyond: minus-margin", "beyond: minus_margin", "'margin', 'zero' or 'minus-margin'"),
    "a boundary of one share": ("    share: 0.4\n", "    share: 0.4\n    beyond: zero\n", "unknown key 'beyond'"),
    "an unknown sampling": ("sampling: sequential", "sampling: peeking", "'fixed' or 'sequential'"),
    "an unknown score": ("score: area", "score: first", "'last', 'best' or 'area'"),
    "an unknown event": ("event: reach", "event: arrival", "'collapse' or 'reach'"),
    "the time of a bad end": ("event: reach", "event: bad-end", "'collapse' or 'reach'"),
    "a share of all": ("share: 0.4", "share: 1.0", "less than 1"),
    "an end before the beginning": ("    share: 0.4\n", "    share: 0.4\n    by: 0.0\n", "greater than 0"),
    "an end after the end": ("    share: 0.4\n", "    share: 0.4\n    by: 1.1\n", "less than or equal to 1"),
    "alpha of nothing": ("    share: 0.4\n", "    share: 0.4\n    alpha: 0.0\n", "greater than 0"),
    "stability without control": ("    control: plain\n", "", "that a bad event is rare is a finding only where it is "
                                  "not rare without what is studied: name that arm as 'control'"),
    "an unknown control": ("control: plain", "control: plane", "claim 'C2': no arm 'plane' in this study"),
    "itself as control": ("control: plain", "control: regularised", "claim 'C2': compare two different arms"),
    "a metric that the experiment does not measure": (
        "    metric: fair_modes\n    protocol: toy-modes", "    metric: precision\n    protocol: efflite0-128",
        "claim 'C5': no protocol 'efflite0-128'; known: toy-modes"),
    "a sample count that the experiment does not have": (
        "    metric: fair_modes\n    protocol: toy-modes",
        "    metric: fair_modes\n    protocol: toy-modes/n=5/ref=train",
        "claim 'C5': no protocol 'toy-modes/n=5/ref=train'; known: toy-modes"),
    "no rule for collapse": (RULES.splitlines()[0] + "\n", "",
                             "claim 'C1': 'collapse' needs a rule 'collapse' in its experiment; write one there"),
    "no rule for being on track": (RULES.splitlines()[1] + "\n", "",
                                   "claim 'C1': 'collapse' needs a rule 'reach' in its experiment; write one there"),
    "no words": ("    statement: it collapses\n", "", "'statement' is missing"),
    "words that are gone": ("    statement: it collapses", "    quotation: it collapses", "unknown key 'quotation'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_claim_that_cannot_be_judged_is_refused_in_one_line(mistake: str, tmp_path: Path) -> None:
    written, instead, told = MISTAKES[mistake]
    assert CLAIMED.count(written) == 1
    assert told in _refusal(tmp_path, CLAIMED.replace(written, instead))


WHOLE = RULES.replace("toy-modes", "toy-modes/n=500/ref=train")


@pytest.mark.parametrize(("rules", "who"), [(RULES, "experiment 'circle'"), (WHOLE, "claim 'C5'")])
def test_a_kind_of_protocol_that_could_be_any_of_two_is_refused_with_both_names(
    rules: str, who: str, tmp_path: Path
) -> None:
    """A claim once read silently the one that was listed first."""
    two = CLAIMED.replace("samples: 500}", "samples: 500}, {kind: toy-modes, samples: 2500}")
    assert _refusal(tmp_path, two.replace(RULES, rules)).endswith(
        f"{who}: 'toy-modes' could be any of 2 protocols: write 'toy-modes/n=500/ref=train' or "
        "'toy-modes/n=2500/ref=train'"
    )


def test_two_protocols_of_a_kind_are_told_apart_by_their_whole_names(tmp_path: Path) -> None:
    two = CLAIMED.replace("protocol: toy-modes", "protocol: toy-modes/n=2500/ref=train")
    study = _load(tmp_path, two.replace("samples: 500}", "samples: 500}, {kind: toy-modes, samples: 2500}"))
    assert all(rule["protocols"] == ["toy-modes/n=2500/ref=train"] for rule in study.rules().values())
    home = study.experiments["circle"]
    assert [home.protocol_of(protocol.name) for protocol in home.protocols] == list(home.protocols)
    assert home.protocol_of("digit-modes") is None


FACES = """\
claims:
  - id: C5
    statement: nearer
    place: here
    test: paired-mean
    arms: [bn-plain, bn-regularised]
    metric: METRIC
    protocol: efflite0-128
    direction: lower
    margin: 0.5
"""


@pytest.mark.parametrize("metric", ["frechet", "kid_mean"])
def test_a_mean_without_bounds_is_refused_with_the_test_that_would_do(metric: str, tmp_path: Path) -> None:
    message = _refusal(tmp_path, EXAMPLE + FACES.replace("METRIC", metric))
    assert message.endswith(
        f"claim 'C5': '{metric}' has no highest value, so that no test of its mean holds at few seeds; "
        "write test: paired-sign"
    )
    assert _load(tmp_path, EXAMPLE + FACES.replace("METRIC", metric).replace("paired-mean", "paired-sign"))
    assert _load(tmp_path, EXAMPLE + FACES.replace("METRIC", "coverage"))


def test_arms_of_two_experiments_are_no_pair(tmp_path: Path) -> None:
    apart = FACES.replace("METRIC", "coverage").replace("bn-regularised]", "nobn-regularised]")
    assert "claim 'C5': compare two different arms of one experiment" in _refusal(tmp_path, EXAMPLE + apart)


def test_a_control_of_another_experiment_is_none(tmp_path: Path) -> None:
    events = RULES.replace("fair_modes, protocol: toy-modes", "fair_modes, protocol: digit-modes")
    claim = CLAIMED[CLAIMED.index("claims:") : CLAIMED.index("  - id: C3")].replace("regularised", "bn-regularised")
    claim = claim.replace("arm: plain", "arm: bn-plain").replace("control: plain", "control: nobn-plain")
    text = EXAMPLE.replace("    shared:\n", events + "    shared:\n", 1)
    assert "claim 'C2': compare two different arms of one experiment" in _refusal(tmp_path, text + claim)
    assert _load(tmp_path, text + claim.replace("nobn-plain", "bn-plain"))


def _claim(study: Study, id_: str) -> Tested:
    (claim,) = [claim for claim in study.claims if claim.id == id_]
    assert not isinstance(claim, Untested)
    return claim


def test_a_claim_says_which_arms_and_event_it_is_about_and_which_way(tmp_path: Path) -> None:
    study = _load(tmp_path, CLAIMED)
    told = {id_: _claim(study, id_) for id_ in TESTED}
    assert {id_: arms_of(claim) for id_, claim in told.items()} == {
        "C1": ("plain",), "C2": ("regularised",), **dict.fromkeys(("C3", "C4", "C5", "C6"), ("plain", "regularised")),
    }  # fmt: skip
    assert named_arms(told["C2"]) == ("regularised", "plain")
    assert named_arms(told["C1"]) == ("plain",)
    assert {id_: event_of(claim) for id_, claim in told.items()} == {
        "C1": "collapse", "C2": "bad-end", "C3": "reach", "C4": "bad-end", "C5": None, "C6": None,
    }  # fmt: skip
    assert {id_: sign_of(claim) for id_, claim in told.items()} == {
        "C1": 1, "C2": -1, "C3": -1, "C4": -1, "C5": 1, "C6": 1,
    }  # fmt: skip
    assert {id_ for id_, claim in told.items() if is_stability(claim)} == {"C2"}
    untested = study.claims[-1]
    assert isinstance(untested, Untested)
    assert arms_of(untested) == ()


@pytest.mark.parametrize(
    ("event", "direction", "stable"),
    [("collapse", "less", True), ("bad-end", "less", True), ("bad-end", "more", False), ("reach", "less", False)],
)
def test_only_the_rarity_of_a_bad_event_is_stability(event: str, direction: str, stable: bool) -> None:
    row = {"id": "C", "statement": "", "place": "", "test": "share", "arm": "a", "share": 0.5, "control": "b"}
    claim = TypeAdapter(Tested).validate_python({**row, "event": event, "direction": direction})
    assert isinstance(claim, OneShare)
    assert is_stability(claim) == stable


def test_a_rule_is_all_of_a_claim_but_its_words(tmp_path: Path) -> None:
    study = _load(tmp_path, CLAIMED)
    for id_ in TESTED:
        claim = _claim(study, id_)
        assert {*rule_of(claim)} == {*type(claim).model_fields} - {"statement", "place", "replaces"}


@pytest.mark.parametrize(
    ("written", "instead", "moved"),
    [
        ("    margin: 0.1\n", "    margin: 0.2\n", {"C3"}),
        ("beyond: minus-margin", "beyond: margin", {"C6"}),
        ("    share: 0.4\n", "    share: 0.4\n    alpha: 0.1\n", {"C1"}),
        ("sampling: sequential", "sampling: fixed", {"C5"}),
        ("below: 0.5", "below: 0.6", {"C1", "C2", "C4"}),
        ("once_above: 4.0", "once_above: 4.0, after: 0.1", {"C1", "C2", "C4"}),
        ("once_above: 4.0", "once_above: 4.0, lasting: true", {"C1", "C2", "C4"}),
        ("once_above: 4.0", "once_above: 4.0, on_track_by: 0.5", {"C1", "C2", "C4"}),
        ("once_above: 4.0", "once_above: 4.0, lasting: false, on_track_by: 1.0", set()),
        ("share: 0.5", "share: 0.6", OF_EVENTS),
        ("samples: 500", "samples: 600", TESTED),
        ("snapshots: 3", "snapshots: 4", TESTED),
        ("iterations: 60", "iterations: 61", TESTED),
        ("seeds: [0, 1]", "seeds: [0, 1, 2]", TESTED - {"C5"}),
        ("seeds: [0, 1]", "seeds: [1, 0]", TESTED - {"C5"}),
        ("    shared:", "    more_seeds: {regularised: [5]}\n    shared:", {"C2"}),
        ("samples: 500}", "samples: 500, redraws: 3}", set()),
        ("title: A ring\n", "title: A circle\n", set()),
        ("statement: it does not", "statement: it never does", set()),
        ("replaces: [C4-old]", "replaces: [C4-old, C4-older]", set()),
        ("log_every: 20", "log_every: 10", set()),
        ("lambda_sum: 1.0", "lambda_sum: 2.0", set()),
        ("      regularised:", "      third: {lambda_sum: 3.0}\n      regularised:", set()),
    ],
)
def test_a_rule_moves_with_all_that_decides_its_verdict_and_with_nothing_else(
    tmp_path: Path, written: str, instead: str, moved: set[str]
) -> None:
    assert CLAIMED.count(written) == 1
    before = _load(tmp_path, CLAIMED).rules()
    after = _load(tmp_path, CLAIMED.replace(written, instead)).rules()
    assert before.keys() == TESTED
    assert {claim for claim in before if before[claim] != after[claim]} == moved


def test_a_protocol_that_no_rule_reads_moves_none(tmp_path: Path) -> None:
    """Six digits verdicts carried a false mark for one."""
    whole = CLAIMED.replace("protocol: toy-modes", "protocol: toy-modes/n=500/ref=train")
    before = _load(tmp_path, whole).rules()
    assert _load(tmp_path, whole.replace("500}]", "500}, {kind: toy-modes, samples: 700}]")).rules() == before


def test_a_run_keeps_the_rules_that_depend_on_its_arm_its_being_the_control_among_them(tmp_path: Path) -> None:
    study = _load(tmp_path, CLAIMED)
    assert study.rules("plain").keys() == TESTED
    assert study.rules("regularised").keys() == TESTED - {"C1"}
    assert study.rules("plain")["C2"] == study.rules()["C2"]


def test_a_rule_names_its_seeds_unless_they_may_be_added_to(tmp_path: Path) -> None:
    study = _load(tmp_path, CLAIMED.replace("    shared:", "    more_seeds: {regularised: [5]}\n    shared:"))
    seeds: dict[str, Any] = {id_: rule["seeds"] for id_, rule in study.rules().items()}
    assert seeds == {"C1": [0, 1], "C2": [0, 1, 5], "C3": [0, 1], "C4": [0, 1], "C5": "any", "C6": [0, 1]}
    assert study.seeds_for(_claim(study, "C2")) == (0, 1, 5)
