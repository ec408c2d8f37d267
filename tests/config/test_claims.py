from __future__ import annotations

from pathlib import Path

import pytest
from studies import TINY

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.describe.claims import tell_event, tell_rule

RULES = """\
    collapse: {metric: fair_modes, protocol: toy-modes, below: 0.5, once_above: 4.0}
    reach: {metric: fair_modes, protocol: toy-modes, share: 0.5}
"""
CLAIMED = (
    TINY.replace("    shared:\n", RULES + "    shared:\n")
    + """\
claims:
  - id: C1
    quotation: it collapses
    place: experiment 1
    test: binomial
    arm: plain
    event: collapse
    direction: more
    smallest_effect: 0.2
    least_n: 5
  - id: C2
    quotation: it does not
    place: experiment 1
    test: log-rank
    arms: [plain, regularised]
    event: collapse
    direction: later
    smallest_effect: 0.1
    least_n: 5
  - id: C5
    quotation: more modes
    place: analysis
    test: paired-permutation
    arms: [plain, regularised]
    metric: fair_modes
    protocol: toy-modes
    direction: higher
    smallest_effect: 1.0
    least_n: 5
  - id: C6
    quotation: as well
    place: ALI
    test: none
    reason: no encoder
"""
)


def _load(tmp_path: Path, text: str) -> Study:
    (tmp_path / "tiny.yaml").write_text(text)
    return load_study(tmp_path / "tiny.yaml")


@pytest.mark.parametrize(
    ("written", "instead", "line", "told"),
    [
        ("metric: fair_modes, protocol: toy-modes, below", "metric: fare_modes, protocol: toy-modes, below", 14,
         "no metric 'fare_modes'; did you mean 'fair_modes'"),
        ("toy-modes, share", "toy-mode, share", 15, "unknown protocol kind 'toy-mode'; did you mean 'toy-modes'"),
        ("below: 0.5", "below: 1.5", 14, "less than 1"),
        ("metric: fair_modes, protocol: toy-modes, below", "metric: reverse_kl, protocol: toy-modes, below", 14,
         "rises when a generator collapses"),
        ("    arm: plain\n", "    arm: plane\n", None, "no arm 'plane' in this study; did you mean 'plain'"),
        ("arms: [plain, regularised]\n    event", "arms: [plain, plain]\n    event", None, "two different arms"),
        ("id: C6", "id: C5", None, "claim 'C5' is named twice"),
        ("direction: later", "direction: higher", 42, "'later' or 'sooner'"),
        ("test: none", "test: nun", None, "test"),
        ("    least_n: 5\n  - id: C2", "  - id: C2", None, "'least_n' is missing"),
        ("    smallest_effect: 1.0", "    smallest_efect: 1.0", 53, "did you mean 'smallest_effect'"),
        ("more\n    smallest_effect: 0.2", "more\n    smallest_effect: 0.6", None, "leave"),
        ("    metric: fair_modes\n    protocol: toy-modes", "    metric: frechet\n    protocol: efflite0-128", None,
         "claim 'C5': no protocol of kind 'efflite0-128'"),
        (RULES.splitlines()[0] + "\n", "", None, "its experiment has no rule 'collapse'"),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_claim_that_cannot_be_judged_is_an_error_in_one_line(
    tmp_path: Path, written: str, instead: str, line: int | None, told: str
) -> None:
    assert CLAIMED.count(written) == 1
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, CLAIMED.replace(written, instead))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert line is None or f"line {line}" in str(refused.value)


def test_the_rule_of_a_claim_is_told_in_words(tmp_path: Path) -> None:
    study = _load(tmp_path, CLAIMED)
    occurrence, timing, difference, _ = study.claims
    assert "befalls more than 50% of the runs of plain, 70% at least" in tell_rule(occurrence)
    assert "comes later in regularised than in plain, by 10% of training" in tell_rule(timing)
    assert "regularised is higher than that of plain by 1 or more" in tell_rule(difference)
    rules = study.experiments["circle"]
    assert rules.collapse is not None
    assert "below 0.5 times the run's own maximum so far at one evaluation" in tell_event(rules.collapse)
    assert rules.reach is not None
    assert "50% of the way" in tell_event(rules.reach)


@pytest.mark.parametrize(
    ("written", "instead", "moved"),
    [
        ("    smallest_effect: 0.1\n", "    smallest_effect: 0.2\n", {"C2"}),
        ("below: 0.5", "below: 0.6", {"C1", "C2"}),
        ("samples: 500", "samples: 600", {"C1", "C2", "C5"}),
        ("snapshots: 3", "snapshots: 4", {"C1", "C2", "C5"}),
        ("share: 0.5", "share: 0.6", set()),
        ("samples: 500", "samples: 500}, {kind: toy-modes, samples: 700", set()),
        ("title: A ring\n", "title: A circle\n", set()),
        ("quotation: it does not", "quotation: it never does", set()),
        ("lambda_sum: 1.0", "lambda_sum: 2.0", set()),
    ],
)
def test_the_digest_of_a_rule_moves_with_all_that_decides_its_verdict_but_the_runs(
    tmp_path: Path, written: str, instead: str, moved: set[str]
) -> None:
    assert written in CLAIMED
    before = _load(tmp_path, CLAIMED).rules()
    after = _load(tmp_path, CLAIMED.replace(written, instead)).rules()
    assert before.keys() == {"C1", "C2", "C5"}
    assert {claim for claim in before if before[claim] != after[claim]} == moved
